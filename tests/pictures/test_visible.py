"""What cannot be seen is not inspected; what is put on white is told with its share."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_picture, read_rgb
from tests.pictures.made import chunk, png_16

NOISE = np.random.default_rng(0).integers(0, 200, (40, 64, 3)).astype(np.uint8)


def image(alpha: int | np.ndarray, mode: str = "RGBA") -> Image.Image:
    picture = Image.fromarray(NOISE).convert("RGBA")
    values = np.full((40, 64), alpha, np.uint8)
    picture.putalpha(Image.fromarray(values))
    return picture.convert(mode)


def notes(path: Path) -> tuple[str, ...]:
    return read_picture(path, (16, 16)).notes


def rgb(path: Path) -> np.ndarray:
    return np.asarray(read_rgb(path)).astype(int)


@pytest.mark.parametrize("name", ["RGBA.png", "LA.png", "RGBA.tif", "RGBA.webp", "PA.tif"])
def test_nothing_to_be_seen_is_not_inspected(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    image(0, path.stem).save(path, **({"lossless": True} if path.suffix == ".webp" else {}))
    with pytest.raises(PictureError, match=r"not inspected.*100.0% of it is transparent"):
        read_picture(path, (16, 16))
    image(8, path.stem).save(path, **({"lossless": True} if path.suffix == ".webp" else {}))
    with pytest.raises(PictureError, match="not inspected"):
        read_rgb(path)


@pytest.mark.parametrize("name", ["RGBA.png", "LA.png", "RGBA.tif", "RGBA.webp"])
def test_opaque_alpha_is_not_worth_a_note(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    image(255, path.stem).save(path, **({"lossless": True} if path.suffix == ".webp" else {}))
    assert notes(path) == ()
    expected = np.asarray(image(255, path.stem).convert("RGB"))
    assert np.array_equal(rgb(path), expected)


@pytest.mark.parametrize(
    ("rows", "share"), [(3, "1 to 10%"), (16, "10 to 50%"), (32, "more than 50%")]
)
def test_the_share_of_transparent_parts_is_told(tmp_path: Path, rows: int, share: str) -> None:
    alpha = np.full((40, 64), 255, np.uint8)
    alpha[: rows - 1] = 0
    alpha[rows - 1] = 128
    image(alpha).save(tmp_path / "a.png")
    assert notes(tmp_path / "a.png") == (
        f"transparent parts ({share} of the picture) were put on white",
    )
    pixels = rgb(tmp_path / "a.png")
    assert (pixels[: rows - 1] == 255).all()
    assert np.array_equal(pixels[rows:], NOISE[rows:])
    assert np.abs(pixels[rows - 1] - (NOISE[rows - 1] / 2 + 127.5)).max() <= 2


def test_a_hidden_pixel_is_told(tmp_path: Path) -> None:
    alpha = np.full((40, 64), 255, np.uint8)
    alpha[0, 0] = 0
    image(alpha).save(tmp_path / "a.png")
    assert "less than 1%" in notes(tmp_path / "a.png")[0]


@pytest.mark.parametrize("table", [0, bytes([0, 128, 255])])
def test_palette_with_transparency(tmp_path: Path, table: int | bytes) -> None:
    picture = Image.fromarray((NOISE[..., 0] % 3).astype(np.uint8)).convert("P")
    picture.putpalette([10, 20, 30, 60, 70, 80, 110, 120, 130])
    picture.save(tmp_path / "a.png", transparency=table)
    pixels, index = rgb(tmp_path / "a.png"), NOISE[..., 0] % 3
    assert (pixels[index == 0] == 255).all()
    assert (pixels[index == 2] == (110, 120, 130)).all()
    assert "transparent" in notes(tmp_path / "a.png")[0]


def test_sixteen_bit_grey_with_a_transparent_value(tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(2000, 65536, (40, 64))
    deep[:20] = 1000
    path = png_16(tmp_path / "a.png", deep, chunk(b"tRNS", struct.pack(">H", 1000)))
    pixels = rgb(path)
    assert (pixels[:20] == 255).all()
    assert np.array_equal(pixels[20:, :, 0], deep[20:] >> 8)
    assert "transparent" in notes(path)[0]


def test_sixteen_bit_colour_with_a_transparent_value(tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(0x2000, 65536, (40, 64, 3))
    deep[:20] = 0x1234, 0x0899, 0x0001
    key = chunk(b"tRNS", struct.pack(">3H", 0x1234, 0x0899, 0x0001))
    pixels = rgb(png_16(tmp_path / "a.png", deep, key))
    assert (pixels[:20] == 255).all()
    assert np.array_equal(pixels[20:], deep[20:] >> 8)


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_a_transparent_value_of_few_bits(tmp_path: Path, bits: int) -> None:
    import zlib

    values = np.random.default_rng(2).integers(0, 1 << bits, (40, 64)).astype(np.uint8)
    spread = np.unpackbits(values[..., None], axis=2)[..., 8 - bits :].reshape(40, -1)
    rows = b"".join(b"\0" + row.tobytes() for row in np.packbits(spread, axis=1))
    header = struct.pack(">IIBBBBB", 64, 40, bits, 0, 0, 0, 0)
    (tmp_path / "a.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"tRNS", struct.pack(">H", 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
    pixels = rgb(tmp_path / "a.png")[..., 0]
    full = (1 << bits) - 1
    assert np.array_equal(pixels, np.where(values == 0, 255, values.astype(int) * 255 // full))


def test_large_pictures_are_measured_strip_by_strip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptdsl.pictures.reading.LARGE_PIXELS", 100)
    image(0).resize((640, 400)).save(tmp_path / "a.png")
    with pytest.raises(PictureError, match="not inspected"):
        read_rgb(tmp_path / "a.png", 2000)
    alpha = np.full((40, 64), 255, np.uint8)
    alpha[:30] = 0
    image(alpha).resize((640, 400)).save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png", 2000).getpixel((3, 3)) == (255, 255, 255)
