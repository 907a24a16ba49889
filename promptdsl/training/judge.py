"""How good a training is on categories that it has not seen: AUROC of pictures and of pixels."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from promptdsl.evaluate.datasets import Category, read_mask
from promptdsl.scoring.detector import Detector
from promptdsl.training.material import read_pixels

BATCH = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one category; None where the pictures cannot say (one kind only, or no masks)."""

    category: str
    pictures: int
    image_auroc: float | None
    pixel_auroc: float | None


def judge(
    detector: Detector, category: Category, progress: Callable[[int], None] | None = None
) -> Figures:
    """Score all test pictures of a category."""
    scores, maps = [], []
    pictures = category.test
    for start in range(0, len(pictures), BATCH):
        batch = pictures[start : start + BATCH]
        for found in detector.inspect(read_pixels(batch, detector.size)):
            scores.append(found.score)
            maps.append(found.map)
        if progress is not None:
            progress(len(batch))
    defective = np.array([not picture.is_good for picture in pictures])
    image = auroc(np.array(scores), defective)
    if category.without_mask:
        return Figures(category.name, len(pictures), image, None)
    empty = np.zeros(detector.size, np.bool_)
    masks = [empty if p.mask is None else read_mask(p.mask, detector.size) for p in pictures]
    return Figures(category.name, len(pictures), image, auroc(np.stack(maps), np.stack(masks)))


def auroc(scores: npt.NDArray[Any], defective: npt.NDArray[np.bool_]) -> float | None:
    """Area under the ROC curve, ties counted half; None where there is only one kind."""
    truth, values = defective.ravel(), scores.ravel()
    positives = int(truth.sum())
    negatives = truth.size - positives
    if not positives or not negatives:
        return None
    ordered = np.sort(values[~truth])
    below = np.searchsorted(ordered, values[truth], "left").sum(dtype=np.float64)
    upto = np.searchsorted(ordered, values[truth], "right").sum(dtype=np.float64)
    return float((below + upto) / 2 / positives / negatives)


def mean(figures: Sequence[Figures]) -> Mapping[str, float | None]:
    """Averages over the categories that have a figure."""

    def average(values: Sequence[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(np.mean(known)) if known else None

    return {
        "image_auroc": average([figure.image_auroc for figure in figures]),
        "pixel_auroc": average([figure.pixel_auroc for figure in figures]),
    }
