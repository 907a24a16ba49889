"""Lines that measure the same keep apart: a later one with no lower number could never decide.

The checker refuses such numbers where the author wrote them (I502); calibration must not write
them. The two lines meet when pictures are few: both then stand just above the highest good one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from promptdsl.errors import SpecProblem
from promptdsl.judge.conformal import Found, Promise, just_above
from promptdsl.judge.covering import covers
from promptdsl.judge.shares import Floats, upper_bound
from promptdsl.judge.verdict import number, range_of, shown_number
from promptdsl.plan.model import ObjectPlan, Rule


@dataclass(frozen=True, slots=True)
class Lowered:
    """A line with a lower number than its own promise would have given it, and a sentence."""

    found: Found
    remark: str


def never_decides(rule: Rule, value: float, lines: Sequence[tuple[Rule, float]]) -> float | None:
    """The lowest number of the lines above that leaves this one nothing to decide; else None."""
    return min((at for line, at in lines if covers(line, rule, at, value)), default=None)


def lower(item: ObjectPlan, rule: Rule, found: Found, values: Floats, below: float) -> Lowered:
    """The highest number below another line's that some good picture stays under.

    SpecProblem where good pictures leave no room for it. `values` are what the line measures of
    good pictures; its promise is told anew.
    """
    steps = np.unique(values[values < below])
    within = range_of(rule)
    numbers = [above for step in steps if (above := just_above(step, within)) < below]
    if not numbers:
        raise SpecProblem(
            f"{item.name}, `{rule.text}`: good pictures leave no number for it below "
            f"{shown_number(rule, below)}, where the line above it already decides",
            "remove the line, or calibrate with more good pictures",
        )
    value = float(numbers[-1])
    wrong = int(np.count_nonzero(values >= value))
    share = upper_bound(wrong, len(values), found.promise.confidence)
    kept = found.kept and share <= found.promise.share
    promise = found.promise if kept else Promise(share, found.promise.confidence)
    return Lowered(
        Found(value, promise, kept, wrong, len(values)),
        f"`{rule.text}` would have got the number of the line above it "
        f"({shown_number(rule, below)}) or a higher one and could never decide, so it got "
        f"{shown_number(rule, value)}, which {wrong} of {len(values)} good pictures reach",
    )


def lower_for_defects(found: Found, defective: Floats, value: float) -> Found:
    """The same number for a promise about defects, which a lower number only makes safer."""
    escaped = int(np.count_nonzero(defective < value))
    return replace(found, value=value, wrong=escaped, of=len(defective))


def fixed_lines_never_deciding(
    item: ObjectPlan, numbers: Sequence[tuple[Rule, float]]
) -> list[str]:
    """A sentence for each line with a number of its own that the calibrated ones leave nothing."""
    return [
        f"{item.name}, `{rule.text}`: it can never decide, because a line above it now has "
        f"{shown_number(rule, lowest)}; give it a lower number, or auto"
        for place, (rule, value) in enumerate(numbers)
        if number(rule) is not None
        and (lowest := never_decides(rule, value, numbers[:place])) is not None
    ]
