"""Promises of calibrated thresholds, kept in simulation; and honesty about small samples."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptdsl.judge.conformal import (
    Promise,
    just_above,
    just_below,
    limit_escapes,
    limit_false_rejects,
    most_wrong,
    pictures_needed,
    strongest_confidence,
    strongest_share,
    supported,
)
from promptdsl.judge.shares import Undefined

Draw = Callable[[np.random.Generator, int], np.ndarray]


def smooth(random: np.random.Generator, count: int) -> np.ndarray:
    return random.beta(2, 5, count)


def tied(random: np.random.Generator, count: int) -> np.ndarray:
    return random.beta(2, 5, count).round(1)


def few_values(random: np.random.Generator, count: int) -> np.ndarray:
    return random.choice([0.2, 0.5, 0.8], count, p=[0.7, 0.25, 0.05])


@pytest.mark.parametrize("draw", [smooth, tied, few_values])
@pytest.mark.parametrize(("size", "share"), [(20, 0.15), (50, 0.08), (200, 0.03)])
@pytest.mark.parametrize("confidence", [0.95, 0.8])
def test_the_false_reject_promise_is_kept(
    draw: Draw, size: int, share: float, confidence: float
) -> None:
    random = np.random.default_rng(size)
    line = np.sort(draw(random, 200_000))
    promise = Promise(share, confidence)
    broken = 0
    for _ in range(1000):
        found = limit_false_rejects(draw(random, size), promise)
        assert found.kept
        rejected = 1 - np.searchsorted(line, found.value, "left") / len(line)
        broken += rejected > share + 1e-3
    # A fair coin of 1 - confidence, 1,000 times: four standard deviations of room.
    room = 4 * np.sqrt((1 - confidence) * confidence / 1000)
    assert broken / 1000 <= 1 - confidence + room


@pytest.mark.parametrize("draw", [smooth, tied])
def test_a_weaker_promise_is_kept_too(draw: Draw) -> None:
    random = np.random.default_rng(9)
    line, broken = np.sort(draw(random, 200_000)), 0
    for _ in range(1000):
        found = limit_false_rejects(draw(random, 20), Promise(0.01, 0.9))
        assert not found.kept
        rejected = 1 - np.searchsorted(line, found.value, "left") / len(line)
        broken += rejected > found.promise.share + 1e-3
    assert broken / 1000 <= 0.1 + 4 * np.sqrt(0.09 / 1000)


def test_the_bound_is_tight_for_smooth_scores() -> None:
    """Not merely safe: about as many promises break as may, where the sample size allows it."""
    random = np.random.default_rng(2)
    size = pictures_needed(Promise(0.05, 0.95))
    broken = sum(
        (1 - random.random(size).max()) > 0.05 for _ in range(4000)
    )  # the threshold lies just above the largest
    assert 0.035 <= broken / 4000 <= 0.06


@pytest.mark.parametrize("draw", [smooth, tied])
def test_the_escape_promise_is_kept(draw: Draw) -> None:
    random = np.random.default_rng(4)
    line, broken = np.sort(draw(random, 200_000)), 0
    for _ in range(1000):
        found = limit_escapes(draw(random, 80) + 1e-9, Promise(0.05, 0.95))
        assert found.kept
        broken += np.searchsorted(line, found.value - 1e-9, "left") / len(line) > 0.05 + 1e-3
    assert broken / 1000 <= 0.05 + 4 * np.sqrt(0.0475 / 1000)


@pytest.mark.parametrize(
    ("share", "wrong", "needed"), [(0.01, 0, 299), (0.02, 0, 149), (0.05, 0, 59), (0.05, 1, 93)]
)
def test_pictures_needed_as_in_the_tables(share: float, wrong: int, needed: int) -> None:
    promise = Promise(share, 0.95)
    assert pictures_needed(promise, wrong) == needed
    assert supported(needed, wrong, promise)
    assert not supported(needed - 1, wrong, promise)


def test_what_a_small_sample_can_promise() -> None:
    assert strongest_share(59, 0.95) == pytest.approx(0.05, abs=1e-3)
    assert strongest_confidence(40, 0.01) == pytest.approx(1 - 0.99**40)
    assert strongest_share(0, 0.95) == 1
    assert most_wrong(20, Promise(0.01, 0.95)) is None
    assert most_wrong(299, Promise(0.01, 0.95)) == 0
    assert most_wrong(473, Promise(0.01, 0.95)) == 1


def test_the_threshold_is_short_and_rejects_as_many_as_it_says() -> None:
    good = np.linspace(0.1, 0.5, 200)
    found = limit_false_rejects(good, Promise(0.05, 0.95))
    assert found.value == round(found.value, 4)
    assert found.wrong == int((good >= found.value).sum()) > 0


def test_escapes_get_the_highest_threshold() -> None:
    bad = np.linspace(0.4, 0.9, 100)
    found = limit_escapes(bad, Promise(0.05, 0.95))
    assert found.wrong == int((bad < found.value).sum()) == most_wrong(100, Promise(0.05, 0.95))
    caught_anyway = limit_escapes(np.full(100, np.inf), Promise(0.05, 0.95))
    assert caught_anyway.value == 1 and caught_anyway.wrong == 0


def test_empty_and_extreme_samples_say_why() -> None:
    with pytest.raises(Undefined, match="no good"):
        limit_false_rejects([], Promise(0.1, 0.9))
    with pytest.raises(Undefined, match="highest value"):
        limit_false_rejects([1.0] * 40, Promise(0.1, 0.9))
    with pytest.raises(Undefined, match="lowest value"):
        limit_escapes([0.0] * 40, Promise(0.1, 0.9))
    with pytest.raises(Undefined, match="not a number"):
        limit_false_rejects([0.1, float("nan")], Promise(0.1, 0.9))


@given(st.floats(0, 1, exclude_max=True))
def test_just_above_is_above_and_near(value: float) -> None:
    above = just_above(value)
    assert value < above
    assert above - value <= 1e-4 + 1e-12


@given(st.floats(0, 1, exclude_min=True))
def test_just_below_is_not_above_and_near(value: float) -> None:
    below = just_below(value)
    assert 0 < below <= value
    assert value - below <= 1e-4 + 1e-12
