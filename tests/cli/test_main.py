"""The command itself: help, versions, suggestions, exit codes, colours, broken pipes."""

import signal
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path

import click
import pytest

import promptdsl as package
from promptdsl.cli import main as module
from promptdsl.cli.main import COMMANDS, EXIT_FAULT, EXIT_READER_GONE, EXIT_STOPPED, main
from promptdsl.errors import EnvironmentProblem

from .process import NUT, clean_environment, promptdsl, promptdsl_process


def test_version() -> None:
    done = promptdsl_process("--version")
    assert (done.returncode, done.stdout) == (0, f"promptdsl {package.__version__}\n")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check", "nut.inspect"], 0),
        (["check", "broken.inspect"], 1),
        (["prompts", "broken.inspect"], 1),
        (["fmt", "--check", "untidy.inspect"], 1),
        (["check", "missing.inspect"], 2),
        (["chek"], 2),
        (["compile", "nut.inspect", "-o", "/proc/x.json"], 3),
    ],
)
def test_exit_codes_of_the_process(words: list[str], code: int, folder: Path) -> None:
    (folder / "untidy.inspect").write_text(f"\n{NUT}", encoding="utf-8")
    assert promptdsl_process(*words, cwd=folder).returncode == code


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_lists_every_command(flag: str) -> None:
    done = promptdsl(flag)
    assert done.returncode == 0
    for name, line in COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert line.split()[0] in done.stdout


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_shows_an_example(name: str) -> None:
    command = import_module(f"promptdsl.cli.{name}").command
    assert isinstance(command, click.Command)
    assert command.name == name
    assert f"promptdsl {name}" in (command.epilog or ""), "no example"
    done = promptdsl(name, "-h")
    assert done.returncode == 0
    assert "Example" in done.stdout


def test_no_arguments_show_the_help() -> None:
    done = promptdsl()
    assert done.returncode == 2
    assert "Commands:" in done.stderr


@pytest.mark.parametrize(
    ("words", "help"),
    [
        (["chek"], "did you mean check?"),
        (["xyzzy"], "promptdsl --help lists the commands"),
        (["nut.inspect"], "say what to do with it: promptdsl check nut.inspect"),
    ],
)
def test_a_misspelt_command(words: list[str], help: str) -> None:
    done = promptdsl(*words)
    assert done.returncode == 2
    assert done.stderr == f"error: there is no command {words[0]}\nhelp: {help}\n"


@pytest.mark.parametrize("words", [["check"], ["check", "--nope", "x"], ["check", "--format"]])
def test_wrong_use_is_one_sentence(words: list[str]) -> None:
    done = promptdsl(*words)
    assert done.returncode == 2
    assert done.stdout == ""
    first, second = done.stderr.splitlines()
    assert first.startswith("error: ")
    assert second == "help: promptdsl check --help shows how"


def test_a_misspelt_spec(tmp_path: Path) -> None:
    (tmp_path / "nut.inspect").touch()
    done = promptdsl("run", "nut.inspct", "pictures", cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.splitlines()[1] == 'help: did you mean "nut.inspect"?'


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell: str) -> None:
    done = promptdsl("completion", shell)
    assert done.returncode == 0
    assert "_PROMPTDSL_COMPLETE" in done.stdout


def test_completion_of_commands_and_options() -> None:
    def complete(words: str, at: int) -> str:
        env = {"_PROMPTDSL_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(at)}
        return promptdsl_process(env=env).stdout

    commands = complete("promptdsl c", 1).split()
    assert {"plain,check", "plain,compile"} <= set(commands)
    assert all(command.startswith("plain,c") for command in commands)
    assert "--show-defaults" in complete("promptdsl check --", 2)
    assert complete("promptdsl check nut", 2).startswith("file,")


def test_a_problem_has_its_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _failing(EnvironmentProblem("no disk", "buy one"), monkeypatch) == 3
    assert capsys.readouterr().err == "error: no disk\nhelp: buy one\n"


def test_an_unknown_fault_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PROMPTDSL_TRACEBACK", raising=False)
    assert _failing(ValueError("odd\nthing"), monkeypatch) == EXIT_FAULT
    told = capsys.readouterr().err
    assert "fault of promptdsl" in told
    assert "ValueError: odd thing" in told
    assert "Traceback" not in told
    monkeypatch.setenv("PROMPTDSL_TRACEBACK", "1")
    with pytest.raises(ValueError, match="odd"):
        _failing(ValueError("odd"), monkeypatch)


@pytest.mark.parametrize(
    ("fault", "code"),
    [(KeyboardInterrupt(), EXIT_STOPPED), (OSError(28, "No space left", "x"), 3)],
)
def test_other_ends(fault: BaseException, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert _failing(fault, monkeypatch) == code


def _failing(fault: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    def fail(*words: object, **more: object) -> None:
        raise fault

    monkeypatch.setattr(module.cli, "invoke", fail)
    return main(["check", "x"])


def test_interrupted_is_one_line(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "promptdsl", "check", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(),
    )
    time.sleep(1.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == EXIT_STOPPED
    assert err.decode().split() == ["error:", "stopped"]


def test_a_reader_that_goes_away(folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "promptdsl", "prompts", "nut.inspect", "--format", "json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=clean_environment(),
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(1)
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) in (EXIT_READER_GONE, 0)
    assert told == b""


def test_colours(folder: Path) -> None:
    assert "\x1b" not in promptdsl("check", "broken.inspect", cwd=folder).stdout
    forced = {"FORCE_COLOR": "1"}
    assert "\x1b[1;31m" in promptdsl("check", "broken.inspect", cwd=folder, env=forced).stdout
    both = {"FORCE_COLOR": "1", "NO_COLOR": "1"}
    assert "\x1b" not in promptdsl("check", "broken.inspect", cwd=folder, env=both).stdout


def test_a_narrow_encoding_does_not_end_a_command(folder: Path) -> None:
    (folder / "nut.inspect").write_text('inspect 1\nobject a { "螺母" }\n', encoding="utf-8")
    env = {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = promptdsl_process("check", "nut.inspect", cwd=folder, env=env)
    assert done.returncode == 1
    assert "??" in done.stdout


def test_closed_streams_do_not_end_a_command(folder: Path) -> None:
    command = f"{sys.executable} -m promptdsl check nut.inspect - <&- >&- 2>&-"
    done = subprocess.run(["sh", "-c", command], cwd=folder, env=clean_environment(), check=False)
    assert done.returncode == 1  # the empty standard input is no spec


def test_names_of_files_do_not_steer_the_terminal(folder: Path) -> None:
    name = "a\x1b[31m\u202e.inspect"
    (folder / name).write_text(NUT, encoding="utf-8")
    for words in (["check"], ["fmt", "--check"], ["fmt", "--diff"]):
        done = promptdsl(*words, name, cwd=folder)
        assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c_while_the_commands_are_imported() -> None:
    probe = """if True:
        import os, signal, sys

        class Impatient:
            def find_spec(self, name, path=None, target=None):
                if name == "promptdsl.cli.main":
                    os.kill(os.getpid(), signal.SIGINT)

        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.meta_path.insert(0, Impatient())
        from promptdsl.__main__ import entry
        entry()
    """
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True)
    assert done.returncode == -signal.SIGINT
    assert done.stderr == ""
