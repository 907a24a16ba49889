"""`promptdsl diff`: two versions of a spec on the same pictures."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.attempt import attempted
from promptdsl.cli.shared.labelled_jobs import open_work
from promptdsl.cli.shared.options import (
    ALLOW,
    NO_CACHE,
    RECURSIVE,
    compute_options,
    format_option,
    object_option,
    out_option,
    quiet_option,
)
from promptdsl.cli.shared.specs import faultless
from promptdsl.cli.shown.terminal import console_for_tables, say, tell_note, write_json
from promptdsl.errors import UsageProblem
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.evaluate.jobs import SpecInUse

WIDE = 150
EPILOG = """\b
Examples:
  promptdsl diff nut.inspect nut-new.inspect --on pictures/
  promptdsl diff git:HEAD:nut.inspect nut.inspect --on "line1/*.png" -o out
  promptdsl diff git:v1:nut.inspect git:v2:nut.inspect --on new --format json

\b
Exit codes:
  0  done, whatever flips
  1  one of the specs has errors
  2  wrong use of the command, an unknown revision
  3  a picture cannot be read, git is missing, or weights, device or disk
     failed
"""


@click.command("diff", epilog=EPILOG, short_help="Compare two versions of a spec.")
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option(
    "--on",
    "inputs",
    multiple=True,
    required=True,
    metavar="PICTURES",
    help="Pictures, a folder or a pattern; may be given again.",
)
@RECURSIVE
@object_option("Compare this object alone.")
@out_option(
    "Folder for diff.html, with the pictures whose verdict flips, and diff.json.", file_okay=False
)
@compute_options
@NO_CACHE
@format_option()
@quiet_option()
@ALLOW
def command(
    before: str,
    after: str,
    inputs: tuple[str, ...],
    recursive: bool,
    object_name: str | None,
    out: Path | None,
    device: str,
    precision: str,
    no_cache: bool,
    form: str,
    quiet: bool,
    allow: tuple[Path, ...],
) -> int:
    """Show which prompts, settings and thresholds differ, which verdicts flip, which scores move.

    A and B are specs; either may be git:REV:path, which takes the spec and the files that it uses
    out of that revision. Pictures, references and weights are those on disk.
    """
    from promptdsl.evaluate.words.diff import compare, describe
    from promptdsl.evaluate.words.diff_files import MARKS, PAGE, write_diff
    from promptdsl.files.inputs import find_pictures
    from promptdsl.files.owned import refuse_foreign_outputs
    from promptdsl.report.tables.diff import print_diff

    if out is not None:
        refuse_foreign_outputs(out, MARKS)
    sides = _open(before, allow), _open(after, allow)
    found = find_pictures(inputs, recursive=recursive, exclude=out)
    if found.told:
        tell_note(f"left out {found.told}")
    for problem in found.problems:
        tell_note(problem, "problem")
    with open_work(device, precision, no_cache=no_cache, quiet=quiet) as work:
        result = compare(*sides, found.pictures, object_name, work)
    described = describe(result)
    failed = None if out is None else attempted(lambda: write_diff(out, result, described))
    if form == "json":
        write_json(described)
    else:
        wordless = [one.wordless for one in result.objects]
        print_diff(console_for_tables(WIDE), described, wordless)
    if failed is not None:
        raise failed
    if out is not None and form == "text":
        say(f"page: {shown(out / PAGE)}")
    unreadable = {i: e for one in result.objects for i, e in one.unreadable.items()}
    for image, error in unreadable.items():
        tell_note(f"{image}: {error}; it is in no comparison", "problem")
    return 3 if unreadable or found.unreadable else 0


def _open(name: str, allow: tuple[Path, ...]) -> "SpecInUse":
    from promptdsl.evaluate.words.versions import open_version

    version = open_version(name, allow)
    faultless(version.compilation)
    if not version.plan.objects:
        raise UsageProblem(f"{name} holds lists and no object, so there is nothing to compare")
    return version
