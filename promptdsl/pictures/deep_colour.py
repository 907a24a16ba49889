"""Colour of 16 bits with all its bits, for `intensity`.

Pillow keeps the upper byte of every value. Told that the file has the other order of bytes, it
keeps the lower one instead: decoded twice, nothing is lost.
"""

import io
import sys

import numpy as np
from PIL import Image, ImageFile

from promptdsl.pictures.intensity import Tones
from promptdsl.pictures.problem import SAVE_AS, PictureError

_OTHER = {"16B": "16L", "16L": "16B", "16N": "16B" if sys.byteorder == "little" else "16L"}
_GREY_WITH_ALPHA = "LA;16B"
_ROWS = 256  # at a time
_SIZ, _DEPTH_AT = b"\xff\x51", 40  # of a JPEG 2000: the header of sizes, and where a depth stands
_PIXI = b"pixi\0\0\0\0"  # of an AVIF: number of channels, then the bits of each


def lower_bytes(image: Image.Image) -> Image.Image | None:
    """The lower bytes of colour with 16 bits a value, RGB or RGBA; None for all other pictures.

    The picture is opened and not yet decoded.
    """
    if not isinstance(image, ImageFile.ImageFile):
        return None
    raw = _rawmode(image)
    kind, _, order = raw.partition(";")
    if order not in _OTHER or image.mode in ("L", "I", "I;16", "I;16B"):
        return None
    if raw == _GREY_WITH_ALPHA:
        bands = _decoded_as(image, "RGBA").split()  # grey and alpha, two bytes each
        return Image.merge("RGBA", [bands[1]] * 3 + [bands[3]])
    if kind not in ("RGB", "RGBA"):
        raise PictureError(f"it holds 16-bit colours of a rare kind: {SAVE_AS}, in RGB")
    return _decoded_as(image, f"{kind};{_OTHER[order]}")


def deep_colour(upper: Image.Image, lower: Image.Image, tones: Tones) -> Image.Image:
    """`lower` itself, holding levels by `tones` and the upper byte of an alpha."""
    for top in range(0, upper.height, _ROWS):
        box = (0, top, upper.width, min(upper.height, top + _ROWS))
        high, low = np.array(upper.crop(box)), np.asarray(lower.crop(box))[..., :3]
        high[..., :3] = tones.levels(high[..., :3].astype(np.uint16) << 8 | low)
        lower.paste(Image.fromarray(high), box)
    return lower


def grey_bits(image: Image.Image) -> int | None:
    """The bits that a JPEG 2000 says it has, which Pillow stretches to 16; None elsewhere."""
    return _depth_of_j2k(_content(image)) if image.format == "JPEG2000" else None


def refuse_lost_bits(image: Image.Image) -> None:
    """PictureError for deep colour of which only 8 bits can be had."""
    if image.format == "JPEG2000" and image.mode in ("RGB", "RGBA", "LA"):
        bits = _depth_of_j2k(_content(image)) or 8
    elif image.format == "AVIF":
        content = _content(image)[:65_536]
        at = content.find(_PIXI) + len(_PIXI)
        bits = content[at + 1] if len(_PIXI) <= at < len(content) - 1 else 8
    else:
        return
    if bits > 8:
        raise PictureError(
            f"of its {bits} bits only the upper eight can be read, which `intensity` is not "
            "written for: save it as PNG or TIFF"
        )


def _depth_of_j2k(content: bytes) -> int | None:
    at = content.find(_SIZ) + _DEPTH_AT
    return (content[at] & 0x7F) + 1 if _DEPTH_AT <= at < len(content) else None


def _rawmode(image: ImageFile.ImageFile) -> str:
    args = image.tile[0][3] if image.tile else ""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _decoded_as(image: ImageFile.ImageFile, raw: str) -> Image.Image:
    """The file once more, its values unpacked in another way."""
    again = type(image)(io.BytesIO(_content(image)))
    tiles = []
    for tile in again.tile:
        codec, extents, offset, args = tile[:4]
        unpacked = (raw, *args[1:]) if isinstance(args, tuple) else raw
        tiles.append(type(tile)(codec, extents, offset, unpacked))
    again.tile = tiles
    again.load()
    return again


def _content(image: Image.Image) -> bytes:
    stream = image.fp if isinstance(image, ImageFile.ImageFile) else None
    if stream is None:
        return b""
    place = stream.tell()
    stream.seek(0)
    content = stream.read()
    stream.seek(place)
    return content
