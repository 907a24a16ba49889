"""`validation.json`: the whole result for machines; shares and figures in [0, 1]."""

import math
from typing import Any

from promptdsl.evaluate.calibration.promises import promises
from promptdsl.evaluate.statistics.draws import RESAMPLES, SEED
from promptdsl.evaluate.statistics.figures import Estimate, Figures
from promptdsl.evaluate.statistics.separation import describe_separation
from promptdsl.evaluate.validation.outcomes import (
    ClaimResult,
    Confusion,
    Judged,
    Outcome,
    Share,
    explain,
    remark,
)
from promptdsl.evaluate.validation.run import ObjectResult, Validation
from promptdsl.judge.shares import CONFIDENCE
from promptdsl.judge.verdict import number
from promptdsl.plan.model import AreaRule
from promptdsl.report.paper_table import paper_table
from promptdsl.versions import now, versions

FORMAT = 1


def describe(validation: Validation, seconds: float) -> dict[str, Any]:
    """Everything, as plain values."""
    objects = [describe_object(result) for result in validation.objects]
    return {
        "format": FORMAT,
        "made": now(),
        "seconds": round(seconds, 3),
        "versions": versions(),
        "device": str(validation.compute.device),
        "device_name": validation.compute.note,
        "precision": validation.compute.precision,
        "confidence": CONFIDENCE,
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "strata": "labels"},
        "dataset": validation.dataset,
        "stopped": validation.stopped.sentence if validation.stopped else None,
        "table": paper_table(objects, validation.dataset),
        "objects": objects,
    }


def describe_object(result: ObjectResult) -> dict[str, Any]:
    """One object."""
    job = result.job
    return {
        "name": job.name,
        "object": job.item.name,
        "spec": job.spec.path.as_posix(),
        "spec_sha256": job.spec.sha256,
        "plan_sha256": job.plan_hash,
        "method": job.item.method.name,
        "model": list(job.item.method.model),
        "weights_sha256": result.weights_sha256,
        "settings": dict(job.item.method.settings),
        "default_thresholds": job.item.default_thresholds,
        "origin": list(job.sample.origin),
        "encoded_now": result.encoded,
        "thresholds": [
            {
                "rule": rule.text,
                "verdict": rule.verdict,
                "kind": rule.kind,
                "above": rule.above if isinstance(rule, AreaRule) else None,
                "value": number(rule),
                "promise": promise,
            }
            for rule, promise in zip(result.rules, promises(job.spec.lock, job.item), strict=True)
        ],
        "separation": describe_separation(result.separation),
        "figures": [_figures(group) for group in result.figures],
        "outcomes": [describe_outcome(outcome) for outcome in result.outcomes],
        "confusion": _confusion(result.confusion),
        "tests": [_claim(claim) for claim in result.claims],
        "problems": result.problems,
        "notes": result.notes,
        "unreadable": [
            {"image": picture.name, "label": picture.label} for picture in result.sample.unreadable
        ],
        "pictures": [_picture(judged) for judged in result.judged],
    }


def _figures(group: Figures) -> dict[str, Any]:
    return {
        "group": group.group,
        "good": group.good,
        "defective": group.defective,
        "with_masks": group.with_masks,
        **{name: _estimate(value) for name, value in group.values.items()},
    }


def _estimate(estimate: Estimate) -> dict[str, Any]:
    if estimate.value is None:
        return {"value": None, "reason": estimate.reason}
    interval = estimate.interval
    found: dict[str, Any] = {
        "value": _finite(estimate.value),
        "interval": [interval.low, interval.high] if interval else None,
    }
    return found if estimate.reason is None else {**found, "reason": estimate.reason}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _share(share: Share) -> dict[str, Any]:
    return {
        "count": share.count,
        "of": share.of,
        "share": share.value,
        "interval": [share.interval.low, share.interval.high],
    }


def describe_outcome(outcome: Outcome) -> dict[str, Any]:
    """The verdicts of one label."""
    wrong = "false_rejects" if outcome.label == "good" else "escapes"
    return {
        "label": outcome.label,
        "pictures": outcome.pictures,
        "unreadable": outcome.unreadable,
        **outcome.verdicts,
        wrong: _share(outcome.wrong),
        "reviews": _share(outcome.review),
    }


def _confusion(confusion: Confusion) -> dict[str, Any]:
    return {
        "labels": list(confusion.rows),
        "named": list(confusion.columns),
        "counts": [list(row) for row in confusion.counts],
        "escaped": list(confusion.escaped),
        "right": _share(confusion.right),
    }


def _claim(claim: ClaimResult) -> dict[str, Any]:
    return {
        "name": claim.name,
        "on": claim.on,
        "expect": f"{claim.verdict} {claim.bound} {100 * claim.asked:.4g}%",
        "verdict": claim.verdict,
        "bound": claim.bound,
        "asked": claim.asked,
        "passed": claim.passed,
        "proven": claim.proven,
        "seen": _share(claim.seen),
        "pictures_to_spare": claim.to_spare,
        "pictures_needed": claim.needed,
        "unreadable": claim.unreadable,
        "explanation": explain(claim),
        "remark": remark(claim),
    }


def _picture(judged: Judged) -> dict[str, Any]:
    scored = judged.scored
    return {
        "image": scored.picture.name,
        "label": scored.picture.label,
        "mask": scored.picture.mask.as_posix() if scored.picture.mask else None,
        "sha256": scored.sha256,
        "score": scored.score,
        "verdict": judged.verdict,
        "rule": judged.rule,
        "named": scored.named,
        "defects": dict(scored.defects),
        "area": dict(scored.area),
    }
