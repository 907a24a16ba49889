"""From any depth to 8 bits: of deeper values the upper eight bits count, in grey as in colour.

That is what Pillow does with 16-bit colour; with 16-bit grey it leaves everything to us, the sign
and the meaning of 0 included. What does not say where its black and its white lie is refused.
"""

from typing import NamedTuple

import numpy as np
from PIL import Image, ImageChops
from PIL.TiffImagePlugin import (
    BITSPERSAMPLE,
    COMPRESSION,
    PHOTOMETRIC_INTERPRETATION,
    PLANAR_CONFIGURATION,
    SAMPLEFORMAT,
    TiffImageFile,
)

from promptdsl.pictures.deep_colour import grey_bits
from promptdsl.pictures.intensity import Levels, Tones, Values
from promptdsl.pictures.problem import PictureError

DEEP = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_FULL = 65535
_SIGNED, _MINIMUM_IS_WHITE, _OLD_JPEG, _PLANES_APART = 2, 0, 6, 2
_SAVE = "write `intensity: A to B` in picture { }, or save it with 8 or 16 bits"


class Depth(NamedTuple):
    """What a file says of its grey values, where Pillow does not heed it."""

    bits: int = 16
    inverted: bool = False  # 0 is white, and Pillow leaves it so
    signed: bool = False
    turned: bool = False  # 0 was white, and Pillow has turned the levels already
    stretched: bool = False  # Pillow has stretched its bits to 16


def stored_depth(image: Image.Image, known: bool = False) -> Depth:
    """Read from a picture that is opened and not yet decoded; `known`: with an intensity.

    PictureError for values that cannot be brought to RGB without guessing.
    """
    if image.mode == "F" and not known:
        raise PictureError(f"it holds floating-point values without a known white level: {_SAVE}")
    if image.mode == "LAB":
        raise PictureError("its colours are stored as LAB: save it in RGB")
    if not isinstance(image, TiffImageFile):
        bits = grey_bits(image) if known else None
        return Depth() if bits is None else Depth(bits, stretched=True)
    tags = image.tag_v2
    depths = tags.get(BITSPERSAMPLE, (1,))
    deepest = max(depths)
    signed = _SIGNED in tags.get(SAMPLEFORMAT, (1,))
    if signed and deepest <= 16 and not known:
        raise PictureError(
            f"it holds {deepest}-bit values with a sign, without a known black and white level: "
            f"{_SAVE}, without a sign"
        )
    if deepest > 8 and len(depths) > 1 and tags.get(PLANAR_CONFIGURATION) == _PLANES_APART:
        raise PictureError(f"it is a TIFF of {deepest}-bit planes stored apart: save it as PNG")
    black = tags.get(PHOTOMETRIC_INTERPRETATION)
    if black is None and tags.get(COMPRESSION) != _OLD_JPEG:
        raise PictureError("it is a TIFF that does not say whether 0 is black: save it as PNG")
    white = black == _MINIMUM_IS_WHITE
    left = image.mode in (*DEEP, "F")
    bits = 12 if deepest == 12 else 32 if deepest > 16 else 16
    return Depth(bits, white and left, signed, white and not left)


def eight_bits(image: Image.Image, depth: Depth, tones: Tones | None = None) -> Image.Image:
    """A picture of deep grey values, over the whole range or by its intensity.

    Pillow alone would cut at 255.
    """
    values = np.asarray(image)
    levels = _upper(values, depth) if tones is None else tones.levels(_stored(values, depth))
    return Image.fromarray(255 - levels if depth.inverted else levels)


def eight_bits_by(image: Image.Image, depth: Depth, tones: Tones) -> Image.Image:
    """L or RGB of 8 bits, by its intensity."""

    def stored(levels: Levels) -> Values:
        bits = 255 - levels if depth.turned else levels
        return bits.view(np.int8) if depth.signed else bits

    shown = tones.of_image(image, stored)
    return ImageChops.invert(shown) if depth.turned else shown


def most_stored(image: Image.Image, depth: Depth, deep: bool) -> float:
    """The largest value that a picture of this kind can hold."""
    if image.mode == "F" or (image.mode in DEEP and depth.bits > 16):
        return np.inf
    bits = depth.bits if deep else 8
    return float(2 ** (bits - depth.signed) - 1)


def _upper(values: Values, depth: Depth) -> Levels:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > _FULL:
        raise PictureError(
            f"it holds values from {low} to {high}, without a known black and white level: {_SAVE}"
        )
    return (values.astype(np.uint16) >> (min(depth.bits, 16) - 8)).astype(np.uint8)


def _stored(values: Values, depth: Depth) -> Values:
    """The values as the file has them."""
    if depth.stretched:
        return values.astype(np.uint16) >> (16 - depth.bits)
    if values.dtype == np.int32 and depth.bits > 16 and not depth.signed:
        return values.view(np.uint32)  # Pillow knows no such type
    return values
