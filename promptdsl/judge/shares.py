"""Shares of pictures, with exact intervals and bounds.

A share of k out of n has the Clopper-Pearson interval, whose coverage is never below what it says.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta

CONFIDENCE = 0.95
Floats = npt.NDArray[np.float64]


class Undefined(Exception):
    """A figure that these pictures do not define; the message says why."""


@dataclass(frozen=True, slots=True)
class Interval:
    """From low to high, ends included. Each holds the figure that it belongs to."""

    low: float
    high: float

    def around(self, value: float) -> "Interval":
        """The interval, widened where it leaves the figure itself out.

        A percentile bootstrap may: its draws scatter around another value than the sample's where
        the figure is a maximum, or is computed from bins.
        """
        if not math.isfinite(value):
            return self
        return Interval(min(self.low, value), max(self.high, value))

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference with this interval has a sign."""
        return self.low > 0 or self.high < 0


def clopper_pearson(count: int, of: int, confidence: float = CONFIDENCE) -> Interval:
    """Exact two-sided interval of a share; (0, 1) when nothing was counted."""
    _check_share(count, of, confidence)
    tail = (1 - confidence) / 2
    low = 0.0 if count == 0 else float(beta.ppf(tail, count, of - count + 1))
    high = 1.0 if count == of else float(beta.ppf(1 - tail, count + 1, of - count))
    return Interval(low, high).around(count / of if of else low)


def upper_bound(count: int, of: int, confidence: float = CONFIDENCE) -> float:
    """Exact one-sided bound: the share is at most this, at this confidence."""
    _check_share(count, of, confidence)
    if count == of:
        return 1.0
    return max(count / of, float(beta.ppf(confidence, count + 1, of - count)))


def _check_share(count: int, of: int, confidence: float) -> None:
    if not 0 <= count <= of or not 0 < confidence < 1:
        raise ValueError(f"{count} of {of} at {confidence}")
