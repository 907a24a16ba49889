"""Masks that a spec names: white is inside, whatever kind of file it is; sentences for the rest."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.errors import EnvironmentProblem, SpecProblem
from promptdsl.pictures.spec_masks import mask_paths, read_masks

from ..judge.made import placed, region, shape

INSIDE = np.zeros((6, 8), np.bool_)
INSIDE[1:3, 2:7] = True
GREY = np.where(INSIDE, 255, 0).astype(np.uint8)


def saved(folder: Path, image: Image.Image, name: str = "lip.png") -> str:
    image.save(folder / name)
    return name


def read(folder: Path, name: str = "lip.png") -> np.ndarray:
    return read_masks(placed(regions=(region("lip", shape("mask", name)),)), folder)[name]


@pytest.mark.parametrize(
    "image",
    [
        Image.fromarray(GREY),
        Image.fromarray(INSIDE),
        Image.fromarray(GREY).convert("RGB"),
        Image.fromarray(GREY).convert("P"),
        Image.fromarray(GREY.astype(np.uint16) * 257),
        Image.merge("RGBA", [Image.new("L", (8, 6), 255)] * 3 + [Image.fromarray(GREY)]),
        Image.merge("LA", [Image.fromarray(GREY), Image.new("L", (8, 6), 255)]),
    ],
    ids=["grey", "1 bit", "colour", "palette", "16 bits", "transparent", "grey and opaque"],
)
def test_white_is_inside(tmp_path: Path, image: Image.Image) -> None:
    saved(tmp_path, image)
    found = read(tmp_path)
    assert found.dtype == np.bool_
    assert (found == INSIDE).all()


def test_half_grey_parts_inside_from_outside_and_exif_turns(tmp_path: Path) -> None:
    saved(tmp_path, Image.fromarray(np.array([[127, 128, 255]], np.uint8)))
    assert read(tmp_path).tolist() == [[False, True, True]]
    turned = Image.fromarray(GREY)
    exif = Image.Exif()
    exif[0x0112] = 6
    turned.save(tmp_path / "lip.png", exif=exif)
    assert (read(tmp_path) == np.rot90(INSIDE, -1)).all()


def test_every_mask_is_found_with_its_place() -> None:
    item = placed(
        regions=(region("a", shape("mask", "a.png"), without=(shape("mask", "b.png"),)),),
        ignored=(region("why", shape("box", 0, 0, 1, 1), shape("mask", "c.png")),),
    )
    assert list(mask_paths(item)) == ["a.png", "b.png", "c.png"]


def test_what_cannot_be_read_is_told_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem) as gone:
        read(tmp_path)
    assert gone.value.sentence == "part.inspect:3: the mask lip.png is not there"
    (tmp_path / "lip.png").write_text("no picture")
    with pytest.raises(EnvironmentProblem, match="it holds text, not a picture"):
        read(tmp_path)
    saved(tmp_path, Image.fromarray(INSIDE.astype(np.uint8)))
    with pytest.raises(SpecProblem, match="no white place") as dark:
        read(tmp_path)
    assert "its brightest value is 1" in dark.value.sentence
