"""`promptdsl suggest`: words to add and to remove, as a patch that nobody applies but you."""

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.labelled_jobs import find_jobs, open_work, tell_of_pictures
from promptdsl.cli.shared.options import (
    ALLOW,
    NO_CACHE,
    compute_options,
    format_option,
    out_option,
    picture_options,
    quiet_option,
    seed_option,
)
from promptdsl.cli.shown.terminal import say, write_json, write_machines
from promptdsl.errors import UsageProblem
from promptdsl.evaluate.asked import Asked
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.evaluate.words.effects import Change
    from promptdsl.evaluate.words.suggest import Suggestion

EPILOG = """\b
Examples:
  promptdsl suggest nut.inspect > nut.patch
  patch -p1 < nut.patch
  promptdsl suggest nut.inspect --good new/good --defect scratch=new/scratch

\b
The patch goes to standard output, everything else to standard error. Nothing
is edited.

\b
Exit codes:
  0  done, with or without a patch
  1  the spec has errors
  2  wrong use of the command, too few pictures
  3  a picture could not be used, or weights, device or disk failed
"""


@click.command("suggest", epilog=EPILOG, short_help="Propose words, as a patch.")
@click.argument("spec", type=click.Path(dir_okay=False))
@picture_options
@click.option(
    "--most",
    type=click.IntRange(1, 50),
    default=6,
    show_default=True,
    metavar="N",
    help="Steps at most; a step adds or removes one phrase.",
)
@seed_option("Decides which half of the pictures is searched on.")
@out_option("File for the patch.", None, dir_okay=False)
@compute_options
@NO_CACHE
@format_option(help="text: the patch alone; json: the steps and the patch.")
@quiet_option("No progress and no remarks.")
@ALLOW
def command(
    asked: Asked,
    most: int,
    seed: int,
    out: Path | None,
    device: str,
    precision: str,
    no_cache: bool,
    form: str,
    quiet: bool,
) -> int:
    """Search for words that tell good from defective better, and print them as a patch.

    The search adds phrases out of std/states and removes phrases of the spec. It uses half of the
    pictures; the other half judges what it found, and only what is better there too is proposed.
    """
    from promptdsl.evaluate.words.patch import patch_for
    from promptdsl.evaluate.words.record import describe_suggestion
    from promptdsl.evaluate.words.suggest import suggest_for
    from promptdsl.files.owned import refuse_inputs_as_output, refuse_other_content
    from promptdsl.files.writing import write_whole

    started = time.perf_counter()
    jobs, _ = find_jobs(asked)
    if len(jobs) > 1:
        raise UsageProblem(
            f"{asked.spec} has samples of {len(jobs)} objects "
            f"({', '.join(job.name for job in jobs)})",
            "a patch is about one of them: --object NAME",
        )
    job = jobs[0]
    if out is not None:
        refuse_inputs_as_output(out, [str(asked.spec)])
        refuse_other_content(out, "promptdsl suggest", lambda content: content[:4] == b"--- ")
    with open_work(device, precision, no_cache=no_cache, quiet=quiet) as work:
        found = suggest_for(job, work, most=most, seed=seed)
    if not quiet:
        _tell(found)
    patch = patch_for(job, found.rewordings, asked.allow) if found.better else ""
    if out is not None and patch:
        write_whole(out, patch.encode())
    if form == "json":
        seconds = time.perf_counter() - started
        write_json(describe_suggestion(found, patch, seed, seconds))
    elif out is None:
        write_machines(patch)
    sample = found.evidence.sample
    tell_of_pictures(sample.notes, sample.problems)
    return 3 if sample.problems else 0


def _tell(found: "Suggestion") -> None:
    """The steps and the judgement, to people."""
    from promptdsl.evaluate.words.record import describe_change
    from promptdsl.report.tables.words import in_words as worded

    def in_words(change: "Change", digits: int = 4) -> str:
        return worded(describe_change(change), digits)

    job = found.evidence.job
    say(f"{shown(job.name)}: {found.separation.line}", err=True)
    if found.untouched:
        say(
            f"  no words of {', '.join(found.untouched)} may be removed: where scores do not tell "
            "good from bad, the words of a real defect look harmful",
            err=True,
        )
    say(
        f"{shown(job.name)}: searched on {found.searched} pictures, {found.tried} words to try, "
        f"judged by {found.judged} others",
        err=True,
    )
    for step in found.steps:
        say(
            f'  {step.action:6} {step.group}: "{shown(step.phrase)}" ({shown(step.source)}): '
            f"image AUROC {in_words(step.auroc)}, margin {in_words(step.margin, 2)}",
            err=True,
        )
    if not found.steps:
        say("no word was found that helps when added or removed", err=True)
        return
    changes = found.changes
    say(
        f"on the others: image AUROC {in_words(changes['auroc'])}, "
        f"margin {in_words(changes['margin'], 2)}",
        err=True,
    )
    if not found.better:
        say(
            "that does not hold on pictures that were not searched on"
            + (f" ({found.because} falls)" if found.worse_for is not None else "")
            + ", so nothing is proposed",
            err=True,
        )
