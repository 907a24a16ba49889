"""What a mask means: as a person sees it, in every way that image programs save it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets.masks import doubt, mask_size, read_mask

MARKED = np.zeros((8, 10), bool)
MARKED[1:4, 2:7] = True
GREY = (MARKED * 255).astype(np.uint8)


def _palette(colours: list[int], values: np.ndarray) -> Image.Image:
    image = Image.fromarray(values.astype(np.uint8)).convert("P")
    image.putpalette(colours + [0] * (768 - len(colours)))
    return image


def _on_alpha(colour: np.ndarray, alpha: np.ndarray) -> Image.Image:
    rgb = np.repeat(colour[..., None], 3, axis=2) if colour.ndim == 2 else colour
    return Image.fromarray(np.dstack([rgb, alpha]).astype(np.uint8), "RGBA")


def _red_on_white_paper() -> Image.Image:
    colour = np.full((8, 10, 3), 255)
    colour[MARKED] = (200, 0, 0)
    return _on_alpha(colour, GREY)


BLACK, WHITE = np.zeros((8, 10)), np.full((8, 10), 255)
SAVED: dict[str, Callable[[], Image.Image]] = {
    "grey": lambda: Image.fromarray(GREY),
    "numbers": lambda: Image.fromarray((MARKED * 3).astype(np.uint8)),
    "one bit": lambda: Image.fromarray(GREY).convert("1"),
    "16 bits": lambda: Image.fromarray((MARKED * 65535).astype(np.uint16)),
    "16 bits, numbers": lambda: Image.fromarray((MARKED * 1).astype(np.uint16)),
    "colours": lambda: Image.fromarray(np.dstack([GREY, GREY * 0, GREY * 0])),
    "palette": lambda: _palette([0, 0, 0, 255, 255, 255], MARKED),
    "palette, white first": lambda: _palette([255, 255, 255, 0, 0, 0], ~MARKED),
    "palette, many blacks": lambda: _palette([0, 0, 0, 0, 0, 0, 9, 0, 0], MARKED * 2),
    "opaque alpha": lambda: _on_alpha(GREY, WHITE),
    "white on nothing": lambda: _on_alpha(WHITE, GREY),
    "black on nothing": lambda: _on_alpha(BLACK, GREY),
    "red on nothing": _red_on_white_paper,
    "white and transparent black": lambda: _on_alpha(GREY, GREY),
    "grey with alpha": lambda: _on_alpha(WHITE, GREY).convert("LA"),
}


@pytest.mark.parametrize("name", SAVED)
def test_a_mask_is_read_as_it_looks(tmp_path: Path, name: str) -> None:
    path = tmp_path / "m.png"
    SAVED[name]().save(path)
    np.testing.assert_array_equal(read_mask(path), MARKED)
    assert mask_size(path) == (10, 8)


@pytest.mark.parametrize("suffix", [".tif", ".bmp", ".gif", ".pgm", ".webp", ".jp2"])
def test_in_other_formats(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m{suffix}"
    Image.fromarray(GREY).save(path, **({"lossless": True} if suffix == ".webp" else {}))
    np.testing.assert_array_equal(read_mask(path), MARKED)


def test_the_noise_of_a_lossy_file_is_no_defect_whatever_its_name(tmp_path: Path) -> None:
    large = np.kron(GREY, np.ones((16, 16), np.uint8))
    Image.fromarray(large).save(tmp_path / "m.png", "JPEG", quality=60)
    marked = read_mask(tmp_path / "m.png")
    assert abs(int(marked.sum()) - int((large > 0).sum())) < 40


def test_a_transparent_colour_of_a_palette_is_seen_through(tmp_path: Path) -> None:
    image = _palette([255, 0, 0, 255, 0, 0], MARKED)
    image.info["transparency"] = 0
    image.save(tmp_path / "m.png", transparency=0)
    np.testing.assert_array_equal(read_mask(tmp_path / "m.png"), MARKED)


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
def test_a_mask_is_turned_like_its_picture(tmp_path: Path, suffix: str, turn: int) -> None:
    large = np.kron(GREY, np.ones((8, 8), np.uint8))
    lying = _lying(large, turn)
    exif = Image.Exif()
    exif[0x0112] = turn
    Image.fromarray(lying).save(tmp_path / f"m{suffix}", exif=exif, **_best(suffix))
    assert mask_size(tmp_path / f"m{suffix}") == (large.shape[1], large.shape[0])
    marked = read_mask(tmp_path / f"m{suffix}")
    assert (marked != (large > 0)).mean() < 0.01


def _best(suffix: str) -> dict[str, int]:
    return {"quality": 95} if suffix == ".jpg" else {}


def _lying(upright: np.ndarray, turn: int) -> np.ndarray:
    """The pixels that look upright once a viewer has obeyed the tag."""
    ways: dict[int, Callable[[np.ndarray], np.ndarray]] = {
        1: lambda p: p, 2: np.fliplr, 3: lambda p: np.rot90(p, 2), 4: np.flipud, 5: np.transpose,
        6: lambda p: np.rot90(p, 1), 7: lambda p: np.rot90(p, 2).T, 8: lambda p: np.rot90(p, -1),
    }  # fmt: skip
    return np.ascontiguousarray(ways[turn](upright))


def test_files_of_one_folder_mark_together(tmp_path: Path) -> None:
    for name, part in (("000.png", MARKED & (np.arange(10) < 4)), ("001.png", MARKED)):
        Image.fromarray((part * 255).astype(np.uint8)).save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("x")
    np.testing.assert_array_equal(read_mask(tmp_path), MARKED)
    assert mask_size(tmp_path) == (10, 8)
    Image.new("L", (3, 3)).save(tmp_path / "002.png")
    with pytest.raises(EnvironmentProblem, match=r"002.png: this mask has 3 x 3 pixels, but 000"):
        read_mask(tmp_path)


def _write(content: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(content)


def _pages(path: Path) -> None:
    image = Image.fromarray(GREY)
    image.save(path, "TIFF", save_all=True, append_images=[image])


def _not_a_number(path: Path) -> None:
    Image.fromarray(np.full((8, 10), np.nan, np.float32)).save(path, "TIFF")


def _fifo(path: Path) -> None:
    import os

    os.mkfifo(path)


REFUSED: dict[str, tuple[Callable[[Path], object], str]] = {
    "invisible": (lambda path: _on_alpha(GREY, BLACK).save(path), "transparent everywhere"),
    "one colour": (
        lambda path: _palette([9, 9, 9, 9, 9, 9], MARKED).save(path), "gives one colour to all",
    ),
    "pages": (_pages, "it holds 2 pages"),
    "no numbers": (_not_a_number, "values that are no numbers"),
    "empty": (_write(b""), "the file is empty"),
    "text": (_write(b"hello"), "it holds text, not a picture"),
    "postscript": (_write(b"%!PS-Adobe-3.0 EPSF-3.0\n{ } loop\n"), "PostScript"),
    "folder": (lambda path: path.mkdir(), "there are no pictures in it"),
    "pipe": (_fifo, "it is not a regular file"),
    "link to nothing": (lambda path: path.symlink_to("nothing"), "it is no longer there"),
    "device": (lambda path: path.symlink_to("/dev/zero"), "it is not a regular file"),
    "link to itself": (lambda path: path.symlink_to(path.name), "no readable mask"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_mask_is_one_sentence_at_once(tmp_path: Path, name: str) -> None:
    make, words = REFUSED[name]
    path = tmp_path / "m.png"
    make(path)
    with pytest.raises(EnvironmentProblem) as caught:
        read_mask(path)
    assert words in caught.value.sentence and "m.png" in caught.value.sentence
    assert "\n" not in caught.value.sentence and caught.value.exit_code == 3


def test_a_mask_that_marks_everything_is_doubted() -> None:
    assert doubt(np.ones((4, 4), bool)) == "this mask marks the whole picture"
    assert "97.5 %" in (doubt(np.arange(40).reshape(4, 10) > 0) or "")
    assert doubt(MARKED) is None
