"""What calibrated thresholds promise, with the samples that the promises rest on."""

from promptdsl.evaluate.calibration.solve import percent
from promptdsl.judge.verdict import key_of, meaning, rules_of
from promptdsl.lock.model import Lock, Threshold
from promptdsl.plan.model import ObjectPlan


def promises(lock: Lock | None, item: ObjectPlan) -> list[str | None]:
    """One for each threshold line; None for a line with a number of its own."""
    locked = lock.objects.get(item.name) if lock is not None else None
    known = {key_of(t.rule): t for t in locked.thresholds} if locked is not None else {}
    found = [known.get(meaning(rule)) for rule in rules_of(item)]
    return [None if threshold is None else sentence(threshold) for threshold in found]


def sentence(threshold: Threshold) -> str:
    """`at most 2% of good parts rejected, at 95% confidence (1 of 240 when calibrated)`."""
    promise = threshold.promise
    return (
        f"at most {percent(promise.share)} of {promise.of}, at {percent(promise.confidence)} "
        f"confidence ({promise.wrong:,} of {promise.pictures:,} when calibrated)"
    )
