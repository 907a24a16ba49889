"""Files that Pillow does not write by itself: TIFFs of every depth, PNGs of 16 bits."""

import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.generic]


def tiff(
    path: Path,
    rows: bytes,
    size: tuple[int, int],
    bits: int | tuple[int, ...] = 16,
    *,
    white_is_zero: bool = False,
    sample_format: int = 1,
    orientation: int = 1,
    big_endian: bool = False,
    planes_apart: bool = False,
    leave_out: tuple[int, ...] = (),
) -> Path:
    """An uncompressed TIFF of one strip; `size` is (width, height)."""
    order = ">" if big_endian else "<"
    depths = (bits,) if isinstance(bits, int) else bits
    photometric = 2 if len(depths) >= 3 else (0 if white_is_zero else 1)
    tags = [
        (256, 4, size[0]), (257, 4, size[1]), (258, 3, depths), (259, 3, 1), (262, 3, photometric),
        (273, 4, 0), (274, 3, orientation), (277, 3, len(depths)), (278, 4, size[1]),
        (279, 4, len(rows)),
        (284, 3, 2 if planes_apart else 1), (339, 3, (sample_format,) * len(depths)),
    ]  # fmt: skip
    tags = [tag for tag in tags if tag[0] not in leave_out]
    behind = 8 + 2 + 12 * len(tags) + 4
    extra = b""
    lines = b""
    data_at = behind + sum(2 * len(v) for _, _, v in tags if isinstance(v, tuple) and len(v) > 2)
    for number, kind, value in tags:
        values = value if isinstance(value, tuple) else (value,)
        if number == 273:
            values = (data_at,)
        packed = struct.pack(f"{order}{len(values)}{'H' if kind == 3 else 'I'}", *values)
        if len(packed) > 4:
            extra, packed = extra + packed, struct.pack(order + "I", behind + len(extra))
        lines += struct.pack(order + "HHI", number, kind, len(values)) + packed.ljust(4, b"\0")
    magic = b"MM\0*" if big_endian else b"II*\0"
    start = magic + struct.pack(order + "IH", 8, len(tags))
    path.write_bytes(start + lines + bytes(4) + extra + rows)
    return path


def tiff_of(path: Path, values: Array, **options: object) -> Path:
    """A grey TIFF of an array, as deep as the array's type."""
    return tiff(
        path,
        values.tobytes(),
        (values.shape[1], values.shape[0]),
        values.dtype.itemsize * 8,
        **options,  # type: ignore[arg-type]
    )


def packed_12(values: Array) -> bytes:
    """Two values in three bytes, as TIFF packs 12 bits; the width must be even."""
    pairs = values.astype(np.uint16).reshape(-1, 2)
    packed = np.empty((len(pairs), 3), np.uint8)
    packed[:, 0] = pairs[:, 0] >> 4
    packed[:, 1] = (pairs[:, 0] & 15) << 4 | pairs[:, 1] >> 8
    packed[:, 2] = pairs[:, 1] & 255
    return packed.tobytes()


def chunk(kind: bytes, data: bytes) -> bytes:
    """A PNG's chunk."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


COLOR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def png_16(path: Path, values: Array, *extra: bytes) -> Path:
    """A PNG of 16-bit values, (H, W) or (H, W, channels); `extra` are further chunks."""
    height, width = values.shape[:2]
    kind = COLOR_TYPES[values.shape[2] if values.ndim == 3 else 1]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, kind, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + b"".join(extra)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    return path
