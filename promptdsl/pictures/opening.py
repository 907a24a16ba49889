"""Opening pictures and masks: formats of our own list, by content, read once, in bounded memory.

A file's bytes are read in one go and decoded from memory, so that the hash is that of the pixels.
Whatever goes wrong between opening and the last pixel is a `PictureError` with one sentence.
"""

import io
import os
import struct
import threading
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from promptdsl.files.hashing import hash_bytes
from promptdsl.files.opening import NOT_REGULAR, TooLarge, in_words, open_regular
from promptdsl.files.suffixes import UNREADABLE_PICTURES, suffix
from promptdsl.pictures.claims import (
    MAX_PIXELS,
    refuse_wild_headers,
    refuse_wild_pictures,
    too_large,
)
from promptdsl.pictures.problem import SAVE_AS, PictureError
from promptdsl.pictures.upright import upright_size

FORMATS = ("PNG", "JPEG", "MPO", "TIFF", "BMP", "DIB", "GIF", "WEBP", "PPM", "JPEG2000", "AVIF")

MAX_BYTES = 1_000_000_000
LARGE_PIXELS = 16_000_000
LARGE_BYTES = 64_000_000

UNREAD: dict[type[BaseException], str] = {
    FileNotFoundError: "it is no longer there",
    PermissionError: "it may not be read: permission denied",
    IsADirectoryError: "it is a folder, not a picture",
    MemoryError: "there is not enough memory to read it",
}
HEIC = {b"heic", b"heix", b"hevc", b"mif1", b"msf1"}
INSTEAD: dict[tuple[bytes, ...], str] = {
    (b"%!PS",): f"it is a PostScript file, which is not opened: {SAVE_AS}",
    (b"%PDF",): f"it is a PDF, not a picture: {SAVE_AS}",
    (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"): (
        "it is a TIFF of a kind that cannot be read, or damaged: save it with 8 or 16 bits"
    ),
}

# Pillow's own limit is half a camera's panorama; ours are in `claims`.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
# What it finds odd in a file that it reads all the same means nothing to the owner of a part.
warnings.filterwarnings("ignore", module=r"PIL\.")

__all__ = [
    "MAX_BYTES",
    "MAX_PIXELS",
    "PictureError",
    "PictureFile",
    "open_picture",
    "picture_size",
    "read_file",
    "reading",
    "told_plainly",
]

_one_large_picture = threading.RLock()


@dataclass(frozen=True, slots=True)
class PictureFile:
    """A file's bytes and their SHA-256."""

    content: bytes
    sha256: str
    suffix: str = ""


@contextmanager
def reading(path: Path) -> Iterator[PictureFile]:
    """The file, read once; files of many megabytes are held in memory one at a time.

    A PictureError that is raised meanwhile tells of which bytes it is.
    """
    with _held_in_turn(path):
        file = read_file(path)
        try:
            yield file
        except PictureError as error:
            error.sha256 = file.sha256
            raise


def read_file(path: Path) -> PictureFile:
    """The bytes of a picture's file and their hash. Raises PictureError."""
    try:
        with open_regular(path) as stream:
            size = os.fstat(stream.fileno()).st_size
            if size > MAX_BYTES:
                raise TooLarge
            content = stream.read(size)  # not a byte that is written meanwhile
    except (OSError, MemoryError) as error:
        raise PictureError(_unread(error)) from None
    if not content:
        raise PictureError("the file is empty (0 bytes)")
    return PictureFile(content, hash_bytes(content), suffix(path))


@contextmanager
def open_picture(source: Path | PictureFile) -> Iterator[Image.Image]:
    """The picture as Pillow opens it; what is raised over it inside comes out as PictureError."""
    if isinstance(source, Path):
        with reading(source) as file, open_picture(file) as image:
            yield image
        return
    with told_plainly(source):
        refuse_wild_headers(source.content)
        with Image.open(io.BytesIO(source.content), formats=_formats()) as image:
            refuse_wild_pictures(image, source.content)
            with _in_turn(image.width * image.height > LARGE_PIXELS):
                yield image


@contextmanager
def told_plainly(file: PictureFile | None = None) -> Iterator[None]:
    """What is raised over a picture inside comes out as PictureError; `file`: whose bytes it is."""
    try:
        yield
    except PictureError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise PictureError(too_large()) from None
    except MemoryError:
        raise PictureError("there is not enough memory to decode it") from None
    except Exception as error:  # a codec may raise anything over a damaged file
        if file is not None and isinstance(error, UnidentifiedImageError):
            raise PictureError(_what_it_is_instead(file)) from None
        raise PictureError(_damage(error)) from None


def picture_size(source: Path | PictureFile) -> tuple[int, int]:
    """(width, height) of a picture or mask as it is shown, not decoded. Raises PictureError."""
    with open_picture(source) as image:
        return upright_size(image)


def size_in_header(path: Path) -> tuple[int, int] | None:
    """(width, height) as the picture is shown; None where the head of its file does not say it."""
    try:
        with open_regular(path) as stream, Image.open(stream, formats=_formats()) as image:
            width, height = upright_size(image)
    except Exception:  # whatever is wrong with it, the commands that read it say so
        return None
    return (width, height) if 0 < width * height <= MAX_PIXELS else None


def _formats() -> list[str]:
    Image.init()
    return [name for name in FORMATS if name in Image.OPEN]


def _held_in_turn(path: Path) -> AbstractContextManager[object]:
    try:
        return _in_turn(path.stat().st_size > LARGE_BYTES)
    except OSError:
        return nullcontext()  # reading it says why


def _in_turn(large: bool) -> AbstractContextManager[object]:
    return _one_large_picture if large else nullcontext()


def _unread(error: BaseException) -> str:
    """Why the bytes could not be had."""
    if isinstance(error, TooLarge):
        return f"it is larger than the limit of {in_words(MAX_BYTES)}: cut or shrink it first"
    for kind, sentence in UNREAD.items():
        if isinstance(error, kind):
            return sentence
    reason = getattr(error, "strerror", None) or str(error)
    return NOT_REGULAR if reason == NOT_REGULAR else f"it cannot be read: {reason}"


def _what_it_is_instead(file: PictureFile) -> str:
    start = file.content[:512]
    if start[4:8] == b"ftyp" and start[8:12] in HEIC:
        return f"it is a HEIC picture, which cannot be read: {SAVE_AS}"
    if file.suffix in UNREADABLE_PICTURES:
        return f"{file.suffix[1:].upper()} pictures cannot be read: {SAVE_AS}"
    for beginnings, sentence in INSTEAD.items():
        if start.startswith(beginnings):
            return sentence
    if not any(start):
        return "it holds only zeros, not a picture"
    if _is_text(start):
        return "it holds text, not a picture"
    return f"it is not a picture of a known kind, or its beginning is damaged: {SAVE_AS}"


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
    if "decompressed data too large" in sentence.lower():
        return f"its texts or its colour profile are too large: {SAVE_AS} without them"
    if "truncated" in sentence.lower() or isinstance(error, (EOFError, struct.error)):
        return "the file is cut off: its end is missing"
    return f"it cannot be decoded: {sentence[:160]}"
