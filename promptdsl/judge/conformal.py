"""Thresholds that keep a promise: split-conformal, from the order statistics of held-out pictures.

Let n good pictures, drawn like those of the line, have values X_1 <= ... <= X_n. Rejecting what
lies strictly above X_j throws away at most a share a of all good parts with confidence c when

    P(Binomial(n, 1 - a) >= j) <= 1 - c,      which for j = n reads  (1 - a)^n <= 1 - c,

whatever the distribution of the values; ties only make it safer. The smallest such j gives the
lowest threshold and so the fewest escapes. Escapes are the mirror image: catching from the i-th
smallest value of defective pictures on lets at most a share e escape when
P(Binomial(m, e) <= i - 1) <= 1 - c.

A sample can be too small for a promise: then no j will do, and what it can promise instead is told.
"""

import functools
import math
from bisect import bisect_left
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import binom

from promptdsl.judge.shares import Floats, Undefined, upper_bound

DIGITS = 4  # of a threshold, unless values crowd closer together


@dataclass(frozen=True, slots=True)
class Range:
    """What a measure may be: from 0 to `highest`; `whole` where it counts."""

    highest: float = 1.0
    whole: bool = False


SHARE = Range()  # a score, or a share
LENGTH = Range(math.inf)  # and an area in mm2
COUNT = Range(math.inf, whole=True)  # of spots, or of pixels


@dataclass(frozen=True, slots=True)
class Promise:
    """At most `share` of the parts go wrong, at this confidence."""

    share: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Found:
    """A threshold: what is at or above it is caught."""

    value: float
    promise: Promise  # what the sample supports; the one asked for, or a weaker one
    kept: bool  # whether the promise asked for is supported
    wrong: int  # pictures of the sample that go wrong at this threshold
    of: int


def pictures_needed(promise: Promise, wrong: int = 0) -> int:
    """The smallest sample that supports the promise when so many of its pictures go wrong."""
    _check(promise)
    enough = wrong + 1
    while not supported(enough, wrong, promise):
        enough *= 2
    return bisect_left(range(enough), True, key=lambda n: supported(n, wrong, promise))


def supported(pictures: int, wrong: int, promise: Promise) -> bool:
    """Whether so many wrong ones out of so many pictures support the promise."""
    return bool(binom.cdf(wrong, pictures, promise.share) <= 1 - promise.confidence + 1e-12)


@functools.lru_cache(maxsize=1024)
def most_wrong(pictures: int, promise: Promise) -> int | None:
    """How many pictures of a sample may go wrong; None when even none is too many."""
    _check(promise)
    too_many = bisect_left(
        range(pictures), True, key=lambda wrong: not supported(pictures, wrong, promise)
    )
    return too_many - 1 if too_many else None


def strongest_share(pictures: int, confidence: float) -> float:
    """The smallest share that a sample can promise, if none of it goes wrong."""
    return 1.0 if pictures < 1 else float(1 - (1 - confidence) ** (1 / pictures))


def strongest_confidence(pictures: int, share: float) -> float:
    """The confidence at which a sample can promise a share, if none of it goes wrong."""
    return float(1 - (1 - share) ** pictures)


def limit_false_rejects(good: npt.ArrayLike, promise: Promise, within: Range = SHARE) -> Found:
    """The lowest threshold that keeps the promise for good parts; infinite values always go wrong.

    Falls back to the strongest promise that the sample supports (`kept` is then false). Raises
    Undefined without pictures, and when no threshold within the range can do it.
    """
    values = _sorted(good, "good")
    wrong = most_wrong(len(values), promise)
    at = float(values[len(values) - 1 - (wrong or 0)])
    if at >= within.highest:
        raise Undefined(
            "good pictures reach the highest value there is, so no threshold can spare them"
        )
    value = just_above(at, within)
    rejected = int(np.count_nonzero(values >= value))
    return _found(value, promise, wrong is not None, rejected, len(values))


def limit_escapes(defective: npt.ArrayLike, promise: Promise, within: Range = SHARE) -> Found:
    """The highest threshold that keeps the promise for defects, hence the fewest false rejects.

    Infinite values are caught anyway. Raises Undefined without pictures, and when defects have the
    lowest value there is.
    """
    values = _sorted(defective, "defective")
    wrong = most_wrong(len(values), promise)
    at = float(values[wrong or 0])
    if at <= 0:
        raise Undefined("defective pictures have the lowest value there is: it catches nothing")
    value = just_below(min(at, _highest(values, within)), within)
    escaped = int(np.count_nonzero(values < value))
    return _found(value, promise, wrong is not None, escaped, len(values))


def _highest(values: Floats, within: Range) -> float:
    """What no value goes beyond: the end of the range, or the highest that was measured."""
    if math.isfinite(within.highest):
        return within.highest
    measured = values[np.isfinite(values) & (values > 0)]
    if not len(measured):
        raise Undefined("the other lines catch every defective picture, so it needs no number")
    return float(measured[-1])


def _found(value: float, asked: Promise, kept: bool, wrong: int, of: int) -> Found:
    given = asked if kept else Promise(upper_bound(wrong, of, asked.confidence), asked.confidence)
    return Found(value, given, kept, wrong, of)


def _sorted(values: npt.ArrayLike, kind: str) -> Floats:
    array = np.sort(np.asarray(values, np.float64).ravel())
    if not len(array):
        raise Undefined(f"there are no {kind} pictures")
    if np.isnan(array).any():
        raise Undefined("a score is not a number")
    return array


def _check(promise: Promise) -> None:
    if not (0 < promise.share < 1 and 0 < promise.confidence < 1):
        raise ValueError("share and confidence lie between 0 and 1")


def just_above(value: float, within: Range = SHARE) -> float:
    """The next short decimal strictly above a value below the end of its range."""
    if within.whole:
        return float(math.floor(value) + 1)
    for digits in range(_digits(value, within), 18):
        rounded = (math.floor(value * 10.0**digits) + 1) / 10.0**digits
        if value < rounded <= within.highest:
            return rounded
    return math.nextafter(value, math.inf)


def just_below(value: float, within: Range = SHARE) -> float:
    """The next short decimal at or below a value above 0."""
    if within.whole:
        return float(math.floor(value)) or value
    for digits in range(_digits(value, within), 18):
        rounded = math.floor(value * 10.0**digits) / 10.0**digits
        if 0 < rounded <= value:
            return rounded
    return value


def _digits(value: float, within: Range) -> int:
    """Enough that rounding moves a value near an end of its range by no more than a hundredth of
    the rest; of larger ones as many as leave that many digits in all."""
    if value >= 1 and within.highest > 1:
        return max(0, DIGITS - math.floor(math.log10(value)))
    rest = min(value, within.highest - value)
    return DIGITS if rest <= 0 else max(DIGITS, min(12, math.ceil(2 - math.log10(rest))))
