"""What a picture is like as a whole: brightness, contrast, sharpness, size."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.pictures.intensity import Intensity, Tones

EXTREME = 0.001  # share of pixels at either end that does not count: glints, dead pixels
MEASURED_SIDE = 500  # larger pictures are measured on a copy, reduced by a whole factor
SHARPNESS_SIDE = 160  # pictures are compared at one size, whatever their own

FLAT_CONTRAST = 1.5  # levels of 255; noise of a sensor that sees nothing stays below
FLAT_RANGE = 48  # a picture of one colour with a mark that stands out more is not flat
BLACK, WHITE = 5, 250  # nearly all pixels at or beyond, and none far from it
FAR = 64

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Look:
    """Levels are those of grey, 0 to 255."""

    width: int
    height: int
    brightness: float  # mean
    contrast: float  # standard deviation
    low: int  # all but EXTREME of the pixels are above
    high: int  # all but EXTREME of the pixels are below
    sharpness: float  # mean second difference, in units of the contrast
    blank: str | None = None  # why nothing can be judged on it
    deep: bool = False  # from a file of more than 8 bits a value
    intensity: Intensity | None = None  # by which stored values became levels, where it is written
    stored: Intensity | None = None  # then the lowest and the highest of those values

    @property
    def side(self) -> int:
        """The smaller one."""
        return min(self.width, self.height)

    @property
    def shape(self) -> float:
        """Width to height."""
        return self.width / self.height


def look_at(
    image: Image.Image, size: tuple[int, int], deep: bool = False, tones: Tones | None = None
) -> Look:
    """The look of an RGB picture; `size` is its own, before any reduction."""
    bands = np.split(np.asarray(image.histogram(), np.int64), 3)  # of every pixel
    factor = min(image.size) // MEASURED_SIDE
    small = image.reduce(factor) if factor > 1 else image
    grey = small.convert("L")
    counts = np.asarray(grey.histogram(), np.int64)
    brightness, contrast = _moments(counts)
    low, high = _quantile(counts, EXTREME), _quantile(counts, 1 - EXTREME)
    return Look(
        *size,
        brightness,
        contrast,
        low,
        high,
        _sharpness(grey),
        _blank(bands, brightness, low, high),
        deep,
        (tones.black, tones.white) if tones else None,
        tones.stored if tones else None,
    )


def _moments(counts: Counts) -> tuple[float, float]:
    levels = np.arange(len(counts))
    mean = float((counts * levels).sum() / counts.sum())
    return mean, float(np.sqrt((counts * (levels - mean) ** 2).sum() / counts.sum()))


def _quantile(counts: Counts, share: float) -> int:
    return int(np.searchsorted(np.cumsum(counts), share * counts.sum()))


def _blank(bands: Sequence[Counts], brightness: float, low: int, high: int) -> str | None:
    """`it is black all over`, where that is certain."""
    seen = [np.flatnonzero(band) for band in bands]
    black = high <= BLACK and max(levels[-1] for levels in seen) < FAR
    white = low >= WHITE and min(levels[0] for levels in seen) > 255 - FAR
    flat = all(levels[-1] - levels[0] <= FLAT_RANGE for levels in seen) and all(
        _moments(band)[1] <= FLAT_CONTRAST for band in bands
    )
    if black or (flat and brightness < 16):
        return "it is black all over"
    if white or (flat and brightness > 239):
        return "it is white all over"
    return "it is of one colour all over" if flat else None


def _sharpness(grey: Image.Image) -> float:
    side = (SHARPNESS_SIDE, SHARPNESS_SIDE)
    values = np.asarray(grey.resize(side, Resampling.BOX), np.float32)
    second = 4 * values[1:-1, 1:-1] - values[:-2, 1:-1] - values[2:, 1:-1]
    second -= values[1:-1, :-2] + values[1:-1, 2:]
    return float(np.abs(second).mean() / max(1.0, values.std()))
