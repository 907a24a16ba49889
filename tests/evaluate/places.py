"""The tiny factory with regions, sizes and spots: a plan made by hand in place of the spec's."""

from typing import Any

import numpy as np
import pytest

from promptdsl.pipeline import Compilation
from promptdsl.plan.build import content_hash
from promptdsl.plan.model import Plan, Rule
from promptdsl.results import PictureScore

from ..judge.made import area, picture, region, score_in, shape, spot
from .scene import SeesRed

CORNER = region("corner", shape("box", 0, 0, "50%", "50%"))
LABEL = region("label", shape("box", "75%", "75%", "25%", "25%"))
LINES: tuple[Rule, ...] = (
    score_in(None, 0.95),
    area(0.3, 0.08, "%"),
    spot(0.35, 0.6, "mm", "corner"),
    spot(0.3, 150, "px2"),
    spot(0.2, 3, ""),
    score_in("corner", 0.45, "review"),
    spot(0.2, 8, "px", verdict="review", defect="hole"),
)
MORE: dict[str, Any] = {
    "thresholds": LINES,
    "default_thresholds": False,
    "picture": picture(scale=0.05),
    "regions": (CORNER,),
    "ignored": (LABEL,),
}


def planned(monkeypatch: pytest.MonkeyPatch, **more: Any) -> None:
    """Every spec means what it means, and this besides."""
    plan_of = Compilation.plan

    def plan(self: Compilation) -> Plan:
        made = plan_of(self)
        objects = tuple(item.model_copy(update={**MORE, **more}) for item in made.objects)
        found = made.model_copy(update={"objects": objects})
        return found.model_copy(update={"hash": content_hash(found)})

    monkeypatch.setattr(Compilation, "plan", plan)


def with_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The scorer says where it sees which defect: scratches above, holes in the rest."""
    score_of = SeesRed.score

    def score(self: SeesRed, features: Any) -> list[PictureScore]:
        found = []
        for one in score_of(self, features):
            kinds = np.zeros((2, 8, 8), np.float32)
            kinds[1 if one.defects["hole"] > 0.5 else 0] = 0.9
            found.append(PictureScore(one.score, one.defects, one.map, kinds=kinds))
        return found

    monkeypatch.setattr(SeesRed, "score", score)
