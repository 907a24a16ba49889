"""Labels of thresholds: no label covers another, and no line runs through one."""

import re
from itertools import combinations

from hypothesis import given, settings
from hypothesis import strategies as st

from promptdsl.report import histogram as module
from promptdsl.report.histogram import Threshold, _placed, histogram

AT = st.integers(0, 100).map(lambda n: n / 100)


def thresholds(places: list[float]) -> list[Threshold]:
    return [Threshold(at, "reject", f"reject {at:.2f}") for at in sorted(places)]


@settings(max_examples=60, deadline=None)
@given(st.lists(AT, min_size=1, max_size=3, unique=True))
def test_nothing_crosses(places: list[float]) -> None:
    labels = _placed(thresholds(places))
    for one, other in combinations(labels, 2):
        assert not one.crosses(other)
    for label in labels:
        assert 0 <= label.start < label.stop <= module.WIDTH
        assert not label.start < label.x < label.stop, "nor through its own"


def test_lines_that_stand_close_get_rows() -> None:
    text = str(histogram([], thresholds([0.50, 0.52, 0.9, 0.99])))
    rows = [int(y) for y in re.findall(r'y="(-?\d+)" text-anchor="\w+" class="label', text)]
    assert len(rows) == 4 and max(rows) == module.FIRST_ROW


def test_many_thresholds_are_drawn_in_little_time() -> None:
    text = str(histogram([], thresholds([n / 40 for n in range(40)])))
    assert text.count('class="label') == 40


def test_six_thresholds_of_a_line_of_products_do_not_cross() -> None:
    places = (0.2, 0.2, 0.25, 0.4, 0.5, 0.5)
    labels = _placed([Threshold(at, "reject", f"reject {at} (bottle_cap)") for at in places])
    assert not any(one.crosses(other) for one, other in combinations(labels, 2) if one.x != other.x)
