"""What threshold lines measure: on the picture's own pixels, of what counts, in their units."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from promptdsl.errors import SpecProblem
from promptdsl.judge.measures import areas_in, from_record, measure_name, measures_of, others_in
from promptdsl.judge.verdict import decide, meaning, resolve, verdict_from, verdict_of
from promptdsl.judge.whole import at_size
from promptdsl.plan.model import Rule

from .made import (
    area,
    drawn,
    layout,
    located,
    picture,
    placed,
    region,
    score_in,
    scored,
    shape,
    spot,
)

LEFT = region("left", shape("box", 0, 0, "50%", "100%"))
TOP = region("label", shape("box", 0, 0, "100%", 2))
MAP = drawn((20, 10), (1, 1, 3, 4, 0.8), (12, 6, 6, 1, 0.75), (18, 0, 1, 1, 0.95))


def measured(rule: Rule, **more: object) -> float:
    made = layout(rule, **{"picture": picture(scale=0.5), "regions": (LEFT,), **more})
    return measures_of(scored(MAP), [rule], made)[measure_name(rule)]


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        (score_in("left", 0.5), 0.8),
        (area(0.7, 0.1), 19 / 200),
        (area(0.7, 0.1, place="left"), 12 / 100),
        (area(0.7, 10, "px2"), 19),
        (area(0.7, 10, "mm2"), 19 / 4),
        (area(0.7, 1, "mm2", "left"), 3),
        (spot(0.7, 5), math.sqrt(37)),
        (spot(0.7, 5, place="left"), 5),
        (spot(0.7, 1, "mm"), math.sqrt(37) / 2),
        (spot(0.7, 1, "px2"), 12),
        (spot(0.7, 1, "mm2"), 3),
        (spot(0.7, 0.1, "%"), 12 / 200),
        (spot(0.7, 0.1, "%", "left"), 12 / 100),
        (spot(0.7, 3, ""), 3),
        (spot(0.9, 3, ""), 1),
        (spot(0.7, 3, "", "left"), 1),
        (spot(0.99, 3, ""), 0),
        (spot(0.99, 3), 0),
        (located(), 0),
    ],
    ids=lambda value: meaning(value) if not isinstance(value, float | int) else "",
)
def test_each_line_measures_in_its_unit(rule: Rule, value: float) -> None:
    assert measured(rule) == pytest.approx(value)


def test_what_is_ignored_counts_in_no_measure() -> None:
    ignored = {"ignored": (TOP,)}
    assert measured(area(0.7, 0.1), **ignored) == pytest.approx((19 - 1 - 3) / 160)
    assert measured(spot(0.7, 2), **ignored) == pytest.approx(math.sqrt(37))
    assert measured(spot(0.7, 3, ""), **ignored) == 2
    assert measured(spot(0.7, 2, "px2"), **ignored) == 9
    assert measured(area(0.7, 0.1, place="left"), **ignored) == pytest.approx(9 / 80)


def test_what_was_not_seen_counts_in_no_measure() -> None:
    seen = np.ones(MAP.shape, np.bool_)
    seen[:, :5] = False
    cut = scored(MAP, seen=seen)
    rules = [area(0.7, 0.1), spot(0.7, 3, ""), area(0.7, 0.1, place="left"), score_in("left", 0.5)]
    made = layout(*rules, regions=(LEFT,))
    assert list(measures_of(cut, rules, made).values())[1:] == pytest.approx([7 / 150, 2, 0, 0])
    seen[:, :10] = False
    with pytest.raises(SpecProblem, match="nothing of region left was looked at"):
        measures_of(cut, rules, made)
    assert measures_of(cut, rules[:2], made)["number of spot above 0.70"] == 2


def test_the_map_is_brought_to_the_pictures_own_size() -> None:
    small = scored(drawn((4, 2), (0, 0, 1, 1, 1.0)), size=(400, 200))
    found = measures_of(small, [area(0.5, 1, "px2"), spot(0.5, 1)], layout(spot(0.5, 1)))
    assert found["area above 0.50 (px2)"] == pytest.approx(100 * 100, rel=0.1)
    assert found["extent of spot above 0.50 (px)"] == pytest.approx(math.hypot(100, 100), rel=0.1)
    # A share of the whole map is that of the map itself, as ever.
    assert measures_of(small, [area(0.5, 1)])["area above 0.50"] == 1 / 8


@given(
    arrays(np.float32, st.tuples(st.integers(1, 9), st.integers(1, 9)),
           elements=st.floats(0, 1, width=32)),
    st.tuples(st.integers(1, 40), st.integers(1, 40)),
)  # fmt: skip
def test_bringing_to_a_size_goes_beyond_no_value(small: np.ndarray, size: tuple[int, int]) -> None:
    large = at_size(small, size)
    assert large.shape == size[::-1]
    assert large.min() >= small.min()
    assert large.max() <= small.max()


def test_lines_about_a_named_defect_see_no_other() -> None:
    kinds = np.zeros((2, 10, 20), np.float32)
    kinds[0, :, :10], kinds[1, :, 10:] = 0.9, 0.9  # scratches left, dents right
    named = scored(MAP, kinds=kinds)
    dents = spot(0.7, 3, "", defect="dent")
    scratches = spot(0.7, 3, defect="scratch")
    made = layout(dents, scratches)
    found = measures_of(named, [dents, scratches], made)
    assert found["number of dent above 0.70"] == 2
    assert found["extent of scratch above 0.70 (px)"] == 5
    assert {one.defect for one in decide(named, [dents], made).spots} == {"scratch", "dent"}
    # Without words nothing has a name, so nothing is a dent.
    assert measures_of(scored(MAP), [dents], made)["number of dent above 0.70"] == 0


def test_a_rule_in_mm_needs_a_scale() -> None:
    for rule in (spot(0.7, 1, "mm"), area(0.7, 1, "mm2")):
        with pytest.raises(SpecProblem, match="needs to know how large a pixel is"):
            measures_of(scored(MAP), [rule], layout(rule))


def test_a_part_that_is_not_located_never_passes() -> None:
    lost = scored(MAP, unlocated="no golden part was found")
    there = picture(locate=True)
    item = placed(score_in(None, 0.5), picture=there)
    rules = resolve(item)
    assert rules[0].text == "review when part not located"
    assert decide(lost, rules, layout(picture=there)).verdict == "review"
    assert decide(scored(MAP), rules, layout(picture=there)).verdict == "pass"
    assert decide(lost, rules, layout(picture=there)).measures["part not located"] == 1.0
    # Where the spec says what then happens, it does, at its place.
    said = resolve(placed(score_in(None, 0.5, "review"), located("reject"), picture=there))
    assert [rule.kind for rule in said] == ["score", "located"]
    assert verdict_of(lost, said) == "reject"
    assert resolve(placed(score_in(None, 0.5))) == placed(score_in(None, 0.5)).thresholds


def test_spots_are_told_of_the_highest_level_first() -> None:
    rules = [spot(0.7, 100), spot(0.9, 100), area(0.5, 0.5)]
    decision = decide(scored(MAP), rules, layout(*rules, regions=(LEFT,)))
    assert decision.verdict == "pass"
    told = [(one.above, one.box, one.region) for one in decision.spots]
    assert told[:2] == [(0.9, (18, 0, 1, 1), None), (0.7, (12, 6, 6, 1), None)]
    assert [one.above for one in decision.spots] == [0.9, *[0.7] * 3, *[0.5] * 3]
    assert told[2] == (0.7, (1, 1, 3, 4), "left")


def test_of_a_region_only_its_own_spots_are_told() -> None:
    rule = spot(0.7, 4, place="left")
    decision = decide(scored(MAP), [rule], layout(rule, regions=(LEFT,)))
    assert [(one.box, one.region) for one in decision.spots] == [((1, 1, 3, 4), "left")]
    assert (decision.verdict, decision.rule) == ("reject", rule.text)


def test_the_plainest_spec_looks_for_no_spots() -> None:
    assert decide(scored(MAP), [area(0.7, 0.1)], layout(area(0.7, 0.1))).spots == ()
    assert decide(scored(MAP), [area(0.7, 0.1)]).spots == ()


def test_a_record_holds_every_measure() -> None:
    rules = [area(0.7, 0.5), area(0.7, 50, "px2"), spot(0.7, 50), score_in("left", 0.9), located()]
    found = measures_of(scored(MAP, 0.25), rules, layout(*rules, regions=(LEFT,)))
    assert areas_in(found) == {"0.70": 19 / 200}
    assert set(others_in(found)) == {
        "area above 0.70 (px2)", "extent of spot above 0.70 (px)", "score in left",
        "part not located",
    }  # fmt: skip
    back = from_record(0.25, areas_in(found), others_in(found))
    assert back == found
    assert verdict_from(back, rules) == "pass"
