"""What a picture's header claims, looked at before a decoder believes it.

A few bytes can claim a canvas of gigabytes, a million strips or a thousand passes over the pixels.
Decoders find out too late, or never: these claims are bounded here.
"""

import struct

from PIL import BmpImagePlugin, Image

from promptdsl.files.opening import in_words
from promptdsl.pictures.problem import SAVE_AS, PictureError

MAX_PIXELS = 200_000_000
MAX_PIXELS_WHOLE = 80_000_000  # for decoders that hold the whole picture several times over
_WHOLE = ("WEBP", "AVIF", "JPEG2000")
MAX_VALUES = 1_000_000  # of one field of a TIFF; a large picture in small tiles has fewer
MAX_PASSES = 4_000_000_000  # pixels times scans of a progressive JPEG
MAX_RUNS = 20_000_000  # bytes of a BMP in runs, which are decoded one after the other

_SCAN = b"\xff\xda"
_BYTES_PER_VALUE = {3: 2, 4: 4, 5: 8, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8}


def refuse_wild_headers(content: bytes) -> None:
    """PictureError for claims that would cost memory as soon as the file is opened."""
    canvas = _webp_canvas(content)
    if canvas is not None and canvas[0] * canvas[1] > MAX_PIXELS_WHOLE:
        raise PictureError(too_large(canvas, MAX_PIXELS_WHOLE))
    if _tiff_values(content) > MAX_VALUES:
        raise PictureError("it is a TIFF with a field of more than a million values: save it anew")


def refuse_wild_pictures(image: Image.Image, content: bytes = b"") -> None:
    """PictureError for a picture that is opened and whose pixels would cost too much."""
    pixels = image.width * image.height
    most = MAX_PIXELS_WHOLE if image.format in _WHOLE else MAX_PIXELS
    if pixels > most:
        raise PictureError(too_large(image.size, most))
    if image.format in ("JPEG", "MPO") and content.count(_SCAN) * pixels > MAX_PASSES:
        raise PictureError(f"it is a JPEG of too many passes for its size: {SAVE_AS}")
    if isinstance(image, BmpImagePlugin.BmpImageFile) and len(content) > MAX_RUNS:
        tile = getattr(image, "tile", ())
        if tile and tile[0][0] == "bmp_rle":
            raise PictureError(f"it is a BMP in runs above {in_words(MAX_RUNS)}: {SAVE_AS}")


def too_large(size: tuple[int, int] | None = None, most: int = MAX_PIXELS) -> str:
    """The sentence for too many pixels."""
    measure = f"with {size[0]} x {size[1]} pixels " if size else ""
    limit = most // 1_000_000
    return f"{measure}it is larger than the limit of {limit} megapixels: cut or shrink it first"


def _webp_canvas(content: bytes) -> tuple[int, int] | None:
    """(width, height) that the header of a WebP claims: it is allocated on opening."""
    if content[:4] != b"RIFF" or content[8:12] != b"WEBP" or len(content) < 30:
        return None
    if content[12:16] == b"VP8X":
        return (
            int.from_bytes(content[24:27], "little") + 1,
            int.from_bytes(content[27:30], "little") + 1,
        )
    if content[12:16] == b"VP8L":
        bits = int.from_bytes(content[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", content[26:30])
    return width & 0x3FFF, height & 0x3FFF


def _tiff_values(content: bytes) -> int:
    """The most numbers that a field of a TIFF's first directory holds; 0 for other files."""
    order = {b"II": "<", b"MM": ">"}.get(content[:2])
    if order is None or len(content) < 16:
        return 0
    big = content[2:4] in (b"+\0", b"\0+")
    head, count, entry = ("Q", "Q", "HHQ8x") if big else ("I", "H", "HHI4x")
    try:
        (start,) = struct.unpack_from(order + head, content, 8 if big else 4)
        (fields,) = struct.unpack_from(order + count, content, start)
        first, size = start + struct.calcsize(order + count), struct.calcsize(order + entry)
        most = 0
        for number in range(min(fields, 65_535)):
            _, kind, values = struct.unpack_from(order + entry, content, first + number * size)
            width = _BYTES_PER_VALUE.get(kind)  # texts and bytes stay what they are
            if width is not None and values * width <= len(content):
                most = max(most, values)
        return most
    except (struct.error, OverflowError):
        return 0  # cut off: Pillow says it
