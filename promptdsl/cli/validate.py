"""`promptdsl validate`: how good a spec is on labelled pictures, and how sure that is."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.labelled_jobs import find_jobs
from promptdsl.cli.shared.options import (
    ALLOW,
    NO_CACHE,
    Asked,
    compute_options,
    dataset_options,
    format_option,
    out_option,
    picture_options,
    quiet_option,
)
from promptdsl.cli.shown.terminal import counted, say, tell_note, write_machines
from promptdsl.errors import UsageProblem
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.evaluate.gallery import Gallery
    from promptdsl.evaluate.run import Validation

SHOWN_PROBLEMS = 20
EPILOG = """\b
Examples:
  promptdsl validate nut.inspect
  promptdsl validate nut.inspect --good held_out/good --defect scratch=held_out/scratch
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
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute
    from promptdsl.evaluate.gallery import gallery_for
    from promptdsl.evaluate.run import validate
    from promptdsl.scoring.feature_cache import open_feature_cache

    started = time.perf_counter()
    jobs, layout = find_jobs(asked)
    folder = _claim_folder(out or _default_folder(asked))
    gallery = gallery_for(len(jobs))
    with Progress(quiet=quiet) as progress:
        compute = choose_compute(device, precision)
        cache = None if no_cache else open_feature_cache()
        validation = validate(jobs, compute, cache, progress, dataset=layout, keep=gallery.take)
        # What is finished is written before anything that may still go wrong.
        described = _write(validation, gallery, {}, folder, time.perf_counter() - started)
        lacking: list[str] = []
        if words:
            from promptdsl.evaluate.words.words import words_tables

            done = jobs[: len(validation.objects)]
            tables, lacking = words_tables(done, compute, cache, progress, asked.allow)
            seconds = time.perf_counter() - started
            described = _write(validation, gallery, tables, folder, seconds)
    if form == "json":
        write_machines(described)
    _tell(validation, folder, quiet or form == "json")
    for sentence in lacking:
        tell_note(sentence, "problem")
    if validation.stopped is not None:
        raise validation.stopped
    return validation.exit_code(strict=strict) or (3 if lacking else 0)


def _default_folder(asked: Asked) -> Path:
    name = Path(asked.spec).stem if asked.spec is not None else "data"
    if asked.spec is None and asked.root is not None:
        name = asked.root[0].resolve().name
    return Path(f"{name}-validation")


def _claim_folder(folder: Path) -> Path:
    """Make the folder before anything costly happens; what others wrote in it is not replaced."""
    from promptdsl.files.owned import JSON_MARK, PAGE_MARK, refuse_foreign_outputs
    from promptdsl.files.writing import disk_told_plainly

    if folder.exists() and not folder.is_dir():
        raise UsageProblem(f"{folder}: -o needs a folder, and this is a file")
    with disk_told_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
    marks = {
        "validation.json": JSON_MARK,
        "junit.xml": b"promptdsl validate",
        "validation.html": PAGE_MARK,
    }
    refuse_foreign_outputs(folder, marks)
    return folder


def _write(
    validation: "Validation",
    gallery: "Gallery",
    words: dict[str, list[dict[str, str]]],
    folder: Path,
    seconds: float,
) -> str:
    from promptdsl.evaluate.junit import junit_xml
    from promptdsl.evaluate.record import describe, to_json
    from promptdsl.files.writing import disk_told_plainly, write_atomically
    from promptdsl.report.validation import validation_page

    described = describe(validation, seconds)
    for item in described["objects"]:
        if item["name"] in words:
            item["words"] = words[item["name"]]
    page = validation_page(described, gallery.shown)
    files = {
        "validation.json": to_json(described),
        "junit.xml": junit_xml(validation, seconds),
        "validation.html": page.encode("utf-8", "backslashreplace"),
    }
    with disk_told_plainly(folder):
        for name, content in files.items():
            write_atomically(folder / name, content)
    return files["validation.json"].decode()


def _tell(validation: "Validation", folder: Path, quiet: bool) -> None:
    """Tables to standard output; doubts and problems to standard error, always."""
    from rich.console import Console

    from promptdsl.cli.shown.validation_table import (
        print_object,
        print_paper_table,
        print_separations,
    )
    from promptdsl.evaluate.table import paper_table

    console = Console()
    if not quiet:
        if validation.dataset is None or len(validation.objects) == 1:
            for result in validation.objects:
                print_object(console, result)
        table = paper_table(validation)
        if table is not None and len(validation.objects) > 1:
            print_separations(console, validation.objects)
        if table is not None:
            print_paper_table(console, table)
        say(f"page: {shown(folder / 'validation.html')}")
    for result in validation.objects:
        for note in result.notes:
            tell_note(note, "warning")
    problems = validation.problems
    for problem in problems[:SHOWN_PROBLEMS]:
        tell_note(problem, "problem")
    if len(problems) > SHOWN_PROBLEMS:
        rest = counted(len(problems) - SHOWN_PROBLEMS, "more problem")
        tell_note(f"{rest} in {folder / 'validation.json'}", "problem")
