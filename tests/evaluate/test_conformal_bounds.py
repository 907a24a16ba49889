"""The conformal bounds against sums in whole numbers, and their edges to the last bit."""

import math
from fractions import Fraction

import numpy as np
import pytest

from promptdsl.judge.conformal import (
    Found,
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
from promptdsl.judge.shares import Undefined, upper_bound

SHARES = (0.02, 0.1, 0.3)
CONFIDENCES = (0.5, 0.9, 0.99)
PROMISES = [Promise(share, confidence) for share in SHARES for confidence in CONFIDENCES]


def chance(pictures: int, wrong: int, share: float) -> Fraction:
    """P(Binomial(pictures, share) <= wrong), exactly."""
    a = Fraction(str(share))
    return sum(
        (math.comb(pictures, k) * a**k * (1 - a) ** (pictures - k) for k in range(wrong + 1)),
        Fraction(0),
    )


def keeps(pictures: int, wrong: int, promise: Promise) -> bool:
    bound = 1 - Fraction(str(promise.confidence))
    return wrong < pictures and chance(pictures, wrong, promise.share) <= bound


@pytest.mark.parametrize("promise", PROMISES)
def test_supported_is_the_binomial_tail(promise: Promise) -> None:
    for pictures in range(41):
        for wrong in range(6):
            assert supported(pictures, wrong, promise) == keeps(pictures, wrong, promise)


@pytest.mark.parametrize("pictures", range(1, 13))
def test_a_promise_that_is_just_kept_counts_as_kept(pictures: int) -> None:
    """Where the tail equals 1 - confidence, rounding decides nothing."""
    for tenths in range(1, 10):
        share = tenths / 10
        confidence = 1 - (1 - share) ** pictures
        if 0 < confidence < 1:
            assert supported(pictures, 0, Promise(share, confidence))
            if confidence < 1 - 1e-5:
                assert not supported(pictures, 0, Promise(share, confidence + 1e-6))
    assert supported(2, 0, Promise(0.5, 0.75)) and not supported(2, 0, Promise(0.5, 0.7501))
    assert not supported(2, 2, Promise(0.5, 0.1)) and not supported(0, 0, Promise(0.5, 0.1))


@pytest.mark.parametrize("promise", PROMISES)
def test_the_fewest_pictures_and_the_most_wrong_ones(promise: Promise) -> None:
    for wrong in range(4):
        needed = next(n for n in range(1, 2000) if keeps(n, wrong, promise))
        assert pictures_needed(promise, wrong) == needed
    for pictures in (1, 5, 22, 60):
        every = [w for w in range(pictures) if keeps(pictures, w, promise)]
        assert most_wrong(pictures, promise) == (max(every) if every else None)
    assert most_wrong(0, promise) is None


def test_strongest_promises() -> None:
    for pictures in (1, 10, 200):
        share = strongest_share(pictures, 0.9)
        assert supported(pictures, 0, Promise(share + 1e-9, 0.9))
        assert not supported(pictures, 0, Promise(share - 1e-6, 0.9))
        confidence = strongest_confidence(pictures, 0.05)
        assert supported(pictures, 0, Promise(0.05, confidence))
        assert not supported(pictures, 0, Promise(0.05, confidence + 1e-6))
    assert strongest_share(1, 0.9) == pytest.approx(0.9)
    assert strongest_share(0, 0.9) == 1 and strongest_confidence(0, 0.05) == 0


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 1.5])
@pytest.mark.parametrize("other", [0.5])
def test_shares_and_confidences_that_promise_nothing(share: float, other: float) -> None:
    for promise in (Promise(share, other), Promise(other, share)):
        with pytest.raises(ValueError, match="between 0 and 1"):
            pictures_needed(promise)
        with pytest.raises(ValueError, match="between 0 and 1"):
            most_wrong(10, promise)


@pytest.mark.parametrize("promise", [Promise(0.1, 0.9), Promise(0.02, 0.95), Promise(0.3, 0.5)])
def test_the_limit_stands_above_the_order_statistic(promise: Promise) -> None:
    values = np.random.default_rng(8).permutation(np.arange(1, 51) / 100)
    most = most_wrong(50, promise)
    at = (50 - (most or 0)) / 100
    found = limit_false_rejects(values, promise)
    assert found.value == pytest.approx(at + 1e-4)
    assert (found.wrong, found.of) == (most or 0, 50)
    assert found.kept == (most is not None)
    weaker = Promise(upper_bound(0, 50, promise.confidence), promise.confidence)
    assert found.promise == (promise if found.kept else weaker)
    escapes = limit_escapes(values, promise)
    assert escapes.value == pytest.approx((1 + (most or 0)) / 100)
    assert (escapes.wrong, escapes.of, escapes.kept) == (most or 0, 50, most is not None)


def test_what_is_caught_anyway_counts_as_wrong_or_as_caught() -> None:
    good = [0.1] * 18 + [math.inf] * 2
    assert limit_false_rejects(good, Promise(0.3, 0.9)) == Found(
        0.1001, Promise(0.3, 0.9), True, 2, 20
    )
    with pytest.raises(Undefined, match="highest value"):
        limit_false_rejects(good, Promise(0.1, 0.9))
    bad = limit_escapes([0.5] * 18 + [math.inf] * 2, Promise(0.3, 0.9))
    assert (bad.value, bad.wrong, bad.of) == (0.5, 0, 20)


def test_the_ends_of_the_scale() -> None:
    almost = math.nextafter(1.0, 0.0)
    assert limit_false_rejects([almost] * 30, Promise(0.1, 0.9)).value == 1.0
    with pytest.raises(Undefined):
        limit_false_rejects([1.0] * 30, Promise(0.1, 0.9))
    tiny = 5e-324
    assert limit_escapes([tiny] * 30, Promise(0.1, 0.9)).value == tiny
    with pytest.raises(Undefined):
        limit_escapes([0.0] * 30, Promise(0.1, 0.9))
    assert limit_escapes([1.0] * 30, Promise(0.1, 0.9)).value == 1.0


@pytest.mark.parametrize(
    ("value", "above", "below"),
    [
        (0.12345, 0.1235, 0.1234),
        (0.12, 0.1201, 0.12),
        (0.5, 0.5001, 0.5),
        (0.9995, 0.999501, 0.9995),
        (0.99995, 0.9999501, 0.99995),
        (0.00995, 0.00996, 0.00995),
        (0.0001234, 0.000124, 0.000123),
        (1.5e-7, 1.51e-7, 1.5e-7),
    ],
)
def test_short_decimals_beside_a_value(value: float, above: float, below: float) -> None:
    assert just_above(value) == pytest.approx(above, rel=1e-9)
    assert just_below(value) == pytest.approx(below, rel=1e-9)
    assert len(repr(round(just_above(value), 12))) <= len(repr(value)) + 3
    assert value < just_above(value) and just_below(value) <= value


def test_beside_nothing_and_everything() -> None:
    assert just_above(0.0) == 0.0001
    assert just_below(1.0) == 1.0
    assert just_above(math.nextafter(1.0, 0.0)) == 1.0
    assert just_below(1e-300) == 1e-300
    assert 0 < just_above(1e-300) <= 1e-9


@pytest.mark.parametrize(
    ("find", "kind"), [(limit_false_rejects, "good"), (limit_escapes, "defective")]
)
def test_no_pictures_are_told_by_kind(find: object, kind: str) -> None:
    with pytest.raises(Undefined) as found:
        find([], Promise(0.1, 0.9))  # type: ignore[operator]
    assert str(found.value) == f"there are no {kind} pictures"


def test_a_picture_that_lies_on_the_threshold_is_rejected() -> None:
    found = limit_false_rejects([0.1, 0.1001], Promise(0.9, 0.5))
    assert (found.value, found.wrong, found.of, found.kept) == (0.1001, 1, 2, True)


def test_short_decimals_keep_a_hundredth_of_the_rest() -> None:
    assert just_above(0.001) == 0.00101
    assert just_above(0.99998) == 0.9999801
    assert just_above(1 - 5e-13) == 1.0
    assert just_below(0.99999) == 0.99999
