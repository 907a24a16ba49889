"""Validation from a compiled spec and labelled pictures to one result; nothing is written here."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from promptdsl.engine.device import Compute
from promptdsl.errors import EnvironmentProblem, Problem
from promptdsl.evaluate.calibration.promises import promises
from promptdsl.evaluate.jobs import Job
from promptdsl.evaluate.scored import ScoredSample, refuse_references, score_job
from promptdsl.evaluate.statistics.draws import RESAMPLES, SEED
from promptdsl.evaluate.statistics.figures import measure
from promptdsl.evaluate.statistics.separation import describe_separation, separation_from
from promptdsl.evaluate.validation.outcomes import (
    Judged,
    check_claim,
    confusion,
    judge,
    outcomes,
)
from promptdsl.evaluate.work import Work, until_problem
from promptdsl.files.inputs import find_in_spec
from promptdsl.judge.measures import SCORE, areas_in, measure_name
from promptdsl.judge.shares import CONFIDENCE
from promptdsl.judge.stale import stale
from promptdsl.judge.verdict import number, subject
from promptdsl.lock.changes import changes_since, still_used
from promptdsl.lock.model import Lock
from promptdsl.plan.model import AreaRule, LocatedRule, ObjectPlan, Rule, SpotRule
from promptdsl.report.paper_table import paper_table
from promptdsl.scoring.cached_scoring import hash_picture
from promptdsl.scoring.reference_pictures import references_left_out
from promptdsl.versions import now, versions

FORMAT = 1


@dataclass(slots=True)
class Validation:
    """All objects as `validation.json` has them; `dataset` where they are its categories."""

    compute: Compute
    objects: list[dict[str, Any]]
    dataset: str | None = None
    stopped: Problem | None = None  # what ended it before the last object

    @property
    def problems(self) -> list[str]:
        """What could not be judged, over all objects."""
        return [problem for item in self.objects for problem in item["problems"]]

    def exit_code(self, *, strict: bool = False) -> int:
        """1: a test failed (strict: or is not proven); else 3: evidence is missing; else 0."""
        tests = [test for item in self.objects for test in item["tests"]]
        if any(not test["passed"] or (strict and not test["proven"]) for test in tests):
            return 1
        return 3 if self.problems else 0

    def described(self, seconds: float) -> dict[str, Any]:
        """The whole content of `validation.json`; shares and figures in [0, 1]."""
        return {
            "format": FORMAT,
            "made": now(),
            "seconds": round(seconds, 3),
            "versions": versions(),
            "device": str(self.compute.device),
            "device_name": self.compute.note,
            "precision": self.compute.precision,
            "confidence": CONFIDENCE,
            "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "strata": "labels"},
            "dataset": self.dataset,
            "stopped": self.stopped.sentence if self.stopped else None,
            "table": paper_table(self.objects, self.dataset),
            "objects": self.objects,
        }


Keep = Callable[[str, ScoredSample, list[Judged]], None]


def validate(
    jobs: Sequence[Job],
    work: Work,
    *,
    dataset: str | None = None,
    keep: Keep = lambda name, sample, judged: None,
) -> Validation:
    """Validate object by object; `keep` may take from each what it needs of the maps.

    Raises SpecProblem for an uncalibrated `auto` before anything is loaded, and what goes wrong
    with the first object. A later one that cannot be validated stops it: what is finished stays.
    """
    rules = {job.name: job.spec.rules(job.item) for job in jobs}
    objects, stopped = until_problem(
        jobs, lambda job: _validate_object(job, rules[job.name], work, keep)
    )
    return Validation(work.compute, objects, dataset, stopped)


def _validate_object(job: Job, rules: tuple[Rule, ...], work: Work, keep: Keep) -> dict[str, Any]:
    scoring = work.open(job.item, job.folder)
    sample = score_job(job, scoring, rules, work)
    refuse_references(job, sample)
    work.watch.measures(job.name)
    labels = job.sample.labels(job.item.defects)
    judged = judge(sample.pictures, rules)
    unreadable = Counter(picture.label for picture in sample.unreadable)
    weights, figures = scoring.detector.weights_sha256, measure(sample, labels)
    doubts = [*_not_run(job.item, labels), *_doubts(job, sample, weights, work.compute)]
    method = job.item.method
    found = {
        "name": job.name,
        "object": job.item.name,
        "spec": job.spec.path.as_posix(),
        "spec_sha256": job.spec.compilation.sha256,
        "plan_sha256": job.plan_hash,
        "method": method.name,
        "model": list(method.model),
        "weights_sha256": weights,
        "settings": dict(method.settings),
        "default_thresholds": job.item.default_thresholds,
        "origin": list(job.sample.origin),
        "encoded_now": scoring.encoded,
        "thresholds": _thresholds(job, rules),
        "separation": describe_separation(separation_from(figures[0])),
        "figures": figures,
        "outcomes": outcomes(judged, labels, unreadable),
        "confusion": confusion(judged, job.item.defects),
        "tests": [
            check_claim(test, judged, unreadable[test.on])
            for test in job.item.tests
            if test.on in labels
        ],
        "problems": sample.problems,
        "notes": [*sample.notes, *scoring.engine_notes, *doubts],
        "unreadable": [{"image": p.name, "label": p.label} for p in sample.unreadable],
        "pictures": [_picture(one) for one in judged],
    }
    keep(job.name, sample, judged)
    sample.close()
    return found


def _thresholds(job: Job, rules: Sequence[Rule]) -> list[dict[str, Any]]:
    return [
        {
            "rule": rule.text,
            "verdict": rule.verdict,
            "kind": rule.kind,
            "measure": measure_name(rule),
            "subject": subject(rule),
            "above": rule.above if isinstance(rule, AreaRule | SpotRule) else None,
            "region": None if isinstance(rule, LocatedRule) else rule.region,
            "defect": rule.defect if isinstance(rule, SpotRule) else None,
            "unit": rule.unit if isinstance(rule, AreaRule | SpotRule) else "",
            "value": number(rule),
            "promise": promise,
        }
        for rule, promise in zip(rules, promises(job.spec.lock, job.item), strict=True)
    ]


def _picture(judged: Judged) -> dict[str, Any]:
    scored = judged.scored
    return {
        "image": scored.picture.name,
        "label": judged.label,
        "mask": scored.picture.mask.as_posix() if scored.picture.mask else None,
        "sha256": scored.sha256,
        "score": scored.score,
        "verdict": judged.verdict,
        "rule": judged.rule,
        "named": scored.named,
        "defects": dict(scored.defects),
        "area": areas_in(scored.measures),
        "measures": {name: x for name, x in scored.measures.items() if name != SCORE},
    }


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
    for threshold in still_used(lock.objects[item.name], item):
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
