"""Headers that claim too much, and files that grow when read, end in a sentence at once."""

import io
import resource
import struct
import time
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.pictures import claims, opening
from promptdsl.pictures.opening import PictureError, open_picture
from promptdsl.pictures.reading import read_picture
from promptdsl.pictures.upright import upright
from tests.pictures.damage import try_damage
from tests.pictures.made import chunk

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3)).astype(np.uint8))
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def refused(path: Path) -> str:
    """The sentence, within two seconds and without gigabytes."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(PictureError) as caught:
        read_picture(path, (32, 32))
    assert time.perf_counter() - start < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000
    return str(caught.value)


def encoded(form: str, **options: object) -> bytes:
    stream = io.BytesIO()
    NOISE.copy().save(stream, form, **options)
    return stream.getvalue()


def png(*chunks: bytes, header: bytes | None = None) -> bytes:
    """A PNG of the noise with further chunks before its pixels."""
    plain = encoded("PNG")
    return plain[:8] + (header or plain[8:33]) + b"".join(chunks) + plain[33:]


def webp(kind: bytes, size: tuple[int, int]) -> bytes:
    """The beginning of a WebP that claims a size."""
    width, height = size[0] - 1, size[1] - 1
    if kind == b"VP8X":
        body = bytes(4) + width.to_bytes(3, "little") + height.to_bytes(3, "little")
    elif kind == b"VP8L":
        body = b"\x2f" + (width | height << 14).to_bytes(4, "little") + bytes(8)
    else:
        body = b"\0\0\0\x9d\x01\x2a" + struct.pack("<HH", *size)
    return b"RIFF\xff\0\0\0WEBP" + kind + struct.pack("<I", len(body)) + body + bytes(40)


@pytest.mark.parametrize("kind", [b"VP8X", b"VP8L", b"VP8 "])
def test_a_webp_that_claims_too_much_is_not_even_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: bytes
) -> None:
    (tmp_path / "a.webp").write_bytes(webp(kind, (12_000, 11_000)))
    monkeypatch.setattr(opening.Image, "open", None)
    assert "with 12000 x 11000 pixels it is larger" in refused(tmp_path / "a.webp")


@pytest.mark.parametrize("bits", [1, 8, 16])
def test_a_png_that_claims_too_much(tmp_path: Path, bits: int) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 16_000, 16_000, bits, 0, 0, 0, 0))
    (tmp_path / "a.png").write_bytes(png(header=header))
    assert "larger than the limit of 200 megapixels" in refused(tmp_path / "a.png")


@pytest.mark.parametrize(
    "content",
    [
        b"P6\n40000 40000\n255\n" + bytes(100),
        b"P2\n40000 40000\n15\n" + b"1 " * 100,
        b"BM" + struct.pack("<IIIIiiHHIIiiII", 154, 0, 54, 40, 40_000, 40_000, 1, 24, *[0] * 6),
        b"GIF89a" + struct.pack("<HH", 65_000, 65_000) + b"\0\0\0,"
        + struct.pack("<HHHH", 0, 0, 65_000, 65_000) + b"\0\x08\1\0\0;",
        b"\xff\xd8\xff\xc0\0\x11\x08" + struct.pack(">HH", 65_000, 65_000)
        + b"\3\1\x11\0\2\x11\0\3\x11\0\xff\xda" + bytes(40),
        b"\xff\x4f\xff\x51" + struct.pack(">HHIIIIIIIIH", 41, 0, 40_000, 40_000, 0, 0, 40_000,
                                         40_000, 0, 0, 1) + b"\7\1\1\xff\x90" + bytes(60),
    ],
    ids=["ppm", "plain pgm", "bmp", "gif", "jpeg", "jpeg 2000"],
)  # fmt: skip
def test_every_format_that_claims_too_much(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a").write_bytes(content)
    assert "larger than the limit" in refused(tmp_path / "a")


def test_a_tiff_with_a_million_strips(tmp_path: Path) -> None:
    count = 1_100_000
    entries = [(256, 4, 1, 64), (257, 4, 1, 48), (258, 3, 1, 8), (262, 3, 1, 1),
               (273, 4, count, 100)]  # fmt: skip
    fields = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + fields + bytes(4)
    (tmp_path / "a.tif").write_bytes(head.ljust(100, b"\0") + bytes(4 * count))
    assert "more than a million values" in refused(tmp_path / "a.tif")


def test_a_jpeg_of_a_thousand_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.jpg").write_bytes(encoded("JPEG", progressive=True))
    read_picture(tmp_path / "a.jpg", (32, 32))
    monkeypatch.setattr(claims, "MAX_PASSES", 64 * 48 * 5)
    assert "too many passes" in refused(tmp_path / "a.jpg")


def test_a_bmp_of_endless_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header = struct.pack("<IIIIiiHHIIiiII", 0, 0, 1078, 40, 64, 48, 1, 8, 1, 0, 0, 0, 256, 0)
    runs = b"".join(bytes([32, row]) * 2 + b"\0\0" for row in range(48)) + b"\0\1"
    palette = b"".join(bytes([value, value, value, 0]) for value in range(256))
    (tmp_path / "a.bmp").write_bytes(b"BM" + header + palette + runs)
    read_picture(tmp_path / "a.bmp", (32, 32))
    monkeypatch.setattr(claims, "MAX_RUNS", 100)
    assert "in runs" in refused(tmp_path / "a.bmp")


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"iCCP"])
def test_texts_and_profiles_that_grow(tmp_path: Path, kind: bytes) -> None:
    packed = zlib.compress(bytes(80_000_000), 1)
    before = {b"zTXt": b"a\0\0", b"iTXt": b"a\0\1\0\0\0", b"iCCP": b"a\0\0"}[kind]
    (tmp_path / "a.png").write_bytes(png(chunk(kind, before + packed)))
    start = time.perf_counter()
    try:
        assert "too large" in refused(tmp_path / "a.png")
    except pytest.fail.Exception:  # Pillow left it out
        assert time.perf_counter() - start < 2


def test_metadata_of_many_megabytes_does_no_harm(tmp_path: Path) -> None:
    exif = b"MM\0*\0\0\0\x08\xff\xff" + bytes(8_000_000)
    (tmp_path / "a.png").write_bytes(png(chunk(b"eXIf", exif), chunk(b"abCd", bytes(8_000_000))))
    start = time.perf_counter()
    assert read_picture(tmp_path / "a.png", (32, 32)).width == 64
    assert time.perf_counter() - start < 2


def test_a_hundred_thousand_frames_are_not_counted(tmp_path: Path) -> None:
    claimed = chunk(b"acTL", struct.pack(">II", 100_000, 0))
    control = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 64, 48, 0, 0, 1, 10, 0, 0))
    (tmp_path / "a.png").write_bytes(png(claimed, control))
    gif = encoded("GIF")
    frame = gif[gif.index(b",", 13 + 3 * 256) : -1]
    (tmp_path / "b.gif").write_bytes(gif[:-1] + frame * 5_000 + b";")
    for name in ("a.png", "b.gif"):
        start = time.perf_counter()
        picture = read_picture(tmp_path / name, (32, 32))
        assert picture.notes == ("only the first frame was inspected",)
        assert time.perf_counter() - start < 2


@pytest.mark.parametrize("kind", ["P2", "P5"])
def test_masks_of_numbers_are_read_as_fast_as_pictures(tmp_path: Path, kind: str) -> None:
    values = np.random.default_rng(0).integers(0, 101, (900, 900)).astype(np.uint8)
    body = values.tobytes() if kind == "P5" else b" ".join(b"%d" % v for v in values.ravel())
    (tmp_path / "m.pgm").write_bytes(b"%s 900 900 100\n" % kind.encode() + body)
    start = time.perf_counter()
    with open_picture(tmp_path / "m.pgm") as image:
        assert upright(image).size == (900, 900)
    assert time.perf_counter() - start < 2


def test_damage_of_every_format(tmp_path: Path) -> None:
    tried = try_damage(70, tmp_path, first=5_000)
    assert not tried.failures
    assert tried.slowest < 2
    assert len(tried.ends) > 4
