"""From any depth to 8 bits: of deeper values the upper eight bits count, in grey as in colour.

That is what Pillow does with 16-bit colour; with 16-bit grey it leaves everything to us, the sign
and the meaning of 0 included. What does not say where its black and its white lie is refused.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    COMPRESSION,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLEFORMAT,
    TiffImageFile,
)

from promptdsl.pictures.problem import PictureError

DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_FULL = 65535
_SIGNED, _MINIMUM_IS_WHITE, _OLD_JPEG, _PLANES_APART = 2, 0, 6, 2
_SAVE = "save it with 8 or 16 bits"


class Depth(NamedTuple):
    """What a file says of its grey values, where Pillow does not heed it."""

    bits: int = 16
    inverted: bool = False


def stored_depth(image: Image.Image) -> Depth:
    """Read from a picture that is opened and not yet decoded.

    PictureError for values that cannot be brought to RGB without guessing.
    """
    if image.mode == "F":
        raise PictureError(f"it holds floating-point values without a known white level: {_SAVE}")
    if image.mode == "LAB":
        raise PictureError("its colours are stored as LAB: save it in RGB")
    if not isinstance(image, TiffImageFile):
        return Depth()
    tags = image.tag_v2
    depths = tags.get(BITSPERSAMPLE, (1,))
    deepest = max(depths)
    if _SIGNED in tags.get(SAMPLEFORMAT, (1,)) and deepest <= 16:
        raise PictureError(
            f"it holds {deepest}-bit values with a sign, without a known black and white level: "
            f"{_SAVE}, without a sign"
        )
    if deepest > 8 and len(depths) > 1 and tags.get(PLANAR_CONFIGURATION) == _PLANES_APART:
        raise PictureError(f"it is a TIFF of {deepest}-bit planes stored apart: save it as PNG")
    black = tags.get(PHOTOMETRIC_INTERPRETATION)
    if black is None and tags.get(COMPRESSION) != _OLD_JPEG:
        raise PictureError("it is a TIFF that does not say whether 0 is black: save it as PNG")
    inverted = image.mode in DEEP and black == _MINIMUM_IS_WHITE
    return Depth(12 if deepest == 12 else 16, inverted)


def eight_bits(image: Image.Image, depth: Depth) -> Image.Image:
    """A picture of deep grey values over the whole range; Pillow alone would cut at 255."""
    values = np.asarray(image)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > _FULL:
        raise PictureError(
            f"it holds values from {low} to {high}, without a known black and white level: {_SAVE}"
        )
    upper = (values.astype(np.uint16) >> (depth.bits - 8)).astype(np.uint8)
    return Image.fromarray(255 - upper if depth.inverted else upper)
