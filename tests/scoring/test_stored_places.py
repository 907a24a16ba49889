"""Masks and the golden picture in a compiled plan: they come back, and nothing forged is used."""

from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.judge.places import layout_of
from promptdsl.plan.model import ObjectPlan, Origin, PictureSettings, Region, Shape
from promptdsl.scoring.places import GOLDEN, GOLDEN_SIZE, Places, restore_places
from promptdsl.scoring.views import Golden
from tests.inspect.fakes import make_object

ORIGIN = Origin(file="s", line=1, column=1, end_line=1, end_column=2)
MASK = np.eye(6, 8, dtype=np.bool_)


def item(locates: bool = False) -> ObjectPlan:
    shape = Shape(kind="mask", lengths=(), path="m.png")
    ignored = Region(name="print", shapes=(shape,), without=(), origin=ORIGIN)
    locate: Any = {"like": "g.png", "turn": 5, "shift": 0.1, "scale": 0} if locates else None
    picture = PictureSettings(tile=32, locate=locate, origin=None)
    return make_object(ignored=(ignored,), picture=picture)


def arrays(locates: bool = False) -> dict[str, Any]:
    golden = Golden(Image.new("RGB", (8, 6), (9, 8, 7)), (80, 60)) if locates else None
    return Places(layout_of(item(locates), {"m.png": MASK}), {"m.png": MASK}, golden).arrays()


@pytest.mark.parametrize("locates", [False, True])
def test_places_come_back(locates: bool) -> None:
    found = restore_places(item(locates), {**arrays(locates), "words/normal": np.zeros(3)})
    np.testing.assert_array_equal(found.masks["m.png"], MASK)
    ignored = found.layout.ignored((8, 6))
    assert ignored is not None and ignored.sum() == MASK.sum()
    assert (found.golden is not None) == locates
    if found.golden is not None:
        assert found.golden.size == (80, 60) and found.golden.image.getpixel((3, 3)) == (9, 8, 7)


@pytest.mark.parametrize(
    "change",
    [
        {"places/mask/0": None},
        {"places/mask/0": np.zeros((6, 8), np.float32)},
        {"places/mask/0": np.zeros((6, 8, 1), np.bool_)},
        {"places/mask/0": np.full((6, 8), 7, np.uint8).view(np.bool_)},
        {"places/mask/1": MASK},
        {GOLDEN: None},
        {GOLDEN_SIZE: None},
        {GOLDEN: np.zeros((6, 8), np.uint8)},
        {GOLDEN: np.zeros((6, 9000, 3), np.uint8)},
        {GOLDEN_SIZE: np.array([80, -60])},
        {GOLDEN_SIZE: np.array([10**9, 10**9])},
        {GOLDEN_SIZE: np.array([80.0, 60.0])},
    ],
)
def test_forged_places_are_refused(change: dict[str, Any]) -> None:
    forged = {name: value for name, value in (arrays(True) | change).items() if value is not None}
    with pytest.raises(EnvironmentProblem, match="the compiled plan is damaged"):
        restore_places(item(True), forged)


def test_a_golden_picture_without_locate_belongs_to_nothing() -> None:
    forged = arrays() | {GOLDEN: np.zeros((6, 8, 3), np.uint8), GOLDEN_SIZE: np.array([8, 6])}
    with pytest.raises(EnvironmentProblem, match="golden"):
        restore_places(item(), forged)
