"""`promptdsl calibrate`: numbers for `auto` thresholds, and the lock file that keeps them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

import click

from promptdsl.cli.shared.labelled_jobs import choose_object, find_jobs, open_spec
from promptdsl.cli.shared.options import (
    ALLOW,
    Asked,
    compute_options,
    picture_options,
    quiet_option,
)
from promptdsl.cli.shown.terminal import counted, say, tell_note
from promptdsl.errors import EnvironmentProblem, Problem, UsageProblem
from promptdsl.files.naming import command_line, shown

if TYPE_CHECKING:
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import Compute
    from promptdsl.evaluate.calibrate import Solved, Wanted
    from promptdsl.evaluate.outcomes import Judged
    from promptdsl.evaluate.run import Job, SpecInUse
    from promptdsl.evaluate.scored import ScoredSample
    from promptdsl.evaluate.separation import Separation
    from promptdsl.lock.file import UnusableLock
    from promptdsl.lock.model import Lock, LockedObject, Threshold

EPILOG = """\b
Examples:
  promptdsl calibrate nut.inspect
  promptdsl calibrate nut.inspect --good this_week/good --false-rejects 1% --confidence 90%
  promptdsl calibrate nut.inspect --escapes 5%

\b
Exit codes:
  0  the lock file was written (with --dry-run: could be)
  1  the spec has errors, the pictures are too few for a promise that was asked for, or the
     thresholds would pass most defects or reject most good parts (--force writes them)
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
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.engine.device import choose_compute

    if asked.masks is not None:
        raise UsageProblem("--masks: thresholds need no masks")
    old = OldLock()
    in_use = open_spec(str(asked.spec), asked.allow, lock=old.read)
    wanted = _wanted(false_rejects, reviews, escapes, confidence, accept_weaker)
    jobs = _jobs(in_use, asked, wanted)
    with Progress(quiet=quiet) as progress:
        compute = choose_compute(device, precision)
        locked, failed = _calibrated(
            jobs, lambda job: _calibrate(job, wanted, compute, progress, quiet=quiet, force=force)
        )
        others, lacking = _others(in_use, compute, locked)
    if dry_run:
        say("nothing was written (--dry-run)")
    else:
        say(f"wrote {shown(old.replace(in_use.path, others | locked))}")
    if failed is not None:
        tell_note(f"{', '.join(locked)} is calibrated; the others are as they were")
        raise failed
    for sentence in lacking:
        tell_note(sentence, "problem")
    return 3 if lacking else 0


@dataclass
class OldLock:
    """The lock that will be replaced; one that cannot be used is kept beside the new one."""

    unusable: "UnusableLock | None" = None

    def read(self, spec: Path) -> "Lock | None":
        """The old lock; None for one that nothing may be read from."""
        from promptdsl.lock.file import UnusableLock, read_lock

        try:
            return read_lock(spec)
        except UnusableLock as unusable:
            self.unusable = unusable
            tell_note(f"{unusable.sentence}; nothing is taken from it", "warning")
            return None

    def replace(self, spec: Path, objects: "dict[str, LockedObject]") -> Path:
        """Write the new lock."""
        from promptdsl.lock.file import set_aside, write_lock

        aside = None if self.unusable is None else set_aside(spec, self.unusable.suffix)
        written = write_lock(spec, objects)  # before anything is told: the reader may be gone
        if aside is not None:
            tell_note(f"the old lock file is kept as {aside}")
        return written


def _calibrated(
    jobs: "Sequence[Job]", calibrate: "Callable[[Job], LockedObject]"
) -> "tuple[dict[str, LockedObject], Problem | None]":
    """Objects up to the first that fails; raises where nothing is finished that could be kept."""
    locked: dict[str, LockedObject] = {}
    for job in jobs:
        try:
            locked[job.item.name] = calibrate(job)
        except Problem as problem:
            if not locked:
                raise
            return locked, problem
    return locked, None


def _wanted(
    false_rejects: float | None,
    reviews: float | None,
    escapes: float | None,
    confidence: float,
    accept_weaker: bool,
) -> "Wanted":
    from promptdsl.evaluate.calibrate import Wanted
    from promptdsl.judge.conformal import Promise

    options = {"false_rejects": false_rejects, "reviews": reviews, "escapes": escapes}
    return Wanted(
        Promise(false_rejects or 0.02, confidence),
        Promise(reviews or 0.10, confidence),
        None if escapes is None else Promise(escapes, confidence),
        frozenset(name for name, value in options.items() if value is not None),
        accept_weaker,
    )


def _jobs(spec: "SpecInUse", asked: Asked, wanted: "Wanted") -> "list[Job]":
    """The objects with `auto` lines and their pictures; refuses what cannot be calibrated."""
    from promptdsl.evaluate.calibrate import auto_lines

    if asked.object_name is not None:
        chosen: Sequence[str] = (choose_object(spec, asked.object_name).name,)
    else:
        chosen = [item.name for item in spec.plan.objects]
    waiting = [o for o in spec.plan.objects if o.name in chosen and auto_lines(o)]
    if not waiting:
        tell_note(
            f"no threshold of {', '.join(chosen)} is auto, so there is nothing to find; the lock "
            "file pins words, model and versions; to have a number found, write auto in its place: "
            "reject when score >= auto"
        )
        return []
    if asked.good or asked.defects:
        jobs, _ = find_jobs(asked, spec)
    else:
        bare = [item.name for item in waiting if not any(s.label == "good" for s in item.samples)]
        if bare:
            raise UsageProblem(
                f"{', '.join(bare)} has no good pictures to calibrate with",
                'add samples good { images: "..." } to the spec, or name a folder: --good DIR',
            )
        jobs = [_job_of(spec, item.name, asked) for item in waiting]
    for job in jobs:
        if wanted.escapes is not None and all(p.is_good for p in job.sample.pictures):
            raise UsageProblem(
                f"--escapes: there are no defective pictures of {job.name}",
                "name them: --defect NAME=DIR, or add samples of the defects to the spec",
            )
    return [job for job in jobs if auto_lines(job.item)]


def _job_of(spec: "SpecInUse", name: str, asked: Asked) -> "Job":
    from promptdsl.evaluate.labelled import from_spec
    from promptdsl.evaluate.run import Job

    item = choose_object(spec, name)
    return Job(name, spec, item, from_spec(item, spec.path))


def _calibrate(
    job: "Job",
    wanted: "Wanted",
    compute: "Compute",
    watch: "Progress",
    *,
    quiet: bool,
    force: bool,
) -> "LockedObject":
    """Score the pictures, solve, tell, and pin. SpecProblem for numbers that protect nobody."""
    from promptdsl.evaluate.calibrate import calibrate, resolve_all
    from promptdsl.evaluate.outcomes import judge
    from promptdsl.evaluate.protection import protection, refuse_useless
    from promptdsl.evaluate.run import refuse_references, separation_of
    from promptdsl.evaluate.scored import score_sample
    from promptdsl.lock.pin import pin_object
    from promptdsl.scoring.cached_scoring import open_scoring
    from promptdsl.scoring.feature_cache import open_feature_cache

    folder = job.spec.path.parent
    _refuse_missing(job)
    scoring = open_scoring(job.item, folder, compute, open_feature_cache(), watch.prepares)
    watch.inspects(job.name, len(job.sample.pictures))
    sample = score_sample(scoring, job.sample, job.item.thresholds, watch.advance)
    _refuse_unreadable(sample)
    refuse_references(job.item, folder, sample)
    copies = _drop_copies(sample)
    solved = calibrate(job.item, sample.pictures, wanted)
    judged = judge(sample.pictures, resolve_all(job.item, solved))
    found, separated = protection(judged), separation_of(sample.pictures)
    with watch.aside():
        _tell_separation(job.name, separated)
        _tell(job, sample, solved, copies)
        if found.doubtful:
            tell_note(f"{shown(job.name)}: {found.sentence}", "warning")
        else:
            say(f"  {found.sentence}")
        if not quiet:
            _tell_outcomes(job, judged)
    sample.close()
    if not force:
        refuse_useless(job.name, found, separated.next)
    return pin_object(
        job.item,
        folder,
        scoring.detector.weights_sha256,
        compute.precision,
        _thresholds(job, solved),
    )


def _refuse_missing(job: "Job") -> None:
    """A promise about pictures that were not all found would be one about others."""
    missing = job.sample.missing
    if missing:
        more = f" ({counted(len(missing) - 1, 'more problem')})" if len(missing) > 1 else ""
        raise EnvironmentProblem(f"{missing[0]}{more}", "repair or name the folders, then repeat")


def _refuse_unreadable(sample: "ScoredSample") -> None:
    if sample.unreadable:
        first = next(p for p in sample.problems if p.startswith(sample.unreadable[0].name))
        raise EnvironmentProblem(
            f"{counted(len(sample.unreadable), 'picture')} could not be read: {first}",
            "repair or remove them, then calibrate again",
        )


def _drop_copies(sample: "ScoredSample") -> int:
    """A promise counts different pictures; copies of one would count it twice."""
    unique = {scored.sha256 or scored.picture.name: scored for scored in sample.pictures}
    copies = len(sample.pictures) - len(unique)
    sample.pictures = list(unique.values())
    return copies


def _thresholds(job: "Job", solved: "Sequence[Solved]") -> "list[Threshold]":
    from promptdsl.judge.verdict import meaning
    from promptdsl.lock.model import Promised, Threshold
    from promptdsl.lock.pin import pin_files

    folder = job.spec.path.parent
    good = pin_files(_origin(job, good=True), folder)
    bad = pin_files(_origin(job, good=False), folder)
    date = datetime.now().astimezone().isoformat(timespec="seconds")
    return [
        Threshold(
            rule=meaning(one.rule),
            value=one.found.value,
            promise=Promised(
                of=one.of,
                share=one.found.promise.share,
                confidence=one.found.promise.confidence,
                wrong=one.found.wrong,
                pictures=one.found.of,
            ),
            good=good,
            defective=bad if one.of == "defective parts passed" else None,
            date=date,
        )
        for one in solved
    ]


def _origin(job: "Job", *, good: bool) -> list[str]:
    """Folders of the pictures, relative to the spec."""
    folder = job.spec.path.parent.absolute()
    pictures = [p.path.absolute() for p in job.sample.pictures if p.is_good == good]
    blocks = [s for s in job.item.samples if (s.label == "good") == good]
    if blocks and set(job.sample.origin) == {p for s in job.item.samples for p in s.images}:
        return [pattern for block in blocks for pattern in block.images]
    return list(dict.fromkeys(Path(relpath(p.parent, folder)).as_posix() for p in pictures))


def _tell(job: "Job", sample: "ScoredSample", solved: "Sequence[Solved]", copies: int) -> None:
    from promptdsl.evaluate.calibrate import percent

    for one in solved:
        promise = one.found.promise
        say(f"{shown(job.name)}: {shown(one.rule.text)}  ->  {one.found.value:.6g}")
        say(
            f"  at most {percent(promise.share)} of {one.of}, at {percent(promise.confidence)} "
            f"confidence ({one.found.wrong} of {one.found.of} here)"
        )
    for remark in dict.fromkeys(one.remark for one in solved if one.remark):
        tell_note(f"{job.name}: {remark}", "warning")
    for note in dict.fromkeys(note for one in solved for note in one.notes):
        tell_note(f"{job.name}: {note}", "warning")
    if copies:
        tell_note(f"{counted(copies, 'copy', 'copies')} of other pictures counted once")
    for note in job.sample.notes:
        tell_note(note)
    for problem in sample.problems:
        tell_note(problem, "problem")


def _tell_separation(name: str, separated: "Separation") -> None:
    """Before any number: whether a threshold can be any good, where defective parts show it."""
    if separated.auroc is None:
        return
    if separated.separates:
        say(f"{shown(name)}: {separated.sentence}")
    else:
        tell_note(f"{name}: {separated.line}", "warning")


def _tell_outcomes(job: "Job", judged: "list[Judged]") -> None:
    from rich.console import Console

    from promptdsl.cli.shown.validation_table import outcomes_table
    from promptdsl.evaluate.outcomes import outcomes

    labels = job.sample.labels(job.item.defects)
    Console().print(outcomes_table(outcomes(judged, labels, {})))
    say("These pictures set the thresholds; judge them by others: promptdsl validate")


def _others(
    spec: "SpecInUse", compute: "Compute", calibrated: "Collection[str]"
) -> "tuple[dict[str, LockedObject], list[str]]":
    """Objects that are not calibrated now: as in the lock, or pinned where nothing is auto.

    Also a sentence for each that could not be pinned: what is calibrated is written all the same.
    """
    from promptdsl.clip.model import load_model
    from promptdsl.evaluate.calibrate import auto_lines
    from promptdsl.lock.pin import pin_object

    known = spec.lock.objects if spec.lock is not None else {}
    folder = spec.path.parent
    found: dict[str, LockedObject] = {}
    lacking = []
    for item in spec.plan.objects:
        if auto_lines(item):
            if item.name in known:
                found[item.name] = known[item.name]
            elif item.name not in calibrated:
                tell_note(
                    f"{item.name} waits for numbers, too: {command_line('calibrate', spec.path)}"
                )
            continue
        try:
            weights = load_model(item.method, folder).weights_sha256
        except EnvironmentProblem as problem:
            lacking.append(f"{item.name} could not be pinned: {problem.sentence}")
            continue
        found[item.name] = pin_object(item, folder, weights, compute.precision)
    return found, lacking
