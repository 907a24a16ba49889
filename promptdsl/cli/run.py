"""`promptdsl run`: inspect pictures with a spec or a compiled plan."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.locks import tell_unsealed
from promptdsl.cli.shared.options import (
    ALLOW,
    RECURSIVE,
    choice,
    compute_options,
    format_option,
    object_option,
    out_option,
    overwrite_option,
    quiet_option,
)
from promptdsl.cli.shared.specs import compile_faultless
from promptdsl.cli.shown.terminal import counted, tell_note, write_machines
from promptdsl.errors import UsageProblem
from promptdsl.files.found import SUB_FOLDERS, LeftOut, what_was_left_out
from promptdsl.files.naming import shown
from promptdsl.methods import BUILTIN_MODEL
from promptdsl.results import Record, told_notes, unlike_legs

if TYPE_CHECKING:
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.inspect.run import Outcome
    from promptdsl.inspect.source import Source

MAX_BATCH = 4096
FAILURES = {"reject": ("reject",), "review": ("review", "reject")}
EPILOG = """\b
Examples:
  promptdsl run part.inspect pictures/ -o results
  promptdsl run part.plan "line1/**/*.png" -o results --fail-on reject
  promptdsl run part.inspect pictures/ -o results --resume
  promptdsl run part.inspect pictures/ -o results --format csv

\b
Exit codes:
  0    every picture was inspected (rejected ones included)
  1    the spec has errors; with --fail-on: a picture was rejected (or needs
       review)
  2    wrong use of the command
  3    some pictures could not be inspected, or weights, device or disk failed
  130  stopped with Ctrl-C, 143: by SIGTERM; --resume goes on
"""


def _batch_size(context: click.Context, parameter: click.Parameter, value: str) -> int | None:
    """None for `auto`."""
    if value == "auto":
        return None
    if value.isdecimal() and 1 <= int(value) <= MAX_BATCH:
        return int(value)
    raise click.BadParameter(f"{value!r} is neither auto nor a number from 1 to {MAX_BATCH}")


@click.command("run", epilog=EPILOG, short_help="Inspect pictures.")
@click.argument("spec", metavar="SPEC|PLAN", type=click.Path(exists=True, dir_okay=False))
@click.argument("inputs", nargs=-1, required=True, metavar="INPUTS...")
@out_option("Folder for the results.  [default: NAME-results]")
@object_option("Inspect all pictures as this object of the spec.")
@RECURSIVE
@compute_options
@click.option(
    "--batch-size",
    default="auto",
    show_default=True,
    callback=_batch_size,
    metavar="auto|N",
    help="Pictures at once.",
)
@choice(
    "--maps",
    words=("png", "npy", "none"),
    help="Heat maps over the pictures, raw float32 maps, or none.",
)
@click.option(
    "--map-size",
    type=click.IntRange(64, 30_000),
    metavar="PX",
    help="Longest side of a heat map as PNG.  [default: the picture's own, up to 24 megapixels]",
)
@click.option(
    "--fail-on",
    type=click.Choice(["review", "reject"]),
    help="Exit with 1 when a picture gets this verdict or a worse one.",
)
@format_option(
    "text",
    "json",
    "jsonl",
    "csv",
    help="What goes to standard output; csv also writes results.csv and spots.csv into OUT.",
)
@click.option(
    "--resume", is_flag=True, help="Go on with the run in OUT; start it if there is none."
)
@overwrite_option("Replace the results in OUT.")
@quiet_option("No table and no progress.")
@ALLOW
def command(
    spec: str,
    inputs: tuple[str, ...],
    out: Path | None,
    object_name: str | None,
    recursive: bool,
    device: str,
    precision: str,
    batch_size: int | None,
    maps: str,
    map_size: int | None,
    fail_on: str | None,
    form: str,
    resume: bool,
    overwrite: bool,
    quiet: bool,
    allow: tuple[Path, ...],
) -> int:
    """Inspect pictures: a verdict, a score, the likeliest defect and a heat map for each.

    INPUTS are pictures, folders and patterns. Results go to OUT: results.jsonl, run.json, maps/ and
    report.html.
    """
    if resume and overwrite:
        raise UsageProblem("--resume and --overwrite exclude each other")
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.cli.shown.sight import too_small_to_see
    from promptdsl.inspect.records import to_line
    from promptdsl.inspect.run import run

    out = out or Path(f"{Path(spec).stem}-results")

    def also(record: Record) -> None:
        if form == "jsonl":
            write_machines(to_line(record))

    with Progress("loading the model", quiet=quiet, also=also) as progress:
        source = open_source(spec, device, precision, progress, allow)
        outcome = run(
            source,
            inputs,
            out,
            progress,
            mode="resume" if resume else "overwrite" if overwrite else "new",
            object=object_name,
            recursive=recursive,
            maps=maps,  # type: ignore[arg-type]  # click.Choice has checked it
            batch_size=batch_size,
            tables=form == "csv",
            map_size=map_size,
        )
    _tell(outcome, out, form, quiet)
    folder = Path(spec).parent
    for sentence in () if quiet else too_small_to_see(source.plan, outcome.records, folder):
        tell_note(sentence)
    return exit_code(outcome, fail_on)


def open_source(
    path: str, device: str, precision: str, progress: "Progress", allow: tuple[Path, ...]
) -> "Source":
    """A spec with the lock beside it, or a compiled plan file."""
    from promptdsl.engine.device import choose_compute
    from promptdsl.inspect.source import is_compiled, plan_source, spec_source

    if is_compiled(path):
        return plan_source(path, choose_compute(device, precision))
    compilation = compile_faultless(path, allow)
    compute = choose_compute(device, precision)
    source = spec_source(path, compilation, compute, progress.prepares)
    tell_unsealed(source.lock, Path(path))
    return source


def exit_code(outcome: "Outcome", fail_on: str | None) -> int:
    """Stopped, then not inspected, then --fail-on, then 0."""
    counts = outcome.counts
    if outcome.run["status"] == "interrupted":
        return outcome.stop.exit_code
    if counts["error"] or outcome.run["unreadable"]:
        return 3
    return 1 if fail_on and any(counts[verdict] for verdict in FAILURES[fail_on]) else 0


def _tell(outcome: "Outcome", out: Path, form: str, quiet: bool) -> None:
    """Results to standard output; the summary beside them when those are for machines."""
    from rich.console import Console

    from promptdsl.inspect.records import as_fields
    from promptdsl.judge.stale import stale
    from promptdsl.report.spreadsheet import results_csv
    from promptdsl.report.table import print_table, summary

    run = outcome.run
    if form == "json":
        records = [as_fields(record) for record in outcome.records]
        write_machines(json.dumps({"run": run, "results": records}, indent=2) + "\n")
    elif form == "csv":
        write_machines(results_csv(outcome.records))
    elif form == "text" and not quiet:
        print_table(Console(), outcome.records, str(out))
    for name, changes in run.get("changed_since_calibration", {}).items():
        tell_note(stale(name, changes, Path(run["spec"])), "warning")
    for folder, why in run["unreadable"].items():
        tell_note(f"{folder}: this folder was not looked at: {why}", "problem")
    if quiet:
        if missed := outcome.counts["error"]:
            sentence = f"{counted(missed, 'picture')} not inspected: {out} says why"
            tell_note(sentence, "problem")
        return
    line = summary(outcome.counts, run["times"]["seconds"], run["counts"]["inspected_now"])
    console = Console(stderr=form != "text")
    console.print(line, soft_wrap=True, highlight=False)
    for sentence in remarks(outcome, out):
        console.print(shown(sentence), soft_wrap=True, highlight=False, markup=False)


def remarks(outcome: "Outcome", out: Path) -> Iterator[str]:
    """What a reader must know besides the numbers."""
    run = outcome.run
    if run["left_out"]:
        names = run["left_out_names"]
        left = {why: LeftOut(count, names[why]) for why, count in run["left_out"].items()}
        hint = " (--recursive looks into sub-folders)" if SUB_FOLDERS in left else ""
        yield f"left out: {what_was_left_out(left)}{hint}"
    for sentence in (*run["remarks"], *told_notes(run["notes"], run.get("noted", {}))):
        yield f"note: {sentence}"
    if outcome.dropped:
        yield f"{outcome.dropped} damaged record(s) of the earlier run were made again"
    if outcome.others:
        yield (
            f"note: {out} also holds {counted(outcome.others, 'record')} of pictures that "
            "are not among these inputs; they are in its report, but not counted here"
        )
    if outcome.changed:
        yield (
            f"warning: {counted(outcome.changed, 'picture')} changed after being inspected, and "
            "the old record stays; --overwrite inspects all again"
        )
    if different := unlike_legs(run["legs"]):
        yield (
            f"warning: the records in {out} were made with {'; '.join(different)}: their "
            "scores may differ in the last digits (run.json lists who made what)"
        )
    objects = run["objects"]
    if default := [name for name, item in objects.items() if item["default_thresholds"]]:
        yield f"warning: {', '.join(default)} has no thresholds; 0.5 is an uncalibrated default"
    if any(item["model"] == [BUILTIN_MODEL] for item in objects.values()):
        yield f"note: {BUILTIN_MODEL} is for learning and demonstrations, not for production"
    if run["status"] == "interrupted":
        yield "stopped: run the same command again with --resume to go on"
    else:
        yield f"report: {out / 'report.html'}"
