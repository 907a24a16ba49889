"""What a training takes for a defect, and that it begins with complete evidence only."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.cli.main import main
from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets import Picture, read_dataset
from promptdsl.training.material import packed_mask, unpacked_masks
from promptdsl.training.recipe import Recipe, digest

from .conftest import SIDE

SIZE = (SIDE, SIDE)


def _example(spots: Path) -> Picture:
    category = read_dataset(spots).categories[0]
    return next(picture for picture in category.test if not picture.is_good)


def test_a_palette_is_read_by_its_colours(spots: Path, tmp_path: Path) -> None:
    example = _example(spots)
    assert example.mask is not None
    marked = np.asarray(Image.open(example.mask)) > 0
    image = Image.fromarray((~marked).astype(np.uint8)).convert("P")
    image.putpalette([255, 255, 255, 0, 0, 0] + [0] * 762)
    image.save(tmp_path / "m.png")
    packed = packed_mask(Picture(example.path, example.label, tmp_path / "m.png"), SIZE)
    np.testing.assert_array_equal(unpacked_masks([packed], SIZE)[0] > 0, marked)


def test_a_mask_that_marks_nothing_teaches_nothing(spots: Path, tmp_path: Path) -> None:
    Image.new("L", SIZE).save(tmp_path / "m.png")
    with pytest.raises(EnvironmentProblem, match="marks nothing, although"):
        packed_mask(Picture(_example(spots).path, "stain", tmp_path / "m.png"), SIZE)


def test_an_edited_mask_in_a_folder_makes_another_training(spots: Path, tmp_path: Path) -> None:
    from promptdsl.training.material import Example

    for name in ("0.png", "1.png"):
        Image.new("L", SIZE, 255).save(tmp_path / name)
    examples = [Example("cork", Picture(_example(spots).path, "stain", tmp_path))]
    before = digest(Recipe(), {}, examples)
    Image.new("L", SIZE, 7).save(tmp_path / "1.png")
    assert digest(Recipe(), {}, examples) != before


def test_incomplete_data_are_refused_before_anything_is_learned(
    spots: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(spots / "cork", tmp_path / "set" / "cork")
    truth = tmp_path / "set" / "cork" / "ground_truth" / "stain"
    (truth / "0_mask.png").rename(truth / "77_mask.png")
    Image.new("L", (9, 9), 255).save(truth / "1_mask.png")
    out = tmp_path / "w.safetensors"
    code = main(["train", "april_gan", "--data", str(tmp_path / "set"), "-o", str(out), "-q"])
    told = capsys.readouterr().err
    assert code == 3 and not out.exists()
    assert "77_mask.png: a mask without its picture" in told
    assert "1_mask.png: this mask has 9 x 9 pixels" in told
