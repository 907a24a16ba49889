"""I502: a threshold line that can never decide.

Why: lines are tried from top to bottom and the first that holds decides, so
`review when score >= 0.7` behind `reject when score >= 0.6` never gets its turn.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

from promptdsl.check.context import Context
from promptdsl.spec import AreaLimit, Limit, ObjectSpec, ScoreLimit


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


@dataclass(slots=True)
class _Above:
    """The lines above one, kept so that many lines are compared in little time."""

    lowest: ScoreLimit | None = None
    areas: list[AreaLimit] = field(default_factory=list)  # `above` rises, `share` falls
    auto: dict[tuple[str, str | float], Limit] = field(default_factory=dict)

    def decider(self, limit: Limit) -> Limit | None:
        """A line that holds for every picture that `limit` holds for."""
        if _is_auto(limit):
            return self.auto.get(_auto_key(limit))
        if isinstance(limit, AreaLimit):
            index = bisect_right(self.areas, limit.above, key=lambda area: area.above) - 1
            covers = index >= 0 and _share(self.areas[index]) <= _share(limit)
            return self.areas[index] if covers else None
        covers = self.lowest is not None and (self.lowest.at or 0.0) <= (limit.at or 0.0)
        return self.lowest if covers else None

    def add(self, limit: Limit) -> None:
        """Keep a line that has no decider."""
        if _is_auto(limit):
            self.auto[_auto_key(limit)] = limit
        elif isinstance(limit, AreaLimit):
            index = end = bisect_left(self.areas, limit.above, key=lambda area: area.above)
            while end < len(self.areas) and _share(self.areas[end]) >= _share(limit):
                end += 1
            self.areas[index:end] = [limit]
        else:
            self.lowest = limit


def _is_auto(limit: Limit) -> bool:
    return (limit.share if isinstance(limit, AreaLimit) else limit.at) is None


def _auto_key(limit: Limit) -> tuple[str, str | float]:
    """Two `auto` lines are the same limit when these are equal."""
    if isinstance(limit, AreaLimit):
        return "area", limit.above
    return "score", limit.verdict


def _share(limit: AreaLimit) -> float:
    return limit.share or 0.0
