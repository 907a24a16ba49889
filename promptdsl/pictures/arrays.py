"""Pictures as arrays: of 8 bits as they are, of any other numbers by an intensity."""

from typing import cast

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.pictures.claims import MAX_PIXELS, too_large
from promptdsl.pictures.intensity import Intensity, Tones, Values, tones_of
from promptdsl.pictures.problem import PictureError

_NUMBERS = "uif"  # kinds of numpy: unsigned, signed, floating point


def image_of(
    values: npt.NDArray[np.generic], intensity: Intensity | None
) -> tuple[Image.Image, Tones | None]:
    """RGB of an array (H, W) or (H, W, 3), and by which tones. Raises PictureError."""
    _refuse(values, intensity)
    tones = tones_of(intensity)
    if tones is not None:
        bits = 8 * values.dtype.itemsize - (values.dtype.kind == "i")
        most = float(2**bits - 1) if values.dtype.kind in "ui" else np.inf
        tones.refuse_less(most)
        values = tones.levels(cast(Values, values))
    return Image.fromarray(np.ascontiguousarray(values)).convert("RGB"), tones


def _refuse(values: npt.NDArray[np.generic], intensity: Intensity | None) -> None:
    known = values.dtype == np.uint8 or (intensity is not None and values.dtype.kind in _NUMBERS)
    if not known or (values.ndim != 2 and values.shape[2:] != (3,)):
        deeper = values.dtype.kind in _NUMBERS and values.dtype != np.uint8 and intensity is None
        instead = ", or write `intensity: A to B` in picture { } of the spec" if deeper else ""
        raise PictureError(
            f"an array of {values.dtype} with the shape {values.shape} is no picture: give uint8 "
            f"of the shape (H, W) or (H, W, 3){instead}"
        )
    if not values.size:
        raise PictureError("the array is empty")
    if values.shape[0] * values.shape[1] > MAX_PIXELS:
        raise PictureError(too_large((values.shape[1], values.shape[0])))
