"""Validation from a compiled spec and labelled pictures to one result; nothing is written here."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from promptdsl.engine.device import Compute
from promptdsl.errors import EnvironmentProblem, Problem, UsageProblem
from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.figures import Figures, measure
from promptdsl.evaluate.labelled import Sample
from promptdsl.evaluate.outcomes import (
    ClaimResult,
    Confusion,
    Judged,
    Outcome,
    check_claims,
    confusion,
    judge,
    outcomes,
)
from promptdsl.evaluate.scored import Scored, ScoredSample, score_sample
from promptdsl.evaluate.separation import Separation, interval_of, separation
from promptdsl.files.inputs import find_in_spec
from promptdsl.judge.verdict import resolve
from promptdsl.lock.changes import changes_since, stale
from promptdsl.lock.file import calibrated_numbers
from promptdsl.lock.model import Lock
from promptdsl.plan.build import content_hash
from promptdsl.plan.model import ObjectPlan, Plan, Rule
from promptdsl.scoring.cached_scoring import hash_picture, open_scoring
from promptdsl.scoring.feature_cache import FeatureCache
from promptdsl.scoring.reference_pictures import all_references, references_left_out


class Watch(Protocol):
    """Who is told of the progress."""

    def prepares(self, what: str, done: int, total: int) -> None:
        """So much of the prompts or references is encoded."""
        ...

    def inspects(self, name: str, total: int) -> None:
        """So many pictures of this object come now."""
        ...

    def advance(self, pictures: int) -> None:
        """So many more pictures were scored."""
        ...

    def measures(self, name: str) -> None:
        """The figures of this object are computed now."""
        ...


@dataclass(frozen=True, slots=True)
class SpecInUse:
    """A compiled spec on disk, and the lock beside it."""

    path: Path
    plan: Plan
    sha256: str  # of the bytes that were compiled
    lock: Lock | None
    compilation: Any = None  # the `Compilation` behind the plan, for those who edit its words

    def rules(self, item: ObjectPlan) -> tuple[Rule, ...]:
        """Resolved; SpecProblem naming the command for an `auto` without a number."""
        known = calibrated_numbers(self.lock).get(item.name, {})
        return resolve(item, known, str(self.path))


@dataclass(frozen=True, slots=True)
class Job:
    """One object and its pictures. `name` is what the results call it."""

    name: str
    spec: SpecInUse
    item: ObjectPlan
    sample: Sample

    @property
    def plan_hash(self) -> str:
        """Hash of the plan that is judged: the spec's, but with the references of a data set."""
        plan = self.spec.plan
        if any(item is self.item for item in plan.objects):
            return plan.hash
        objects = [self.item if item.name == self.item.name else item for item in plan.objects]
        return content_hash(plan.model_copy(update={"objects": tuple(objects)}))


@dataclass(frozen=True, slots=True)
class ObjectResult:
    """All that validation says of one object."""

    job: Job
    rules: tuple[Rule, ...]
    labels: tuple[str, ...]
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

    @property
    def total(self) -> Figures:
        """The figures over all pictures."""
        return self.figures[0]


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
    compute: Compute,
    cache: FeatureCache | None,
    watch: Watch,
    *,
    dataset: str | None = None,
    keep: Callable[[ObjectResult], None] = lambda result: None,
) -> Validation:
    """Validate object by object; `keep` may take from each what it needs of the maps.

    Raises SpecProblem for an uncalibrated `auto` before anything is loaded, and what goes wrong
    with the first object. A later one that cannot be validated stops it: what is finished stays.
    """
    rules = {job.name: job.spec.rules(job.item) for job in jobs}
    validation = Validation(compute, dataset=dataset)
    for job in jobs:
        try:
            result = validate_object(job, rules[job.name], compute, cache, watch)
        except Problem as problem:
            if not validation.objects:
                raise
            validation.stopped = problem
            break
        keep(result)
        result.sample.close()
        validation.objects.append(result)
    return validation


def validate_object(
    job: Job,
    rules: tuple[Rule, ...],
    compute: Compute,
    cache: FeatureCache | None,
    watch: Watch,
) -> ObjectResult:
    """One object; its maps stay readable until `result.sample.close()`."""
    folder = job.spec.path.parent
    scoring = open_scoring(job.item, folder, compute, cache, watch.prepares)
    watch.inspects(job.name, len(job.sample.pictures))
    sample = score_sample(scoring, job.sample, rules, watch.advance)
    refuse_references(job.item, folder, sample)
    watch.measures(job.name)
    labels = job.sample.labels(job.item.defects)
    judged = judge(sample.pictures, rules)
    unreadable = Counter(picture.label for picture in sample.unreadable)
    weights = scoring.detector.weights_sha256
    figures = measure(sample, labels)
    return ObjectResult(
        job,
        rules,
        labels,
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
            *_doubts(job, sample, weights, compute),
        ],
        weights,
        scoring.encoded,
    )


def separation_from(total: Figures) -> Separation:
    """The same from the figures of all pictures, whose interval has the same draws."""
    auroc, counts = total.values["auroc"], (total.good, total.defective)
    if auroc.value is None or auroc.interval is None:
        return Separation(None, None, *counts)
    return Separation(auroc.value, interval_of(auroc.value, auroc.interval, *counts), *counts)


def separation_of(pictures: Sequence[Scored], label: str | None = None) -> Separation:
    """How well scores tell good from defective, or (with a label) from one defect."""
    chosen = [s for s in pictures if label is None or s.picture.label in (GOOD, label)]
    return separation([s.score for s in chosen], [s.picture.label for s in chosen], GOOD)


def _not_run(item: ObjectPlan, labels: Sequence[str]) -> list[str]:
    return [
        f'test "{test.name}" was not run: there are no pictures of {test.on} here'
        for test in item.tests
        if test.on not in labels
    ]


def refuse_references(item: ObjectPlan, folder: Path, sample: ScoredSample) -> None:
    """UsageProblem for a picture that is also a reference."""
    references = reference_hashes(item, folder)
    for scored in sample.pictures:
        if scored.sha256 in references:
            raise UsageProblem(
                f"{scored.picture.name} is also a reference of {item.name} "
                f"({references[scored.sha256]}): compared with itself it looks perfect",
                "keep references and test pictures apart",
            )


def reference_hashes(item: ObjectPlan, folder: Path) -> Mapping[str | None, str]:
    """SHA-256 -> name of every readable picture that the references' patterns give."""
    found = all_references(item, folder).pictures
    hashed = {hash_picture(Path(name)): name for name in found}
    return {sha256: name for sha256, name in hashed.items() if sha256 is not None}


def _doubts(job: Job, sample: ScoredSample, weights: str, compute: Compute) -> list[str]:
    """What a reader must know before believing the numbers."""
    item, lock = job.item, job.spec.lock
    notes = references_left_out(item, job.spec.path.parent)
    if item.default_thresholds:
        notes.append(
            f"{item.name} has no thresholds; 0.5 is a default that nobody calibrated, so its "
            "escapes and false rejects mean little"
        )
    if lock is None or item.name not in lock.objects:
        return notes
    changes = changes_since(lock, item, job.spec.path.parent, weights, compute.precision)
    if changes:
        notes.append(stale(item.name, changes, job.spec.path))
    used = _calibrated_on(lock, item, job.spec.path.parent)
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
