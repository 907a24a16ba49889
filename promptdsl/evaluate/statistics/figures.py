"""Figures with their intervals, in total and for each defect against all good pictures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.scored import PixelSet, Scored, ScoredSample
from promptdsl.evaluate.statistics import aupro, metrics
from promptdsl.evaluate.statistics.draws import Draws
from promptdsl.evaluate.statistics.intervals import (
    bootstrap,
    weighted_auroc,
    weighted_average_precision,
    weighted_f1_max,
)
from promptdsl.evaluate.statistics.metrics import PixelCounts
from promptdsl.evaluate.statistics.pixel_bootstrap import (
    bin_pixels,
    even_edges,
    pixel_intervals,
    research_interval,
)
from promptdsl.judge.shares import CONFIDENCE, Interval, Undefined

TOTAL = "total"
PIXEL_RESAMPLES = 1000
LEAST_MARKED = 5  # pictures with masks, below which a pixel figure has no interval
IMAGE_FIGURES = ("auroc", "average_precision", "f1_max")
PIXEL_FIGURES = (
    "pixel_auroc",
    "pixel_average_precision",
    "pixel_f1_max",
    "aupro",
    "research_aupro",
)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure in [0, 1] with its 95 % bootstrap interval, or why there is none."""

    value: float | None
    interval: Interval | None = None
    reason: str | None = None

    @property
    def described(self) -> dict[str, Any]:
        """Plain values."""
        reason = {} if self.reason is None else {"reason": self.reason}
        if self.value is None:
            return {"value": None, "reason": self.reason}
        interval = self.interval
        value = self.value if math.isfinite(self.value) else None
        ends = [interval.low, interval.high] if interval else None
        return {"value": value, "interval": ends, **reason}


def measure(sample: ScoredSample, labels: Sequence[str]) -> list[dict[str, Any]]:
    """In total, then (where there are several defects) each defect against all good pictures."""
    defects = [label for label in labels if label != GOOD]
    groups = {TOTAL: sample.pictures}
    if len(defects) > 1:
        for defect in defects:
            groups[defect] = [s for s in sample.pictures if s.picture.label in (GOOD, defect)]
    return [_figures(name, chosen, sample) for name, chosen in groups.items()]


def _figures(name: str, chosen: Sequence[Scored], sample: ScoredSample) -> dict[str, Any]:
    values = image_figures(chosen) | _pixel_figures(sample.pixels(chosen))
    defective = sum(not scored.picture.is_good for scored in chosen)
    return {
        "group": name,
        "good": len(chosen) - defective,
        "defective": defective,
        "with_masks": sum(scored.regions is not None for scored in chosen),
        **{figure: estimate.described for figure, estimate in values.items()},
    }


def image_figures(chosen: Sequence[Scored]) -> dict[str, Estimate]:
    """AUROC, average precision and F1-max of whole pictures."""
    scores = np.array([scored.score for scored in chosen], np.float64)
    labels = np.array([not scored.picture.is_good for scored in chosen], np.int64)
    try:
        metrics.checked(scores, labels)
    except Undefined as undefined:
        return dict.fromkeys(IMAGE_FIGURES, Estimate(None, None, str(undefined)))
    weights = Draws([scored.picture.label for scored in chosen])
    figures = (
        ("auroc", metrics.auroc, weighted_auroc),
        ("average_precision", metrics.average_precision, weighted_average_precision),
        ("f1_max", metrics.f1_max, weighted_f1_max),
    )
    found = {}
    for name, figure, weighted in figures:
        value = figure(scores, labels)
        interval = bootstrap(weighted, scores, labels, weights, value=value)
        found[name] = Estimate(value, interval)
    return found


def _pixel_figures(pixels: PixelSet) -> dict[str, Estimate]:
    if not any(scored.regions is not None for scored in pixels.pictures):
        return dict.fromkeys(PIXEL_FIGURES, Estimate(None, None, "there are no masks"))
    try:
        counts = metrics.count_pixels(pixels, pixels)
    except Undefined as undefined:
        return dict.fromkeys(PIXEL_FIGURES, Estimate(None, None, str(undefined)))
    weights = Draws([scored.picture.label for scored in pixels.pictures], PIXEL_RESAMPLES)
    bins = bin_pixels(pixels, even_edges(counts, pixels))
    exact: dict[str, Callable[[PixelCounts], float]] = {
        "pixel_auroc": metrics.pixel_auroc,
        "pixel_average_precision": metrics.pixel_average_precision,
        "pixel_f1_max": metrics.pixel_f1_max,
        "aupro": aupro.aupro,
    }
    marked = sum(scored.regions is not None for scored in pixels.pictures)
    if marked < LEAST_MARKED:
        # Drawing from one or two pictures again and again would give a range that looks sure.
        few = "1 picture with a mask is" if marked == 1 else f"{marked} pictures with masks are"
        reason = f"{few} too few for a range"
        found = {name: Estimate(figure(counts), None, reason) for name, figure in exact.items()}
        return {**found, "research_aupro": _research(counts, pixels, None, reason)}
    found = {}
    intervals = pixel_intervals(bins, weights, CONFIDENCE)
    for (name, figure), interval in zip(exact.items(), intervals, strict=True):
        value = figure(counts)
        found[name] = Estimate(value, interval.around(value))
    return {**found, "research_aupro": _research(counts, pixels, weights)}


def _research(
    counts: PixelCounts, pixels: PixelSet, weights: Draws | None, reason: str | None = None
) -> Estimate:
    try:
        value = aupro.research_aupro(counts, pixels)
        if weights is None:
            return Estimate(value, None, reason)
        interval = research_interval(counts, pixels, weights, CONFIDENCE)
        return Estimate(value, interval.around(value))
    except Undefined as undefined:
        return Estimate(None, None, str(undefined))
