"""PGM and PPM of other depths than 8 bits, and those written as text.

Pillow decodes them value by value in Python, which takes minutes for a large picture, and rounds
16-bit colour where it takes the upper bits of every other format's.
"""

import re

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFile

from promptdsl.files.opening import in_words
from promptdsl.pictures.intensity import Tones
from promptdsl.pictures.problem import SAVE_AS, PictureError

MAX_TEXT = 100_000_000
_DECODERS = ("ppm", "ppm_plain")
_COMMENT = re.compile(rb"#[^\r\n]*")

Values = npt.NDArray[np.integer]


def netpbm_picture(image: Image.Image, tones: Tones | None = None) -> Image.Image | None:
    """L, RGB, or I;16 of such a file; None for every other, which Pillow decodes well.

    With `tones`, L or RGB with levels of the numbers in the file.
    """
    if not isinstance(image, ImageFile.ImageFile) or image.format != "PPM" or not image.tile:
        return None
    decoder, _, start, arguments = image.tile[0][:4]
    if decoder not in _DECODERS or image.mode not in ("L", "I", "RGB"):
        return None
    maximum = int(tuple(arguments or (0,))[-1])
    bands = len(image.getbands())
    stream = image.fp
    assert stream is not None  # it is opened and not yet decoded
    stream.seek(0)
    content = stream.read()
    count = image.width * image.height * bands
    values = _text(content, start) if decoder == "ppm_plain" else _binary(content, start, maximum)
    if len(values) < count:
        raise EOFError
    shape = (image.height, image.width, bands)
    if tones is None:
        return _scaled(values[:count], maximum, shape)
    tones.refuse_less(maximum)
    levels = tones.levels(values[:count])
    return Image.fromarray(levels.reshape(shape if bands > 1 else shape[:2]))


def _binary(content: bytes, start: int, maximum: int) -> Values:
    kind = np.dtype(np.uint8 if maximum < 256 else ">u2")
    count = max(0, len(content) - start) // kind.itemsize
    return np.frombuffer(content, kind, count, start)


def _text(content: bytes, start: int) -> Values:
    if len(content) > MAX_TEXT:
        raise PictureError(
            f"it is a picture written as text, above {in_words(MAX_TEXT)}: {SAVE_AS}"
        )
    text = _COMMENT.sub(b"", content[start:])
    if text.translate(None, b"0123456789 \t\r\n\v\f"):
        raise PictureError(f"it holds other characters than numbers: {SAVE_AS}")
    return np.fromstring(text.decode("ascii"), np.int32, sep=" ")


def _scaled(values: Values, maximum: int, shape: tuple[int, int, int]) -> Image.Image:
    """From 0..maximum to 8 bits; deep grey to 16, deep colour to the upper 8 of 16."""
    full = 255 if maximum < 256 else 65535
    result = np.empty(len(values), np.uint16)
    for first in range(0, len(values), 1 << 22):  # the wide numbers only exist piece by piece
        part = np.minimum(values[first : first + (1 << 22)].astype(np.int64), maximum)
        result[first : first + (1 << 22)] = (part * full * 2 + maximum) // (2 * maximum)
    if shape[2] == 1 and full == 65535:
        return Image.fromarray(result.reshape(shape[:2]))
    eight = (result >> 8 if full == 65535 else result).astype(np.uint8)
    return Image.fromarray(eight.reshape(shape if shape[2] > 1 else shape[:2]))
