"""Labelled folders: what is read, what is noted, and what is refused in a sentence."""

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptdsl.errors import EnvironmentProblem, Problem, UsageProblem
from promptdsl.evaluate.datasets import read_dataset, read_mask


def picture(path: Path, size: tuple[int, int] = (8, 6), mode: str = "RGB", value: int = 90) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value,) * 3).save(path)
    return path


def mvtec(root: Path, name: str = "nut") -> Path:
    home = root / name
    for number in (0, 1, 10, 2):
        picture(home / "train" / "good" / f"{number}.png")
    picture(home / "test" / "good" / "000.png")
    for number in range(2):
        picture(home / "test" / "scratch" / f"00{number}.png")
        picture(home / "ground_truth" / "scratch" / f"00{number}_mask.png", mode="L", value=255)
    return home


def plain(root: Path, name: str = "nut") -> Path:
    home = root / name
    picture(home / "good" / "a.png")
    picture(home / "references" / "r.png")
    picture(home / "scratch" / "b.png")
    picture(home / "masks" / "scratch" / "b.png", mode="L", value=255)
    picture(home / "rust" / "c.png")
    picture(home / "rust_mask" / "c_mask.png", mode="L", value=255)
    return home


def visa(root: Path) -> Path:
    rows = []
    for kind, split, label, mask in (
        ("Normal", "train", "normal", False),
        ("Normal", "test", "normal", False),
        ("Anomaly", "test", "anomaly", True),
    ):
        name = f"candle/Data/Images/{kind}/{split}.JPG"
        picture(root / name)
        where = f"candle/Data/Masks/Anomaly/{split}.png" if mask else ""
        if mask:
            picture(root / where, mode="L", value=3)
        rows.append(("candle", split, label, name, where))
    (root / "split_csv").mkdir(parents=True)
    with (root / "split_csv" / "1cls.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("object", "split", "label", "image", "mask"), *rows])
    return root


def test_mvtec(tmp_path: Path) -> None:
    mvtec(tmp_path)
    dataset = read_dataset(tmp_path)
    assert dataset.layout == "mvtec" and dataset.notes == ()
    (nut,) = dataset.categories
    assert [p.path.name for p in nut.train_good] == ["0.png", "1.png", "2.png", "10.png"]
    assert [p.label for p in nut.test] == ["good", "scratch", "scratch"]
    assert nut.defects == ("scratch",)
    assert [p.mask.name for p in nut.test if p.mask] == ["000_mask.png", "001_mask.png"]


def test_a_single_category_is_a_dataset_too(tmp_path: Path) -> None:
    home = mvtec(tmp_path)
    assert [c.name for c in read_dataset(home).categories] == ["nut"]
    assert [c.name for c in read_dataset(plain(tmp_path / "p")).categories] == ["nut"]


def test_plain(tmp_path: Path) -> None:
    plain(tmp_path)
    dataset = read_dataset(tmp_path)
    (nut,) = dataset.categories
    assert dataset.layout == "plain" and dataset.notes == ()
    assert [p.path.name for p in nut.train_good] == ["r.png"]
    assert {p.label: p.mask is not None for p in nut.test} == {
        "good": False, "rust": True, "scratch": True,
    }  # fmt: skip


def test_visa_and_its_one_class_split(tmp_path: Path) -> None:
    dataset = read_dataset(visa(tmp_path / "visa"))
    (candle,) = dataset.categories
    assert dataset.layout == "visa"
    assert len(candle.train_good) == 1 and [p.label for p in candle.test] == ["good", "anomaly"]
    assert read_mask(candle.test[1].mask).all()  # VisA numbers the kinds of damage
    mvtec(tmp_path / "prepared" / "1cls", "candle")
    assert [c.name for c in read_dataset(tmp_path / "prepared", "visa").categories] == ["candle"]


def test_chosen_categories(tmp_path: Path) -> None:
    for name in ("nut", "bolt", "gear"):
        mvtec(tmp_path, name)
    dataset = read_dataset(tmp_path, categories=["gear", "nut", "gear"])
    assert [c.name for c in dataset.categories] == ["gear", "nut"]
    assert dataset.category("bolt") is None


def test_what_is_left_out_is_noted(tmp_path: Path) -> None:
    home = mvtec(tmp_path)
    (home / "test" / "scratch" / "notes.txt").write_text("x")
    (home / "license").mkdir()
    (tmp_path / "papers").mkdir()
    (home / "ground_truth" / "scratch" / "001_mask.png").unlink()
    notes = "\n".join(read_dataset(tmp_path).notes)
    for words in ("notes.txt", "license", "papers", "1 of 2 pictures of scratch have no mask"):
        assert words in notes


def _foreign_mask(home: Path) -> None:
    picture(home / "ground_truth" / "scratch" / "777_mask.png", mode="L")


def _foreign_mask_folder(home: Path) -> None:
    picture(home / "ground_truth" / "rust" / "000_mask.png", mode="L")


def _wrong_size(home: Path) -> None:
    picture(home / "ground_truth" / "scratch" / "000_mask.png", (6, 8), "L")


def _two_masks(home: Path) -> None:
    picture(home / "ground_truth" / "scratch" / "000_mask.bmp", mode="L")


def _empty_folder(home: Path) -> None:
    (home / "test" / "rust").mkdir()


def _unlike_good_folder(home: Path) -> None:
    picture(home / "test" / "good" / "ng" / "000.png")


def _stray_picture(home: Path) -> None:
    picture(home / "test" / "7.png")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_foreign_mask, "nut/ground_truth/scratch/777_mask.png: a mask without its picture"),
        (_foreign_mask_folder, "nut/ground_truth/rust/000_mask.png: a mask without its picture"),
        (_wrong_size, "has 6 x 8 pixels, but its picture has 8 x 6"),
        (_two_masks, "are masks of it; none was used"),
        (_empty_folder, "nut/test/rust holds no pictures"),
        (_unlike_good_folder, "nut/test/good/ng: left out this folder with 1 picture"),
        (_stray_picture, "1 picture directly in this folder (7.png) left out"),
    ],
)
def test_what_cannot_be_used_is_a_problem_and_the_rest_is_read(
    tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    spoil(mvtec(tmp_path))
    dataset = read_dataset(tmp_path)
    (told,) = dataset.problems
    assert words in told
    assert len(dataset.categories[0].test) == 3


def test_a_picture_that_cannot_be_read_is_kept_to_be_named(tmp_path: Path) -> None:
    home = mvtec(tmp_path)
    (home / "test" / "scratch" / "000.png").write_bytes(b"no picture")
    dataset = read_dataset(tmp_path)
    assert len(dataset.categories[0].test) == 3 and dataset.problems == ()


def test_wrong_roots_and_layouts(tmp_path: Path) -> None:
    mvtec(tmp_path / "m")
    (tmp_path / "empty").mkdir()
    picture(tmp_path / "v" / "candle" / "Data" / "Images" / "Normal" / "0.JPG")
    cases: list[tuple[Path, str, list[str] | None, str]] = [
        (tmp_path / "gone", "auto", None, "is no folder"),
        (tmp_path / "empty", "auto", None, "none of the known layouts"),
        (tmp_path / "m", "plain", None, "not in the layout plain"),
        (tmp_path / "m", "coco", None, "no layout coco"),
        (tmp_path / "empty", "visa", None, "not VisA"),
        (tmp_path / "v", "auto", None, "1cls.csv is missing"),
        (tmp_path / "m", "auto", ["nutt"], "no category nutt"),
    ]
    for root, layout, categories, words in cases:
        with pytest.raises(Problem) as caught:
            read_dataset(root, layout, categories)  # type: ignore[arg-type]
        assert words in caught.value.sentence
        assert "\n" not in caught.value.sentence


def test_a_visa_table_that_names_a_missing_file(tmp_path: Path) -> None:
    visa(tmp_path)
    (tmp_path / "candle/Data/Masks/Anomaly/test.png").unlink()
    (candle,) = read_dataset(tmp_path).categories
    assert "Masks/Anomaly/test.png, which is not there" in candle.problems[0]
    assert candle.test[1].mask is None
    (tmp_path / "split_csv" / "1cls.csv").write_text("object,split\ncandle,test\n")
    with pytest.raises(EnvironmentProblem, match="has no column image"):
        read_dataset(tmp_path)


def test_masks(tmp_path: Path) -> None:
    values = np.zeros((8, 8), np.uint8)
    values[:, :4] = 1
    Image.fromarray(values).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png").sum() == 32
    small = read_mask(tmp_path / "m.png", (4, 4))
    np.testing.assert_array_equal(small, np.arange(4) < 2 + np.zeros((4, 1)))
    Image.fromarray(values).save(tmp_path / "m.jpg")
    assert not read_mask(tmp_path / "m.jpg").any()  # noise of a lossy format is no defect
    with pytest.raises(EnvironmentProblem, match="no readable mask"):
        read_mask(tmp_path / "none.png")


def test_problems_have_the_right_exit_code(tmp_path: Path) -> None:
    with pytest.raises(UsageProblem) as caught:
        read_dataset(tmp_path / "gone")
    assert caught.value.exit_code == 2
