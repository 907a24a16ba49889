"""Regions and ignored places on pictures of any size, and sentences for those that do not fit."""

import numpy as np
import pytest

from promptdsl.errors import SpecProblem
from promptdsl.judge import places
from promptdsl.judge.places import layout_of
from promptdsl.results import BoolMap

from ..inspect.fakes import ORIGIN, make_object
from .made import area, layout, picture, placed, region, score_in, shape, spot

WIDE = (40, 20)
LEFT = region("left", shape("box", 0, 0, "50%", "100%"))


def counts(mask: BoolMap | None) -> int:
    return -1 if mask is None else int(mask.sum())


def test_several_shapes_are_one_region_and_except_takes_away() -> None:
    one = region(
        "two", shape("box", 0, 0, 10, 10), shape("box", 5, 0, 10, 10),
        without=(shape("box", 0, 0, 1, 10), shape("circle", 200, 200, 99)),
    )  # fmt: skip
    with pytest.raises(SpecProblem, match="circle"):
        layout(regions=(one,)).mask("two", (20, 10))
    one = one.model_copy(update={"without": one.without[:1]})
    assert counts(layout(regions=(one,)).mask("two", (20, 10))) == 140


def test_what_is_ignored_belongs_to_no_region() -> None:
    top = region("serial number", shape("box", 0, 0, "100%", "25%"))
    made = layout(regions=(LEFT,), ignored=(top,))
    assert counts(made.ignored(WIDE)) == 200
    assert counts(made.mask("left", WIDE)) == 300
    assert counts(made.counted(None, WIDE)) == 600
    assert counts(layout(regions=(LEFT,)).counted(None, WIDE)) == -1
    assert layout(regions=(LEFT,)).ignored(WIDE) is None


def test_the_sentence_names_the_place_the_region_and_the_fix() -> None:
    out = layout(regions=(region("lip", shape("box", 30, 0, 20, 10)),))
    with pytest.raises(SpecProblem) as told:
        out.mask("lip", WIDE)
    assert told.value.sentence == (
        "part.inspect:3: region lip reaches outside the picture: its box goes to 50 px, over the "
        "right edge of a picture that is 40 px wide"
    )
    assert "in % it fits pictures of every size" in str(told.value.help)


@pytest.mark.parametrize(
    ("regions", "ignored", "words"),
    [
        ([region("lip", shape("box", 1, 1, 0.2, 5))], [], "region lip holds not one pixel of a"),
        (
            [region("lip", shape("box", 0, 0, 5, 5), without=(shape("box", 0, 0, 9, 9),))], [],
            "region lip holds not one pixel",
        ),
        ([LEFT], [region("why", shape("box", 0, 0, "60%", "100%"))], "lies wholly in what is ign"),
        ([LEFT], [region("all", shape("box", 0, 0, 40, 20))], "the whole picture is ignored"),
        ([], [region("why", shape("box", 0, 0, 41, 20))], 'ignore "why" reaches outside'),
        ([region("m", shape("mask", "m.png"))], [], "region m has a mask of another shape"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_places_that_do_not_fit_are_told(regions: list, ignored: list, words: str) -> None:
    item = placed(regions=tuple(regions), ignored=tuple(ignored))
    made = layout_of(item, {"m.png": np.ones((30, 30), np.bool_)})
    with pytest.raises(SpecProblem, match=words) as told:
        made.mask(regions[0].name, WIDE) if regions else made.ignored(WIDE)
    assert told.value.help


def test_masks_are_kept_by_size_and_never_more_than_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    made = layout(regions=(LEFT,))
    first = made.mask("left", WIDE)
    assert made.mask("left", WIDE) is first
    assert not first.flags.writeable
    monkeypatch.setattr(places, "MOST_KEPT", 2 * first.nbytes)
    for width in range(40, 60):
        made.mask("left", (width, 20))
    assert sum(mask.nbytes for mask in made._kept.values()) <= 2 * first.nbytes
    assert (made.mask("left", WIDE) == first).all()


def test_what_is_plain() -> None:
    assert layout().is_plain
    assert layout(area(0.7, 0.1)).is_plain
    for rule in (area(0.7, 2, "px2"), spot(0.7, 3), score_in("left", 0.5)):
        assert not layout(rule, regions=(LEFT,)).is_plain
        assert not layout(rule).is_plain
    assert not layout(picture=picture(scale=0.05)).is_plain
    assert not layout_of(make_object(ignored=(LEFT,))).is_plain


def test_a_layout_knows_names_and_scale() -> None:
    made = layout(picture=picture(scale=0.05, locate=True), regions=(LEFT,))
    assert made.scale == 0.05
    assert made.locates
    assert made.regions == ("left",)
    assert made.defects == ("scratch", "dent")
    assert not layout().locates and layout().scale is None
    assert ORIGIN.line == 3
