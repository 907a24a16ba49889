"""`promptdsl ablate`: which words, templates and window scales help, and which do harm."""

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptdsl.cli.shared.attempt import attempted
from promptdsl.cli.shared.labelled_jobs import find_jobs
from promptdsl.cli.shared.options import (
    ALLOW,
    NO_CACHE,
    Asked,
    choice,
    compute_options,
    dataset_options,
    format_option,
    out_option,
    picture_options,
    quiet_option,
)
from promptdsl.cli.shown.terminal import console_for_tables, say, tell_note, write_machines
from promptdsl.errors import Problem
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.evaluate.words.ablate import Ablation

WORDS_FILE = "words.json"
WIDE = 190  # characters, where the output is no terminal
EPILOG = """\b
Examples:
  promptdsl ablate nut.inspect
  promptdsl ablate nut.inspect --good held_out/good --defect scratch=held_out/scratch
  promptdsl ablate nut.inspect --format json > words.json

\b
Exit codes:
  0  done
  1  the spec has errors
  2  wrong use of the command, no good or no defective pictures
  3  a picture or mask could not be used, or weights, device or disk failed
"""


@click.command("ablate", epilog=EPILOG, short_help="Say which words help and which do harm.")
@click.argument("spec", required=False, type=click.Path(dir_okay=False))
@picture_options
@dataset_options
@choice(
    "--pixels",
    words=("auto", "all", "none"),
    help="Pixel AUROC where there are masks; auto: for everything while that is quick.",
)
@out_option("Folder for words.json.", file_okay=False)
@compute_options
@NO_CACHE
@format_option()
@quiet_option()
@ALLOW
def command(
    asked: Asked,
    pixels: Any,
    out: Path | None,
    device: str,
    precision: str,
    no_cache: bool,
    form: str,
    quiet: bool,
) -> int:
    """Leave out each phrase, template, defect, window scale and list of templates, one at a time.

    Says how image AUROC, the margin between good and defective pictures, pixel AUROC and the
    verdicts change, each with a paired 95 % bootstrap interval.
    """
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute
    from promptdsl.evaluate.words.ablate import ablate
    from promptdsl.evaluate.words.evidence import cache_or_temporary, gather
    from promptdsl.evaluate.words.sources import object_of
    from promptdsl.evaluate.words.table import document, print_ablation
    from promptdsl.files.owned import JSON_MARK, refuse_foreign_outputs
    from promptdsl.scoring.feature_cache import open_feature_cache

    started = time.perf_counter()
    jobs, _ = find_jobs(asked)
    if out is not None:
        refuse_foreign_outputs(out, {WORDS_FILE: JSON_MARK})
    ablations: list[Ablation] = []
    stopped: Problem | None = None
    with Progress(quiet=quiet) as progress:
        compute = choose_compute(device, precision)
        with cache_or_temporary(None if no_cache else open_feature_cache()) as cache:
            try:
                for job in jobs:
                    item, sources = object_of(job, asked.allow)
                    evidence = gather(job, item, compute, cache, progress)
                    ablations.append(ablate(evidence, sources, progress, pixels))
            except Problem as problem:
                if not ablations:
                    raise
                stopped = problem  # what is finished is written and shown first
    text = json.dumps(document(ablations, time.perf_counter() - started), indent=2) + "\n"
    failed = None if out is None else attempted(lambda: _write(out, text))
    if form == "json":
        write_machines(text)
    else:
        console = console_for_tables(WIDE)
        for ablation in ablations:
            print_ablation(console, ablation)
    if out is not None and failed is None and form == "text":
        say(f"table: {shown(out / WORDS_FILE)}")
    code = _tell_problems(ablations)
    for ending in (stopped, failed):
        if ending is not None:
            raise ending
    return code


def _write(out: Path, text: str) -> None:
    from promptdsl.files.writing import disk_told_plainly, write_atomically

    with disk_told_plainly(out):
        out.mkdir(parents=True, exist_ok=True)
        write_atomically(out / WORDS_FILE, text.encode("utf-8", "backslashreplace"))


def _tell_problems(ablations: "list[Ablation]") -> int:
    for ablation in ablations:
        for note in ablation.evidence.sample.notes:
            tell_note(note, "warning")
        for problem in ablation.evidence.sample.problems:
            tell_note(problem, "problem")
    return 3 if any(ablation.evidence.sample.problems for ablation in ablations) else 0
