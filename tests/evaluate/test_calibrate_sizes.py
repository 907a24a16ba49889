"""`auto` of lines whose numbers go beyond 1: lengths, areas, and how many spots there are."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptdsl.errors import SpecProblem
from promptdsl.evaluate.calibration.solve import Wanted, calibrate, resolve_all
from promptdsl.evaluate.datasets.model import Picture
from promptdsl.evaluate.kept_maps import Place
from promptdsl.evaluate.scored import Scored
from promptdsl.judge.conformal import (
    COUNT,
    LENGTH,
    Promise,
    just_above,
    just_below,
    limit_escapes,
    limit_false_rejects,
)
from promptdsl.judge.measures import measure_name
from promptdsl.judge.shares import Undefined
from promptdsl.judge.verdict import holding_rule, range_of, shown_number
from promptdsl.plan.model import Rule

from ..judge.made import area, located, picture, placed, region, score_in, shape, spot

RANDOM = np.random.default_rng(7)
LENGTHS = np.sort(np.concatenate([np.zeros(100), RANDOM.exponential(6, 300)]))
LIP = (region("lip", shape("box", 0, 0, "50%", "50%")),)


def sample(rule: Rule, good: np.ndarray, bad: np.ndarray | None = None, **more: float) -> list:
    labelled = [("good", v) for v in good] + [("scratch", v) for v in ([] if bad is None else bad)]
    return [
        Scored(
            Picture(Path("x"), label), None, 0.1, {},
            {"score": 0.1, "part not located": 0.0, measure_name(rule): float(value), **more},
            Place(0),
        )
        for label, value in labelled
    ]  # fmt: skip


def wanted(escapes: float | None = None, **more: object) -> Wanted:
    promise = None if escapes is None else Promise(escapes, 0.95)
    return Wanted(Promise(0.02, 0.95), Promise(0.1, 0.95), promise, **more)  # type: ignore[arg-type]


EVERY = [
    spot(0.7, None, "px"), spot(0.7, None, "mm"), spot(0.7, None, "px2"), spot(0.7, None, "mm2"),
    spot(0.7, None, ""), spot(0.7, None, "px", "lip"), spot(0.7, None, "px", defect="dent"),
    area(0.7, None, "px2"), area(0.7, None, "mm2"),
]  # fmt: skip


@pytest.mark.parametrize("rule", EVERY, ids=measure_name)
def test_every_kind_gets_a_number_that_keeps_its_promise(rule: Rule) -> None:
    whole = range_of(rule).whole
    good = np.round(LENGTHS) if whole else LENGTHS
    item = placed(rule, regions=LIP, picture=picture(scale=0.1))
    (one,) = calibrate(item, sample(rule, good), wanted())
    assert one.found.kept
    assert one.found.value > 1
    assert one.found.wrong == np.count_nonzero(good >= one.found.value)
    if whole:
        assert one.found.value == int(one.found.value)
    (resolved,) = resolve_all(item, [one])
    caught = sum(bool(holding_rule(s.measures, [resolved])) for s in sample(rule, good))
    assert caught == one.found.wrong


@pytest.mark.parametrize(
    ("rule", "number"),
    [
        (spot(0.7, None, "px"), 0.0001), (spot(0.7, None, ""), 1.0), (area(0.7, None, "px2"), 1.0),
        (area(0.7, None), 0.0001),
    ],
    ids=lambda value: measure_name(value) if not isinstance(value, float) else "",
)  # fmt: skip
def test_where_good_parts_have_nothing_anything_is_too_much(rule: Rule, number: float) -> None:
    (one,) = calibrate(placed(rule), sample(rule, np.zeros(200)), wanted())
    assert one.found.value == number
    assert [("no good picture has a place of 0.7" in note) for note in one.notes] == (
        [] if rule == area(0.7, None) else [True]
    )


def test_escapes_of_a_length() -> None:
    rule = spot(0.7, None, "mm")
    item = placed(rule, picture=picture(scale=0.1))
    bad = np.linspace(2, 40, 200)
    (one,) = calibrate(item, sample(rule, LENGTHS, bad), wanted(0.05))
    assert one.found == limit_escapes(bad, Promise(0.05, 0.95), LENGTH)
    assert 2 <= one.found.value < 4


def test_what_other_lines_catch_anyway_needs_no_number() -> None:
    with pytest.raises(Undefined, match="needs no number"):
        limit_escapes(np.full(80, np.inf), Promise(0.1, 0.95), LENGTH)
    mixed = np.array([np.inf] * 78 + [3.0, 4.0])
    assert limit_escapes(mixed, Promise(0.1, 0.95), COUNT).value <= 4.0
    assert limit_escapes(np.full(80, np.inf), Promise(0.1, 0.95)).value == 1.0


def test_lines_of_one_measure_keep_apart() -> None:
    reject, review = spot(0.7, None, ""), spot(0.7, None, "", verdict="review")
    few = np.array([0, 1, 2] * 20)
    first, second = calibrate(placed(reject, review), sample(reject, few), wanted())
    assert (first.found.value, second.found.value) == (3.0, 2.0)
    assert "would have got the number of the line above it (3)" in second.notes[0]
    with pytest.raises(SpecProblem, match="leave no number for it below 1,"):
        calibrate(placed(reject, review), sample(reject, np.zeros(60)), wanted())


def test_a_part_that_is_not_located_counts_as_caught() -> None:
    rule = spot(0.7, None, "px")
    item = placed(rule, picture=picture(locate=True))
    lost = sample(rule, np.zeros(0), np.zeros(40), **{"part not located": 1.0})
    seen = sample(rule, LENGTHS, np.linspace(20, 60, 100))
    (one,) = calibrate(item, [*seen, *lost], wanted(0.1))
    assert one.found.value > 20, "lost ones have no spots, and go to review all the same"
    rules = resolve_all(item, [one])
    assert [type(line).__name__ for line in rules] == ["LocatedRule", "SpotRule"]
    written = placed(located("reject"), rule, picture=picture(locate=True))
    assert [one.found.value for one in calibrate(written, [*seen, *lost], wanted(0.1))] == [
        one.found.value
    ]


def test_a_region_has_a_score_of_its_own() -> None:
    rule = score_in("lip", None)
    (one,) = calibrate(placed(rule, regions=LIP), sample(rule, LENGTHS / 100), wanted())
    assert 0 < one.found.value <= 1


@given(st.floats(0, 1e7, exclude_min=True))
def test_numbers_beyond_one_are_short_and_near(value: float) -> None:
    above, below = just_above(value, LENGTH), just_below(value, LENGTH)
    assert below <= value < above
    assert above - below <= max(2e-4, value * 1e-3)
    assert just_above(value, COUNT) == math.floor(value) + 1
    assert just_below(round(value) + 1.0, COUNT) == round(value) + 1


def test_short_decimals() -> None:
    assert just_above(12.3456, LENGTH) == 12.346
    assert just_above(1.41421356, LENGTH) == 1.4143
    assert just_below(0.30005, LENGTH) == 0.3
    assert just_above(4999.0, LENGTH) == 4999.1
    assert just_above(3.0, COUNT) == 4.0
    rule = spot(0.7, None, "px2")
    assert shown_number(rule, 12345.0) == "12345 px2"
    assert shown_number(spot(0.7, None, "mm"), 0.3) == "0.3 mm"
    assert shown_number(spot(0.7, None, ""), 3.0) == "3"
    assert shown_number(spot(0.7, None, "%"), 0.005) == "0.5%"


@pytest.mark.parametrize("within", [LENGTH, COUNT], ids=["length", "count"])
def test_the_promise_is_kept_for_lengths_and_counts(within: object) -> None:
    random, broken = np.random.default_rng(3), 0
    line = random.exponential(6, 100_000)
    line = np.round(line) if within is COUNT else line
    for _ in range(400):
        found = limit_false_rejects(random.choice(line, 80), Promise(0.05, 0.95), within)  # type: ignore[arg-type]
        broken += np.mean(line >= found.value) > 0.05
    assert broken <= 400 * 0.05 + 3 * math.sqrt(400 * 0.05)
