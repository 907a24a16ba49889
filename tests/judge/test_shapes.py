"""Shapes on pixels: by centres, exact, and refused where they are not on the picture."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptdsl.judge.shapes import Misplaced, fill, fit_nearest
from promptdsl.plan.model import Length, Shape

from .made import shape


def rows(*lines: str) -> np.ndarray:
    return np.array([[sign == "#" for sign in line] for line in lines])


def test_a_box_holds_the_pixels_whose_centres_lie_in_it() -> None:
    assert (fill(shape("box", 1, 1, 2, 1), (4, 3), {}) == rows("....", ".##.", "....")).all()
    assert (fill(shape("box", 0.5, 0, 1, 1), (3, 1), {}) == rows("#..")).all()
    assert (fill(shape("box", 0.6, 0, 1, 1), (3, 1), {}) == rows(".#.")).all()
    assert (fill(shape("box", "50%", "0%", "50%", "50%"), (4, 2), {}) == rows("..##", "....")).all()


def test_a_circle_and_a_ring() -> None:
    five = (5, 5)
    circle = fill(shape("circle", 2.5, 2.5, 1), five, {})
    assert (circle == rows(".....", "..#..", ".###.", "..#..", ".....")).all()
    ring = fill(shape("ring", "50%", "50%", 1, 2), five, {})
    assert (ring == rows("..#..", ".###.", "##.##", ".###.", "..#..")).all()
    # Radii in percent are of the shorter side.
    wide = fill(shape("circle", "50%", "50%", "50%"), (8, 2), {})
    assert (wide == rows("...##...", "...##...")).all()


def test_a_polygon_of_four_corners_is_the_box() -> None:
    corners = shape("polygon", 1, 1, 5, 1, 5, 4, 1, 4)
    assert (fill(corners, (7, 6), {}) == fill(shape("box", 1, 1, 4, 3), (7, 6), {})).all()
    back = shape("polygon", 1, 4, 5, 4, 5, 1, 1, 1)
    assert (fill(back, (7, 6), {}) == fill(corners, (7, 6), {})).all()


def test_a_polygon_that_crosses_itself_is_empty_where_it_is_crossed_twice() -> None:
    bow_tie = fill(shape("polygon", 0, 0, 6, 2.9, 6, 0, 0, 2.9), (6, 3), {})
    assert (bow_tie == rows("#....#", "######", "#....#")).all()
    twice = fill(shape("polygon", 0, 0, 4, 0, 4, 4, 0, 4, 0, 0, 4, 0, 4, 4, 0, 4), (4, 4), {})
    assert not twice.any()


corner = st.tuples(st.integers(0, 12), st.integers(0, 9))


@given(st.lists(corner, min_size=3, max_size=8))
def test_a_polygon_agrees_with_a_count_of_crossings(corners: list[tuple[int, int]]) -> None:
    found = fill(shape("polygon", *(n for point in corners for n in point)), (12, 9), {})
    for row in range(9):
        for column in range(12):
            x, y, odd = column + 0.5, row + 0.5, False
            for (x0, y0), (x1, y1) in zip(corners, corners[1:] + corners[:1], strict=True):
                if (y0 > y) != (y1 > y) and x0 + (y - y0) * (x1 - x0) / (y1 - y0) <= x:
                    odd = not odd
            assert found[row, column] == odd


@given(st.integers(1, 11), st.integers(1, 8), st.floats(0, 1))
def test_shapes_that_touch_share_no_pixel_and_leave_none(x: int, y: int, part: float) -> None:
    edge = x + part if x + part <= 11 else float(x)
    left = fill(shape("box", 0, 0, edge, 9), (12, 9), {})
    right = fill(shape("polygon", edge, 0, 12, 0, 12, 9, edge, 9), (12, 9), {})
    assert (left ^ right).all()


def test_a_mask_is_brought_to_the_picture_by_its_nearest_pixels() -> None:
    mask = rows("#.", ".#")
    large = fill(shape("mask", "m.png"), (4, 4), {"m.png": mask})
    assert (large == rows("##..", "##..", "..##", "..##")).all()
    assert (fit_nearest(large, (2, 2)) == mask).all()
    same = fill(shape("mask", "m.png"), (2, 2), {"m.png": mask})
    same[:] = False
    assert mask.any(), "the mask itself stays"


def test_a_mask_of_another_shape_is_refused() -> None:
    mask = np.ones((100, 100), np.bool_)
    fill(shape("mask", "m.png"), (1000, 1005), {"m.png": mask})
    with pytest.raises(
        Misplaced, match=r"m\.png has 100 x 100 pixels, and the picture 1000 x 1020"
    ):
        fill(shape("mask", "m.png"), (1000, 1020), {"m.png": mask})


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (shape("box", 90, 0, 20, 10), "its box goes to 110 px, over the right edge"),
        (shape("box", "0%", "60%", "10%", "50%"), "its box goes to 55 px, over the lower edge"),
        (shape("circle", 0, 25, 10), "its circle goes to -10 px, over the left edge"),
        (shape("ring", "50%", "0%", "1%", "10%"), "its ring goes to -5 px, over the upper edge"),
        (shape("polygon", 0, 0, 10, 0, 101, 10), "its polygon goes to 101 px"),
        (shape("box", 1e308, 1e308, 1e308, 1e308), "reaches outside"),
    ],
    ids=str,
)
def test_what_reaches_out_of_the_picture_is_refused(one: Shape, words: str) -> None:
    size = (100, 50)
    with pytest.raises(Misplaced, match=words):
        fill(one, size, {})


def test_half_a_pixel_of_rounding_is_no_reason_to_refuse() -> None:
    fill(shape("circle", "50%", "50%", "50.9%"), (100, 50), {})
    fill(shape("box", "33.4%", "0%", "66.7%", "100%"), (100, 50), {})


def test_what_is_taken_away_may_reach_out_but_not_miss_the_picture() -> None:
    corner = fill(shape("circle", 0, 0, 3), (10, 10), {}, may_reach_out=True)
    assert corner[0, 0] and corner.sum() == 8
    for missing in (shape("box", 10, 0, 5, 5), shape("circle", -20, 5, 3)):
        with pytest.raises(Misplaced, match="reaches outside"):
            fill(missing, (10, 10), {}, may_reach_out=True)


numbers = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True), st.floats(-20, 120), st.integers(-5, 105)
)
lengths = st.builds(Length, numbers.map(float), st.sampled_from(["px", "%"]))
kinds = st.sampled_from(["box", "circle", "ring", "polygon"])


@settings(max_examples=500)
@given(
    kinds,
    st.lists(lengths, min_size=0, max_size=9),
    st.tuples(st.integers(1, 40), st.integers(1, 30)),
    st.booleans(),
)
def test_any_numbers_give_pixels_or_a_sentence(
    kind: str, some: list[Length], size: tuple[int, int], reach: bool
) -> None:
    one = Shape(kind=kind, lengths=tuple(some))  # type: ignore[arg-type]
    try:
        found = fill(one, size, {}, may_reach_out=reach)
    except Misplaced as told:
        wrong = told
    else:
        assert found.shape == size[::-1]
        assert found.dtype == np.bool_
        assert all(math.isfinite(length.value) for length in some)
        return
    assert wrong.why
    assert wrong.help
