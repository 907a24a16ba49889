"""`intensity: A to B`: the stored values of every kind of file become black to white."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.inspect.jobs import _read
from promptdsl.pictures import reading
from promptdsl.pictures.gate import NotInspected, refuse_blank, remarks
from promptdsl.pictures.intensity import Intensity, told
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import picture_of, read_picture, read_rgb, read_whole, whole_of
from tests.pictures.made import chunk, packed_12, png_16, tiff, tiff_of

SHAPE = (40, 64)
RANDOM = np.random.default_rng(0)
TWELVE = RANDOM.integers(0, 4096, (*SHAPE, 4)).astype("<u2")
GREY = TWELVE[..., 0]
RANGE = (100, 4000)


def levels(values: np.ndarray, intensity: Intensity = RANGE) -> np.ndarray:
    low, high = intensity
    share = (values.astype(np.float64) - low) / (high - low)
    rounded = np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)
    three = rounded if rounded.ndim == 3 else rounded[..., None]
    return np.broadcast_to(three[..., :3], (*values.shape[:2], 3))


def shown(path: Path, intensity: Intensity | None = RANGE) -> np.ndarray:
    whole = read_whole(path, intensity)
    assert np.array_equal(np.asarray(read_rgb(path, intensity=intensity)), np.asarray(whole.image))
    squeezed = whole.image.resize((16, 16), Image.Resampling.BICUBIC)
    assert np.array_equal(read_picture(path, (16, 16), intensity).pixels, np.asarray(squeezed))
    return np.asarray(whole.image)


def refused(path: Path, intensity: Intensity | None = None) -> str:
    with pytest.raises(PictureError) as caught:
        read_whole(path, intensity)
    return str(caught.value)


def written(path: Path, bits: np.ndarray, kind: str, **options: object) -> Path:
    Image.fromarray(bits).save(path, kind, **options)
    return path


@pytest.mark.parametrize("name", ["png", "tif", "big endian tif", "pgm", "plain pgm", "jp2"])
def test_grey_of_sixteen_bits(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a"
    if name == "png":
        png_16(path, GREY)
    elif name == "tif":
        tiff_of(path, GREY)
    elif name == "big endian tif":
        tiff_of(path, GREY.astype(">u2"), big_endian=True)
    elif name == "pgm":  # stored values are those of the file, whatever its largest
        path.write_bytes(b"P5 64 40 4095\n" + GREY.astype(">u2").tobytes())
    elif name == "plain pgm":
        path.write_bytes(b"P2 64 40 4095\n" + b" ".join(b"%d" % v for v in GREY.ravel()))
    else:
        written(path, GREY, "JPEG2000", irreversible=False)
    assert np.array_equal(shown(path), levels(GREY))


def test_packed_twelve_bits(tmp_path: Path) -> None:
    path = tiff(tmp_path / "a.tif", packed_12(GREY), (64, 40), 12)
    assert np.array_equal(shown(path), levels(GREY))


@pytest.mark.parametrize("bands", [2, 3, 4])
def test_colour_of_sixteen_bits_keeps_all_its_bits(tmp_path: Path, bands: int) -> None:
    values = TWELVE[..., :bands].copy()
    if bands in (2, 4):
        values[..., -1] = 65535
    expected = levels(values[..., :1] if bands == 2 else values)
    assert np.array_equal(shown(png_16(tmp_path / "a.png", values)), expected)


@pytest.mark.parametrize("big_endian", [False, True])
def test_colour_of_a_tiff(tmp_path: Path, big_endian: bool) -> None:
    rows = TWELVE[..., :3].astype(">u2" if big_endian else "<u2").tobytes()
    path = tiff(tmp_path / "a.tif", rows, (64, 40), (16, 16, 16), big_endian=big_endian)
    assert np.array_equal(shown(path), levels(TWELVE[..., :3]))
    (tmp_path / "a.ppm").write_bytes(b"P6 64 40 4095\n" + TWELVE[..., :3].astype(">u2").tobytes())
    assert np.array_equal(shown(tmp_path / "a.ppm"), levels(TWELVE[..., :3]))


def test_colour_of_a_tiff_that_is_compressed_and_lies(tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    content = cv2.imencode(".tif", TWELVE[..., 2::-1])[1].tobytes()  # LZW
    (tmp_path / "a.tif").write_bytes(content)
    assert np.array_equal(shown(tmp_path / "a.tif"), levels(TWELVE[..., :3]))
    rows = TWELVE[..., :3].tobytes()
    path = tiff(tmp_path / "b.tif", rows, (64, 40), (16, 16, 16), orientation=6)
    assert np.array_equal(shown(path), np.rot90(levels(TWELVE[..., :3]), -1))


def test_the_transparent_colour_of_sixteen_bits(tmp_path: Path) -> None:
    values = TWELVE[..., :3].copy()
    values[:5] = (0x0AFF, 0x0BFF, 0x0CFF)
    key = chunk(b"tRNS", values[0, 0].astype(">u2").tobytes())
    pixels = shown(png_16(tmp_path / "a.png", values, key))
    assert (pixels[:5] == 255).all()
    hidden = (values >> 8 == (0x0A, 0x0B, 0x0C)).all(2)
    assert np.array_equal(pixels[~hidden], levels(values)[~hidden])


def test_floating_point(tmp_path: Path) -> None:
    values = RANDOM.normal(0.5, 0.4, SHAPE).astype(np.float32)
    values[0, :3] = np.nan, np.inf, -np.inf
    path = tiff_of(tmp_path / "a.tif", values, sample_format=3)
    expected = np.array(levels(np.nan_to_num(values, nan=-9), (0.1, 0.9)))
    assert np.array_equal(shown(path, (0.1, 0.9)), expected)
    assert read_whole(path, (0.1, 0.9)).notes == (
        "values that are no number (NaN) were made black",
    )


@pytest.mark.parametrize("kind", ["<i2", "<i4", "<u4", "i1"])
def test_values_with_a_sign_and_of_32_bits(tmp_path: Path, kind: str) -> None:
    span = {"<i2": (-3000, 3000), "<i4": (-90_000, 90_000), "<u4": (0, 4e9), "i1": (-100, 90)}[kind]
    values = np.linspace(*span, 40 * 64).astype(kind).reshape(SHAPE)
    path = tiff_of(tmp_path / "a.tif", values, sample_format=1 if kind == "<u4" else 2)
    inner = (span[0] * 0.9 + 1, span[1] * 0.8)
    assert np.array_equal(shown(path, inner), levels(values, inner))


@pytest.mark.parametrize("kind", ["<u2", "u1"])
def test_where_zero_is_white_the_first_value_is_white(tmp_path: Path, kind: str) -> None:
    values = (GREY >> (4 if kind == "u1" else 0)).astype(kind)
    span = (20, 200) if kind == "u1" else RANGE
    path = tiff_of(tmp_path / "a.tif", values, white_is_zero=True)
    assert np.array_equal(shown(path, span), 255 - levels(values, span))


@pytest.mark.parametrize("mode", ["L", "RGB", "P", "RGBA", "LA", "1", "CMYK"])
def test_eight_bits_are_stretched(tmp_path: Path, mode: str) -> None:
    colours = RANDOM.integers(90, 140, (*SHAPE, 3)).astype(np.uint8)
    image = Image.fromarray(colours).convert(mode)
    kind = "TIFF" if mode == "CMYK" else "PNG"
    image.save(tmp_path / "a", kind)
    plain = shown(tmp_path / "a", None)
    assert np.array_equal(shown(tmp_path / "a", (100, 130)), levels(plain, (100, 130)))


def test_an_alpha_keeps_its_meaning(tmp_path: Path) -> None:
    image = Image.new("RGBA", (64, 40), (110, 110, 110, 255))
    image.paste((0, 0, 0, 0), (0, 0, 32, 40))
    image.save(tmp_path / "a.png")
    pixels = shown(tmp_path / "a.png", (100, 120))
    assert (pixels[:, :32] == 255).all() and (pixels[:, 32:] == 128).all()


@pytest.mark.parametrize("kind", ["png", "tif", "rgb"])
def test_large_pictures_are_the_same_in_strips(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    path = tmp_path / "a"
    (tiff_of if kind == "tif" else png_16)(path, TWELVE[..., :3] if kind == "rgb" else GREY)
    both = [shown(path), np.asarray(read_whole(path).image)]
    monkeypatch.setattr(reading, "LARGE_PIXELS", 100)
    monkeypatch.setattr(reading, "STRIP_PIXELS", 300)
    whole = read_whole(path, RANGE)
    assert np.array_equal(np.asarray(whole.image), both[0])
    assert np.array_equal(np.asarray(read_whole(path).image), both[1])
    assert (
        whole.size == (64, 40) and whole.look.stored == (GREY.min(), GREY.max())
    ) or kind == "rgb"
    assert whole.sha256 == read_picture(path, (16, 16)).sha256


def test_without_an_intensity_the_fix_is_named(tmp_path: Path) -> None:
    fix = "write `intensity: A to B` in picture { }"
    values = GREY.astype(np.float32)
    assert fix in refused(tiff_of(tmp_path / "a.tif", values, sample_format=3))
    assert fix in refused(tiff_of(tmp_path / "b.tif", values.astype("<i2"), sample_format=2))
    assert fix in refused(tiff_of(tmp_path / "c.tif", values.astype("<i4") - 9, sample_format=2))


def test_a_range_that_a_file_cannot_reach_is_refused(tmp_path: Path) -> None:
    written(tmp_path / "a.png", (GREY >> 4).astype(np.uint8), "PNG")
    assert "reach 255 at most, of which `intensity: 0 to 4095`" in refused(
        tmp_path / "a.png", (0, 4095)
    )
    assert "reach 65535" in refused(png_16(tmp_path / "b.png", GREY), (0, 1_000_000))
    for wrong in ((5, 5), (9, 2), (0, float("inf")), (float("nan"), 3)):
        assert "is no range" in refused(tmp_path / "a.png", wrong)


def test_deep_colours_of_which_eight_bits_can_be_read_are_refused(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.fromarray((TWELVE[..., :3] >> 4).astype(np.uint8)).save(stream, "JPEG2000")
    content = bytearray(stream.getvalue())
    (tmp_path / "a.jp2").write_bytes(content)
    read_whole(tmp_path / "a.jp2", (0, 255))
    at = content.find(b"\xff\x51") + 40
    content[at : at + 9 : 3] = b"\x0b\x0b\x0b"
    (tmp_path / "a.jp2").write_bytes(content)
    assert "of its 12 bits only the upper eight" in refused(tmp_path / "a.jp2", RANGE)


@pytest.mark.parametrize(
    ("shift", "words"), [(0, "12 bits"), (2, "10 bits"), (4, "8 bits")], ids=["12", "10", "8"]
)
def test_dark_deep_pictures_are_told_what_to_write(tmp_path: Path, shift: int, words: str) -> None:
    part = read_picture(png_16(tmp_path / "a.png", GREY >> shift), (16, 16))
    (note, *_) = remarks(part.look)
    most = 4095 >> shift
    assert f"values of {words} in a file of 16" in note
    assert f"write `intensity: 0 to {most}` in picture {{ }}" in note
    bright = read_picture(tmp_path / "a.png", (16, 16), (0, most))
    assert remarks(bright.look) == ()


def test_dark_pictures_of_eight_bits_too(tmp_path: Path) -> None:
    path = written(tmp_path / "a.png", (GREY >> 7).astype(np.uint8), "PNG")
    assert "write `intensity: 0 to 31` in picture" in remarks(read_whole(path).look)[0]
    assert "quarter of `intensity: 0 to 200`" in remarks(read_whole(path, (0, 200)).look)[0]


def test_black_by_its_intensity_alone(tmp_path: Path) -> None:
    path = png_16(tmp_path / "a.png", GREY)
    with pytest.raises(NotInspected) as caught:
        refuse_blank(read_whole(path, (5000, 9000)).look)
    assert caught.value.reason == (
        "it is black all over with `intensity: 5000 to 9000`: its values go from "
        f"{GREY.min()} to {GREY.max()}"
    )


def test_how_it_is_told() -> None:
    assert told((0, 4095)) == "intensity: 0 to 4095"
    assert told((-0.5, 1e-3)) == "intensity: -0.5 to 0.001"
    assert told((0.0, 1e7)) == "intensity: 0 to 10000000"


@pytest.mark.parametrize("kind", ["<u2", ">u2", "f4", "f8", "i2", "i4"])
@pytest.mark.parametrize("bands", [1, 3])
def test_arrays_in_memory(kind: str, bands: int) -> None:
    values = (TWELVE[..., :bands] if bands == 3 else GREY).astype(kind)
    whole = whole_of(values, RANGE)
    assert np.array_equal(np.asarray(whole.image), levels(values))
    assert whole.look.intensity == RANGE
    squeezed = whole.image.resize((16, 16), Image.Resampling.BICUBIC)
    assert np.array_equal(picture_of(values, (16, 16), RANGE).pixels, np.asarray(squeezed))


def test_arrays_that_need_an_intensity_say_so() -> None:
    with pytest.raises(PictureError, match="or write `intensity: A to B` in picture"):
        _read(GREY, (16, 16), None)
    for odd in (GREY > 9, np.zeros((40, 64, 2), np.uint8), GREY.astype(complex)):
        with pytest.raises(PictureError) as caught:
            _read(odd, (16, 16), None)
        assert "intensity" not in str(caught.value)
    with pytest.raises(PictureError, match="is no picture"):
        whole_of(np.zeros((40, 64, 2), np.uint16), RANGE)
    with pytest.raises(PictureError, match="too small"):
        whole_of(np.zeros((4, 64), np.uint16), RANGE)
    with pytest.raises(PictureError, match="empty"):
        whole_of(np.zeros((0, 64), np.uint16), RANGE)


def test_images_in_memory_stay_as_they_are(tmp_path: Path) -> None:
    path = png_16(tmp_path / "a.png", TWELVE[..., :3])
    with Image.open(path) as image:  # not decoded yet: all its bits can be had
        first = np.asarray(whole_of(image, RANGE).image)
        assert np.array_equal(np.asarray(image), TWELVE[..., :3] >> 8)
    assert np.array_equal(first, levels(TWELVE[..., :3]))
    floating = Image.fromarray(GREY.astype(np.float32))
    assert np.array_equal(np.asarray(whole_of(floating, RANGE).image), levels(GREY))
