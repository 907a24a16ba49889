"""`promptdsl why`: the prompts, windows and scales behind one picture's score."""

from pathlib import Path

import click

from promptdsl.cli.shared.attempt import attempted
from promptdsl.cli.shared.labelled_jobs import open_spec, open_work
from promptdsl.cli.shared.options import (
    ALLOW,
    compute_options,
    format_option,
    object_option,
    out_option,
)
from promptdsl.cli.shown.terminal import console_for_tables, say, tell_note, write_json
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.naming import shown

WIDE = 150
SHOWN_PHRASES = 14
EPILOG = """\b
Examples:
  promptdsl why nut.inspect pictures/041.png
  promptdsl why nut.inspect pictures/041.png -o 041-why.png
  promptdsl why nut.inspect pictures/041.png --format json

\b
Exit codes:
  0  done
  1  the spec has errors
  2  wrong use of the command
  3  the picture cannot be read, or weights, device or disk failed
"""


@click.command("why", epilog=EPILOG, short_help="Say what made a picture's score.")
@click.argument("spec", type=click.Path(dir_okay=False))
@click.argument("picture", type=click.Path(path_type=Path))
@object_option()
@out_option(
    "The annotated picture: highest windows on the left, heat map on the right.",
    "PNG",
    dir_okay=False,
)
@compute_options
@format_option()
@ALLOW
def command(
    spec: str,
    picture: Path,
    object_name: str | None,
    out: Path | None,
    device: str,
    precision: str,
    form: str,
    allow: tuple[Path, ...],
) -> int:
    """Take one picture's score apart: phrases, windows, and what would change the verdict."""
    from promptdsl.evaluate.words.why import explain_picture
    from promptdsl.evaluate.words.why_record import describe, draw
    from promptdsl.files.advice import instead_of
    from promptdsl.files.owned import refuse_inputs_as_output
    from promptdsl.files.writing import write_whole
    from promptdsl.report.tables.why import print_why

    if picture.is_dir():
        raise UsageProblem(f"{picture} is a folder", "name one picture in it")
    if not picture.exists():
        raise EnvironmentProblem(f"{picture}: there is no such picture", instead_of(picture))
    if out is not None:
        refuse_inputs_as_output(out, [picture, spec])
    used = open_spec(spec, allow)
    plan = used.object(object_name)
    used.rules(plan)  # resolved before anything is loaded
    with open_work(device, precision, first="loading the model") as work:
        why = explain_picture(used, plan, picture, work)
    failed = None
    if out is not None:
        failed = attempted(lambda: write_whole(out, draw(why, picture)))
    described = describe(why)
    if form == "json":
        write_json(described)
    else:
        print_why(console_for_tables(WIDE), described, SHOWN_PHRASES)
    if failed is not None:
        raise failed
    if out is not None and form == "text":
        say(f"picture: {shown(out)}")
    if plan.default_thresholds:
        tell_note(f"{plan.name} has no thresholds; 0.5 is an uncalibrated default", "warning")
    return 0
