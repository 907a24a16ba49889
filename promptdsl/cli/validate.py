"""`promptdsl validate`: how good a spec is on labelled pictures, and how sure that is."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.labelled_jobs import find_jobs, open_work
from promptdsl.cli.shared.options import (
    ALLOW,
    NO_CACHE,
    compute_options,
    dataset_options,
    format_option,
    out_option,
    picture_options,
    quiet_option,
)
from promptdsl.cli.shown.terminal import counted, say, tell_note, write_json
from promptdsl.evaluate.asked import Asked
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.evaluate.validation.files import Validated

SHOWN_PROBLEMS = 20
EPILOG = """\b
Examples:
  promptdsl validate nut.inspect
  promptdsl validate nut.inspect --good new/good --defect scratch=new/scratch
  promptdsl validate --mvtec mvtec_ad -o mvtec
  promptdsl validate --visa VisA --category candle --shots 4

\b
Exit codes:
  0    every test passed (or there is none) and every picture could be judged
  1    a test failed, or the spec has errors
  2    wrong use of the command
  3    a picture or mask could not be used, or weights, device or disk failed
"""


@click.command("validate", epilog=EPILOG, short_help="Judge a spec by labelled pictures.")
@click.argument("spec", required=False, type=click.Path(dir_okay=False))
@picture_options
@dataset_options
@out_option(
    "Folder for validation.json, junit.xml and validation.html.  [default: NAME-validation]"
)
@compute_options
@click.option("--words", is_flag=True, help="Add the table of `promptdsl ablate` to the page.")
@click.option("--strict", is_flag=True, help="A test that too few pictures support fails too.")
@NO_CACHE
@format_option()
@quiet_option("No tables and no progress.")
@ALLOW
def command(
    asked: Asked,
    out: Path | None,
    device: str,
    precision: str,
    words: bool,
    strict: bool,
    no_cache: bool,
    form: str,
    quiet: bool,
) -> int:
    """Judge a spec by labelled pictures: escapes, false rejects, AUROC, and how sure they are.

    Without folders it takes the spec's own `samples` and runs its `test` blocks. For MVTec AD and
    VisA the ready specs are used where no SPEC is given.
    """
    from promptdsl.evaluate.validation.files import claim_folder, validate_into

    started = time.perf_counter()
    jobs, dataset = find_jobs(asked)
    folder = out or _default_folder(asked)
    claim_folder(folder)
    with open_work(device, precision, no_cache=no_cache, quiet=quiet) as work:
        found = validate_into(folder, jobs, dataset, work, started, words)
    if form == "json":
        write_json(found.described)
    _tell(found, folder, quiet or form == "json")
    if found.validation.stopped is not None:
        raise found.validation.stopped
    return found.exit_code(strict=strict)


def _default_folder(asked: Asked) -> Path:
    name = Path(asked.spec).stem if asked.spec is not None else "data"
    if asked.spec is None and asked.root is not None:
        name = asked.root[0].resolve().name
    return Path(f"{name}-validation")


def _tell(found: "Validated", folder: Path, quiet: bool) -> None:
    """Tables to standard output; doubts and problems to standard error, always."""
    from promptdsl.report.tables.validation import print_validation

    if not quiet:
        print_validation(found.described)
        say(f"page: {shown(folder / 'validation.html')}")
    for item in found.described["objects"]:
        for note in item["notes"]:
            tell_note(note, "warning")
    problems = found.validation.problems
    for problem in problems[:SHOWN_PROBLEMS]:
        tell_note(problem, "problem")
    if len(problems) > SHOWN_PROBLEMS:
        rest = counted(len(problems) - SHOWN_PROBLEMS, "more problem")
        tell_note(f"{rest} in {folder / 'validation.json'}", "problem")
    for sentence in found.lacking:
        tell_note(sentence, "problem")
