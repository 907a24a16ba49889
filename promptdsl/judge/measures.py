"""What threshold lines measure of a picture, each under a name of its own.

A picture's score is `score`; the share of its map at or above 0.7 is `area above 0.70`; with a
region, a unit or a defect the name says so. The verdict follows from these numbers alone.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from promptdsl.judge.places import Layout, is_plain_rule
from promptdsl.judge.whole import Whole
from promptdsl.plan.model import AreaRule, LocatedRule, Rule, ScoreRule, SpotRule
from promptdsl.results import FloatMap, PictureScore

Measures = Mapping[str, float]
SCORE, UNLOCATED = "score", "part not located"
_AREA = "area above "


def measure_name(rule: Rule) -> str:
    """The name of what a line measures; lines that measure the same have one name."""
    if isinstance(rule, LocatedRule):
        return UNLOCATED
    place = f" in {rule.region}" if rule.region is not None else ""
    if isinstance(rule, ScoreRule):
        return SCORE + place
    if isinstance(rule, AreaRule):
        unit = "" if rule.unit == "%" else f" ({rule.unit})"
        return f"{_AREA}{area_key(rule.above)}{place}{unit}"
    unit = f" ({rule.unit})" if rule.unit else ""
    return f"{rule.of} of {rule.defect or 'spot'} above {area_key(rule.above)}{place}{unit}"


def measures_of(
    score: PictureScore, rules: Sequence[Rule], layout: Layout | None = None
) -> dict[str, float]:
    """What the lines measure, and the score. Without a layout there are no places.

    Raises SpecProblem where the places of the spec do not fit on this picture.
    """
    return measured_on(Whole(score, layout), rules)


def measured_on(whole: Whole, rules: Sequence[Rule]) -> dict[str, float]:
    """The same on a picture whose map and spots may be at hand already."""
    found = {SCORE: float(whole.score.score)}
    for rule in rules:
        name = measure_name(rule)
        if name not in found:
            found[name] = _measured(rule, whole)
    return found


def _measured(rule: Rule, whole: Whole) -> float:
    if isinstance(rule, LocatedRule):
        return float(whole.score.unlocated is not None)
    if isinstance(rule, ScoreRule):
        return whole.highest(rule.region)
    if isinstance(rule, SpotRule):
        return _of_spots(rule, whole)
    if is_plain_rule(rule) and whole.everything_counts:
        return area_above(whole.score.map, rule.above)
    return _area(whole.pixels_above(rule.above, rule.region), rule, whole)


def _of_spots(rule: SpotRule, whole: Whole) -> float:
    """The longest, the largest, or how many; 0 without any."""
    spots = whole.spots(rule.above, rule.region)
    mine = spots.called(rule.defect)
    if rule.of == "number":
        return float(np.count_nonzero(mine))
    if rule.of == "extent":
        longest = float(spots.extents_N[mine].max(initial=0.0))
        return longest * whole.scale(rule) if rule.unit == "mm" else longest
    return _area(int(spots.areas_N[mine].max(initial=0)), rule, whole)


def _area(pixels: int, rule: AreaRule | SpotRule, whole: Whole) -> float:
    """So many pixels in the unit of the line."""
    if rule.unit == "%":
        return pixels / whole.pixels(rule.region)
    return pixels * whole.scale(rule) ** 2 if rule.unit == "mm2" else float(pixels)


def areas_in(measures: Measures) -> dict[str, float]:
    """The shares of the whole picture as records have them: "0.70" -> share."""
    return {name[len(_AREA) :]: value for name, value in measures.items() if _is_plain_area(name)}


def others_in(measures: Measures) -> dict[str, float]:
    """All measures but the score and the shares of the whole picture."""
    return {
        name: value
        for name, value in measures.items()
        if name != SCORE and not _is_plain_area(name)
    }


def from_record(
    score: float, area: Mapping[str, float] | None, measures: Measures | None
) -> dict[str, float]:
    """The measures that a record holds."""
    return {
        SCORE: score,
        **{_AREA + key: value for key, value in (area or {}).items()},
        **(measures or {}),
    }


def _is_plain_area(name: str) -> bool:
    return name.startswith(_AREA) and " " not in name[len(_AREA) :]


def area_above(anomaly_map: FloatMap, above: float) -> float:
    """Share of the map, in [0, 1], whose score is `above` or more."""
    return float(np.count_nonzero(anomaly_map >= np.float32(above)) / anomaly_map.size)


def area_key(above: float) -> str:
    """The name of an area in the results: as written, with two decimals at least."""
    short = f"{above:.2f}"
    return short if float(short) == above else repr(above)
