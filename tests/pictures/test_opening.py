"""Only our formats are opened, by content; only regular files, once, within bounds."""

import hashlib
import os
import socket
import struct
import threading
import time
from pathlib import Path

import pytest
from PIL import Image

from promptdsl.pictures import opening
from promptdsl.pictures.opening import (
    FORMATS,
    PictureError,
    open_picture,
    picture_size,
    read_file,
    reading,
)
from promptdsl.pictures.reading import read_picture, read_rgb

POSTSCRIPT = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n{ } loop\n%%EOF\n"


def refused(path: Path) -> str:
    """The sentence, within a second."""
    start = time.perf_counter()
    with pytest.raises(PictureError) as caught:
        read_picture(path, (16, 16))
    assert time.perf_counter() - start < 1
    return str(caught.value)


@pytest.mark.parametrize("name", ["a.png", "a.eps", "a.jpg"])
@pytest.mark.parametrize("before", [b"", b"\xc5\xd0\xd3\xc6" + struct.pack("<I", 32) + bytes(24)])
def test_no_other_program_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, before: bytes
) -> None:
    def started(*_: object, **__: object) -> None:
        raise AssertionError("a program was started")

    monkeypatch.setattr("subprocess.Popen", started)
    monkeypatch.setattr("subprocess.check_call", started)
    (tmp_path / name).write_bytes(before + POSTSCRIPT)
    assert "save it as PNG, JPEG or TIFF" in refused(tmp_path / name)
    with pytest.raises(PictureError):
        picture_size(tmp_path / name)


@pytest.mark.parametrize("form", ["ICO", "PCX", "SGI", "TGA", "PSD", "PDF"])
def test_formats_beyond_the_list_are_not_opened(tmp_path: Path, form: str) -> None:
    assert form not in FORMATS
    path = tmp_path / "a.png"
    if form == "PSD":
        path.write_bytes(b"8BPS\0\1" + bytes(100))
    else:
        Image.new("RGB", (32, 32)).save(path, form)
    assert refused(path)


def test_what_a_file_holds_counts_and_not_its_ending(tmp_path: Path) -> None:
    Image.new("RGB", (32, 20), (9, 8, 7)).save(tmp_path / "a.jpg", "PNG")
    assert read_rgb(tmp_path / "a.jpg").getpixel((3, 3)) == (9, 8, 7)


def test_pipes_devices_sockets_folders_and_loops(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "folder.png").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        place = os.getcwd()
        os.chdir(tmp_path)  # a socket's path must be short
        server.bind("socket.png")
        os.chdir(place)
        for name in ("pipe.png", "zero.png"):
            assert refused(tmp_path / name) == "it is not a regular file"
        assert refused(tmp_path / "socket.png").startswith("it ")
    assert "cannot be read" in refused(tmp_path / "loop.png")
    assert refused(tmp_path / "folder.png") == "it is a folder, not a picture"
    assert refused(tmp_path / "gone.png") == "it is no longer there"
    assert "cannot be read" in refused(tmp_path / "folder.png" / ("x" * 300))


def test_a_file_without_end_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "MAX_BYTES", 5_000)
    (tmp_path / "a.png").write_bytes(bytes(5_001))
    assert (
        refused(tmp_path / "a.png") == "it is larger than the limit of 5 kB: cut or shrink it first"
    )


def test_the_hash_is_of_the_bytes_that_were_decoded(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (32, 20), "red").save(path)
    content = path.read_bytes()
    with reading(path) as file:
        Image.new("RGB", (32, 20), "blue").save(path)
        with open_picture(file) as image:
            assert image.getpixel((0, 0)) == (255, 0, 0)
    assert file.sha256 == hashlib.sha256(content).hexdigest()
    picture = read_picture(path, (16, 16))
    assert picture.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256


def test_a_picture_replaced_in_between_is_not_drawn(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGB", (32, 20), "red").save(path)
    first = read_picture(path, (16, 16)).sha256
    assert read_rgb(path, sha256=first).size == (32, 20)
    Image.new("RGB", (32, 20), "blue").save(path)
    with pytest.raises(PictureError, match="replaced"):
        read_rgb(path, sha256=first)


def test_large_files_and_pictures_are_held_one_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "LARGE_BYTES", 10)
    monkeypatch.setattr(opening, "LARGE_PIXELS", 10)
    Image.new("RGB", (32, 20)).save(tmp_path / "a.png")
    inside, most = [], []

    def one() -> None:
        with reading(tmp_path / "a.png") as file, open_picture(file):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


def test_a_file_is_read_without_a_lock_when_it_is_small(tmp_path: Path) -> None:
    Image.new("RGB", (32, 20)).save(tmp_path / "a.png")
    assert read_file(tmp_path / "a.png").suffix == ".png"


def test_one_place_opens_pictures() -> None:
    package = Path(opening.__file__).resolve().parents[1]
    opens = [p for p in package.rglob("*.py") if "Image.open(" in p.read_text("utf-8")]
    assert [path.name for path in opens] == ["opening.py"]
    turned = [p for p in package.rglob("*.py") if "exif_transpose" in p.read_text("utf-8")]
    assert turned == []
