"""A picture on which no verdict would mean anything is not inspected; a doubtful one is noted."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageFilter

from promptdsl.pictures.gate import NotInspected, Usual, refuse_blank, remarks, usual
from promptdsl.pictures.look import Look, look_at
from promptdsl.pictures.reading import read_picture
from promptdsl.scoring.decoding import decode_ahead
from tests.pictures.made import tiff_of

ROOT = Path(__file__).resolve().parents[2]
RANDOM = np.random.default_rng(0)


def part(width: int = 320, height: int = 240, ground: int = 150) -> Image.Image:
    """A disk on a ground, with grain."""
    rows, columns = np.mgrid[:height, :width]
    disk = np.hypot(rows - height / 2, columns - width / 2) < height / 3
    pixels = np.where(disk, ground - 60, ground)[..., None] + RANDOM.normal(0, 3, (1, 1, 3))
    pixels = pixels + RANDOM.normal(0, 3, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def look(image: Image.Image) -> Look:
    return look_at(image, image.size)


def level(value: float, noise: float = 0.0, mode: str = "RGB") -> Image.Image:
    pixels = value + RANDOM.normal(0, noise, (240, 320)) if noise else np.full((240, 320), value)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).convert(mode)


BLANK = {
    "black": (level(0), "it is black all over"),
    "black with the noise of a sensor": (level(2, 1), "it is black all over"),
    "white": (level(255), "it is white all over"),
    "white with noise": (level(253, 1), "it is white all over"),
    "grey": (level(128), "it is of one colour all over"),
    "grey with noise": (level(128, 1), "it is of one colour all over"),
    "red": (Image.new("RGB", (320, 240), (200, 10, 10)), "it is of one colour all over"),
}


@pytest.mark.parametrize("name", BLANK)
def test_a_blank_picture_is_not_inspected(name: str) -> None:
    image, reason = BLANK[name]
    with pytest.raises(NotInspected, match=f"^not inspected: {reason}$") as caught:
        refuse_blank(look(image))
    assert caught.value.reason == reason


def marked(ground: int, mark: int) -> Image.Image:
    image = level(ground)
    image.paste((mark, mark, mark), (100, 100, 130, 102))
    return image


def two_colours_of_one_brightness() -> Image.Image:
    pixels = np.zeros((240, 320, 3), np.uint8)
    pixels[:, :160], pixels[:, 160:] = (130, 100, 100), (80, 118, 128)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    "image",
    [marked(0, 200), marked(255, 100), marked(128, 20), two_colours_of_one_brightness(), part()],
    ids=["light on black", "dark on white", "scratch", "colours", "part"],
)
def test_a_picture_with_something_on_it_is_inspected(image: Image.Image) -> None:
    refuse_blank(look(image))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda image: image.point(lambda value: value // 16), "very dark"),
        (lambda image: image.point(lambda value: 205 + value // 6), "very bright"),
        (lambda image: image.point(lambda value: 100 + value // 20), "hardly any contrast"),
    ],
)
def test_doubtful_pictures_are_noted_without_references(change: object, words: str) -> None:
    notes = remarks(look(change(part())))  # type: ignore[operator]
    assert any(words in note for note in notes)
    assert remarks(look(part())) == ()


def test_twelve_bits_in_sixteen_are_named_as_the_likely_cause(tmp_path: Path) -> None:
    values = np.asarray(part().convert("L")).astype("<u2") * 16
    (picture,) = decode_ahead([str(tiff_of(tmp_path / "a.tif", values))], (32, 32), lambda: 1)
    assert "12 bits in a file of 16" in picture.notes[0]  # type: ignore[union-attr]


def references() -> Usual:
    known = usual([look(part(ground=ground)) for ground in (140, 150, 160)])
    assert known is not None
    return known


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (part(ground=70), "much darker"),
        (part(ground=250), "much brighter"),
        (part().point(lambda value: 110 + value // 10), "far less contrast"),
        (part().filter(ImageFilter.GaussianBlur(12)), "far less sharp"),
        (part(64, 48), "much smaller"),
        (part(1300, 240), "another shape"),
    ],
)
def test_what_is_unlike_all_references_is_noted(image: Image.Image, words: str) -> None:
    assert any(words in note for note in remarks(look(image), references()))


def test_what_is_like_the_references_is_not() -> None:
    for image in (part(), part(ground=130), part(400, 300), part(240, 320)):
        assert remarks(look(image), references()) == ()


def test_one_reference_does_not_say_what_is_usual() -> None:
    assert usual([]) is None
    assert usual([look(part())]) is None


@pytest.mark.parametrize("name", ["leather", "metal_nut", "bottle_cap"])
def test_the_examples_pass_without_a_note(name: str) -> None:
    folder = ROOT / "examples" / name
    paths = sorted(folder.glob("samples/good/*")) + sorted(folder.glob("pictures/*"))
    looks = [read_picture(path, (32, 32)).look for path in paths]
    known = usual([look for look in looks[:4] if look is not None])
    for path, one in zip(paths, looks, strict=True):
        refuse_blank(one)
        assert remarks(one, known) == (), path.name
