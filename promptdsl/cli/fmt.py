"""`promptdsl fmt`: specs in their canonical layout."""

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import click

from promptdsl.cli.shared.specs import SPEC, STANDARD_INPUT, UNREADABLE, find_specs, unreadable_code
from promptdsl.cli.shown.terminal import (
    counted,
    tell_error,
    use_color,
    write_machines,
    write_people,
)
from promptdsl.diagnostics.render_text import render_text
from promptdsl.diagnostics.width import harmless
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.hashing import hash_bytes
from promptdsl.files.writing import write_file
from promptdsl.language.format import FormatFault, format_source
from promptdsl.pipeline import STDIN_NAME
from promptdsl.source import MAX_BYTES, DiskLoader, SourceFile, UnreadableSource, decode, load

EPILOG = """\b
Examples:
  promptdsl fmt nut.inspect
  promptdsl fmt --check specs/
  promptdsl fmt --diff nut.inspect
  promptdsl fmt - < nut.inspect > tidy.inspect

\b
Exit codes:
  0  done; with --check: nothing to do
  1  a spec has mistakes of form and was left as it was; with --check: files
     would change
  2  wrong use of the command, a file that does not exist
  3  a file that cannot be read or written
"""


State = Literal["changed", "tidy", "left"]
STYLES = {"+": "32", "-": "31", "@": "36"}


@click.command("fmt", epilog=EPILOG)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...", type=SPEC)
@click.option("--check", is_flag=True, help="Change nothing; list the files that would change.")
@click.option("--diff", is_flag=True, help="Change nothing; show what would change.")
def command(specs: tuple[str, ...], check: bool, diff: bool) -> int:
    """Lay specs out in the one canonical way; comments and meaning stay.

    SPEC is a file, a folder with .inspect files in it, or - for standard input to standard output.
    """
    if STANDARD_INPUT in specs and len(specs) > 1:
        raise UsageProblem("- stands alone: it formats standard input to standard output")
    files = find_specs(specs)
    done = [_format(name, check, diff) for name in files.names]
    if files.names != (STANDARD_INPUT,) and not diff:
        states = Counter(state for state, _ in done)
        write_people(_summary(states, check) + "\n")
    return files.exit_code(code for _, code in done)


def _format(name: str, check: bool, diff: bool) -> tuple[State, int]:
    """Write, list or show one file, or tell why not; its state and the exit code."""
    try:
        source = _read(name)
        formatted = format_source(source)
    except UnreadableSource as fault:
        tell_error(fault.sentence, fault.help)
        return "left", unreadable_code(name) if fault.code == UNREADABLE else 1
    except FormatFault as fault:
        tell_error(f"a fault of promptdsl: {fault}; {name} is left as it was")
        return "left", 1
    if formatted.text is None:
        report, sources = formatted.report, {source.name: source}
        sys.stderr.write(render_text(report, sources, color=use_color(sys.stderr)) + "\n")
        tell_error(f"{source.name} is left as it was: mend its mistakes of form first")
        return "left", 1
    # a byte order mark and CRLF are differences, too, which the text does not show
    changes = hash_bytes(formatted.text.encode()) != source.sha256
    state: State = "changed" if changes else "tidy"
    if check or diff:
        if diff:
            write_people("".join(_diff(source, formatted.text)))
        elif changes:
            write_people(f"would change {harmless(source.name)}\n")
        return state, 1 if check and changes else 0
    if name == STANDARD_INPUT:
        write_machines(formatted.text)
    elif changes:
        try:
            write_file(Path(name), formatted.text.encode())
        except EnvironmentProblem as problem:
            tell_error(problem.sentence, problem.help)
            return "left", problem.exit_code
        write_people(f"formatted {harmless(name)}\n")
    return state, 0


def _read(name: str) -> SourceFile:
    if name != STANDARD_INPUT:
        return load(Path(name), name, DiskLoader())
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    return SourceFile(STDIN_NAME, decode(data, STDIN_NAME), sha256=hash_bytes(data))


def _diff(source: SourceFile, after: str) -> Iterator[str]:
    from promptdsl.files.difference import unified_lines

    name = harmless(source.name)
    color = use_color(sys.stdout)
    for line in unified_lines(source.text, after, name, f"{name} (formatted)"):
        style = STYLES.get(line[:1])
        if sys.stdout.isatty():  # a pipe gets the file's own characters, so that patch reads them
            line = "\n".join(map(harmless, line.split("\n")))
        yield f"\x1b[{style}m{line[:-1]}\x1b[0m\n" if color and style else line


def _summary(states: Counter[State], check: bool) -> str:
    parts = {
        "would change" if check else "changed": states["changed"],
        "already tidy": states["tidy"],
        "left as it was" if states["left"] == 1 else "left as they were": states["left"],
    }
    first, *rest = [(number, state) for state, number in parts.items() if number]
    return ", ".join([f"{counted(first[0], 'file')} {first[1]}", *(f"{n} {s}" for n, s in rest)])
