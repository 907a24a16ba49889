"""`promptdsl check`: what is wrong with a spec, or that it is fine."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from promptdsl.cli.shared.options import ALLOW, format_option
from promptdsl.cli.shared.specs import (
    SPEC,
    all_diagnostics,
    compile_named,
    exit_code,
    fault_counts,
    find_specs,
    verdict,
)
from promptdsl.cli.shown.terminal import counted, say, use_color, write_machines, write_people
from promptdsl.diagnostics.render_text import render_text
from promptdsl.pipeline import Compilation
from promptdsl.source import SourceFile

EPILOG = """\b
Examples:
  promptdsl check nut.inspect
  promptdsl check specs/ --strict
  promptdsl check nut.inspect --show-defaults
  promptdsl check nut.inspect --format sarif > nut.sarif

\b
Exit codes:
  0  every spec is fine, warnings aside
  1  a spec has errors; with --strict: or warnings
  2  wrong use of the command, a file that does not exist
  3  a file that cannot be read
"""


@click.command("check", epilog=EPILOG)
@click.argument("specs", nargs=-1, required=True, metavar="SPEC...", type=SPEC)
@format_option(
    "text",
    "json",
    "github",
    "sarif",
    help="For people, scripts, GitHub workflows or code scanners.",
)
@click.option(
    "--show-defaults", is_flag=True, help="Show what holds for all that the spec leaves open."
)
@click.option("--strict", is_flag=True, help="Count warnings as errors.")
@ALLOW
def command(
    specs: tuple[str, ...], form: str, show_defaults: bool, strict: bool, allow: tuple[Path, ...]
) -> int:
    """Check specs: every mistake in one run, each at its place and with its fix.

    SPEC is a file, a folder with .inspect files in it, or - for standard input.
    """
    files = find_specs(specs)
    compilations = [compile_named(name, allow) for name in files.names]
    if form == "text":
        _tell_people(compilations, show_defaults)
    else:
        write_machines(_for_machines(compilations, form, show_defaults))
    return files.exit_code(exit_code(one, strict=strict) for one in compilations)


def _tell_people(compilations: Sequence[Compilation], show_defaults: bool) -> None:
    for compilation in compilations:
        report = compilation.report
        shown = render_text(
            report, compilation.sources, color=use_color(sys.stdout), left_out=report.left_out
        )
        write_people(f"{shown}\n" if shown else "")
        if show_defaults and compilation.spec is not None:
            from promptdsl.check.defaults import as_spec

            write_people(as_spec(compilation.spec, compilation.sources) + "\n")
        write_people(verdict(compilation) + "\n")
        for note in compilation.notes if compilation.ok else ():
            say(f"note: {note}")
    if len(compilations) > 1:
        write_people(_total(compilations) + "\n")


def _total(compilations: Sequence[Compilation]) -> str:
    items = all_diagnostics(compilations)
    errors = sum(item.severity == "error" for item in items)
    counts = fault_counts(errors, len(items) - errors)
    return f"{counted(len(compilations), 'file')}: {counts or 'all fine'}"


def _for_machines(compilations: Sequence[Compilation], form: str, show_defaults: bool) -> str:
    items = all_diagnostics(compilations)
    sources: dict[str, SourceFile] = {}
    for compilation in compilations:
        sources |= compilation.sources
    if form == "github":
        from promptdsl.diagnostics.render_github import render_github

        return render_github(items, sources)
    if form == "sarif":
        from promptdsl.diagnostics.render_sarif import render_sarif

        return render_sarif(items, sources)
    from promptdsl.diagnostics.render_json import render_json

    left_out = sum(compilation.report.left_out for compilation in compilations)
    files = [_file_entry(compilation, show_defaults) for compilation in compilations]
    return render_json(items, sources, left_out=left_out, extra={"files": files})


def _file_entry(compilation: Compilation, show_defaults: bool) -> dict[str, Any]:
    objects = compilation.spec.objects if compilation.spec else ()
    entry: dict[str, Any] = {
        "file": compilation.name,
        "ok": compilation.ok,
        "objects": [{"name": item.name, "prompts": item.prompt_count} for item in objects],
        "pictures": compilation.pictures,
        "notes": list(compilation.notes),
    }
    if show_defaults:
        from promptdsl.check.defaults import as_data

        for shown, item in zip(entry["objects"], objects, strict=True):
            shown.update(as_data(item))
    return entry
