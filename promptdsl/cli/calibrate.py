"""`promptdsl calibrate`: numbers for `auto` thresholds, and the lock file that keeps them."""

from functools import partial
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.labelled_jobs import open_spec, open_work
from promptdsl.cli.shared.options import (
    ALLOW,
    compute_options,
    picture_options,
    quiet_option,
)
from promptdsl.cli.shown.terminal import counted, say, tell_note
from promptdsl.errors import UsageProblem
from promptdsl.evaluate.asked import Asked
from promptdsl.files.naming import shown
from promptdsl.files.writing import refuse_unwritable

if TYPE_CHECKING:
    from promptdsl.evaluate.calibration.run import Calibrated
    from promptdsl.evaluate.calibration.solve import Solved

EPILOG = """\b
Examples:
  promptdsl calibrate nut.inspect
  promptdsl calibrate nut.inspect --good this_week/good --false-rejects 1%
  promptdsl calibrate nut.inspect --escapes 5%

\b
Exit codes:
  0  the lock file was written (with --dry-run: could be)
  1  the spec has errors, the pictures are too few for a promise that was
     asked for, or the thresholds would pass most defects or reject most good
     parts (--force writes them)
  2  wrong use of the command
  3  a picture could not be read, or weights, device or disk failed
"""


def _share(context: click.Context, parameter: click.Parameter, value: str | None) -> float | None:
    """`2%` -> 0.02."""
    if value is None:
        return None
    number, sign, rest = value.partition("%")
    try:
        share = float(number) / 100
    except ValueError:
        share = -1.0
    if not sign or rest.strip() or not 0 < share < 1:
        raise click.BadParameter(f"{value!r} is not a percentage between 0% and 100%, such as 2%")
    return share


@click.command("calibrate", epilog=EPILOG, short_help="Find the thresholds left to auto.")
@click.argument("spec", type=click.Path(dir_okay=False))
@picture_options
@click.option(
    "--false-rejects",
    callback=_share,
    metavar="SHARE",
    help="At most this share of good parts rejected.  [default: 2%, or what the pictures support]",
)
@click.option(
    "--reviews",
    callback=_share,
    metavar="SHARE",
    help="At most this share of good parts at or above a review line.  [default: 10%, or what "
    "the pictures support]",
)
@click.option(
    "--escapes",
    callback=_share,
    metavar="SHARE",
    help="At most this share of defective parts passed; needs defective pictures.",
)
@click.option(
    "--confidence",
    callback=_share,
    default="95%",
    show_default=True,
    metavar="SHARE",
    help="How sure each promise is.",
)
@click.option(
    "--accept-weaker",
    is_flag=True,
    help="Where the pictures are too few for what was asked, take what they support.",
)
@compute_options
@click.option(
    "--force",
    is_flag=True,
    help="Write thresholds that pass most defects, or reject most good parts, all the same.",
)
@click.option("--dry-run", is_flag=True, help="Show the thresholds and write nothing.")
@quiet_option("No progress and no table.")
@ALLOW
def command(
    asked: Asked,
    false_rejects: float | None,
    reviews: float | None,
    escapes: float | None,
    confidence: float,
    accept_weaker: bool,
    device: str,
    precision: str,
    force: bool,
    dry_run: bool,
    quiet: bool,
) -> int:
    """Find a number for every `auto` threshold and write NAME.inspect.lock beside the spec.

    Good pictures alone are enough: at most the stated share of good parts is rejected, at the
    stated confidence. Take pictures that the spec has not been tuned on.
    """
    from promptdsl.evaluate.calibration.run import calibrate_jobs, calibration_jobs, pin_others
    from promptdsl.evaluate.calibration.solve import wanted_promises
    from promptdsl.lock.file import OldLock

    if asked.masks is not None:
        raise UsageProblem("--masks: thresholds need no masks")
    old = OldLock(tell_note)
    spec = open_spec(str(asked.spec), asked.allow, lock=old.read)
    wanted = wanted_promises(false_rejects, reviews, escapes, confidence, accept_weaker)
    jobs = calibration_jobs(spec, asked, wanted, tell_note)
    if not dry_run:
        refuse_unwritable(spec.path.parent)
    with open_work(device, precision, quiet=quiet) as work:
        tell = partial(_tell, quiet=quiet)
        locked, failed = calibrate_jobs(jobs, wanted, work, tell, force=force)
        others = pin_others(spec, work, locked)
        for sentence in others.waiting:
            tell_note(sentence)
    if dry_run:
        say("nothing was written (--dry-run)")
    else:
        say(f"wrote {shown(old.replace(spec.path, others.pinned | locked))}")
    if failed is not None:
        tell_note(f"{', '.join(locked)} is calibrated; the others are as they were")
        raise failed
    for sentence in others.lacking:
        tell_note(sentence, "problem")
    return 3 if others.lacking else 0


def _tell(found: "Calibrated", *, quiet: bool) -> None:
    """Whether a threshold can be any good, the numbers, and what they do to these pictures."""
    from promptdsl.evaluate.calibration.solve import percent

    name, separated = found.job.name, found.separation
    if separated.separates:
        say(f"{shown(name)}: {separated.sentence}")
    elif separated.auroc is not None:
        tell_note(f"{name}: {separated.line}", "warning")
    for one in found.solved:
        promise = one.found.promise
        say(f"{shown(name)}: {shown(one.rule.text)}  ->  {_number(one)}")
        say(
            f"  at most {percent(promise.share)} of {one.of}, at {percent(promise.confidence)} "
            f"confidence ({one.found.wrong} of {one.found.of} here)"
        )
    remarks = [one.remark for one in found.solved if one.remark]
    for note in dict.fromkeys([*remarks, *(note for one in found.solved for note in one.notes)]):
        tell_note(f"{name}: {note}", "warning")
    if found.copies:
        tell_note(f"{counted(found.copies, 'copy', 'copies')} of other pictures counted once")
    for note in found.job.sample.notes:
        tell_note(note)
    for problem in found.sample.problems:
        tell_note(problem, "problem")
    if found.protection.doubtful:
        tell_note(f"{shown(name)}: {found.protection.sentence}", "warning")
    else:
        say(f"  {found.protection.sentence}")
    if not quiet:
        _tell_outcomes(found)


def _number(one: "Solved") -> str:
    """As a spec has it, with more digits than people need."""
    from promptdsl.judge.verdict import shown_number

    unit = getattr(one.rule, "unit", "%")  # a share is told as one, as it stands in the lock
    value = one.found.value
    return f"{value:.6g}" if unit == "%" else shown_number(one.rule, value)


def _tell_outcomes(found: "Calibrated") -> None:
    from rich.console import Console

    from promptdsl.report.tables.validation import outcomes_table

    Console().print(outcomes_table(found.outcomes))
    say("These pictures set the thresholds; judge them by others: promptdsl validate")
