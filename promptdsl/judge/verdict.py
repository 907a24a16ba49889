"""From measures to a verdict: threshold lines from top to bottom, the first that holds decides.

A line holds where what it measures is its number or more; where no line holds, the picture passes.
A score that is not a number must never pass, so it is refused here.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from promptdsl.errors import SpecProblem
from promptdsl.files.naming import command_line
from promptdsl.judge.conformal import COUNT, LENGTH, SHARE, Range
from promptdsl.judge.measures import (
    UNLOCATED,
    Measures,
    area_key,
    measure_name,
    measured_on,
    measures_of,
)
from promptdsl.judge.places import Layout
from promptdsl.judge.whole import Whole
from promptdsl.plan.model import AreaRule, LocatedRule, ObjectPlan, Rule, ScoreRule
from promptdsl.results import PictureScore, Spot, Verdict

UNCALIBRATED = "uncalibrated default"
_AT_LEAST = re.compile(r"\s*(?:>=|≥)\s*")
_ABOVE = re.compile(r"(?<=\babove)\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?=\s)")


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, the threshold line that made it (None: passed), and what was measured."""

    verdict: Verdict
    rule: str | None
    measures: dict[str, float]
    spots: tuple[Spot, ...] = ()  # that the lines look at


def resolve(
    item: ObjectPlan, calibrated: Mapping[str, float] | None = None, spec: str = "SPEC"
) -> tuple[Rule, ...]:
    """The object's rules with every `auto` filled in from `calibrated` (rule -> number).

    A rule is found by what it means, however it and the key are written.
    """
    known = {key_of(rule): value for rule, value in (calibrated or {}).items()}
    return tuple(_resolved(rule, item, known, spec) for rule in rules_of(item))


def rules_of(item: ObjectPlan) -> tuple[Rule, ...]:
    """The lines as written; first of all, that a part which is not located never passes."""
    if not (item.picture and item.picture.locate):
        return item.thresholds
    if any(isinstance(rule, LocatedRule) for rule in item.thresholds):
        return item.thresholds
    text = f"review when {UNLOCATED}"
    return (LocatedRule(verdict="review", text=text, origin=None), *item.thresholds)


def decide(score: PictureScore, rules: Sequence[Rule], layout: Layout | None = None) -> Decision:
    """Apply resolved rules.

    Raises ValueError for a score or a map that holds no numbers, SpecProblem where the places of
    the spec do not fit on this picture.
    """
    if not math.isfinite(score.score) or not np.isfinite(score.map).all():
        raise ValueError("the model gave a score that is not a number")
    whole = Whole(score, layout)
    measures = measured_on(whole, rules)
    rule, spots = holding_rule(measures, rules), whole.listed(rules)
    return Decision(rule.verdict if rule else "pass", rule.text if rule else None, measures, spots)


def holding_rule(measures: Measures, rules: Sequence[Rule]) -> Rule | None:
    """The first resolved rule that holds; None: the picture passes.

    KeyError where something was not measured.
    """
    return next((rule for rule in rules if _holds(rule, measures)), None)


def verdict_of(score: PictureScore, rules: Sequence[Rule], layout: Layout | None = None) -> Verdict:
    """The verdict alone."""
    return verdict_from(measures_of(score, rules, layout), rules)


def verdict_from(measures: Measures, rules: Sequence[Rule]) -> Verdict:
    """The verdict that follows from measures."""
    rule = holding_rule(measures, rules)
    return rule.verdict if rule else "pass"


def reads_map(rules: Sequence[Rule]) -> bool:
    """Whether a verdict depends on more than the picture's score."""
    return any(measure_name(rule) != "score" for rule in rules)


def number(rule: Rule) -> float | None:
    """The number that decides, in the unit of the rule; None for an unresolved `auto`."""
    if isinstance(rule, LocatedRule):
        return 1.0
    return rule.share if isinstance(rule, AreaRule) else rule.at


def with_number(rule: Rule, value: float) -> Rule:
    """The line with another number."""
    if isinstance(rule, LocatedRule):
        return rule
    return rule.model_copy(update={"share" if isinstance(rule, AreaRule) else "at": value})


def shown_number(rule: Rule, value: float) -> str:
    """A number of the line with its unit, as a spec writes it: `0.62`, `0.5%`, `0.3 mm`."""
    unit = "" if isinstance(rule, ScoreRule | LocatedRule) else rule.unit
    if unit == "%":
        return f"{100 * value:.4g}%"
    return f"{value:.0f} {unit}".rstrip() if value >= 1000 else f"{value:.4g} {unit}".rstrip()


def subject(rule: Rule) -> str:
    """What the line asks, as a spec has it, without its verdict and its number."""
    if isinstance(rule, LocatedRule):
        return UNLOCATED
    place = f" in {rule.region}" if rule.region is not None else ""
    if isinstance(rule, ScoreRule):
        return f"score{place}"
    if isinstance(rule, AreaRule):
        return f"area above {area_key(rule.above)}{place}"
    what = rule.defect or ("spots" if rule.of == "number" else "spot")
    return f"{what} above {area_key(rule.above)}{place}"


def range_of(rule: Rule) -> Range:
    """What the line's number may be."""
    if isinstance(rule, ScoreRule | LocatedRule) or rule.unit == "%":
        return SHARE
    return COUNT if rule.unit in ("px2", "") else LENGTH


def meaning(rule: Rule) -> str:
    """The line in one canonical form, however it was spaced and whatever signs it is written with.

    It is the name of a line's number in the lock, so laying a spec out anew changes nothing.
    """
    limit, name = number(rule), measure_name(rule)
    if isinstance(rule, LocatedRule):
        return f"{rule.verdict} when {name}"
    if isinstance(rule, AreaRule) and rule.unit == "%":
        share = "auto" if limit is None else f"{100 * limit:.12g}%"
        return f"{rule.verdict} when {name} >= {share}"
    return f"{rule.verdict} when {name} >= {'auto' if limit is None else repr(limit)}"


def key_of(text: str) -> str:
    """`meaning` of an `auto` line that is known by its words alone, as an early lock has it."""
    words = " ".join(_AT_LEAST.sub(" >= ", text.lower()).split())
    return _ABOVE.sub(lambda found: f" {area_key(float(found[1]))}", words)


def _holds(rule: Rule, measures: Measures) -> bool:
    limit = number(rule)
    if limit is None:
        raise SpecProblem(f"`{rule.text}` is not calibrated")
    return measures[measure_name(rule)] >= limit


def _resolved(rule: Rule, item: ObjectPlan, known: Mapping[str, float], spec: str) -> Rule:
    text = f"{rule.text} ({UNCALIBRATED})" if item.default_thresholds else rule.text
    if number(rule) is not None:
        return rule.model_copy(update={"text": text})
    value = known.get(meaning(rule), known.get(key_of(rule.text)))
    if value is None:
        raise SpecProblem(
            f"{_place(rule, spec)}: `{rule.text}` of {item.name} is not calibrated yet",
            f"run `{command_line('calibrate', PurePath(spec))}`, or write a number",
        )
    return with_number(rule, value).model_copy(
        update={"text": f"{text} ({shown_number(rule, value)})"}
    )


def _place(rule: Rule, spec: str) -> str:
    return f"{rule.origin.file}:{rule.origin.line}" if rule.origin else spec
