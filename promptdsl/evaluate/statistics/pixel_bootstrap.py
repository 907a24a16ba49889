"""Bootstrap intervals of the pixel figures: pictures are drawn, never single pixels.

Pixels of one picture belong together, so a draw takes whole pictures. Each picture is counted once
into `BINS` bins of like many pixels; a draw is then a weighted sum of those rows. The bins round
the ends of the intervals by less than a thousandth; the figures stay exact (`metrics.py`).

Shapes: R draws, N pictures, K bins.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from promptdsl.evaluate.statistics.aupro import LIMIT, research_thresholds, stretched_area
from promptdsl.evaluate.statistics.draws import weighted_sums
from promptdsl.evaluate.statistics.intervals import (
    Weights,
    counted_auroc,
    counted_average_precision,
    counted_f1_max,
    percentile_interval,
)
from promptdsl.evaluate.statistics.metrics import PixelCounts, PixelMap
from promptdsl.judge.shares import Floats, Interval, Undefined

BINS = 1024


@dataclass(frozen=True, slots=True)
class PixelBins:
    """Pixels of each picture by bin, bins ascending."""

    good_NK: Floats
    defective_NK: Floats
    overlap_NK: Floats  # 1 / size of the region, summed
    regions_N: Floats


def even_edges(counts: PixelCounts, maps: Iterable[PixelMap]) -> Floats:
    """Inner edges of the bins: half follow the defective pixels, half the others."""
    half = BINS // 2
    share = np.cumsum(counts.defective_U) / counts.defective_U.sum()
    at = np.searchsorted(share, np.arange(1, half) / half)
    sample = np.concatenate([_thinned(item) for item in maps])
    good = np.quantile(sample, np.arange(1, half) / half) if len(sample) else np.empty(0)
    edges: Floats = np.concatenate([counts.values_U[at], good])
    return np.unique(edges)


def _thinned(item: PixelMap) -> Floats:
    good = item.scores[item.regions == 0]
    thinned: Floats = np.asarray(good[:: max(1, good.size // 2000)], np.float64)
    return thinned


def bin_pixels(maps: Iterable[PixelMap], edges: Floats, *, above: bool = False) -> PixelBins:
    """Count each picture; with `above` a pixel at an edge belongs to the bin below it."""
    side = "left" if above else "right"
    good, defective, overlap, regions = [], [], [], []
    for item in maps:
        place = np.searchsorted(edges, item.scores.astype(np.float64), side)  # type: ignore[call-overload]
        sizes = np.bincount(item.regions.ravel())
        inside = item.regions > 0
        size = len(edges) + 1
        good.append(np.bincount(place[~inside], minlength=size))
        defective.append(np.bincount(place[inside], minlength=size))
        each = 1 / sizes[item.regions[inside]]
        overlap.append(np.bincount(place[inside], each, minlength=size))
        regions.append(np.count_nonzero(sizes[1:]))
    return PixelBins(*(np.array(part, np.float64) for part in (good, defective, overlap, regions)))


def pixel_intervals(
    bins: PixelBins, weights_RN: Weights, confidence: float
) -> tuple[Interval, Interval, Interval, Interval]:
    """Of pixel AUROC, average precision and F1-max, and of exact AU-PRO."""
    good_RK = weighted_sums(weights_RN, bins.good_NK)
    bad_RK = weighted_sums(weights_RN, bins.defective_NK)
    overlap_RK = _overlap(bins, weights_RN)
    return (
        percentile_interval(counted_auroc(bad_RK, good_RK), confidence),
        percentile_interval(counted_average_precision(bad_RK, good_RK), confidence),
        percentile_interval(counted_f1_max(bad_RK, good_RK), confidence),
        percentile_interval(_aupro(good_RK, overlap_RK), confidence),
    )


def _overlap(bins: PixelBins, weights_RN: Weights) -> Floats:
    regions_R1 = weighted_sums(weights_RN, bins.regions_N[:, None])
    total_RK = weighted_sums(weights_RN, bins.overlap_NK)
    empty = np.full_like(total_RK, np.nan)
    return np.divide(total_RK, regions_R1, out=empty, where=regions_R1 > 0)


def _aupro(good_RK: Floats, overlap_RK: Floats) -> Floats:
    """Area up to the limit, a straight line across each bin."""
    rate = _points(good_RK) / good_RK.sum(axis=1, keepdims=True)
    overlap = _points(overlap_RK)
    width = np.diff(np.minimum(rate, LIMIT), axis=1)
    rise = np.diff(rate, axis=1)
    slope = np.divide(np.diff(overlap, axis=1), rise, out=np.zeros_like(rise), where=rise > 0)
    return np.asarray((width * (overlap[:, :-1] + slope * width / 2)).sum(axis=1) / LIMIT)


def _points(counts_RK: Floats) -> Floats:
    """(R, K + 1): nothing, then what lies at or above each bin, from the top."""
    return np.pad(np.cumsum(counts_RK[:, ::-1], axis=1), ((0, 0), (1, 0)))


def research_interval(
    counts: PixelCounts, maps: Iterable[PixelMap], weights_RN: Weights, confidence: float
) -> Interval:
    """Of the research codes' AU-PRO."""
    thresholds = research_thresholds(counts.lowest, counts.highest)
    bins = bin_pixels(maps, thresholds, above=True)
    good_RK, overlap_RK = weighted_sums(weights_RN, bins.good_NK), _overlap(bins, weights_RN)
    rate = _points(good_RK)[:, 1:-1] / good_RK.sum(axis=1, keepdims=True)
    overlap = _points(overlap_RK)[:, 1:-1]
    return percentile_interval(
        [_stretched(x, y) for x, y in zip(rate, overlap, strict=True)], confidence
    )


def _stretched(rate: Floats, overlap: Floats) -> float:
    """Not a number where no rates lie below the limit."""
    try:
        return stretched_area(rate[::-1], overlap[::-1], LIMIT)
    except Undefined:
        return float("nan")
