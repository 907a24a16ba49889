"""`promptdsl diff`: two versions of a spec on the same pictures."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptdsl.cli.shared.attempt import attempted
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
from promptdsl.cli.shown.terminal import console_for_tables, counted, say, tell_note, write_machines
from promptdsl.errors import UsageProblem
from promptdsl.files.naming import shown
from promptdsl.methods import find_method

if TYPE_CHECKING:
    from rich.console import Console

    from promptdsl.evaluate.words.diff import ObjectDiff, Side, SpecDiff

WIDE = 150
SHOWN_ROWS = 20
LARGEST = 4_000_000  # pixels that are decoded for a thumbnail
PAGE, RECORD = "diff.html", "diff.json"
EPILOG = """\b
Examples:
  promptdsl diff nut.inspect nut-new.inspect --on pictures/
  promptdsl diff git:HEAD:specs/nut.inspect specs/nut.inspect --on "line1/*.png" -o changed
  promptdsl diff git:v1.0:nut.inspect git:v1.1:nut.inspect --on pictures/ --format json

\b
Exit codes:
  0  done, whatever flips
  1  one of the specs has errors
  2  wrong use of the command, an unknown revision
  3  a picture cannot be read, git is missing, or weights, device or disk failed
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
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute
    from promptdsl.evaluate.words.diff import compare, describe
    from promptdsl.evaluate.words.evidence import cache_or_temporary
    from promptdsl.files.inputs import find_pictures
    from promptdsl.files.owned import PAGE_MARK, refuse_foreign_outputs
    from promptdsl.scoring.feature_cache import open_feature_cache

    if out is not None:
        refuse_foreign_outputs(out, {RECORD: b'"plan_before": "', PAGE: PAGE_MARK})
    sides = _open(before, allow), _open(after, allow)
    found = find_pictures(inputs, recursive=recursive, exclude=out)
    if found.told:
        tell_note(f"left out {found.told}")
    for problem in found.problems:
        tell_note(problem, "problem")
    with Progress(quiet=quiet) as progress:
        compute = choose_compute(device, precision)
        with cache_or_temporary(None if no_cache else open_feature_cache()) as cache:
            result = compare(*sides, found.pictures, object_name, compute, cache, progress)
    described = describe(result)
    failed = None if out is None else attempted(lambda: _write(out, result, described))
    if form == "json":
        write_machines(json.dumps(described, indent=2) + "\n")
    else:
        _tell(console_for_tables(WIDE), result)
    if failed is not None:
        raise failed
    if out is not None and form == "text":
        say(f"page: {shown(out / PAGE)}")
    unreadable = {i: e for one in result.objects for i, e in one.unreadable.items()}
    for image, error in unreadable.items():
        tell_note(f"{image}: {error}; it is in no comparison", "problem")
    return 3 if unreadable or found.unreadable else 0


def _open(name: str, allow: tuple[Path, ...]) -> "Side":
    from promptdsl.evaluate.words.diff import Side
    from promptdsl.evaluate.words.versions import open_version

    version = open_version(name, allow)
    plan = faultless(version.compilation).plan()
    if not plan.objects:
        raise UsageProblem(f"{name} holds lists and no object, so there is nothing to compare")
    return Side(version, plan)


def _write(out: Path, result: "SpecDiff", described: dict[str, Any]) -> None:
    from promptdsl.files.writing import disk_told_plainly, write_atomically
    from promptdsl.pictures.opening import PictureError
    from promptdsl.pictures.reading import read_rgb
    from promptdsl.report.comparison import MOST_FLIPS, MOST_MOVES, comparison_page, thumbnails
    from promptdsl.versions import now, versions

    small: dict[tuple[str, str], list[str]] = {}
    for one in result.objects:
        moved = sorted((p for p in one.pairs if not p.flips), key=lambda p: -abs(p.moved))
        for pair in [*one.flips[:MOST_FLIPS], *moved[:MOST_MOVES]]:
            try:
                image = read_rgb(Path(pair.image), LARGEST)
            except PictureError:
                continue  # it was readable when it was scored; its row stays in diff.json
            small[one.after.name, pair.image] = thumbnails(image, one.maps(pair))
    identity = [
        ("before", described["before"]),
        ("plan hash before", described["plan_before"]),
        ("after", described["after"]),
        ("plan hash after", described["plan_after"]),
        ("made", now()),
        ("versions", ", ".join(f"{name} {version}" for name, version in versions().items())),
    ]
    page = comparison_page(described, small, identity)
    with disk_told_plainly(out):
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / RECORD, (json.dumps(described, indent=2) + "\n").encode())
        write_atomically(out / PAGE, page.encode("utf-8", "backslashreplace"))


def _tell(console: "Console", result: "SpecDiff") -> None:
    for side, names in ((result.before, result.only_before), (result.after, result.only_after)):
        for name in names:
            console.print(
                f"{name} is only in {shown(side.version.name)}", markup=False, highlight=False
            )
    for one in result.objects:
        _tell_object(console, one)


def _tell_object(console: "Console", one: "ObjectDiff") -> None:
    from rich.text import Text

    from promptdsl.evaluate.words.diff import MOVED

    console.print(Text(one.after.name, "bold"))
    for change in one.phrases:
        sign, style = ("-", "red") if change.action == "removed" else ("+", "green")
        many = counted(len(change.prompts), "prompt")
        console.print(Text(f'  {sign} {change.group}: "{shown(change.phrase)}" ({many})', style))
    if not one.phrases:
        console.print("  the prompts are the same")
    for name in {one.before.method.name, one.after.method.name}:
        method = find_method(name)
        if method is not None and not method.uses_words:
            console.print(f"  {name} does not read them")
    for row in one.fields:
        before, after = shown(row.before or "none"), shown(row.after or "none")
        console.print(Text(f"  {row.what}: {before} -> {after}"))
    moved = [pair for pair in one.pairs if abs(pair.moved) >= MOVED]
    flip = "flips" if len(one.flips) == 1 else "flip"
    verb = "moves" if len(moved) == 1 else "move"
    console.print(
        f"  {len(one.flips)} of {counted(len(one.pairs), 'verdict')} {flip}, "
        f"{counted(len(moved), 'score')} {verb} by {MOVED} or more",
        highlight=False,
    )
    rows = sorted(one.pairs, key=lambda pair: (not pair.flips, -abs(pair.moved)))
    worth = [pair for pair in rows if pair.flips or abs(pair.moved) >= MOVED][:SHOWN_ROWS]
    for pair in worth:
        verdicts = (
            f"{pair.before.verdict} -> {pair.after.verdict}" if pair.flips else pair.after.verdict
        )
        console.print(
            Text(
                f"  {verdicts:18} {pair.before.score:.3f} -> {pair.after.score:.3f} "
                f"({pair.moved:+.3f})  {shown(pair.image)}",
                "bold" if pair.flips else "",
            ),
            soft_wrap=True,
        )
    if len(rows) > len(worth):
        left = len(rows) - len(worth)
        console.print(f"  and {counted(left, 'more picture')}", style="dim", highlight=False)
