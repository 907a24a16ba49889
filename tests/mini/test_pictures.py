"""The picture generator: what it draws is repeatable, whole and where its mask says."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from tools.pictures import DEFECTS, LEFT_OUT, OBJECTS, TRAINED, Product, draw, draw_pair, draw_set
from tools.pictures.__main__ import main

KINDS = [(name, defect) for name in OBJECTS for defect in DEFECTS[name]]


def grown(mask: np.ndarray, by: int) -> np.ndarray:
    """The mask with a rim of `by` pixels."""
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * by + 1, 2 * by + 1))
    return cv2.dilate(mask.astype(np.uint8), kernel).astype(bool)


@pytest.mark.parametrize("name", OBJECTS)
def test_same_numbers_give_the_same_picture(name: str) -> None:
    defect = DEFECTS[name][0]
    first, again = (draw(Product(name, 5), 3, defect, 96) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.mask, again.mask)
    assert not np.array_equal(first.image, draw(Product(name, 5), 4, defect, 96).image)
    assert not np.array_equal(first.image, draw(Product(name, 6), 3, defect, 96).image)


@pytest.mark.parametrize(("name", "defect"), KINDS)
def test_a_defect_changes_the_picture_under_its_mask_and_nowhere_else(
    name: str, defect: str
) -> None:
    for number in range(3):
        good, bad = draw_pair(Product(name, 40 + number), number, defect, 120)
        assert bad.mask.mean() > 0.001, "the defect is too small to see"
        assert not good.mask.any()
        change = np.abs(good.image.astype(int) - bad.image.astype(int)).max(2)
        near = grown(bad.mask, 9)
        assert (change[~near] > 12).mean() < 0.0005
        assert change[bad.mask].mean() > 8 + 4 * change[~near].mean()


@pytest.mark.parametrize("size", [48, 131, 256])
def test_every_object_and_defect_draws_at_any_size(size: int) -> None:
    for name in OBJECTS:
        number = size % len(DEFECTS[name])
        sample = draw(Product(name, 9), number, DEFECTS[name][number], size)
        assert sample.image.shape == (size, size, 3)
        assert sample.image.dtype == np.uint8
        assert sample.mask.shape == (size, size)
        assert sample.mask.any()
        assert sample.image.std() > 3, "an empty picture"


def test_a_product_keeps_its_colours() -> None:
    def hue(product: Product, number: int) -> np.ndarray:
        mean = draw(product, number, None, 64).image.reshape(-1, 3).mean(0)
        return mean / mean.sum()

    for name in ("leather", "fabric", "bottle cap", "capsule"):
        own = [hue(Product(name, 1), number) for number in range(6)]
        spread = np.std(own, axis=0).max()
        others = np.std([hue(Product(name, 50 + seed), 0) for seed in range(12)], axis=0).max()
        assert spread < 0.5 * others


def test_a_set_holds_what_was_asked_for() -> None:
    samples = draw_set(Product("gear", 2), good=3, defective=2, size=64)
    assert [sample.defect for sample in samples[:3]] == [None] * 3
    assert len(samples) == 3 + 2 * len(DEFECTS["gear"])
    assert {sample.defect for sample in samples[3:]} == set(DEFECTS["gear"])


def test_two_objects_are_left_out_of_training() -> None:
    assert set(LEFT_OUT).isdisjoint(TRAINED)
    assert len(LEFT_OUT) == 2
    assert len(TRAINED) == len(OBJECTS) - 2 >= 16


@pytest.mark.parametrize("layout", ["mvtec", "plain"])
def test_command_writes_a_set_with_masks(tmp_path: Path, layout: str) -> None:
    options = ["--object", "metal nut", "--good", "2", "--defective", "1", "--size", "64"]
    result = CliRunner().invoke(main, [str(tmp_path), *options, "--layout", layout])
    assert result.exit_code == 0, result.output
    home = tmp_path / "metal_nut"
    defect = home / ("test/missing_part/000.png" if layout == "mvtec" else "missing_part/000.png")
    masks = {
        "mvtec": "ground_truth/missing_part/000_mask.png",
        "plain": "masks/missing_part/000.png",
    }
    image, mask = cv2.imread(str(defect)), cv2.imread(str(home / masks[layout]), 0)
    assert image.shape == (64, 64, 3)
    assert set(np.unique(mask)) == {0, 255}
    good = home / ("train/good" if layout == "mvtec" else "good")
    assert len(list(good.iterdir())) == (2 if layout == "mvtec" else 3)


def test_command_says_what_it_knows(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path), "--object", "metalnut"])
    assert result.exit_code == 2
    assert "did you mean 'metal nut'" in result.output
    assert CliRunner().invoke(main, [str(tmp_path)]).exit_code == 2
