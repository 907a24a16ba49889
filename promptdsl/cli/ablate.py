"""`promptdsl ablate`: which words, templates and window scales help, and which do harm."""

import time
from pathlib import Path
from typing import Any

import click

from promptdsl.cli.shared.attempt import attempted
from promptdsl.cli.shared.labelled_jobs import find_jobs, open_work, tell_of_pictures
from promptdsl.cli.shared.options import (
    ALLOW,
    NO_CACHE,
    choice,
    compute_options,
    dataset_options,
    format_option,
    out_option,
    picture_options,
    quiet_option,
)
from promptdsl.cli.shown.terminal import console_for_tables, say, write_machines
from promptdsl.evaluate.asked import Asked
from promptdsl.files.naming import shown

WORDS_FILE = "words.json"
WIDE = 190  # characters, where the output is no terminal
EPILOG = """\b
Examples:
  promptdsl ablate nut.inspect
  promptdsl ablate nut.inspect --good new/good --defect scratch=new/scratch
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
    from promptdsl.evaluate.words.ablate import ablate_jobs
    from promptdsl.evaluate.words.record import document
    from promptdsl.files.owned import JSON_MARK, refuse_foreign_outputs
    from promptdsl.files.writing import as_json, write_into
    from promptdsl.report.tables.words import print_words

    started = time.perf_counter()
    jobs, _ = find_jobs(asked)
    if out is not None:
        refuse_foreign_outputs(out, {WORDS_FILE: JSON_MARK})
    with open_work(device, precision, no_cache=no_cache, quiet=quiet) as work:
        ablations, stopped = ablate_jobs(jobs, work, pixels)
    found = document(ablations, time.perf_counter() - started)
    text = as_json(found)
    failed = None if out is None else attempted(lambda: write_into(out, {WORDS_FILE: text}))
    if form == "json":
        write_machines(text.decode())
    else:
        console = console_for_tables(WIDE)
        for item in found["objects"]:
            print_words(console, item)
    if out is not None and failed is None and form == "text":
        say(f"table: {shown(out / WORDS_FILE)}")
    for item in found["objects"]:
        tell_of_pictures(item["notes"], item["problems"])
    for ending in (stopped, failed):
        if ending is not None:
            raise ending
    return 3 if any(item["problems"] for item in found["objects"]) else 0
