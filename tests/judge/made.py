"""Plans with places, threshold lines of every kind, and scores made by hand."""

from typing import Any

import numpy as np

from promptdsl.judge.places import Layout, layout_of
from promptdsl.plan.model import (
    AreaRule,
    Length,
    Locate,
    LocatedRule,
    ObjectPlan,
    PictureSettings,
    Region,
    Rule,
    ScoreRule,
    Shape,
    SpotRule,
)
from promptdsl.results import BoolMap, FloatMap, PictureScore

from ..inspect.fakes import ORIGIN, make_object


def shape(kind: str, *lengths: float | str) -> Shape:
    """`shape("box", 1, 2, "30%", "40%")`; a mask has a path."""
    if kind == "mask":
        return Shape(kind="mask", lengths=(), path=str(lengths[0]))
    return Shape(kind=kind, lengths=tuple(map(_length, lengths)))  # type: ignore[arg-type]


def _length(value: float | str) -> Length:
    if isinstance(value, str):
        return Length(float(value.rstrip("%")), "%")
    return Length(float(value), "px")


def region(name: str, *shapes: Shape, without: tuple[Shape, ...] = ()) -> Region:
    return Region(name=name, shapes=shapes, without=without, origin=ORIGIN)


def picture(**settings: Any) -> PictureSettings:
    if settings.pop("locate", False):
        settings["locate"] = Locate(like="good/000.png", turn=15, shift=0.1, scale=0)
    return PictureSettings(origin=ORIGIN, **settings)


def placed(*rules: Rule, **more: Any) -> ObjectPlan:
    """An object with these lines, regions=..., ignored=..., picture=..."""
    return make_object(rules=rules or None, **more)


def layout(*rules: Rule, masks: dict[str, BoolMap] | None = None, **more: Any) -> Layout:
    return layout_of(placed(*rules, **more), masks or {})


def score_in(place: str | None, at: float | None, verdict: str = "reject") -> ScoreRule:
    where = "" if place is None else f" in {place}"
    text = f"{verdict} when score{where} >= {at if at is not None else 'auto'}"
    return ScoreRule(verdict=verdict, at=at, text=text, origin=ORIGIN, region=place)


def area(
    above: float, share: float | None, unit: str = "%", place: str | None = None, **more: Any
) -> AreaRule:
    text = f"{more.get('verdict', 'reject')} when area above {above} >= {share} {unit}"
    fields = {"verdict": "reject", "text": text, "origin": ORIGIN, **more}
    return AreaRule(above=above, share=share, unit=unit, region=place, **fields)


def spot(
    above: float, at: float | None, unit: str = "px", place: str | None = None, **more: Any
) -> SpotRule:
    of = {"px": "extent", "mm": "extent", "": "number"}.get(unit, "area")
    text = f"{more.get('verdict', 'reject')} when spot above {above} >= {at} {unit}".rstrip()
    fields = {"verdict": "reject", "defect": None, "text": text, "origin": ORIGIN, **more}
    return SpotRule(above=above, at=at, unit=unit, of=of, region=place, **fields)


def located(verdict: str = "review") -> LocatedRule:
    return LocatedRule(verdict=verdict, text=f"{verdict} when part not located", origin=ORIGIN)


def scored(anomaly_map: FloatMap, score: float = 0.0, **more: Any) -> PictureScore:
    return PictureScore(score, {"scratch": 0.5, "dent": 0.5}, anomaly_map, **more)


def drawn(size: tuple[int, int], *boxes: tuple[int, int, int, int, float]) -> FloatMap:
    """A map (W, H) of zeros with boxes (x, y, width, height, value)."""
    found = np.zeros(size[::-1], np.float32)
    for x, y, width, height, value in boxes:
        found[y : y + height, x : x + width] = value
    return found
