"""Spots: exact on cases made by hand, and the same as slower ways find on any map."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

from promptdsl.judge.spots import Words, find_spots, spots_of
from promptdsl.results import Spot

from .made import drawn


def only(anomaly_map: np.ndarray, above: float = 0.5) -> Spot:
    (found,) = find_spots(anomaly_map, above)
    return found


@pytest.mark.parametrize(
    ("lines", "extent", "area"),
    [
        (["#"], math.sqrt(2), 1),
        (["#####"], math.sqrt(26), 5),
        (["#", "#", "#"], math.sqrt(10), 3),
        (["###", "###", "###"], math.sqrt(18), 9),
        (["####", "####"], math.sqrt(20), 8),
        (["#...", ".#..", "..#.", "...#"], math.sqrt(32), 4),
        (["...#", "..#.", ".#..", "#..."], math.sqrt(32), 4),
        ([".###.", "#...#", "#...#", "#...#", ".###."], math.sqrt(34), 12),
        (["#.#", "###"], math.sqrt(13), 5),
        (["####", "#...", "#..."], math.sqrt(25), 6),
    ],
    ids=lambda value: "/".join(value) if isinstance(value, list) else "",
)
def test_extent_and_area_are_exact(lines: list[str], extent: float, area: int) -> None:
    small = np.array([[float(sign == "#") for sign in line] for line in lines], np.float32)
    for turned in (small, small.T, np.pad(small, 3)):
        found = only(turned)
        assert (found.extent, found.area) == (pytest.approx(extent, abs=1e-12), area)
        assert found.box[2:] in {turned.shape[::-1], small.shape[::-1]}


def test_corners_touch_and_a_gap_parts() -> None:
    assert len(find_spots(drawn((4, 4), (0, 0, 2, 2, 1), (2, 2, 2, 2, 1)), 0.5)) == 1
    assert len(find_spots(drawn((5, 5), (0, 0, 2, 2, 1), (3, 3, 2, 2, 1)), 0.5)) == 2


def test_box_peak_and_level() -> None:
    made = drawn((10, 8), (2, 3, 4, 2, 0.7), (3, 3, 1, 1, 0.9), (8, 7, 2, 1, 0.69))
    found = only(made, 0.7)
    assert found.box == (2, 3, 4, 2)
    assert found.peak == pytest.approx(0.9)
    longest, next_one = find_spots(made, 0.5, scale=0.5)
    assert longest.box == (2, 3, 4, 2), "the longest comes first"
    assert next_one.box == (8, 7, 2, 1)
    assert (longest.area_mm2, longest.extent_mm) == (2.0, pytest.approx(math.sqrt(20) / 2))
    assert found.area_mm2 is None


def test_nothing_is_no_spot() -> None:
    assert find_spots(np.zeros((3, 3), np.float32), 0.5) == []
    assert len(spots_of(np.zeros((3, 3), np.float32), 0.5)) == 0
    assert only(np.ones((3, 4), np.float32)).extent == 5.0


def test_only_what_counts() -> None:
    made, inside = drawn((6, 1), (0, 0, 6, 1, 1)), np.array([[1, 1, 0, 1, 1, 1]], np.bool_)
    assert [one.box for one in find_spots(made, 0.5, inside)] == [(3, 0, 3, 1), (0, 0, 2, 1)]


def test_names_are_the_likeliest_where_the_spot_lies() -> None:
    made = drawn((8, 4), (0, 0, 3, 2, 1), (6, 2, 2, 2, 1))
    kinds = np.zeros((2, 2, 4), np.float32)  # cells of 2 x 2 pixels
    kinds[0, 0, 0], kinds[1, 0, 1], kinds[1, 1, 3] = 0.8, 0.9, 0.6
    left, right = find_spots(made, 0.5, kinds=kinds, names=("tear", "dirt"))
    assert (left.box, left.defect) == ((0, 0, 3, 2), "tear"), "most of it lies in the first cell"
    assert (right.box, right.defect) == ((6, 2, 2, 2), "dirt")
    assert find_spots(made, 0.5, names=("tear", "dirt"))[0].defect is None


def test_the_first_region_that_holds_most() -> None:
    made = drawn((10, 2), (0, 0, 4, 1, 1), (6, 1, 4, 1, 1))
    half = np.zeros((2, 10), np.bool_)
    half[:, :8] = True
    all_but_one = np.zeros((2, 10), np.bool_)
    all_but_one[:, 1:] = True
    words = Words(regions={"half": half, "all": all_but_one})
    assert spots_of(made, 0.5, None, words).regions == ("half", "all")


maps = arrays(
    np.float32, st.tuples(st.integers(1, 14), st.integers(1, 14)),
    elements=st.sampled_from([0.0, 0.0, 0.6, 0.9]),
)  # fmt: skip


@given(maps)
def test_every_spot_is_what_slower_ways_find(anomaly_map: np.ndarray) -> None:
    found = spots_of(anomaly_map, 0.5)
    labels, count = ndimage.label(anomaly_map >= 0.5, np.ones((3, 3)))
    assert len(found) == count
    # In the order of their first pixels, as labels are.
    for place, where in enumerate(ndimage.find_objects(labels)):
        mine = labels == place + 1
        rows, columns = np.nonzero(mine)
        steps = ((0, 0), (0, 1), (1, 0), (1, 1))
        corners = np.concatenate([np.stack([rows + dr, columns + dc], axis=1) for dr, dc in steps])
        hull = corners[ConvexHull(corners).vertices]
        assert found.extents_N[place] == pytest.approx(pdist(hull).max(), abs=1e-9)
        assert found.areas_N[place] == mine.sum()
        assert found.peaks_N[place] == anomaly_map[mine].max()
        x, y, width, height = found.boxes_N4[place]
        assert (where[0].start, where[1].start) == (y, x)
        assert (where[0].stop, where[1].stop) == (y + height, x + width)


@given(maps, arrays(np.float32, (2, 3, 4), elements=st.sampled_from([0.0, 0.25, 0.5, 1.0])))
def test_names_are_means_over_pixels(anomaly_map: np.ndarray, kinds: np.ndarray) -> None:
    found = spots_of(anomaly_map, 0.5, None, Words(kinds, ("a", "b")))
    labels, count = ndimage.label(anomaly_map >= 0.5, np.ones((3, 3)))
    rows, columns = np.indices(anomaly_map.shape)
    down, across = anomaly_map.shape
    large = kinds[:, rows * 3 // down, columns * 4 // across]
    for place in range(count):
        first, second = large[:, labels == place + 1].astype(np.float64).mean(axis=1)
        if abs(first - second) > 1e-9:
            assert found.defects[place] == ("a" if first > second else "b")
