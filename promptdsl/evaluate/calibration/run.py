"""Calibration of a spec: its jobs, each object's numbers, and what the lock holds of the others."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from os.path import relpath
from pathlib import Path
from typing import Any

from promptdsl.clip.model import load_model
from promptdsl.errors import EnvironmentProblem, Problem, UsageProblem
from promptdsl.evaluate.asked import Asked
from promptdsl.evaluate.calibration.protection import Protection, protection, refuse_useless
from promptdsl.evaluate.calibration.solve import (
    Solved,
    Wanted,
    auto_lines,
    calibrate,
    resolve_all,
)
from promptdsl.evaluate.jobs import Job, SpecInUse, find_jobs
from promptdsl.evaluate.labelled import from_spec
from promptdsl.evaluate.scored import ScoredSample, refuse_references, score_job
from promptdsl.evaluate.statistics.separation import Separation, separation_of
from promptdsl.evaluate.validation.outcomes import judge, outcomes
from promptdsl.evaluate.work import Work, until_problem
from promptdsl.files.naming import command_line, counted
from promptdsl.judge.verdict import meaning
from promptdsl.lock.model import LockedObject, Promised, Threshold
from promptdsl.lock.pin import pin_files, pin_object

NOTHING_AUTO = (
    "so there is nothing to find; the lock file pins words, model and versions; to have a number "
    "found, write auto in its place: reject when score >= auto"
)


@dataclass(frozen=True, slots=True)
class Calibrated:
    """The numbers of one object, and what they mean for the pictures that set them."""

    job: Job
    sample: ScoredSample
    solved: list[Solved]
    copies: int  # pictures that are copies of others
    protection: Protection
    separation: Separation
    outcomes: list[dict[str, Any]]  # of each label


Tell = Callable[[Calibrated], None]


def calibration_jobs(
    spec: SpecInUse, asked: Asked, wanted: Wanted, tell: Callable[[str], None]
) -> list[Job]:
    """The objects with `auto` lines and their pictures; refuses what cannot be calibrated."""
    one = asked.object_name
    chosen = list(spec.plan.objects) if one is None else [spec.object(one)]
    waiting = [item for item in chosen if auto_lines(item)]
    if not waiting:
        names = ", ".join(item.name for item in chosen)
        tell(f"no threshold of {names} is auto, {NOTHING_AUTO}")
        return []
    if asked.good or asked.defects:
        jobs, _ = find_jobs(asked, lambda name: spec)
    else:
        bare = [item.name for item in waiting if all(s.label != "good" for s in item.samples)]
        if bare:
            raise UsageProblem(
                f"{', '.join(bare)} has no good pictures to calibrate with",
                'add samples good { images: "..." } to the spec, or name a folder: --good DIR',
            )
        jobs = [Job(item.name, spec, item, from_spec(item, spec.path)) for item in waiting]
    for job in jobs:
        if wanted.escapes is not None and all(p.is_good for p in job.sample.pictures):
            raise UsageProblem(
                f"--escapes: there are no defective pictures of {job.name}",
                "name them: --defect NAME=DIR, or add samples of the defects to the spec",
            )
    return [job for job in jobs if auto_lines(job.item)]


def calibrate_jobs(
    jobs: Sequence[Job], wanted: Wanted, work: Work, tell: Tell, *, force: bool
) -> tuple[dict[str, LockedObject], Problem | None]:
    """Objects up to the first that fails; raises where nothing is finished that could be kept.

    `tell` hears of each object's numbers before they are refused: those that protect nobody are,
    unless `force`.
    """
    found, failed = until_problem(jobs, lambda job: _calibrate(job, wanted, work, tell, force))
    return dict(zip((job.item.name for job in jobs), found, strict=False)), failed


def _calibrate(job: Job, wanted: Wanted, work: Work, tell: Tell, force: bool) -> LockedObject:
    """Score the pictures, solve, tell, and pin."""
    _refuse_missing(job)
    scoring = work.open(job.item, job.folder)
    sample = score_job(job, scoring, job.item.thresholds, work)
    _refuse_unreadable(sample)
    refuse_references(job, sample)
    copies = _drop_copies(sample)
    solved = calibrate(job.item, sample.pictures, wanted)
    judged = judge(sample.pictures, resolve_all(job.item, solved))
    found, separated = protection(judged), separation_of(sample.pictures)
    shares = outcomes(judged, job.sample.labels(job.item.defects), {})
    with work.watch.aside():
        tell(Calibrated(job, sample, solved, copies, found, separated, shares))
    sample.close()
    if not force:
        refuse_useless(job.name, found, separated.next)
    thresholds = _thresholds(job, solved)
    weights, precision = scoring.detector.weights_sha256, work.compute.precision
    return pin_object(job.item, job.folder, weights, precision, thresholds)


def _refuse_missing(job: Job) -> None:
    """A promise about pictures that were not all found would be one about others."""
    missing = job.sample.missing
    if missing:
        rest = len(missing) - 1
        more = f" ({counted(rest, 'more problem')})" if rest else ""
        raise EnvironmentProblem(f"{missing[0]}{more}", "repair or name the folders, then repeat")


def _refuse_unreadable(sample: ScoredSample) -> None:
    if sample.unreadable:
        count, name = len(sample.unreadable), next(iter(sample.unreadable)).name
        first = next(problem for problem in sample.problems if problem.startswith(name))
        raise EnvironmentProblem(
            f"{counted(count, 'picture')} could not be read: {first}",
            "repair or remove them, then calibrate again",
        )


def _drop_copies(sample: ScoredSample) -> int:
    """A promise counts different pictures; copies of one would count it twice."""
    unique = {scored.sha256 or scored.picture.name: scored for scored in sample.pictures}
    copies = len(sample.pictures) - len(unique)
    sample.pictures = list(unique.values())
    return copies


def _thresholds(job: Job, solved: Sequence[Solved]) -> list[Threshold]:
    good = pin_files(_origin(job, good=True), job.folder)
    bad = pin_files(_origin(job, good=False), job.folder)
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


def _origin(job: Job, *, good: bool) -> list[str]:
    """Folders of the pictures, relative to the spec."""
    folder = job.folder.absolute()
    pictures = [p.path.absolute() for p in job.sample.pictures if p.is_good == good]
    blocks = [s for s in job.item.samples if (s.label == "good") == good]
    if blocks and set(job.sample.origin) == {p for s in job.item.samples for p in s.images}:
        return [pattern for block in blocks for pattern in block.images]
    return list(dict.fromkeys(Path(relpath(p.parent, folder)).as_posix() for p in pictures))


@dataclass(frozen=True, slots=True)
class Others:
    """Objects that are not calibrated now: as in the lock, or pinned where nothing is auto."""

    pinned: dict[str, LockedObject]
    waiting: list[str]  # a sentence for each that waits for numbers, too
    lacking: list[str]  # and for each that could not be pinned


def pin_others(spec: SpecInUse, work: Work, calibrated: Collection[str]) -> Others:
    """What is calibrated is written all the same where one of the others cannot be pinned."""
    known = spec.lock.objects if spec.lock is not None else {}
    others = Others({}, [], [])
    for item in spec.plan.objects:
        if not auto_lines(item):
            try:
                weights = load_model(item.method, spec.folder).weights_sha256
            except EnvironmentProblem as problem:
                others.lacking.append(f"{item.name} could not be pinned: {problem.sentence}")
                continue
            precision = work.compute.precision
            others.pinned[item.name] = pin_object(item, spec.folder, weights, precision)
        elif item.name in known:
            others.pinned[item.name] = known[item.name]
        elif item.name not in calibrated:
            again = command_line("calibrate", spec.path)
            others.waiting.append(f"{item.name} waits for numbers, too: {again}")
    return others
