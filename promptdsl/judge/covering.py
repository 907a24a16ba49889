"""Which threshold lines hold whenever others do: those above them leave them nothing to decide."""

from collections.abc import Hashable

from promptdsl.plan.model import AreaRule, LocatedRule, Rule, ScoreRule


def covers(earlier: Rule, later: Rule, at: float, below: float) -> bool:
    """Whether `earlier`, with the number `at`, holds whenever `later` holds with `below`."""
    return (
        group_of(earlier) == group_of(later)
        and level_of(earlier) <= level_of(later)
        and at <= below
    )


def group_of(rule: Rule) -> Hashable:
    """Lines of one group measure one thing in one unit, and less of it at a higher level.

    The number of spots may rise with the level, where one falls into two, and so may what has a
    name, which may be another; so of these only lines of one level belong together.
    """
    if isinstance(rule, LocatedRule):
        return "located"
    if isinstance(rule, ScoreRule):
        return "score", rule.region
    if isinstance(rule, AreaRule):
        return "area", rule.region, rule.unit
    level = rule.above if rule.of == "number" or rule.defect is not None else None
    return "spot", rule.of, rule.defect, rule.region, rule.unit, level


def level_of(rule: Rule) -> float:
    """The local score from which on a line counts; 0 where it has none."""
    return 0.0 if isinstance(rule, ScoreRule | LocatedRule) else rule.above
