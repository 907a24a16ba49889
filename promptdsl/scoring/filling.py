"""What is ignored is painted over before a model sees it: nothing in it can change a score.

The paint goes on smoothly from what is around: means of what counts, of ever larger squares, take
the place of what does not (pull and push).

Shapes: H and W pixels; the last of four channels is how much of a pixel counts.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.results import BoolMap

_Floats = npt.NDArray[np.float32]


def painted_over(part: Image.Image, ignored: BoolMap, detail: tuple[int, int]) -> Image.Image:
    """An RGB picture with paint where it is ignored; `detail`: (width, height) that are enough."""
    pixels = np.array(part)
    pixels[ignored] = 0
    size = min(part.width, detail[0]), min(part.height, detail[1])
    colour = np.asarray(Image.fromarray(pixels).resize(size, Resampling.BOX), np.float32)
    counts = Image.fromarray(np.where(ignored, 0, 255).astype(np.uint8))
    weight = np.asarray(counts.resize(size, Resampling.BOX), np.float32) / 255
    filled = _filled(np.dstack([colour, weight]))
    paint = Image.fromarray(np.clip(np.rint(filled), 0, 255).astype(np.uint8))
    pixels[ignored] = np.asarray(paint.resize(part.size, Resampling.BILINEAR))[ignored]
    return Image.fromarray(pixels)


def _filled(sums_HW4: _Floats) -> _Floats:
    """(H, W, 3): what counts where all of a pixel does, elsewhere mixed with what is around."""
    height, width, _ = sums_HW4.shape
    weight = sums_HW4[..., 3:]
    mean = sums_HW4[..., :3] / np.maximum(weight, 1e-6)
    if weight.min() >= 1 or max(height, width) == 1:
        return np.asarray(mean, np.float32)
    even = np.pad(sums_HW4, ((0, height % 2), (0, width % 2), (0, 0)))
    coarse = _filled(
        even.reshape(even.shape[0] // 2, 2, even.shape[1] // 2, 2, 4).mean(axis=(1, 3))
    )
    around = _doubled(coarse)[:height, :width]
    share = np.minimum(weight, 1)
    return np.asarray(share * mean + (1 - share) * around, np.float32)


def _doubled(values_HW3: _Floats) -> _Floats:
    """Bilinear, so that no squares show."""
    size = (2 * values_HW3.shape[1], 2 * values_HW3.shape[0])
    bands = [Image.fromarray(np.ascontiguousarray(band)) for band in np.moveaxis(values_HW3, -1, 0)]
    found = [np.asarray(band.resize(size, Resampling.BILINEAR)) for band in bands]
    return np.stack(found, axis=-1)
