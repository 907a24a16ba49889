"""Validation from a compiled spec and labelled pictures to one result; nothing is written here."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from promptdsl.engine.device import Compute
from promptdsl.errors import EnvironmentProblem, Problem
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.scored import ScoredSample, refuse_references, score_job
from promptdsl.evaluate.statistics.figures import Figures, measure
from promptdsl.evaluate.statistics.separation import Separation, separation_from
from promptdsl.evaluate.validation.outcomes import (
    ClaimResult,
    Confusion,
    Judged,
    Outcome,
    check_claims,
    confusion,
    judge,
    outcomes,
)
from promptdsl.evaluate.work import Work, until_problem
from promptdsl.files.inputs import find_in_spec
from promptdsl.lock.changes import changes_since, stale
from promptdsl.lock.model import Lock
from promptdsl.methods.shared.reference_pictures import references_left_out
from promptdsl.plan.model import ObjectPlan, Rule
from promptdsl.scoring.cached_scoring import hash_picture


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """All that validation says of one object."""

    job: Job
    rules: tuple[Rule, ...]
    sample: ScoredSample
    judged: list[Judged]
    separation: Separation
    figures: list[Figures]
    outcomes: list[Outcome]
    confusion: Confusion
    claims: list[ClaimResult]
    problems: list[str]
    notes: list[str]
    weights_sha256: str
    encoded: int  # pictures that went through the model; the others came from the cache


@dataclass(slots=True)
class Validation:
    """The results of all objects; `dataset` is the layout where they are its categories."""

    compute: Compute
    objects: list[ObjectResult] = field(default_factory=list)
    dataset: str | None = None
    stopped: Problem | None = None  # what ended it before the last object

    @property
    def problems(self) -> list[str]:
        """What could not be judged, over all objects."""
        return [problem for result in self.objects for problem in result.problems]

    @property
    def claims(self) -> list[tuple[ObjectResult, ClaimResult]]:
        """Every `test` block with its object."""
        return [(result, claim) for result in self.objects for claim in result.claims]

    def exit_code(self, *, strict: bool = False) -> int:
        """1: a test failed (strict: or is not proven); else 3: evidence is missing; else 0."""
        if any(not c.passed or (strict and not c.proven) for _, c in self.claims):
            return 1
        return 3 if self.problems else 0


def validate(
    jobs: Sequence[Job],
    work: Work,
    *,
    dataset: str | None = None,
    keep: Callable[[ObjectResult], None] = lambda result: None,
) -> Validation:
    """Validate object by object; `keep` may take from each what it needs of the maps.

    Raises SpecProblem for an uncalibrated `auto` before anything is loaded, and what goes wrong
    with the first object. A later one that cannot be validated stops it: what is finished stays.
    """
    rules = {job.name: job.spec.rules(job.item) for job in jobs}

    def finish(job: Job) -> ObjectResult:
        result = validate_object(job, rules[job.name], work)
        keep(result)
        result.sample.close()
        return result

    objects, stopped = until_problem(jobs, finish)
    return Validation(work.compute, objects, dataset, stopped)


def validate_object(job: Job, rules: tuple[Rule, ...], work: Work) -> ObjectResult:
    """One object; its maps stay readable until `result.sample.close()`."""
    scoring = work.open(job.item, job.folder)
    sample = score_job(job, scoring, rules, work)
    refuse_references(job, sample)
    work.watch.measures(job.name)
    labels = job.sample.labels(job.item.defects)
    judged = judge(sample.pictures, rules)
    unreadable = Counter(picture.label for picture in sample.unreadable)
    weights = scoring.scorer.weights_sha256
    figures = measure(sample, labels)
    return ObjectResult(
        job,
        rules,
        sample,
        judged,
        separation_from(figures[0]),
        figures,
        outcomes(judged, labels, unreadable),
        confusion(judged, job.item.defects),
        check_claims([t for t in job.item.tests if t.on in labels], judged, unreadable),
        sample.problems,
        [
            *sample.notes,
            *scoring.engine_notes,
            *_not_run(job.item, labels),
            *_doubts(job, sample, weights, work.compute),
        ],
        weights,
        scoring.encoded,
    )


def _not_run(item: ObjectPlan, labels: Sequence[str]) -> list[str]:
    return [
        f'test "{test.name}" was not run: there are no pictures of {test.on} here'
        for test in item.tests
        if test.on not in labels
    ]


def _doubts(job: Job, sample: ScoredSample, weights: str, compute: Compute) -> list[str]:
    """What a reader must know before believing the numbers."""
    item, lock = job.item, job.spec.lock
    notes = references_left_out(item, job.folder)
    if item.default_thresholds:
        notes.append(
            f"{item.name} has no thresholds; 0.5 is a default that nobody calibrated, so its "
            "escapes and false rejects mean little"
        )
    if lock is None or item.name not in lock.objects:
        return notes
    changes = changes_since(lock, item, job.folder, weights, compute.precision)
    if changes:
        notes.append(stale(item.name, changes, job.spec.path))
    used = _calibrated_on(lock, item, job.folder)
    again = sum(scored.sha256 in used for scored in sample.pictures)
    if again:
        notes.append(
            f"{again} of these pictures calibrated the thresholds of {item.name}, so the shares "
            "flatter: judge a spec by pictures that it has not seen"
        )
    return notes


def _calibrated_on(lock: Lock, item: ObjectPlan, folder: Path) -> set[str | None]:
    """SHA-256 of every picture that a threshold rests on, as far as they are still here."""
    origins: dict[str, None] = {}
    for threshold in lock.objects[item.name].thresholds:
        for pictures in (threshold.good, threshold.defective):
            origins |= dict.fromkeys(pictures.origin if pictures else ())
    found: set[str | None] = set()
    for origin in origins:
        try:
            names = find_in_spec([origin], folder).pictures
        except EnvironmentProblem:  # not on this machine any more
            continue
        found |= {hash_picture(Path(name)) for name in names}
    return found - {None}
