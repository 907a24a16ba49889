"""Every depth looks as the picture does; what does not say its black and white is refused."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_picture, read_rgb
from tests.pictures.made import packed_12, png_16, tiff, tiff_of

GREY = np.add.outer(np.arange(40) * 4, np.arange(64)).astype(np.uint8)


def grey(path: Path) -> np.ndarray:
    pixels = np.asarray(read_rgb(path)).astype(int)
    assert (pixels == pixels[..., :1]).all()
    return pixels[..., 0]


def refused(path: Path) -> str:
    with pytest.raises(PictureError) as caught:
        read_picture(path, (16, 16))
    return str(caught.value)


@pytest.mark.parametrize("big_endian", [False, True])
def test_sixteen_bits_look_like_eight(tmp_path: Path, big_endian: bool) -> None:
    kind = ">u2" if big_endian else "<u2"
    path = tiff_of(
        tmp_path / "a.tif", (GREY.astype(np.uint16) * 257).astype(kind), big_endian=big_endian
    )
    assert np.array_equal(grey(path), GREY)


def test_white_is_zero(tmp_path: Path) -> None:
    deep = 65535 - GREY.astype("<u2") * 257
    assert np.array_equal(grey(tiff_of(tmp_path / "16.tif", deep, white_is_zero=True)), GREY)
    assert np.array_equal(grey(tiff_of(tmp_path / "8.tif", 255 - GREY, white_is_zero=True)), GREY)
    bits = np.packbits(GREY > 99, axis=1)
    one = tiff(tmp_path / "1.tif", (~bits).tobytes(), (64, 40), 1, white_is_zero=True)
    assert np.array_equal(grey(one), (GREY > 99) * 255)
    nibbles = (15 - (GREY >> 4))[:, ::2] << 4 | (15 - (GREY >> 4))[:, 1::2]
    four = tiff(tmp_path / "4.tif", nibbles.tobytes(), (64, 40), 4, white_is_zero=True)
    assert np.array_equal(grey(four), (GREY >> 4) * 17)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_white_is_zero_in_a_compressed_tiff(tmp_path: Path, compression: str) -> None:
    image = Image.fromarray(65535 - GREY.astype(np.uint16) * 257)
    image.save(tmp_path / "a.tif", compression=compression, tiffinfo={262: 0})
    with Image.open(tmp_path / "a.tif") as saved:
        if saved.tag_v2[262] != 0:
            pytest.skip("this Pillow does not write it")
    assert np.array_equal(grey(tmp_path / "a.tif"), GREY)


def test_twelve_packed_bits_have_their_whole_range(tmp_path: Path) -> None:
    rows = packed_12(GREY.astype(np.uint16) << 4 | GREY >> 4)
    assert np.array_equal(grey(tiff(tmp_path / "a.tif", rows, (64, 40), 12)), GREY)


def test_the_same_values_as_grey_and_as_colour_are_one_picture(tmp_path: Path) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (40, 64)).astype("<u2")
    colour = np.repeat(deep[:, :, None], 3, 2)
    opaque = np.dstack([colour, np.full((40, 64), 65535, "<u2")])
    header = b"P6 64 40 65535\n"
    (tmp_path / "rgb.ppm").write_bytes(header + colour.astype(">u2").tobytes())
    (tmp_path / "l.pgm").write_bytes(header.replace(b"6 6", b"5 6") + deep.astype(">u2").tobytes())
    numbers = b" ".join(b"%d" % value for value in deep.ravel())
    (tmp_path / "plain.pgm").write_bytes(header.replace(b"P6", b"P2 # text\n") + numbers)
    paths = [
        png_16(tmp_path / "l.png", deep),
        png_16(tmp_path / "la.png", opaque[..., 2:]),
        png_16(tmp_path / "rgb.png", colour),
        png_16(tmp_path / "rgba.png", opaque),
        tiff_of(tmp_path / "l.tif", deep),
        tiff(tmp_path / "rgb.tif", colour.tobytes(), (64, 40), (16, 16, 16)),
        tmp_path / "rgb.ppm",
        tmp_path / "l.pgm",
        tmp_path / "plain.pgm",
    ]
    Image.fromarray(deep).save(tmp_path / "l.jp2", irreversible=False)
    for path in [*paths, tmp_path / "l.jp2"]:
        assert np.array_equal(grey(path), deep >> 8), path.name


@pytest.mark.parametrize("kind", [np.int8, np.int16])
def test_values_with_a_sign_are_called_that(tmp_path: Path, kind: type) -> None:
    values = (GREY // 2).astype(kind)
    sentence = refused(tiff_of(tmp_path / "a.tif", values, sample_format=2))
    assert f"{values.dtype.itemsize * 8}-bit values with a sign" in sentence
    assert "32" not in sentence


def test_values_beyond_sixteen_bits_are_named(tmp_path: Path) -> None:
    values = GREY.astype(np.int32) - 20
    sentence = refused(tiff_of(tmp_path / "a.tif", values, sample_format=2))
    assert f"values from -20 to {int(GREY.max()) - 20}" in sentence
    sentence = refused(tiff_of(tmp_path / "b.tif", values + 100_000, sample_format=2))
    assert "values from 99980 to" in sentence


def test_a_tiff_of_an_unknown_kind_is_called_one(tmp_path: Path) -> None:
    assert "TIFF" in refused(tiff_of(tmp_path / "a.tif", GREY.astype(np.float64)))
    assert "0 is black" in refused(tiff_of(tmp_path / "b.tif", GREY, leave_out=(262,)))
    assert "floating-point" in refused(
        tiff_of(tmp_path / "c.tif", GREY.astype(np.float32), sample_format=3)
    )
    Image.fromarray(np.zeros((40, 64, 3), np.uint8), "RGB").convert("LAB").save(tmp_path / "d.tif")
    assert "LAB" in refused(tmp_path / "d.tif")


@pytest.mark.parametrize("maximum", [1, 15, 255, 1000, 4095, 65535])
@pytest.mark.parametrize("kind", ["P2", "P3", "P5", "P6"])
def test_netpbm_of_every_depth(tmp_path: Path, kind: str, maximum: int) -> None:
    values = np.random.default_rng(1).integers(0, maximum + 1, (40, 64))
    bands = np.repeat(values[:, :, None], 3, 2) if kind in ("P3", "P6") else values
    if kind in ("P2", "P3"):
        body = b"# seen\n" + b"\n".join(b"%d" % value for value in bands.ravel())
    else:
        body = bands.astype(">u2" if maximum > 255 else np.uint8).tobytes()
    (tmp_path / "a.pnm").write_bytes(b"%s\n64 40\n%d\n" % (kind.encode(), maximum) + body)
    assert np.abs(grey(tmp_path / "a.pnm") - values / maximum * 255).max() < 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"P2\n16 16\n15\n1 2 3", "cut off"),
        (b"P6\n16 16\n4095\n1 2 3", "cut off"),
        (b"P2\n16 16\n15\n" + b"1 -2 " * 200, "other characters"),
        (b"P2\n16 16\n15\n" + b"1 x " * 200, "other characters"),
        (b"P2\n16 16\n15\n" + b"99999999999999999999 " * 64, ""),
        (b"P5\n16 16\n0\n" + bytes(256), ""),
    ],
)
def test_damaged_netpbm(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.pgm").write_bytes(content)
    try:
        assert sentence in refused(tmp_path / "a.pgm")
    except pytest.fail.Exception:
        assert not sentence


def test_deep_planes_stored_apart_are_refused(tmp_path: Path) -> None:
    rows = np.repeat(GREY.astype("<u2")[None] * 257, 3, 0).tobytes()
    path = tiff(tmp_path / "a.tif", rows, (64, 40), (16, 16, 16), planes_apart=True)
    assert "16-bit planes stored apart" in refused(path)
