"""Reading pictures: every kind of file gives the right pixels or one sentence."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.pictures import opening, reading
from promptdsl.pictures.opening import MAX_PIXELS, PictureError
from promptdsl.pictures.reading import read_picture, read_rgb

SIZE = (16, 24)
ORANGE = (250, 130, 20)


def middle(path: Path) -> tuple[int, ...]:
    pixels = read_picture(path, SIZE).pixels
    assert pixels.shape == (*SIZE, 3)
    assert pixels.dtype == np.uint8
    return tuple(int(value) for value in pixels[8, 12])


def plain(mode: str = "RGB") -> Image.Image:
    return Image.new("RGB", (60, 40), ORANGE).convert(mode)


@pytest.mark.parametrize("suffix", ["png", "bmp", "tif", "ppm", "webp", "gif", "jp2"])
def test_formats(tmp_path: Path, suffix: str) -> None:
    plain().save(tmp_path / f"a.{suffix}", **({"lossless": True} if suffix == "webp" else {}))
    assert np.allclose(middle(tmp_path / f"a.{suffix}"), ORANGE, atol=3)


def test_resizing_is_pillow_bicubic_without_a_crop(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (50, 90, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    expected = Image.fromarray(noise).resize((24, 16), Image.Resampling.BICUBIC)
    picture = read_picture(tmp_path / "a.png", SIZE)
    assert np.array_equal(picture.pixels, np.array(expected))
    assert (picture.width, picture.height) == (90, 50)


def test_cmyk(tmp_path: Path) -> None:
    plain("CMYK").save(tmp_path / "a.jpg", quality=95)
    assert np.allclose(middle(tmp_path / "a.jpg"), ORANGE, atol=8)


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_sixteen_bit_grey_is_scaled_not_cut(tmp_path: Path, suffix: str) -> None:
    Image.fromarray(np.full((40, 60), 0x8000, np.uint16)).save(tmp_path / f"a.{suffix}")
    assert middle(tmp_path / f"a.{suffix}") == (128, 128, 128)


def test_sixteen_bit_big_endian_tiff(tmp_path: Path) -> None:
    Image.new("I;16B", (60, 40), 0x4000).save(tmp_path / "a.tif")
    assert middle(tmp_path / "a.tif") == (64, 64, 64)


def test_sixteen_bit_pgm(tmp_path: Path) -> None:
    values = np.full((40, 60), 0x8000, ">u2").tobytes()
    (tmp_path / "a.pgm").write_bytes(b"P5 60 40 65535\n" + values)
    assert middle(tmp_path / "a.pgm") == (128, 128, 128)


def test_one_bit(tmp_path: Path) -> None:
    Image.new("1", (60, 40), 1).save(tmp_path / "a.png")
    assert middle(tmp_path / "a.png") == (255, 255, 255)


def test_palette(tmp_path: Path) -> None:
    plain("P").save(tmp_path / "a.png")
    assert np.allclose(middle(tmp_path / "a.png"), ORANGE, atol=30)


def test_first_frame_of_an_animation(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (60, 40), color) for color in (ORANGE, (0, 0, 255))]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert np.allclose(middle(tmp_path / "a.gif"), ORANGE, atol=4)
    assert read_picture(tmp_path / "a.gif", SIZE).notes == ("only the first frame was inspected",)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tmp_path: Path, orientation: int) -> None:
    from PIL import ImageOps

    stored = Image.new("RGB", (60, 40), "black")
    stored.paste((255, 255, 255), (0, 0, 30, 10))
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.save(tmp_path / "a.png", exif=exif)
    with Image.open(tmp_path / "a.png") as image:
        expected = ImageOps.exif_transpose(image)
    got = read_rgb(tmp_path / "a.png")
    assert np.array_equal(np.array(got), np.array(expected))
    picture = read_picture(tmp_path / "a.png", SIZE)
    assert (picture.width, picture.height) == expected.size


def jpeg(size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, ORANGE).save(file, "JPEG")
    return file.getvalue()


BAD = {
    "empty": (b"", "the file is empty (0 bytes)"),
    "text": (b"hello, this is a note\n", "it holds text, not a picture"),
    "unicode text": ("Maß: 3 µm — gut\n".encode() * 40, "it holds text, not a picture"),
    "zeros": (bytes(4000), "it holds only zeros, not a picture"),
    "noise": (bytes(range(128, 256)) * 9, "it is not a picture of a known kind"),
    "truncated jpeg": (jpeg((400, 300))[:-400], "the file is cut off"),
    "start of a jpeg": (jpeg((400, 300))[:100], ""),
    "heic": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200), "it is a HEIC picture"),
    "postscript": (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        "it is a PostScript file, which is not opened",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_give_one_sentence(tmp_path: Path, name: str) -> None:
    content, sentence = BAD[name]
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(PictureError) as caught:
        read_picture(tmp_path / "a.png", SIZE)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_truncated_png(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (90, 90, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "a.png")
    data = (tmp_path / "a.png").read_bytes()
    for length in (20, 60, len(data) // 2, len(data) - 100):
        (tmp_path / "b.png").write_bytes(data[:length])
        with pytest.raises(PictureError):
            read_picture(tmp_path / "b.png", SIZE)


def test_any_damage_gives_a_picture_or_a_sentence(tmp_path: Path) -> None:
    random = np.random.default_rng(1)
    noise = Image.fromarray(random.integers(0, 255, (30, 40, 3), np.uint8))
    for form in ("PNG", "JPEG", "TIFF", "GIF", "BMP", "WEBP", "PPM"):
        file = io.BytesIO()
        noise.save(file, form)
        for _ in range(40):
            data = bytearray(file.getvalue())
            for place in random.integers(0, min(len(data), 400), 4):
                data[place] = random.integers(0, 256)
            (tmp_path / "a").write_bytes(data)
            assert picture_or_sentence(tmp_path / "a")


def picture_or_sentence(path: Path) -> bool:
    try:
        return read_picture(path, SIZE).pixels.shape == (*SIZE, 3)
    except PictureError as error:
        return "\n" not in str(error)


def test_folder_missing_and_pipe(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(PictureError, match="it is a folder"):
        read_picture(tmp_path / "a.png", SIZE)
    with pytest.raises(PictureError, match="no longer there"):
        read_picture(tmp_path / "b.png", SIZE)
    os.mkfifo(tmp_path / "c.png")
    with pytest.raises(PictureError, match="not a regular file"):
        read_picture(tmp_path / "c.png", SIZE)


def test_unreadable_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain().save(tmp_path / "a.png")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(opening, "open_regular", refuse)
    with pytest.raises(PictureError, match="permission denied"):
        read_picture(tmp_path / "a.png", SIZE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_for_real(tmp_path: Path) -> None:
    plain().save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    with pytest.raises(PictureError, match="permission denied"):
        read_picture(tmp_path / "a.png", SIZE)


def test_decompression_bomb(tmp_path: Path) -> None:
    side = 15_000
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = (
        struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    )
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk + b"\0\0\0\0IDAT" + bytes(8))
    assert side * side > MAX_PIXELS
    with pytest.raises(PictureError, match="larger than the limit of 200 megapixels"):
        read_picture(tmp_path / "a.png", SIZE)


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "I;16", "P"])
@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_large_pictures_are_reduced_and_look_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, suffix: str
) -> None:
    if suffix == "jpg" and mode not in ("RGB", "L"):
        pytest.skip("JPEG has no such mode")
    ramp = np.linspace(0, 255, 2600).astype(np.uint8)
    grey = Image.fromarray(np.broadcast_to(ramp, (2600, 2600)).copy())
    image = (
        grey.convert(mode)
        if mode != "I;16"
        else Image.fromarray(np.broadcast_to(ramp.astype(np.uint16) * 257, (2600, 2600)).copy())
    )
    image.save(tmp_path / f"a.{suffix}")
    full = read_picture(tmp_path / f"a.{suffix}", SIZE)
    monkeypatch.setattr(reading, "LARGE_PIXELS", 1000)
    small = read_picture(tmp_path / f"a.{suffix}", SIZE)
    assert (small.width, small.height) == (2600, 2600)
    assert np.abs(full.pixels.astype(int) - small.pixels.astype(int)).max() <= 2


def test_floating_point_tiff_is_refused_with_the_reason(tmp_path: Path) -> None:
    Image.fromarray(np.zeros((40, 40), np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(PictureError, match="floating-point"):
        read_picture(tmp_path / "a.tif", SIZE)


def test_read_rgb_within_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LARGE_PIXELS", 1000)
    Image.new("RGB", (900, 600), ORANGE).save(tmp_path / "a.png")
    assert read_rgb(tmp_path / "a.png").size == (900, 600)
    assert read_rgb(tmp_path / "a.png", 60_000).size == (300, 200)


@pytest.mark.parametrize("size", [(1, 1), (300, 3), (15, 900)])
def test_a_picture_too_small_to_show_a_part_never_passes(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    Image.new("RGB", size).save(tmp_path / "a.png")
    with pytest.raises(PictureError, match="too small"):
        read_picture(tmp_path / "a.png", SIZE)
