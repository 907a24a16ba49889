"""The size in a picture's head, without a library: held against Pillow's."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from promptdsl.files.header import stored_size
from promptdsl.source import DiskLoader

KINDS = {
    "PNG": {}, "JPEG": {}, "progressive": {"progressive": True}, "GIF": {}, "BMP": {}, "TIFF": {},
    "packed": {"compression": "tiff_lzw"}, "exif": {"exif": b"Exif\0\0" + bytes(60_000)},
}  # fmt: skip
FORMATS = {"progressive": "JPEG", "packed": "TIFF", "exif": "JPEG"}


def saved(kind: str, size: tuple[int, int], mode: str = "L") -> bytes:
    file = io.BytesIO()
    Image.new(mode, size).save(file, FORMATS.get(kind, kind), **KINDS[kind])  # type: ignore[arg-type]
    return file.getvalue()


@pytest.mark.parametrize("size", [(640, 480), (16, 4000), (300, 70)])
@pytest.mark.parametrize("kind", KINDS)
def test_size_is_that_of_the_picture(kind: str, size: tuple[int, int]) -> None:
    assert stored_size(io.BytesIO(saved(kind, size))) == size


def test_sixteen_bits_and_the_other_order() -> None:
    file = io.BytesIO()
    Image.new("I;16B", (320, 200)).save(file, "TIFF")
    assert stored_size(io.BytesIO(file.getvalue())) == (320, 200)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_no_traceback(kind: str) -> None:
    whole = saved(kind, (64, 48))
    for end in range(0, min(len(whole), 700), 3):
        assert stored_size(io.BytesIO(whole[:end])) in (None, (64, 48))


@given(st.sampled_from(["PNG", "JPEG", "TIFF", "BMP", "GIF"]), st.binary(max_size=80), st.data())
def test_damage_gives_a_size_or_none(kind: str, noise: bytes, data: st.DataObject) -> None:
    whole = bytearray(saved(kind, (64, 48)))
    place = data.draw(st.integers(2, len(whole)))
    whole[place : place + len(noise)] = noise
    found = stored_size(io.BytesIO(bytes(whole)))
    assert found is None or min(found) > 0


def test_a_text_and_a_missing_file_have_none(tmp_path: Path) -> None:
    assert stored_size(io.BytesIO(b"hello")) is None
    assert DiskLoader().picture_size(tmp_path / "none.png") is None
    assert DiskLoader().picture_size(tmp_path) is None
