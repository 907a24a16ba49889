"""Every format that carries an orientation is turned once, and its size is known undecoded."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from promptdsl.pictures.opening import open_picture, picture_size
from promptdsl.pictures.reading import read_picture, read_rgb
from promptdsl.pictures.upright import upright
from tests.pictures.made import tiff_of

# What a camera stored so that, turned as EXIF says, the picture stands upright.
STORED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, 1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 3),
}
FORMATS = {
    "png": {},
    "jpg": {"quality": 95, "subsampling": 0},
    "tif": {},
    "webp": {"lossless": True},
    "mpo": {"quality": 95, "subsampling": 0},
    "avif": {"quality": 95},
}


def shown() -> np.ndarray:
    """(40, 64, 3): every quarter another colour."""
    pixels = np.full((40, 64, 3), 90, np.uint8)
    pixels[:20, :32] = 250, 30, 30
    pixels[20:, 32:] = 30, 30, 250
    pixels[:8, 48:] = 250
    return pixels


def saved(path: Path, orientation: int, **options: object) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(STORED[orientation](shown())))
    stored.save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("suffix", FORMATS)
def test_a_picture_is_turned_once(tmp_path: Path, suffix: str, orientation: int) -> None:
    if suffix == "avif" and not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    path = saved(tmp_path / f"a.{suffix}", orientation, **FORMATS[suffix])
    assert picture_size(path) == (64, 40)
    pixels = np.asarray(read_rgb(path)).astype(int)
    assert pixels.shape == (40, 64, 3)
    assert np.abs(pixels - shown()).mean() < 6
    picture = read_picture(path, (20, 32))
    assert (picture.width, picture.height) == (64, 40)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_a_compressed_tiff_is_turned_once(tmp_path: Path, compression: str) -> None:
    path = saved(tmp_path / "a.tif", 6, compression=compression)
    assert np.array_equal(np.asarray(read_rgb(path)), shown())


@pytest.mark.parametrize("orientation", STORED)
def test_a_mask_is_turned_like_its_picture(tmp_path: Path, orientation: int) -> None:
    grey = shown()[..., :1]
    stored = np.ascontiguousarray(STORED[orientation](grey)[..., 0])
    path = tiff_of(tmp_path / "m.tif", stored, orientation=orientation)
    with open_picture(path) as image:
        assert np.array_equal(np.asarray(upright(image)), grey[..., 0])


def test_a_large_turned_picture_is_reduced_and_turned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptdsl.pictures.reading.LARGE_PIXELS", 100)
    for suffix in ("jpg", "tif", "png"):
        path = saved(tmp_path / f"a.{suffix}", 6)
        small = np.asarray(read_rgb(path, 700)).astype(int)
        assert small.shape == (20, 32, 3)
        assert np.abs(small - shown()[::2, ::2]).mean() < 12


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_turns_nothing(tmp_path: Path, orientation: int) -> None:
    path = tiff_of(tmp_path / "a.tif", shown()[..., 0], orientation=orientation)
    assert picture_size(path) == (64, 40)
    assert np.asarray(read_rgb(path)).shape == (40, 64, 3)


def test_exif_behind_the_pixels_of_a_png_counts(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.png", 6)
    data = path.read_bytes()
    start = data.index(b"eXIf") - 4
    length = int.from_bytes(data[start : start + 4], "big") + 12
    chunk, rest = data[start : start + length], data[:start] + data[start + length :]
    end = rest.index(b"IEND") - 4
    path.write_bytes(rest[:end] + chunk + rest[end:])
    assert picture_size(path) == (64, 40)
    assert np.array_equal(np.asarray(read_rgb(path)), shown())


def test_the_size_of_a_png_is_known_without_decoding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for suffix in FORMATS:
        saved(tmp_path / f"a.{suffix}", 6, **FORMATS[suffix])
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", None)
    for suffix in FORMATS:
        assert picture_size(tmp_path / f"a.{suffix}") == (64, 40)
