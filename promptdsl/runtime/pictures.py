"""Reading pictures: any file becomes 8-bit RGB at the detector's size, or one sentence.

Rules, the same for every picture: EXIF rotation is applied; transparent parts lie on white; of an
animation or a multi-page file the first frame counts; 16-bit values are divided by 257; colour
profiles are not applied. The picture is squeezed, not cropped, to the detector's size by Pillow's
antialiased bicubic filter, as open_clip does. Pictures above `LARGE_PIXELS` are decoded one at a
time and first reduced by a whole factor (JPEG: while decoding), to no less than four times the
detector's size.
"""

import math
import stat
import struct
import threading
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError
from PIL.Image import Resampling, Transpose

from promptdsl.files.suffixes import UNREADABLE_PICTURES

MAX_PIXELS = 200_000_000
MIN_SIDE = 4
LARGE_PIXELS = 16_000_000
PREVIEW_SIDE = 320

FORMATS = ("PNG", "JPEG", "MPO", "TIFF", "BMP", "GIF", "WEBP", "PPM", "JPEG2000", "AVIF")

# Pillow's own limit is half a camera's panorama; ours is stated above and checked below.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
_one_large_picture = threading.Lock()

_ROTATIONS = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}


class PictureError(Exception):
    """Why a file gives no picture: one sentence without the file's name."""


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be scored."""

    pixels: npt.NDArray[np.uint8]  # (H, W, 3) RGB at the detector's size
    width: int  # the picture's own size, after rotation
    height: int
    preview: Image.Image  # RGB, longest side at most PREVIEW_SIDE
    notes: tuple[str, ...] = ()


Sized = Callable[[tuple[int, int]], int]  # own size -> whole factor to reduce by


def read_picture(path: Path, size: tuple[int, int]) -> Picture:
    """The picture at `size` (height, width); raises PictureError for anything else."""
    height, width = size
    least = 4 * max(width, height, PREVIEW_SIDE)
    image, own, notes = _decode(path, lambda own: min(own) // least)
    small = image.resize((width, height), Resampling.BICUBIC)
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Resampling.BICUBIC)
    return Picture(np.array(small), own[0], own[1], image, notes)


def read_rgb(path: Path, at_most: int = MAX_PIXELS) -> Image.Image:
    """The picture in RGB at its own size, or a whole factor smaller to have `at_most` pixels."""
    image, _, _ = _decode(path, lambda own: math.ceil(math.sqrt(own[0] * own[1] / at_most)))
    return image


def _decode(path: Path, factor: Sized) -> tuple[Image.Image, tuple[int, int], tuple[str, ...]]:
    """RGB picture, reduced by `factor(own size)` when large; own size; notes."""
    _refuse_what_is_no_file(path)
    try:
        with Image.open(path, formats=_formats()) as image:
            _refuse_other_sizes(image.size)
            large = image.width * image.height > LARGE_PIXELS
            with _one_large_picture if large else nullcontext():
                return _flatten(image, factor(image.size) if large else 1)
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(_too_large()) from None
    except UnidentifiedImageError:
        raise PictureError(_what_it_is_instead(path)) from None
    except MemoryError:
        raise PictureError("there is not enough memory to decode it") from None
    except PermissionError:
        raise PictureError("it may not be read: permission denied") from None
    except FileNotFoundError:
        raise PictureError("it is no longer there") from None
    except Exception as error:  # a codec may raise anything over a damaged file
        raise PictureError(_damage(error)) from None


def _formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _refuse_what_is_no_file(path: Path) -> None:
    try:
        status = path.stat()
    except FileNotFoundError:
        raise PictureError("it is no longer there") from None
    except PermissionError:
        raise PictureError("it may not be read: permission denied") from None
    except OSError as error:
        raise PictureError(f"it cannot be read: {error.strerror or error}") from None
    if stat.S_ISDIR(status.st_mode):
        raise PictureError("it is a folder, not a picture")
    if not stat.S_ISREG(status.st_mode):
        raise PictureError("it is not a regular file")
    if status.st_size == 0:
        raise PictureError("the file is empty (0 bytes)")


def _refuse_other_sizes(size: tuple[int, int]) -> None:
    if size[0] * size[1] > MAX_PIXELS:
        raise PictureError(_too_large(size))
    if min(size) < MIN_SIDE:  # stretched to the model's size it would only look like a good part
        raise PictureError(f"with {size[0]} x {size[1]} pixels it is too small to show a part")


def _too_large(size: tuple[int, int] | None = None) -> str:
    measure = f"with {size[0]} x {size[1]} pixels " if size else ""
    limit = MAX_PIXELS // 1_000_000
    return f"{measure}it is larger than the limit of {limit} megapixels: cut or shrink it first"


def _flatten(
    image: Image.Image, factor: int
) -> tuple[Image.Image, tuple[int, int], tuple[str, ...]]:
    own, rotation, notes = image.size, _rotation(image), _notes(image)
    rgb = _reduced_rgb(image, factor) if factor > 1 else _to_rgb(image)
    if rotation in _ROTATIONS:
        rgb = rgb.transpose(_ROTATIONS[rotation])
    return rgb, own if rotation < 5 else (own[1], own[0]), notes


def _rotation(image: Image.Image) -> int:
    """EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(0x0112, 1)
    except Exception:  # damaged EXIF does not make the pixels worse
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _notes(image: Image.Image) -> tuple[str, ...]:
    notes = []
    if getattr(image, "n_frames", 1) > 1 and image.format != "MPO":
        notes.append("only the first frame was inspected")
    if image.has_transparency_data:
        notes.append("transparent parts were put on white")
    return tuple(notes)


def _reduced_rgb(image: Image.Image, factor: int) -> Image.Image:
    """The picture in RGB, a whole factor smaller; strip by strip, to bound the memory."""
    own = image.size
    image.draft(None, (own[0] // factor, own[1] // factor))
    factor //= max(1, round(own[0] / image.width))
    if factor < 2:
        return _to_rgb(image)
    rows = factor * 64
    reduced = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        reduced.paste(_to_rgb(strip).reduce(factor), (0, top // factor))
    return reduced


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        image = _eight_bits(image)
    if image.mode == "F":
        raise PictureError(
            "it holds floating-point values without a known white level: save it with 8 or 16 bits"
        )
    if image.has_transparency_data:
        return _on_white(image.convert("RGBA"))
    return image.convert("RGB")


def _eight_bits(image: Image.Image) -> Image.Image:
    """16-bit grey to 8 bits over the whole range; Pillow alone would cut at 255."""
    values = np.asarray(image)
    if values.size and (values.min() < 0 or values.max() > 65535):
        raise PictureError("it holds 32-bit values: save it with 8 or 16 bits")
    return Image.fromarray(((values.astype(np.uint32) + 128) // 257).astype(np.uint8))


def _on_white(image: Image.Image) -> Image.Image:
    white = Image.new("RGBA", image.size, (255, 255, 255, 255))
    return Image.alpha_composite(white, image).convert("RGB")


def _what_it_is_instead(path: Path) -> str:
    suffix = path.suffix.lower()
    with path.open("rb") as file:
        start = file.read(512)
    readable = "save it as PNG, JPEG or TIFF"
    if start[4:8] == b"ftyp" and start[8:12] in {b"heic", b"heix", b"hevc", b"mif1", b"msf1"}:
        return f"it is a HEIC picture, which cannot be read: {readable}"
    if suffix in UNREADABLE_PICTURES:
        return f"{suffix[1:].upper()} pictures cannot be read: {readable}"
    if not any(start):
        return "it holds only zeros, not a picture"
    if _is_text(start):
        return "it holds text, not a picture"
    return f"it is not a picture of a known kind, or its beginning is damaged: {readable}"


def _is_text(start: bytes) -> bool:
    try:
        text = start.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(start) - 3:
            return False
        text = start[: error.start].decode("utf-8")
    return all(character.isprintable() or character in "\t\r\n\ufeff" for character in text)


def _damage(error: Exception) -> str:
    reason = str(error).strip().splitlines()
    sentence = reason[0] if reason else type(error).__name__
    if "truncated" in sentence.lower() or isinstance(error, (EOFError, struct.error)):
        return "the file is cut off: its end is missing"
    return f"it cannot be decoded: {sentence[:160]}"
