"""How well scores tell good from defective: of whole pictures, and of pixels.

AUROC is the chance that a defective one scores above a good one (ties count half); average
precision the mean precision over the recall; F1-max the best F1 over all thresholds. All of it is
exact: no histogram, no sampling. Pixels are streamed: the scores of defective pixels, which are
few, are held, and each picture's other pixels are counted between them. All three figures, and
AU-PRO (`aupro.py`), change only at scores that defective pixels have, so nothing is lost.

Labels are 1 for defective; scores are higher for more anomalous.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sklearn.metrics import precision_recall_curve, roc_auc_score

from promptdsl.judge.shares import Floats, Undefined

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def auroc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """In [0, 1]; 0.5 is chance."""
    s, y = checked(scores, labels)
    return float(roc_auc_score(y, s))


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """In [0, 1]; the share of defective ones is chance."""
    s, y = checked(scores, labels)
    _, place = np.unique(s, return_inverse=True)
    bad, good = np.bincount(place, y), np.bincount(place, 1 - y)
    caught, false = (np.cumsum(counts[::-1])[::-1] for counts in (bad, good))
    # The sum is divided once and last: in a perfect order it is 1, not a last bit below.
    return float(caught / (caught + false) @ bad / caught[0])


def f1_max(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """In [0, 1]."""
    s, y = checked(scores, labels)
    precision, recall, _ = precision_recall_curve(y, s)
    return float(_f1(precision, recall).max())


def checked(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    """Both as arrays; Undefined where no figure can be computed from them."""
    s = np.asarray(scores, np.float64).ravel()
    y = np.asarray(labels).ravel().astype(np.int64)
    if s.shape != y.shape:
        raise ValueError(f"{len(s)} scores and {len(y)} labels")
    if not len(s):
        raise Undefined("there are no pictures")
    if not np.isfinite(s).all():
        raise Undefined("a score is not a number")
    if not y.any():
        raise Undefined("there are no defective pictures")
    if y.all():
        raise Undefined("there are no good pictures")
    return s, y


def _f1(precision: Floats, recall: Floats) -> Floats:
    total = precision + recall
    return np.divide(2 * precision * recall, total, out=np.zeros_like(total), where=total > 0)


@dataclass(frozen=True, slots=True)
class PixelMap:
    """One picture: its anomaly map and which defect region each pixel belongs to (0: none)."""

    scores: npt.NDArray[np.float32]  # (H, W)
    regions: npt.NDArray[np.int32]  # (H, W)


@dataclass(frozen=True, slots=True)
class PixelCounts:
    """All that the pixel figures need. U different scores of defective pixels, ascending."""

    values_U: Floats
    defective_U: Ints  # defective pixels with exactly this score
    overlap_U: Floats  # sum over them of 1 / (size of their region * number of regions)
    good_below_U: Ints  # other pixels below this score
    good_equal_U: Ints
    good: int  # other pixels in all
    lowest: float  # over all pixels
    highest: float


def count_pixels(maps: Iterable[PixelMap], again: Iterable[PixelMap]) -> PixelCounts:
    """Count in two passes over the same maps. Raises Undefined without pixels of both kinds."""
    values, overlap, regions, good = _defective_pixels(maps)
    if not len(values):
        raise Undefined("no mask marks a defective pixel")
    if not good:
        raise Undefined("every pixel is marked as defective")
    unique_U, inverse = np.unique(values, return_inverse=True)
    below_U, equal_U, span = _good_pixels(again, unique_U)
    return PixelCounts(
        unique_U,
        np.bincount(inverse, minlength=len(unique_U)),
        np.bincount(inverse, overlap, minlength=len(unique_U)) / regions,
        below_U,
        equal_U,
        good,
        *span,
    )


def _defective_pixels(maps: Iterable[PixelMap]) -> tuple[Floats, Floats, int, int]:
    """Scores of defective pixels, one over the size of their region, regions, other pixels."""
    values, overlap, regions, good = [np.empty(0)], [np.empty(0)], 0, 0
    for item in maps:
        if not np.isfinite(item.scores).all():
            raise Undefined("a score is not a number")
        inside = item.regions > 0
        names, sizes = np.unique(item.regions[inside], return_counts=True)
        values.append(item.scores[inside].astype(np.float64))
        overlap.append(1 / sizes[np.searchsorted(names, item.regions[inside])])
        regions += len(names)
        good += int(inside.size - np.count_nonzero(inside))
    return np.concatenate(values), np.concatenate(overlap), regions, good


def _good_pixels(
    maps: Iterable[PixelMap], unique_U: Floats
) -> tuple[Ints, Ints, tuple[float, float]]:
    """Other pixels below and at each score, and the range of all scores."""
    count = len(unique_U)
    before = np.zeros(count + 1, np.int64)  # by how many of the scores lie at or below a pixel
    equal_U = np.zeros(count, np.int64)
    low, high = float(unique_U[0]), float(unique_U[-1])
    for item in maps:
        good = np.sort(item.scores[item.regions == 0]).astype(np.float64)
        if len(good):
            low, high = min(low, float(good[0])), max(high, float(good[-1]))
        left = np.searchsorted(unique_U, good, "left")
        right = np.searchsorted(unique_U, good, "right")
        before += np.bincount(right, minlength=count + 1)
        equal_U += np.bincount(left[left < right], minlength=count)
    # `right` counts scores <= the pixel: the pixel lies below score u when right <= u.
    below_U = np.cumsum(before)[:-1]
    return below_U, equal_U, (low, high)


def pixel_auroc(counts: PixelCounts) -> float:
    """Exact, in [0, 1]."""
    wins = counts.defective_U @ (counts.good_below_U + counts.good_equal_U / 2)
    return float(wins / (float(counts.defective_U.sum()) * counts.good))


def pixel_average_precision(counts: PixelCounts) -> float:
    """Exact, in [0, 1]."""
    precision, _ = _precision_recall(counts)
    return float(precision @ counts.defective_U / counts.defective_U.sum())


def pixel_f1_max(counts: PixelCounts) -> float:
    """Exact, in [0, 1]."""
    return float(_f1(*_precision_recall(counts)).max())


def _precision_recall(counts: PixelCounts) -> tuple[Floats, Floats]:
    """At each threshold `score >= u`, u ascending."""
    caught = np.cumsum(counts.defective_U[::-1])[::-1].astype(np.float64)
    false = counts.good - counts.good_below_U
    return caught / (caught + false), caught / caught[0]
