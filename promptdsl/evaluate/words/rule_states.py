"""Threshold lines against one picture: what each measures, in its unit, and what would follow."""

from collections.abc import Sequence
from dataclasses import dataclass

from promptdsl.judge.covering import covers, group_of, level_of
from promptdsl.judge.measures import Measures, measure_name
from promptdsl.judge.verdict import Decision, number, shown_number
from promptdsl.plan.model import LocatedRule, Rule, ScoreRule, SpotRule


@dataclass(frozen=True, slots=True)
class RuleState:
    """A resolved line and what it measures of a picture, in its unit (a share of 1 for %)."""

    line: Rule
    value: float

    @property
    def limit(self) -> float:
        """The line's number."""
        found = number(self.line)
        assert found is not None  # it is resolved
        return found

    @property
    def holds(self) -> bool:
        """Whether it would decide, if no line above it did."""
        return self.value >= self.limit

    @property
    def distance(self) -> float:
        """How far the value lies above the limit."""
        return self.value - self.limit

    @property
    def shown(self) -> str:
        """The value with its unit."""
        return shown(self.value, self.line)

    @property
    def shown_distance(self) -> str:
        """How far it is from its limit, either way, with the unit."""
        return shown(abs(self.distance), self.line)


def states_of(rules: Sequence[Rule], measures: Measures) -> tuple[RuleState, ...]:
    """Every line with its measure."""
    return tuple(RuleState(rule, measures[measure_name(rule)]) for rule in rules)


def shown(value: float, line: Rule) -> str:
    """`0.700`, `2.00 % of the picture`, `0.3 mm`, `3 spots`."""
    if isinstance(line, LocatedRule | ScoreRule):
        return f"{value:.3f}"
    if line.unit == "%":
        place = "the picture" if line.region is None else line.region
        return f"{100 * value:.2f} % of {place}"
    if isinstance(line, SpotRule) and line.of == "number":
        return f"{value:.0f} {'spot' if value == 1 else 'spots'}"
    return shown_number(line, value)


def by_rules(states: Sequence[RuleState], decision: Decision) -> list[str]:
    """How far each threshold line is, down to the one that decided.

    Lines that could never decide, because one above them holds whenever they do, are left out.
    """
    found: list[str] = []
    for place, state in enumerate(states):
        above = states[:place]
        if any(covers(one.line, state.line, one.limit, state.limit) for one in above):
            continue
        if not state.holds:
            found += _missing(state)
            continue
        after = _verdict_below(state, states[place + 1 :])
        found.insert(0, f"{decision.verdict}, because `{state.line.text}` {_because(state, after)}")
        return found
    return ["pass, because no threshold line holds", *found]


def _missing(state: RuleState) -> list[str]:
    if isinstance(state.line, LocatedRule):
        return []
    return [f"`{state.line.text}` would hold with {state.shown_distance} more than {state.shown}"]


def _because(state: RuleState, after: str) -> str:
    if isinstance(state.line, LocatedRule):
        return f"holds: the part was not found in the picture; if it were, it would be {after}"
    return (
        f"holds: {state.shown} is {state.shown_distance} above the limit; below it, the verdict "
        f"would be {after}"
    )


def _verdict_below(state: RuleState, later: Sequence[RuleState]) -> str:
    """What would decide just below a line's limit: of its own measure, only lower limits hold."""

    def holds(other: RuleState) -> bool:
        return other.limit < state.limit if _same(other.line, state.line) else other.holds

    return next((other.line.verdict for other in later if holds(other)), "pass")


def _same(one: Rule, other: Rule) -> bool:
    return group_of(one) == group_of(other) and level_of(one) == level_of(other)
