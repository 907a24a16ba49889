"""Reading pictures: any file becomes 8-bit RGB at the detector's size, or one sentence.

Rules, the same for every picture: it is turned upright; transparent parts lie on white; of an
animation or a multi-page file the first frame counts; of 16 bits the upper eight count; colour
profiles are not applied. The picture is squeezed, not cropped, to the detector's size by Pillow's
antialiased bicubic filter, as open_clip does. Pictures above `LARGE_PIXELS` are decoded one at a
time and first reduced by a whole factor (JPEG: while decoding), to no less than four times the
detector's size.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.pictures.claims import refuse_wild_pictures
from promptdsl.pictures.depth import stored_depth
from promptdsl.pictures.look import Look, look_at
from promptdsl.pictures.netpbm import netpbm_picture
from promptdsl.pictures.opening import (
    LARGE_PIXELS,
    MAX_PIXELS,
    PictureError,
    PictureFile,
    open_picture,
    reading,
    told_plainly,
)
from promptdsl.pictures.upright import decoded_turn, upright_size
from promptdsl.pictures.visible import Seen, Stored, seen_rgb, stored_key

MIN_SIDE = 16  # the models look at patches of 14 to 32 pixels
PREVIEW_SIDE = 320


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture ready to be scored."""

    pixels: npt.NDArray[np.uint8]  # (H, W, 3) RGB at the detector's size
    width: int  # the picture's own size, after rotation
    height: int
    preview: Image.Image  # RGB, longest side at most PREVIEW_SIDE
    notes: tuple[str, ...] = ()
    sha256: str | None = None  # of the bytes that were decoded
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    """A picture at its own size, to be cut."""

    image: Image.Image  # RGB, upright
    look: Look
    notes: tuple[str, ...] = ()
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class _Decoded:
    image: Image.Image  # RGB, upright
    size: tuple[int, int]  # its own, upright, before any reduction
    notes: tuple[str, ...]
    deep: bool  # more than 8 bits a value in the file


Sized = Callable[[tuple[int, int]], int]  # own size -> whole factor to reduce by


def read_picture(path: Path, size: tuple[int, int]) -> Picture:
    """The picture at `size` (height, width); raises PictureError for anything else."""
    height, width = size
    least = 4 * max(width, height, PREVIEW_SIDE)
    with reading(path) as file:
        decoded = _decode(file, lambda own: min(own) // least)
    return _at_size(decoded, size, file.sha256)


def picture_of(image: Image.Image, size: tuple[int, int]) -> Picture:
    """A picture in memory at `size` (height, width), which stays as it is; raises PictureError."""
    with told_plainly():
        refuse_wild_pictures(image)
        decoded = _flatten(image, image.size, 1)
    own = decoded.image.size
    _refuse_too_small(own)
    return _at_size(replace(decoded, size=own), size)


def read_whole(path: Path, intensity: tuple[float, float] | None = None) -> Whole:
    """The picture at its own size; raises PictureError."""
    with reading(path) as file:
        return _whole(_decode(file, lambda own: 1), file.sha256)


def whole_of(image: Image.Image, intensity: tuple[float, float] | None = None) -> Whole:
    """A picture in memory at its own size; raises PictureError."""
    with told_plainly():
        refuse_wild_pictures(image)
        decoded = _flatten(image, image.size, 1)
    _refuse_too_small(decoded.image.size)
    return _whole(decoded)


def _whole(decoded: _Decoded, sha256: str | None = None) -> Whole:
    look = look_at(decoded.image, decoded.image.size, decoded.deep)
    return Whole(decoded.image, look, decoded.notes, sha256)


def _at_size(decoded: _Decoded, size: tuple[int, int], sha256: str | None = None) -> Picture:
    look = look_at(decoded.image, decoded.size, decoded.deep)
    small = decoded.image.resize(size[::-1], Resampling.BICUBIC)
    preview = decoded.image
    preview.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Resampling.BICUBIC)
    return Picture(np.array(small), *decoded.size, preview, decoded.notes, sha256, look)


def read_rgb(path: Path, at_most: int = MAX_PIXELS, sha256: str | None = None) -> Image.Image:
    """The picture in RGB at its own size, or a whole factor smaller to have `at_most` pixels.

    With `sha256`, a file of other bytes is a PictureError: it was replaced in between.
    """
    with reading(path) as file:
        if sha256 is not None and file.sha256 != sha256:
            raise PictureError("the file was replaced while it was inspected")
        return _decode(file, lambda own: math.ceil(math.sqrt(own[0] * own[1] / at_most))).image


def _decode(file: PictureFile, factor: Sized) -> _Decoded:
    """RGB picture, reduced by `factor(own size)` when large."""
    with open_picture(file) as image:
        own = upright_size(image)
        _refuse_too_small(own)
        large = own[0] * own[1] > LARGE_PIXELS
        return _flatten(image, own, factor(own) if large else 1)


def _refuse_too_small(size: tuple[int, int]) -> None:
    if min(size) < MIN_SIDE:  # stretched to the model's size it would only look like a good part
        raise PictureError(f"with {size[0]} x {size[1]} pixels it is too small to show a part")


def _flatten(image: Image.Image, own: tuple[int, int], factor: int) -> _Decoded:
    """RGB, upright, with what there is to say of it."""
    stored, seen, notes = stored_key(image, stored_depth(image)), Seen(), _frames(image)
    if factor > 1:
        image.draft(None, (image.width // factor, image.height // factor))
        factor //= max(1, round(max(own) / max(image.size)))
    image = netpbm_picture(image) or image
    turn = decoded_turn(image)
    rgb = _reduced(image, stored, seen, factor) if factor > 1 else seen_rgb(image, stored, seen)
    seen.refuse_nothing()
    notes += tuple(filter(None, [seen.note()]))
    return _Decoded(rgb if turn is None else rgb.transpose(turn), own, notes, stored.deep)


def _frames(image: Image.Image) -> tuple[str, ...]:
    """A note about further frames, without counting them: a file may claim millions."""
    several = getattr(image, "is_animated", False) and image.format != "MPO"
    return ("only the first frame was inspected",) if several else ()


def _reduced(image: Image.Image, stored: Stored, seen: Seen, factor: int) -> Image.Image:
    """The picture in RGB, a whole factor smaller; strip by strip, to bound the memory."""
    rows = factor * 64
    reduced = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        reduced.paste(seen_rgb(strip, stored, seen).reduce(factor), (0, top // factor))
    return reduced
