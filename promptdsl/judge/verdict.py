"""From scores to a verdict: threshold lines from top to bottom, the first that holds decides.

`score >= at` and `share of the map at or above `above` >= share`; where no line holds, the picture
passes. A score that is not a number must never pass, so it is refused here.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np

from promptdsl.errors import SpecProblem
from promptdsl.files.naming import command_line
from promptdsl.plan.model import AreaRule, ObjectPlan, Rule, ScoreRule
from promptdsl.results import FloatMap, Verdict

UNCALIBRATED = "uncalibrated default"
_AT_LEAST = re.compile(r"\s*(?:>=|≥)\s*")
_ABOVE = re.compile(r"(?<=\babove)\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))(?=\s)")


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict, the threshold line that made it (None: passed), and the areas measured."""

    verdict: Verdict
    rule: str | None
    area: dict[str, float]  # "0.70" -> share of the picture at or above that score


def resolve(
    item: ObjectPlan, calibrated: Mapping[str, float] | None = None, spec: str = "SPEC"
) -> tuple[Rule, ...]:
    """The object's rules with every `auto` filled in from `calibrated` (rule -> number).

    A rule is found by what it means, however it and the key are written.
    """
    known = {key_of(rule): value for rule, value in (calibrated or {}).items()}
    return tuple(_resolved(rule, item, known, spec) for rule in item.thresholds)


def decide(score: float, anomaly_map: FloatMap, rules: Sequence[Rule]) -> Decision:
    """Apply resolved rules; ValueError for a score or a map that holds no numbers."""
    if not math.isfinite(score) or not np.isfinite(anomaly_map).all():
        raise ValueError("the model gave a score that is not a number")
    area = areas_of(anomaly_map, rules)
    rule = holding_rule(score, area, rules)
    return Decision(rule.verdict, rule.text, area) if rule else Decision("pass", None, area)


def holding_rule(score: float, area: Mapping[str, float], rules: Sequence[Rule]) -> Rule | None:
    """The first resolved rule that holds; None: the picture passes."""
    return next((rule for rule in rules if _holds(rule, score, area)), None)


def areas_of(anomaly_map: FloatMap, rules: Sequence[Rule]) -> dict[str, float]:
    """What the area rules measure: "0.70" -> share of the map at or above that score."""
    levels = [rule.above for rule in rules if isinstance(rule, AreaRule)]
    return {area_key(above): area_above(anomaly_map, above) for above in levels}


def verdict_of(score: float, anomaly_map: FloatMap | None, rules: Sequence[Rule]) -> Verdict:
    """The verdict alone; the map may be missing where no rule is about areas."""
    area = {} if anomaly_map is None else areas_of(anomaly_map, rules)
    rule = holding_rule(score, area, rules)
    return rule.verdict if rule else "pass"


def area_above(anomaly_map: FloatMap, above: float) -> float:
    """Share of the map, in [0, 1], whose score is `above` or more."""
    return float(np.count_nonzero(anomaly_map >= np.float32(above)) / anomaly_map.size)


def area_key(above: float) -> str:
    """The name of an area in the results: as written, with two decimals at least."""
    short = f"{above:.2f}"
    return short if float(short) == above else repr(above)


def number(rule: Rule) -> float | None:
    """The number that decides: a score, or a share in [0, 1]; None for an unresolved `auto`."""
    return rule.at if isinstance(rule, ScoreRule) else rule.share


def meaning(rule: Rule) -> str:
    """The line in one canonical form, however it was spaced and whatever signs it is written with.

    It is the name of a line's number in the lock, so laying a spec out anew changes nothing.
    """
    limit = number(rule)
    if isinstance(rule, AreaRule):
        share = "auto" if limit is None else f"{100 * limit:.12g}%"
        return f"{rule.verdict} when area above {area_key(rule.above)} >= {share}"
    return f"{rule.verdict} when score >= {'auto' if limit is None else repr(limit)}"


def key_of(text: str) -> str:
    """`meaning` of an `auto` line that is known by its words alone, as an early lock has it."""
    words = " ".join(_AT_LEAST.sub(" >= ", text.lower()).split())
    return _ABOVE.sub(lambda found: f" {area_key(float(found[1]))}", words)


def _holds(rule: Rule, score: float, area: Mapping[str, float]) -> bool:
    limit = number(rule)
    if limit is None:
        raise SpecProblem(f"`{rule.text}` is not calibrated")
    value = score if isinstance(rule, ScoreRule) else area[area_key(rule.above)]
    return value >= limit


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
    if isinstance(rule, ScoreRule):
        return rule.model_copy(update={"at": value, "text": f"{text} ({value:.4g})"})
    return rule.model_copy(update={"share": value, "text": f"{text} ({100 * value:.4g}%)"})


def _place(rule: Rule, spec: str) -> str:
    return f"{rule.origin.file}:{rule.origin.line}" if rule.origin else spec
