"""The spec files that a command was given: found, compiled, their faults shown."""

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from promptdsl.check.resolve.modules import SUFFIX
from promptdsl.cli.shown.terminal import counted, tell_error, tell_note, use_color
from promptdsl.diagnostics.diagnostic import Diagnostic
from promptdsl.diagnostics.render_text import render_text
from promptdsl.diagnostics.width import harmless
from promptdsl.errors import UsageProblem
from promptdsl.files.find import How, TooManyFiles, find
from promptdsl.files.found import LINKS, Found, what_was_left_out
from promptdsl.pipeline import Compilation, compile_file, compile_text
from promptdsl.source import MAX_BYTES

STANDARD_INPUT = "-"
SPEC = click.Path(allow_dash=True, readable=False)  # what cannot be read is told file by file
UNREADABLE = "I001"


@dataclass(frozen=True, slots=True)
class SpecFiles:
    """The files that were meant; whether there are folders that nobody could look into."""

    names: tuple[str, ...]
    incomplete: bool

    def exit_code(self, codes: Iterable[int]) -> int:
        """The exit code for those of the files: 3 where they are fine and not all of them."""
        return min((code for code in codes if code), default=3 if self.incomplete else 0)


def find_specs(names: Sequence[str]) -> SpecFiles:
    """Files and `-` as they were named; a folder gives its .inspect files, sub-folders included.

    A folder that cannot be read is told, and the others are looked at all the same.
    """
    files: dict[str, None] = {}
    incomplete = False
    for name in names:
        if name == STANDARD_INPUT or not os.path.isdir(name):
            files[name] = None
            continue
        found = _specs_below(name)
        files |= dict.fromkeys(found.files)
        for folder, why in found.unreadable.items():
            incomplete = True
            tell_error(
                f"{folder}: this folder was not looked at: {why}",
                "make it readable, or name the specs",
            )
    return SpecFiles(tuple(files), incomplete)


def _specs_below(name: str) -> Found:
    try:
        found = find(".", name, How(recursive=True, wanted=_is_spec))
    except TooManyFiles as fault:
        raise UsageProblem(f"{name} holds {fault.strerror}", "name a folder inside it") from None
    if LINKS in found.left_out:
        tell_note(f"left out {what_was_left_out({LINKS: found.left_out[LINKS]})}")
    if not found.files and not found.unreadable:
        raise UsageProblem(f"the folder {name} holds no .inspect file")
    return found


def _is_spec(name: str) -> bool:
    return name.endswith(SUFFIX)


def compile_named(name: str, allow: tuple[Path, ...] = ()) -> Compilation:
    """Compile one file, or standard input for `-`."""
    if name == STANDARD_INPUT:
        return compile_text(sys.stdin.buffer.read(MAX_BYTES + 1), allow=allow)
    return compile_file(Path(name), allow=allow)


def compile_faultless(name: str, allow: tuple[Path, ...] = ()) -> Compilation:
    """Compile one file for a command that needs it whole; faults are shown and end the command."""
    return faultless(compile_named(name, allow))


def faultless(compilation: Compilation) -> Compilation:
    """The compilation itself; faults are shown and end the command, warnings are counted."""
    report = compilation.report
    if not compilation.ok:
        shown = render_text(
            report,
            compilation.sources,
            color=use_color(sys.stderr),
            left_out=report.left_out,
        )
        sys.stderr.write(f"{shown}\n{verdict(compilation)}\n")
        raise click.exceptions.Exit(exit_code(compilation))
    if report.warnings:
        many = counted(len(report.warnings), "warning")
        tell_note(f"{many} in {compilation.name}; promptdsl check shows them")
    return compilation


def exit_code(compilation: Compilation, *, strict: bool = False) -> int:
    """1 for a spec with errors; 2 for one that is not there; 3 for one that cannot be read."""
    if compilation.spec is None:
        unreadable = any(item.code == UNREADABLE for item in compilation.report)
        if unreadable:
            return unreadable_code(compilation.name)
        return 1
    return 1 if not compilation.ok or (strict and compilation.report.warnings) else 0


def unreadable_code(name: str) -> int:
    """The exit code for a spec that gave no text: 3 where something of that name is there."""
    return 3 if os.path.lexists(name) else 2


def verdict(compilation: Compilation) -> str:
    """`2 errors, 1 warning in nut.inspect`, or that it is fine and what it holds."""
    report, name = compilation.report, harmless(compilation.name)
    counts = fault_counts(len(report.errors), len(report.warnings))
    if report.errors:
        return f"{counts} in {name}"
    return f"{name}: {counts or 'fine'} ({_content(compilation)})"


def fault_counts(errors: int, warnings: int) -> str:
    """`2 errors, 1 warning`; empty where there is neither."""
    numbers = ((errors, "error"), (warnings, "warning"))
    return ", ".join(counted(number, noun) for number, noun in numbers if number)


def _content(compilation: Compilation) -> str:
    objects = compilation.spec.objects if compilation.spec else ()
    if not objects:
        return "lists for other files, no object"
    prompts = sum(item.prompt_count for item in objects)
    told = f"{counted(len(objects), 'object')}, {counted(prompts, 'prompt')}"
    pictures = compilation.pictures
    return f"{told}, {counted(pictures, 'picture')}" if pictures else told


def all_diagnostics(compilations: Sequence[Compilation]) -> list[Diagnostic]:
    """The diagnostics of several files; those of a file that several use are kept once."""
    found = [item for compilation in compilations for item in compilation.report]
    return list(dict.fromkeys(found))
