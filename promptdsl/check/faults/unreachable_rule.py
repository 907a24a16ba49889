"""I502: a threshold line that can never decide.

Why: lines are tried from top to bottom and the first that holds decides, so
`review when score >= 0.7` behind `reject when score >= 0.6` never gets its turn.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from promptdsl.check.context import Context
from promptdsl.spec import (
    AreaLimit,
    Limit,
    LocatedLimit,
    ObjectSpec,
    ScoreLimit,
    SpotLimit,
    limit_number,
)


def unreachable_rule(context: Context, item: ObjectSpec) -> None:
    """Compare each line with those above it."""
    above = _Above()
    for limit in () if "thresholds" in item.defaulted else item.limits:
        earlier = above.decider(limit)
        if earlier is None:
            above.add(limit)
        elif limit.span is not None and earlier.span is not None:
            help = "put it above the lower line, or give it a lower limit"
            context.report.error(
                "I502", limit.span,
                f"this line can never decide: {earlier.text} already holds whenever it does",
                label="never reached",
                help=help if earlier.verdict != limit.verdict else "remove it",
                related=((earlier.span, "decides first"),),
            )  # fmt: skip


class _Step(NamedTuple):
    level: float
    number: float
    limit: Limit


@dataclass(slots=True)
class _Above:
    """The lines above one, kept so that many lines are compared in little time."""

    stairs: dict[Hashable, list[_Step]] = field(default_factory=dict)  # levels rise, numbers fall
    auto: dict[Hashable, Limit] = field(default_factory=dict)

    def decider(self, limit: Limit) -> Limit | None:
        """A line that holds for every picture that `limit` holds for."""
        number = limit_number(limit)
        if number is None:
            return self.auto.get(_auto_key(limit))
        steps = self.stairs.get(_group(limit), [])
        index = bisect_right(steps, _level(limit), key=lambda step: step.level) - 1
        return steps[index].limit if index >= 0 and steps[index].number <= number else None

    def add(self, limit: Limit) -> None:
        """Keep a line that has no decider."""
        number, level = limit_number(limit), _level(limit)
        if number is None:
            self.auto[_auto_key(limit)] = limit
            return
        steps = self.stairs.setdefault(_group(limit), [])
        index = end = bisect_left(steps, level, key=lambda step: step.level)
        while end < len(steps) and steps[end].number >= number:
            end += 1
        steps[index:end] = [_Step(level, number, limit)]


def _group(limit: Limit) -> Hashable:
    """Lines of one group can decide before one another: they measure one thing in one unit.

    The number of spots may rise with the level, where one falls into two, and so may what has a
    name, which may be another; so of these only lines of one level belong together.
    """
    if isinstance(limit, LocatedLimit):
        return "located"
    region = limit.region.value if limit.region is not None else None
    if isinstance(limit, ScoreLimit):
        return "score", region
    if isinstance(limit, AreaLimit):
        return "area", region, limit.unit
    defect = limit.defect.value if limit.defect is not None else None
    level = limit.above if limit.of == "number" or defect is not None else None
    return "spot", limit.of, defect, region, limit.unit, level


def _level(limit: Limit) -> float:
    return limit.above if isinstance(limit, AreaLimit | SpotLimit) else 0.0


def _auto_key(limit: Limit) -> Hashable:
    """Two `auto` lines are the same limit when these are equal."""
    if isinstance(limit, ScoreLimit):
        return _group(limit), limit.verdict
    return _group(limit), _level(limit)
