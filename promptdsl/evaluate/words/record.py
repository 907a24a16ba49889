"""What `ablate` and `suggest` found, as plain values.

A change of `words.json` is a figure without the unit minus the figure with it.
"""

from dataclasses import asdict
from typing import Any

from promptdsl.evaluate.statistics.draws import RESAMPLES, SEED
from promptdsl.evaluate.statistics.separation import describe_separation
from promptdsl.evaluate.words.ablate import Ablation
from promptdsl.evaluate.words.effects import Change, Effect
from promptdsl.evaluate.words.suggest import Suggestion
from promptdsl.judge.shares import CONFIDENCE
from promptdsl.report.tables.words import RULE
from promptdsl.versions import now, versions

FORMAT = 1


def document(ablations: list[Ablation], seconds: float) -> dict[str, Any]:
    """The tables of all objects and everything that identifies them."""
    return {
        "format": FORMAT,
        "made": now(),
        "seconds": round(seconds, 3),
        "versions": versions(),
        "confidence": CONFIDENCE,
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "strata": "labels", "paired": True},
        "rule": RULE,
        "objects": [describe(ablation) for ablation in ablations],
    }


def describe(ablation: Ablation) -> dict[str, Any]:
    """One object."""
    evidence, whole = ablation.evidence, asdict(ablation.whole)
    whole.pop("separation")
    job, bad = evidence.job, evidence.defective
    return {
        "name": job.name,
        "object": job.item.name,
        "spec": job.spec.path.as_posix(),
        "spec_sha256": job.spec.compilation.sha256,
        "weights_sha256": evidence.scoring.detector.weights_sha256,
        "good": int((~bad).sum()),
        "defective": int(bad.sum()),
        "encoded_now": evidence.scoring.encoded,
        "separation": describe_separation(ablation.whole.separation),
        "whole": whole,
        "rows": [_row(effect) for effect in ablation.effects],
        "problems": evidence.sample.problems,
        "notes": evidence.sample.notes,
    }


def _row(effect: Effect) -> dict[str, Any]:
    unit = effect.unit
    return {
        "call": effect.call,
        "because": effect.because,
        "kind": unit.kind,
        "name": unit.name,
        "group": unit.group,
        "place": unit.place,
        **{name: describe_change(change) for name, change in effect.changes.items()},
        "verdicts": effect.verdicts,
        "escapes": effect.escapes,
        "false_rejects": effect.false_rejects,
    }


def describe_suggestion(found: Suggestion, patch: str, seed: int, seconds: float) -> dict[str, Any]:
    """The steps of a search, and what it proposes."""
    job = found.evidence.job
    return {
        "format": FORMAT,
        "object": job.item.name,
        "spec": job.spec.path.as_posix(),
        "seed": seed,
        "seconds": round(seconds, 3),
        "searched_on": found.searched,
        "judged_by": found.judged,
        "tried": found.tried,
        "separation": describe_separation(found.separation),
        "nothing_removed_from": list(found.untouched),
        "proposed": found.better,
        "decided_by": found.because or None,
        "steps": [
            {
                "action": step.action,
                "group": step.group,
                "phrase": step.phrase,
                "source": step.source,
                "auroc": describe_change(step.auroc),
                "margin": describe_change(step.margin),
            }
            for step in found.steps
        ],
        "on_the_others": {name: describe_change(c) for name, c in found.changes.items()},
        "patch": patch or None,
    }


def describe_change(change: Change) -> dict[str, Any]:
    """A change with its interval."""
    return {"change": change.value, "interval": [change.interval.low, change.interval.high]}
