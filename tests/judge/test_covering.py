"""A line that holds whenever another does leaves it nothing to decide."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from promptdsl.judge.covering import covers
from promptdsl.judge.measures import measure_name, measures_of
from promptdsl.plan.model import Rule

from .made import area, layout, located, picture, region, score_in, scored, shape, spot

REGIONS = (region("lip", shape("box", 0, 0, "50%", "100%")),)


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (spot(0.6, 2), spot(0.7, 2), True),
        (spot(0.7, 2), spot(0.6, 2), False),
        (spot(0.6, 2), spot(0.6, 2, "mm"), False),
        (spot(0.6, 2, place="lip"), spot(0.6, 2), False),
        (spot(0.6, 2, ""), spot(0.6, 3, ""), True),
        (spot(0.6, 2, ""), spot(0.7, 2, ""), False),  # a spot may fall into several higher up
        (spot(0.6, 2, defect="dent"), spot(0.7, 2, defect="dent"), False),  # it may lose its name
        (spot(0.6, 2, defect="dent"), spot(0.6, 2, defect="tear"), False),
        (area(0.6, 2, "px2"), area(0.7, 3, "px2"), True),
        (area(0.6, 2, "px2"), area(0.7, 3, "mm2"), False),
        (score_in("lip", 0.5), score_in("lip", 0.6), True),
        (score_in(None, 0.5), score_in("lip", 0.6), False),
        (located("reject"), located(), True),
    ],
    ids=str,
)
def test_which_lines_cover_which(earlier: Rule, later: Rule, expected: bool) -> None:
    numbers = [2.0 if getattr(rule, "at", getattr(rule, "share", 2)) == 2 else 3.0
               for rule in (earlier, later)]  # fmt: skip
    assert covers(earlier, later, *numbers) is expected


lines = st.one_of(
    st.builds(
        lambda level, unit, place: spot(level, 1, unit, place),
        st.sampled_from([0.5, 0.7]), st.sampled_from(["px", "mm", "px2", "mm2", "%", ""]),
        st.sampled_from([None, "lip"]),
    ),
    st.builds(
        lambda level, unit, place: area(level, 1, unit, place),
        st.sampled_from([0.5, 0.7]), st.sampled_from(["px2", "mm2", "%"]),
        st.sampled_from([None, "lip"]),
    ),
    st.builds(lambda place: score_in(place, 1), st.sampled_from([None, "lip"])),
)  # fmt: skip
maps = arrays(np.float32, (6, 8), elements=st.sampled_from([0.0, 0.0, 0.5, 0.6, 0.7, 0.9]))


@given(lines, lines, maps, st.floats(0, 5))
def test_a_line_that_covers_another_holds_with_it(
    earlier: Rule, later: Rule, anomaly_map: np.ndarray, number: float
) -> None:
    made = layout(earlier, later, regions=REGIONS, picture=picture(scale=0.5))
    found = measures_of(scored(anomaly_map, 0.4), [earlier, later], made)
    if covers(earlier, later, number, number) and found[measure_name(later)] >= number:
        assert found[measure_name(earlier)] >= number
