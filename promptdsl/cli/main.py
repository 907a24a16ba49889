"""The `promptdsl` command: a table of commands, and one place where every failure becomes words.

Exit codes: 0 fine; 1 the spec or its tests have errors; 2 wrong use of the command; 3 weights,
device or files; 70 a fault of promptdsl itself; 130 stopped with Ctrl-C; 141 the reader went away.
"""

import os
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from promptdsl import __version__
from promptdsl.cli.shown.terminal import prepare_streams, tell_error
from promptdsl.diagnostics.nearest import did_you_mean
from promptdsl.errors import Problem, UsageProblem
from promptdsl.files.advice import advice
from promptdsl.files.naming import command_line

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

# name -> its line in the help; the command of that name is in the module of that name
COMMANDS = {
    "new": "Write a first spec, by questions or by options.",
    "check": "Say what is wrong with a spec, or that it is fine.",
    "fmt": "Lay specs out in the one canonical way.",
    "prompts": "Show every prompt with the line that it came from.",
    "explain": "Explain a message such as I204, with examples.",
    "regions": "Draw regions and ignored places over a picture.",
    "compile": "Turn a spec into a plan, or into one file to deploy.",
    "run": "Inspect pictures.",
    "validate": "Judge a spec by labelled pictures.",
    "calibrate": "Find the thresholds that a spec leaves to auto.",
    "ablate": "Say which words help and which do harm.",
    "suggest": "Propose words to add and to remove, as a patch.",
    "why": "Say what made a picture's score.",
    "diff": "Compare two versions of a spec on the same pictures.",
    "train": "Train the learned part of AnomalyCLIP or APRIL-GAN.",
    "models": "List the models and their weights.",
    "bench": "Measure how fast a spec runs on this machine.",
    "completion": "Print the completion script for a shell.",
}
EPILOG = """\b
Example:
  promptdsl new nut.inspect
  promptdsl check nut.inspect
  promptdsl run nut.inspect pictures/ -o results

\b
Every command explains itself:
  promptdsl check --help
"""
EXIT_FAULT, EXIT_STOPPED, EXIT_READER_GONE = 70, 130, 141
STOPPED = (EXIT_STOPPED, 143)  # by Ctrl-C, by SIGTERM


class CommandTable(click.Group):
    """Commands out of COMMANDS, each imported when it is called and not before."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        command = import_module(f"promptdsl.cli.{cmd_name}").command
        assert isinstance(command, click.Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command of that name, or one near name for a misspelt one."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            if name.endswith(".inspect"):
                hint = f"say what to do with it: {command_line('check', name)}"
            else:
                hint = did_you_mean(name, COMMANDS) or "promptdsl --help lists the commands"
            raise UsageProblem(f"there is no command {name}", hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table itself; nothing is imported for it."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Names of commands out of the table, or the options of this one."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, ctx, incomplete)
        return [
            CompletionItem(name, help=line)
            for name, line in COMMANDS.items()
            if name.startswith(incomplete)
        ]


@click.group(
    "promptdsl",
    cls=CommandTable,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="promptdsl", message="%(prog)s %(version)s")
def cli() -> None:
    """Inspection specs in plain words, compiled to anomaly detection on CLIP models."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code; every failure has been told by then."""
    prepare_streams()
    try:
        code = cli.main(
            args=None if arguments is None else list(arguments),
            prog_name="promptdsl",
            standalone_mode=False,
        )
        sys.stdout.flush()
    except Problem as problem:
        tell_error(problem.sentence, problem.help)
        return problem.exit_code
    except click.exceptions.NoArgsIsHelpError as asked:
        click.echo(asked.format_message(), err=True)
        return 2
    except click.ClickException as wrong:
        return _wrong_use(wrong, sys.argv[1:] if arguments is None else arguments)
    except (click.Abort, KeyboardInterrupt) as stopped:
        if sys.stderr.isatty():
            sys.stderr.write("\n")  # the line with the question, or with ^C
        tell_error("stopped")
        return int(getattr(stopped, "exit_code", EXIT_STOPPED))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_READER_GONE
    except OSError as fault:
        return _system_fault(fault)
    except Exception as fault:
        return _own_fault(fault)
    return code if isinstance(code, int) else 0


def entry() -> NoReturn:
    """The console script. Whoever stopped it does not wait for libraries to be unloaded."""
    code = main()
    if code in STOPPED:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        os._exit(code)  # all files are closed by then; torch alone would take half a second
    sys.exit(code)


def _wrong_use(wrong: click.ClickException, words: Sequence[str]) -> int:
    message = wrong.format_message().strip().rstrip(".")
    name = next((f" {word}" for word in words[:1] if word in COMMANDS), "")
    hint = _instead(message) or f"promptdsl{name} --help shows how"
    tell_error(message[:1].lower() + message[1:], hint)
    return wrong.exit_code


def _instead(message: str) -> str | None:
    """A file of nearly that name, where click missed one."""
    gone = re.search(r"File '(.+)' does not exist$", message)
    return advice("", Path(gone[1]).as_posix(), "this folder") if gone else None


def _system_fault(fault: OSError) -> int:
    if os.environ.get("PROMPTDSL_TRACEBACK"):
        raise fault
    where = f"{fault.filename}: " if fault.filename else ""
    tell_error(f"{where}{fault.strerror or fault}")
    return 3


def _own_fault(fault: Exception) -> int:
    """An exception that nobody expected; the traceback is for those who ask for it."""
    if os.environ.get("PROMPTDSL_TRACEBACK"):
        raise fault
    told = " ".join(str(fault).split())
    tell_error(
        f"this is a fault of promptdsl {__version__} itself: {type(fault).__name__}: {told[:300]}",
        "please report it with the command and the files; PROMPTDSL_TRACEBACK=1 shows where it was",
    )
    return EXIT_FAULT
