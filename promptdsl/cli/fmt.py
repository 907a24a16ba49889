"""`promptdsl fmt`: specs in their canonical layout."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from promptdsl.cli.shared.specs import SPEC, STANDARD_INPUT, find_specs, unreadable_code
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
  1  a spec has mistakes of form and was left as it was; with --check: files would change
  2  wrong use of the command, a file that does not exist
  3  a file that cannot be read or written
"""


@dataclass(frozen=True, slots=True)
class _Work:
    """One file: what it holds and what it would hold."""

    name: str
    before: bytes
    source: SourceFile
    after: str

    @property
    def changes(self) -> bool:
        """Whether formatting changes any byte."""
        return self.before != self.after.encode()


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
    codes: list[int] = []
    changed = failed = 0
    for name in files.names:
        found = _format(name)
        if isinstance(found, int):
            failed += 1
            codes.append(found)
        else:
            codes.append(_settle(found, check, diff))
            unwritten = codes[-1] == EnvironmentProblem.exit_code
            failed += unwritten
            changed += found.changes and not unwritten
    if files.names != (STANDARD_INPUT,) and not diff:
        write_people(_summary(len(files.names), changed, failed, check) + "\n")
    return files.exit_code(codes)


def _format(name: str) -> _Work | int:
    """The file formatted, or the exit code of what has been told about it."""
    try:
        before, source = _read(name)
        formatted = format_source(source)
    except UnreadableSource as fault:
        tell_error(fault.sentence, fault.help)
        if fault.code != "I001":
            return 1
        return unreadable_code(name)
    except FormatFault as fault:
        tell_error(f"a fault of promptdsl: {fault}; {name} is left as it was")
        return 1
    if formatted.text is None:
        report, sources = formatted.report, {source.name: source}
        sys.stderr.write(render_text(report, sources, color=use_color(sys.stderr)) + "\n")
        tell_error(f"{source.name} is left as it was: mend its mistakes of form first")
        return 1
    return _Work(source.name, before, source, formatted.text)


class _Keeping(DiskLoader):
    """Remembers the bytes that it read: a byte order mark or CRLF is a difference too."""

    data = b""

    def read(self, path: Path) -> bytes:
        """Read and keep."""
        self.data = super().read(path)
        return self.data


def _read(name: str) -> tuple[bytes, SourceFile]:
    if name == STANDARD_INPUT:
        data = sys.stdin.buffer.read(MAX_BYTES + 1)
        return data, SourceFile(STDIN_NAME, decode(data, STDIN_NAME))
    loader = _Keeping()
    source = load(Path(name), name, loader)
    return loader.data, source


def _settle(work: _Work, check: bool, diff: bool) -> int:
    """Write, list or show one formatted file."""
    if diff:
        write_people("".join(_diff(work)))
    if check or diff:
        if check and work.changes and not diff:
            write_people(f"would change {harmless(work.name)}\n")
        return 1 if check and work.changes else 0
    if work.name == STDIN_NAME:
        write_machines(work.after)
        return 0
    if not work.changes:
        return 0
    try:
        write_file(Path(work.name), work.after.encode())
    except EnvironmentProblem as problem:
        tell_error(problem.sentence, problem.help)
        return problem.exit_code
    write_people(f"formatted {harmless(work.name)}\n")
    return 0


def _diff(work: _Work) -> Iterator[str]:
    from difflib import unified_diff

    before, after = _lines(work.source.text), _lines(work.after)
    color = use_color(sys.stdout)
    styles = {"+": "32", "-": "31", "@": "36"}
    name = harmless(work.name)
    for raw in unified_diff(before, after, name, f"{name} (formatted)"):
        # a pipe gets the file's own characters, so that patch can read them
        line = _shown(raw) if sys.stdout.isatty() else raw
        style = styles.get(line[:1])
        text = line if line.endswith("\n") else line + "\n\\ No newline at end of file\n"
        yield f"\x1b[{style}m{text[:-1]}\x1b[0m\n" if color and style else text


def _shown(line: str) -> str:
    return harmless(line[:-1]) + "\n" if line.endswith("\n") else harmless(line)


def _lines(text: str) -> list[str]:
    """Lines with their ends; `splitlines` would also split at rarer characters."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])


def _summary(total: int, changed: int, failed: int, check: bool) -> str:
    same = total - changed - failed
    parts = [
        (changed, "would change" if check else "changed"),
        (same, "already tidy"),
        (failed, "left as it was" if failed == 1 else "left as they were"),
    ]
    first, *rest = [(number, state) for number, state in parts if number]
    words = [f"{counted(first[0], 'file')} {first[1]}", *(f"{n} {state}" for n, state in rest)]
    return ", ".join(words)
