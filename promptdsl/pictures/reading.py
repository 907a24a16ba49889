"""Reading pictures: any file becomes 8-bit RGB at the detector's size, or one sentence.

Rules, the same for every picture: it is turned upright; transparent parts lie on white; of an
animation or a multi-page file the first frame counts; of 16 bits the upper eight count, or what an
intensity says; colour profiles are not applied. `read_picture` squeezes the picture, without
cropping it, to the detector's size by Pillow's antialiased bicubic filter, as open_clip does.
Pictures above `LARGE_PIXELS` are decoded one at a time; `read_picture` first reduces them by a
whole factor (JPEG: while decoding), to no less than four times the detector's size.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.pictures.arrays import image_of
from promptdsl.pictures.claims import refuse_wild_pictures
from promptdsl.pictures.deep_colour import deep_colour, lower_bytes, refuse_lost_bits
from promptdsl.pictures.depth import most_stored, stored_depth
from promptdsl.pictures.intensity import Intensity, Tones, tones_of
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
from promptdsl.pictures.visible import Seen, Stored, alpha_of, seen_rgb, stored_key

MIN_SIDE = 16  # the models look at patches of 14 to 32 pixels
PREVIEW_SIDE = 320
STRIP_PIXELS = 4_000_000  # of a large picture that are brought to RGB at a time


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
    """A picture at its own size."""

    image: Image.Image  # RGB, upright
    look: Look
    notes: tuple[str, ...] = ()
    sha256: str | None = None  # of the bytes that were decoded

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        return self.image.size


@dataclass(frozen=True, slots=True)
class _Decoded:
    image: Image.Image  # RGB, upright
    size: tuple[int, int]  # its own, upright, before any reduction
    notes: tuple[str, ...]
    deep: bool  # more than 8 bits a value in the file
    tones: Tones | None = None  # by which the file's values became levels

    def look(self) -> Look:
        return look_at(self.image, self.size, self.deep, self.tones)


InMemory = Image.Image | npt.NDArray[np.generic]
Sized = Callable[[tuple[int, int]], int]  # own size -> whole factor to reduce by


def read_picture(path: Path, size: tuple[int, int], intensity: Intensity | None = None) -> Picture:
    """The picture at `size` (height, width); raises PictureError for anything else."""
    height, width = size
    least = 4 * max(width, height, PREVIEW_SIDE)
    with reading(path) as file:
        decoded = _decode(file, lambda own: min(own) // least, intensity)
    return _at_size(decoded, size, file.sha256)


def read_whole(path: Path, intensity: Intensity | None = None) -> Whole:
    """The picture at its own size; raises PictureError.

    Decoding holds it about twice, as 4 bytes a pixel, and one large picture at a time.
    """
    with reading(path) as file:
        decoded = _decode(file, lambda own: 1, intensity)
    return Whole(decoded.image, decoded.look(), decoded.notes, file.sha256)


def picture_of(
    image: InMemory, size: tuple[int, int], intensity: Intensity | None = None
) -> Picture:
    """A picture in memory at `size` (height, width), which stays as it is; raises PictureError."""
    return _at_size(_in_memory(image, intensity), size)


def whole_of(image: InMemory, intensity: Intensity | None = None) -> Whole:
    """A picture in memory at its own size, which stays as it is; raises PictureError."""
    decoded = _in_memory(image, intensity)
    return Whole(decoded.image, decoded.look(), decoded.notes)


def _in_memory(given: InMemory, intensity: Intensity | None) -> _Decoded:
    with told_plainly():
        if isinstance(given, np.ndarray):
            image, tones = image_of(given, intensity)
            _refuse_too_small(image.size)
            notes = tones.notes() if tones else ()
            return _Decoded(image, image.size, notes, given.dtype != np.uint8, tones)
        image = given
        refuse_wild_pictures(image)
        decoded = _flatten(image, image.size, 1, intensity)
    own = decoded.image.size
    _refuse_too_small(own)
    return replace(decoded, size=own)


def _at_size(decoded: _Decoded, size: tuple[int, int], sha256: str | None = None) -> Picture:
    look = decoded.look()
    small = decoded.image.resize(size[::-1], Resampling.BICUBIC)
    preview = decoded.image
    preview.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Resampling.BICUBIC)
    return Picture(np.array(small), *decoded.size, preview, decoded.notes, sha256, look)


def read_rgb(
    path: Path,
    at_most: int = MAX_PIXELS,
    sha256: str | None = None,
    intensity: Intensity | None = None,
) -> Image.Image:
    """The picture in RGB at its own size, or a whole factor smaller to have `at_most` pixels.

    With `sha256`, a file of other bytes is a PictureError: it was replaced in between.
    """
    with reading(path) as file:
        if sha256 is not None and file.sha256 != sha256:
            raise PictureError("the file was replaced while it was inspected")
        factor: Sized = lambda own: math.ceil(math.sqrt(own[0] * own[1] / at_most))  # noqa: E731
        return _decode(file, factor, intensity).image


def _decode(file: PictureFile, factor: Sized, intensity: Intensity | None) -> _Decoded:
    """RGB picture, reduced by `factor(own size)` when large."""
    with open_picture(file) as image:
        own = upright_size(image)
        _refuse_too_small(own)
        large = own[0] * own[1] > LARGE_PIXELS
        return _flatten(image, own, factor(own) if large else 1, intensity)


def _refuse_too_small(size: tuple[int, int]) -> None:
    if min(size) < MIN_SIDE:  # stretched to the model's size it would only look like a good part
        raise PictureError(f"with {size[0]} x {size[1]} pixels it is too small to show a part")


def _flatten(
    image: Image.Image, own: tuple[int, int], factor: int, intensity: Intensity | None
) -> _Decoded:
    """RGB, upright, with what there is to say of it."""
    tones = tones_of(intensity)
    stored = stored_key(image, stored_depth(image, tones is not None), tones)
    seen, notes = Seen(), _frames(image)
    if factor > 1:
        image.draft(None, (image.width // factor, image.height // factor))
        factor //= max(1, round(max(own) / max(image.size)))
    image, stored = _decoded_by(image, stored)
    turn = decoded_turn(image)
    rgb = _seen_in_strips(image, stored, seen, max(1, factor))
    seen.refuse_nothing()
    notes += tuple(filter(None, [seen.note()]))
    notes += tones.notes() if tones else ()
    upright = rgb if turn is None else rgb.transpose(turn)
    return _Decoded(upright, own, notes, stored.deep, tones)


def _decoded_by(image: Image.Image, stored: Stored) -> tuple[Image.Image, Stored]:
    """The picture where Pillow's decoder would lose values; then the tones are applied."""
    tones = stored.tones
    text = netpbm_picture(image, tones)
    if tones is None or text is not None:
        return text or image, replace(stored, tones=None)
    refuse_lost_bits(image)
    tones.refuse_less(most_stored(image, stored.depth, stored.deep))
    lower = lower_bytes(image)
    if lower is None:
        return image, stored
    image.load()
    alpha = alpha_of(image, stored)
    colour = deep_colour(image, lower, tones)
    if alpha is not None:
        colour.putalpha(alpha)
    return colour, replace(stored, tones=None, key=None)


def _frames(image: Image.Image) -> tuple[str, ...]:
    """A note about further frames, without counting them: a file may claim millions."""
    several = getattr(image, "is_animated", False) and image.format != "MPO"
    return ("only the first frame was inspected",) if several else ()


def _seen_in_strips(image: Image.Image, stored: Stored, seen: Seen, factor: int) -> Image.Image:
    """The picture in RGB, a whole factor smaller; a large one in strips, to bound the memory."""
    if factor == 1 and image.width * image.height <= LARGE_PIXELS:
        return seen_rgb(image, stored, seen)
    rows = factor * 64 if factor > 1 else max(1, STRIP_PIXELS // image.width)
    reduced = Image.new("RGB", (-(-image.width // factor), -(-image.height // factor)))
    for top in range(0, image.height, rows):
        strip = image.crop((0, top, image.width, min(image.height, top + rows)))
        shown = seen_rgb(strip, stored, seen)
        reduced.paste(shown.reduce(factor) if factor > 1 else shown, (0, top // factor))
    return reduced
