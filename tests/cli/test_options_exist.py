"""Whoever advises an option has it: every `--word` in a sentence is held against the commands.

A sentence that names its command (`promptdsl run ... --resume`) is held against that command. Any
other is held against every command that imports its module, unless `ONLY` says which commands can
come to that place and why.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import click
import pytest
from click.testing import CliRunner

from promptdsl.cli.main import COMMANDS, cli
from promptdsl.cli.models_import import import_command as models_import
from promptdsl.methods import METHODS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "promptdsl"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), ROOT / "examples/README.md"]
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*[a-z]")
SAID_WITH_COMMAND = re.compile(r"promptdsl ([a-z]+)([^`\n]*)")
LABELLED = {"validate", "calibrate", "ablate", "suggest"}
DATA_SETS = {"validate", "ablate"}
# Modules that more commands import than can come to their sentences: a command imports one function
# of it, or cannot be given the option that the sentence is about.
ONLY: dict[str, set[str]] = {
    "check/": set(COMMANDS) - {"fmt", "new", "models", "train"},  # --allow: these find no files
    "cli/shared/labelled_jobs.py": LABELLED,
    "cli/models_import.py": {"models"},
    "cli/run.py": {"run"},
    "cli/train.py": {"train"},
    "evaluate/words/evidence.py": {"ablate", "suggest", "validate"},
    "evaluate/calibration/": {"calibrate"},
    "evaluate/jobs.py": LABELLED,
    "evaluate/labelled.py": LABELLED,
    "files/inputs.py": {"run", "diff"},  # the help for folders of the command line
    "files/writing.py": {"new"},  # --force: nothing else refuses to replace a file here
    "inspect/jobs.py": {"run", "diff"},
    "inspect/run.py": {"run"},
    "inspect/description.py": {"run"},
    "inspect/run_folder.py": {"run"},
    "methods/april_gan/learned.py": {"models"},  # which blocks an imported file belongs to
    "report/html.py": {"run"},
    "scoring/batching.py": set(COMMANDS) - {"compile", "bench", "train", "models"},
    "engine/device.py": set(COMMANDS) - {"models"},
    "training/published.py": {"models"},
    "training/": {"train"},
}
# --data and its like can only be wrong where they can be given.
ABOUT_DATA_SETS = {"--mvtec", "--visa", "--data", "--category", "--shots"}
GIT = "evaluate/words/versions.py"
OF_TOOLS = "mini.md"  # speaks of the tools that made the built-in model
OTHER_PROGRAMS = re.compile(r"`?(python|pip|git|docker|pytest) ")
SPEC = """inspect 1
object nut {
  called: "nut"
  defect scratch { "scratched {object}" }
  method winclip { model: "promptdsl-mini" }
  thresholds { reject when score >= auto }
}
"""


class Said(NamedTuple):
    """An option in a sentence of the package."""

    module: str
    line: int
    option: str
    command: str | None
    text: str


@cache
def options(command: str) -> frozenset[str]:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    both = [found, models_import] if command == "models" else [found]
    params = [param for one in both for param in one.params]
    known = {text for option in params for text in (*option.opts, *option.secondary_opts)}
    return frozenset(known | {"--help", "--version"})


def sentences(file: Path) -> Iterator[tuple[int, str]]:
    """Every text of a module but docstrings, the parts of an f-string together."""
    tree = ast.parse(file.read_text("utf-8"))
    inside = {
        id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)
        for part in ast.walk(node) if part is not node
    }  # fmt: skip
    docs = {
        id(node.body[0].value) for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and node.body
        and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if id(node) in inside or id(node) in docs:
            continue
        if isinstance(node, ast.JoinedStr):
            parts = (p.value if isinstance(p, ast.Constant) else "X" for p in node.values)
            yield node.lineno, "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def said() -> list[Said]:
    found = []
    for file in sorted(PACKAGE.rglob("*.py")):
        module = file.relative_to(PACKAGE).as_posix()
        if module == GIT:
            continue
        for line, text in sentences(file):
            if OPTION.fullmatch(text):
                continue  # the declaration itself, or a word for another program
            found += [Said(module, line, *one, text) for one in _with_commands(text)]
    return found


def _with_commands(text: str) -> Iterator[tuple[str, str | None]]:
    rest = text
    for match in SAID_WITH_COMMAND.finditer(text):
        if match.group(1) in COMMANDS:
            for option in OPTION.findall(match.group(2)):
                yield option, match.group(1)
            rest = rest.replace(match.group(0), "")
    for option in OPTION.findall(rest):
        yield option, None


@cache
def imported(module: str) -> frozenset[str]:
    """Modules of the package that a module imports, also inside of functions."""
    tree = ast.parse((PACKAGE / module).read_text("utf-8"))
    found = set()
    for node in ast.walk(tree):
        names: list[str] = []
        match node:  # what the registry names: import_module(method.detector)
            case ast.Call(func=ast.Name("import_module"), args=[ast.Attribute(attr=field)]):
                names = [getattr(method, field) for method in METHODS.values()]
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            if name and name.startswith("promptdsl"):
                path = "/".join(name.split(".")[1:])
                for file in (f"{path}.py", f"{path}/__init__.py"):
                    if (PACKAGE / file).is_file():
                        found.add(file)
    return frozenset(found)


@cache
def reached(command: str) -> frozenset[str]:
    """Everything that a command's module imports, directly or not."""
    seen, waiting = set(), [f"cli/{command}.py"]
    while waiting:
        module = waiting.pop()
        if module not in seen:
            seen.add(module)
            waiting += imported(module)
    return frozenset(seen)


def speakers(said: Said) -> set[str]:
    """The commands that can say it."""
    if said.command is not None:
        return {said.command}
    if said.module == "evaluate/jobs.py" and ABOUT_DATA_SETS & set(OPTION.findall(said.text)):
        return DATA_SETS
    importers = {command for command in COMMANDS if said.module in reached(command)}
    among = next((only for place, only in ONLY.items() if said.module.startswith(place)), None)
    return importers if among is None else importers & among


def test_every_option_in_a_sentence_is_one_of_the_command_that_says_it() -> None:
    wrong = []
    for one in said():
        missing = sorted(c for c in speakers(one) if one.option not in options(c))
        if missing:
            wrong.append(f"{one.module}:{one.line} {one.option}: {missing}: {one.text[:90]!r}")
    assert wrong == []


def test_sentences_are_found_and_reach_commands() -> None:
    found = said()
    assert len(found) > 150
    assert {one.module for one in found} > {
        "cli/run.py",
        "files/inputs.py",
        "check/resolve/modules.py",
    }
    silent = {one.module for one in found if not speakers(one)}
    assert silent == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_name_options_that_exist(page: Path) -> None:
    wrong = []
    known = {option for command in COMMANDS for option in options(command)}
    for line in page.read_text("utf-8").splitlines():
        if OTHER_PROGRAMS.search(line):
            continue
        for option, command in _with_commands(line):
            if command is None and page.name == OF_TOOLS:
                continue
            if option not in (options(command) if command is not None else known):
                wrong.append(f"promptdsl {command or '...'} {option}: {line.strip()[:80]}")
    assert wrong == []


@pytest.mark.parametrize("command", COMMANDS)
def test_help_names_options_that_exist(command: str) -> None:
    found = cli.get_command(click.Context(cli), command)
    assert found is not None
    for option, other in _with_commands(
        found.get_help(click.Context(found, help_option_names=["-h", "--help"]))
    ):
        assert option in options(other or command)


def test_a_folder_of_folders_gets_advice_that_can_be_followed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from promptdsl.cli.main import main

    (tmp_path / "nut.inspect").write_text(SPEC)
    (tmp_path / "good" / "mon").mkdir(parents=True)
    for words in (["validate"], ["calibrate"], ["ablate"], ["suggest"]):
        spec = str(tmp_path / "nut.inspect")
        assert main([*words, spec, "--good", str(tmp_path / "good")]) == 3
        told = capsys.readouterr().err
        assert set(OPTION.findall(told)) <= options(words[0])


@pytest.mark.parametrize("command", [*COMMANDS, "models import"])
def test_help_fits_80_columns(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What click does not wrap, examples and exit codes, is written to fit."""
    monkeypatch.setenv("COLUMNS", "80")
    shown = CliRunner().invoke(cli, [*command.split(), "--help"]).output
    assert "Usage: " in shown
    assert [line for line in shown.splitlines() if len(line) > 80] == []
