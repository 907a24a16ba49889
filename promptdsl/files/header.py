"""How large a picture is, by the first bytes of its file and by the standard library alone.

`check` asks this of one picture and must answer in a blink, so nothing is imported for it and no
pixel is read. PNG, JPEG, TIFF, BMP and GIF are known; of others, and of damaged files, nothing is
said here, and reading them tells why.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

Size = tuple[int, int]  # width, height, as they are stored
_PNG, _JPEG, _GIF, _BMP = b"\x89PNG\r\n\x1a\n", b"\xff\xd8", (b"GIF87a", b"GIF89a"), b"BM"
_TIFF = {b"II*\0": "<", b"MM\0*": ">"}
_WIDTH, _HEIGHT, _SHORT = 256, 257, 3
_NO_FRAME = (0xC4, 0xC8, 0xCC)  # among the markers C0 to CF that begin a frame
_MOST_SEGMENTS, _MOST_TAGS = 1_000, 500


def stored_size(stream: BinaryIO) -> Size | None:
    """(width, height), not turned as EXIF says; None where the header does not tell."""
    with suppress(struct.error, OSError, OverflowError):
        size = _size(stream)
        if size is not None and min(size) > 0:
            return size
    return None


def _size(stream: BinaryIO) -> Size | None:
    start = stream.read(32)
    if start.startswith(_PNG):
        return _two(">II", start, 16)
    if start.startswith(_GIF):
        return _two("<HH", start, 6)
    if start.startswith(_BMP):
        width, height = _two("<ii", start, 18)
        return width, abs(height)  # from the top down, it is negative
    if start.startswith(_JPEG):
        return _jpeg(stream)
    order = _TIFF.get(start[:4])
    return None if order is None else _tiff(stream, order, start)


def _two(form: str, content: bytes, offset: int) -> Size:
    one, other = struct.unpack_from(form, content, offset)
    return int(one), int(other)


def _jpeg(stream: BinaryIO) -> Size | None:
    """The size in the first frame's head."""
    for marker in _segments(stream):
        if 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:
            height, width = _two(">HH", stream.read(5), 1)
            return width, height
    return None


def _segments(stream: BinaryIO) -> Iterator[int]:
    """Markers of a JPEG, the stream being at their content, up to its pixels."""
    stream.seek(2)
    for _ in range(_MOST_SEGMENTS):
        lead, marker = struct.unpack(">BB", stream.read(2))
        while marker == 0xFF:  # fill bytes
            (marker,) = struct.unpack(">B", stream.read(1))
        if lead != 0xFF or marker == 0xDA:
            return
        (length,) = struct.unpack(">H", stream.read(2))
        behind = stream.tell() + length - 2
        yield marker
        stream.seek(behind)


def _tiff(stream: BinaryIO, order: str, start: bytes) -> Size | None:
    """The size in the first directory."""
    (place,) = struct.unpack_from(f"{order}I", start, 4)
    stream.seek(place)
    (count,) = struct.unpack(f"{order}H", stream.read(2))
    found: dict[int, int] = {}
    for _ in range(min(count, _MOST_TAGS)):
        entry = stream.read(12)
        tag, kind = struct.unpack_from(f"{order}HH", entry)
        (found[tag],) = struct.unpack_from(f"{order}{'H' if kind == _SHORT else 'I'}", entry, 8)
    width, height = found.get(_WIDTH), found.get(_HEIGHT)
    return None if width is None or height is None else (width, height)
