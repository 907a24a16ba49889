"""How sure a figure is: exact intervals of shares, bootstrap intervals of everything else.

A share of k out of n has the Clopper-Pearson interval, whose coverage is never below what it says.
AUROC and its kind have a percentile bootstrap: pictures are drawn again with replacement, within
each label (so that every draw has as many good ones, scratches, ... as the sample), `RESAMPLES`
times from a fixed seed. A draw is a row of counts, how often each picture came (`draws.py`).

Shapes: R draws, N pictures, U different scores.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
import numpy.typing as npt

from promptdsl.evaluate.statistics.draws import AT_ONCE, Draws, weighted_sums
from promptdsl.evaluate.statistics.metrics import Ints, checked
from promptdsl.judge.shares import CONFIDENCE, Floats, Interval, Undefined


def percentile_interval(
    values_R: npt.ArrayLike, confidence: float = CONFIDENCE, *, value: float | None = None
) -> Interval:
    """The middle of the draws, around the figure itself where that is given.

    Draws that gave no number are left out; Undefined without any.
    """
    values = np.asarray(values_R, np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        raise Undefined("no draw of the bootstrap gave a number")
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    found = Interval(float(low), float(high))
    return found if value is None else found.around(value)


Weights = Floats | Draws  # (R, N)
WeightedMetric = Callable[[Floats, Ints, Weights], Floats]  # scores, labels, (R, N) -> (R,)


def weighted_mean(values: Floats, labels: Ints, weights_RN: Weights) -> Floats:
    """(R,) mean of the values over the drawn pictures, whatever their label."""
    del labels
    return weighted_sums(weights_RN, values) / weighted_sums(weights_RN, np.ones(len(values)))


def bootstrap(
    metric: WeightedMetric,
    scores: npt.ArrayLike,
    labels: npt.ArrayLike,
    weights_RN: Weights,
    confidence: float = CONFIDENCE,
    *,
    value: float | None = None,
) -> Interval:
    """Interval of a figure over draws; it holds `value`, the figure."""
    s, y = checked(scores, labels)
    value = _of_all(metric, s, y) if value is None else value
    return percentile_interval(metric(s, y, weights_RN), confidence, value=value)


def _of_all(metric: WeightedMetric, scores: Floats, labels: Ints) -> float:
    """The figure of the sample itself: every picture once."""
    return float(metric(scores, labels, np.ones((1, len(scores))))[0])


_Counted = Callable[[Floats, Floats], Floats]  # (R, U) defective and good at each score


def _in_blocks(measure: _Counted, scores: Floats, labels: Ints, weights_RN: Weights) -> Floats:
    """Sum the weights at each different score, ascending, and measure; bounded in memory."""
    order = np.argsort(scores, kind="stable")
    starts = np.flatnonzero(np.diff(scores[order], prepend=-np.inf))
    defective = labels[order].astype(np.float64)
    rows = max(1, AT_ONCE // len(scores))
    parts = []
    for start in range(0, len(weights_RN), rows):
        block = weights_RN[start : start + rows][:, order]
        bad_RU = np.add.reduceat(block * defective, starts, axis=1)
        good_RU = np.add.reduceat(block * (1 - defective), starts, axis=1)
        parts.append(measure(bad_RU, good_RU))
    return np.concatenate(parts)


def counted_auroc(bad_RU: Floats, good_RU: Floats) -> Floats:
    """(R,) AUROC of what was counted at each score, ascending."""
    below_RU = np.cumsum(good_RU, axis=1) - good_RU / 2
    total = bad_RU.sum(axis=1) * good_RU.sum(axis=1)
    return _divided((bad_RU * below_RU).sum(axis=1), total)


def counted_average_precision(bad_RU: Floats, good_RU: Floats) -> Floats:
    """(R,) average precision of what was counted at each score, ascending."""
    caught_RU = _from_above(bad_RU)
    precision = _divided(caught_RU, caught_RU + _from_above(good_RU), empty=0.0)
    return _divided((precision * bad_RU).sum(axis=1), caught_RU[:, 0])


def counted_f1_max(bad_RU: Floats, good_RU: Floats) -> Floats:
    """(R,) F1-max of what was counted at each score, ascending."""
    caught_RU = _from_above(bad_RU)
    total = caught_RU + _from_above(good_RU) + caught_RU[:, :1]
    best: Floats = _divided(2 * caught_RU, total, empty=0.0).max(axis=1)
    return best


def _from_above(counts_RU: Floats) -> Floats:
    return np.cumsum(counts_RU[:, ::-1], axis=1)[:, ::-1]


def _divided(over: Floats, under: Floats, empty: float = np.nan) -> Floats:
    return np.divide(over, under, out=np.full_like(over, empty), where=under > 0)


# (R,) the figure of each draw
weighted_auroc: WeightedMetric = partial(_in_blocks, counted_auroc)
weighted_average_precision: WeightedMetric = partial(_in_blocks, counted_average_precision)
weighted_f1_max: WeightedMetric = partial(_in_blocks, counted_f1_max)
