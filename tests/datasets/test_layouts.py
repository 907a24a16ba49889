"""Folders of many makers: every picture gets its label, every mask its picture, none vanishes."""

from pathlib import Path
from typing import NamedTuple

import pytest

from promptdsl.evaluate.datasets import read_dataset

from .layouts import draw, draw_mask, labels, tree, vanished

Labels = dict[str, tuple[int, int]]


class Layout(NamedTuple):
    pictures: str
    masks: str
    found: Labels
    problems: int = 0
    train: int = 2


LAYOUTS = {
    "mvtec": Layout(
        "nut/train/good/{0,1}.png nut/test/{good,scratch,rust}/{000,001}.png",
        "nut/ground_truth/{scratch,rust}/{000_mask,001_mask}.png",
        {"good": (2, 0), "rust": (2, 2), "scratch": (2, 2)},
    ),
    "btad": Layout(
        "01/train/ok/{0,1}.bmp 01/test/{ok,ko}/{0000,0001}.bmp",
        "01/ground_truth/ko/{0000,0001}.png",
        {"good": (2, 0), "ko": (2, 2)},
    ),
    "loco": Layout(
        "box/train/good/{0,1}.png box/validation/good/0.png "
        "box/test/{good,logical_anomalies,structural_anomalies}/{000,001}.png",
        "box/ground_truth/{logical_anomalies,structural_anomalies}/{000,001}/{000,001}.png",
        {"good": (2, 0), "logical_anomalies": (2, 2), "structural_anomalies": (2, 2)},
    ),
    "mpdd": Layout(
        "tubes/train/good/{0,1}.png tubes/test/{good,anomalous}/{000,001}.png",
        "tubes/ground_truth/anomalous/{000_mask,001_mask}.png",
        {"good": (2, 0), "anomalous": (2, 2)},
    ),
    "capital letters": Layout(
        "nut/Train/Good/{0,1}.PNG nut/Test/{Good,Scratch}/{000,001}.PNG",
        "nut/Ground_Truth/Scratch/{000_MASK,001_Mask}.PNG",
        {"good": (2, 0), "Scratch": (2, 2)},
    ),
    "masks in one folder": Layout(
        "nut/train/good/{0,1}.png nut/test/good/{0,1}.png nut/test/scratch/{000,001}.png "
        "nut/test/rust/{002,003}.png",
        "nut/ground_truth/{000,001,002,003}.png",
        {"good": (2, 0), "rust": (2, 2), "scratch": (2, 2)},
    ),
    "masks in one folder, names twice": Layout(
        "nut/train/good/{0,1}.png nut/test/good/0.png nut/test/{scratch,rust}/{000,001}.png",
        "nut/ground_truth/{000,001}.png",
        {"good": (1, 0), "rust": (2, 0), "scratch": (2, 0)},
        problems=2,
    ),
    "mvtec 2": Layout(
        "can/train/good/{0,1}.png can/validation/good/0.png can/test_public/{good,bad}/{0,1}.png "
        "can/test_private/{0,1}.png",
        "can/test_public/ground_truth/bad/{0_mask,1_mask}.png",
        {"good": (2, 0), "bad": (2, 2)},
    ),
    "mvtec 3d": Layout(
        "cookie/train/good/rgb/{0,1}.png cookie/test/{good,hole}/rgb/{000,001}.png "
        "cookie/test/{good,hole}/xyz/{000,001}.tiff",
        "cookie/test/{good,hole}/gt/{000,001}.png",
        {"good": (2, 0), "hole": (2, 2)},
    ),
    "days below a defect": Layout(
        "nut/train/good/{mon,tue}/0.png nut/test/{good,scratch}/{mon,tue}/{000,001}.png",
        "nut/ground_truth/scratch/{mon,tue}/{000_mask,001_mask}.png",
        {"good": (4, 0), "scratch": (4, 4)},
    ),
    "pictures without a label": Layout(  # as KolektorSDD2 has them
        "nut/train/{1,2}.png nut/test/good/0.png nut/test/{10,11}.png",
        "nut/test/{10_GT,11_GT}.png",
        {"good": (1, 0)},
        problems=1,
        train=0,
    ),
    "plain": Layout(
        "nut/good/{0,1}.png nut/references/{0,1}.png nut/{scratch,rust}/{0,1}.png",
        "nut/masks/scratch/{0,1}.png nut/Rust_Masks/{0_mask,1_mask}.png",
        {"good": (2, 0), "rust": (2, 2), "scratch": (2, 2)},
    ),
    "plain, masks beside": Layout(
        "nut/Normal/{0,1}.png nut/references/{0,1}.png nut/scratch/{0,1}.jpg",
        "nut/scratch/{0_mask,1_mask}.png nut/Normal/{0_mask,1_mask}.png",
        {"good": (2, 0), "scratch": (2, 2)},
    ),
    "real-iad": Layout(
        "jack/OK/{S1,S2}/a_C1.jpg jack/references/{0,1}.png jack/NG/AK/{S1,S2}/b_{C1,C2}.jpg",
        "jack/NG/AK/{S1,S2}/b_{C1,C2}.png",
        {"good": (2, 0), "NG": (4, 4)},
    ),
    "less common endings": Layout(
        "nut/train/good/{0.webp,1.gif} nut/test/good/0.ppm "
        "nut/test/scratch/{0.jfif,1.heic,2.dng,3.tif,4.jp2,5.avif,6.JPE,7.tga,8.PCX}",
        "",
        {"good": (1, 0), "scratch": (9, 0)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", LAYOUTS)
def test_layout(tmp_path: Path, name: str) -> None:
    layout = LAYOUTS[name]
    dataset = read_dataset(tree(tmp_path, layout.pictures, layout.masks))
    assert labels(dataset) == layout.found
    assert len(dataset.problems) == layout.problems, dataset.problems
    assert len(dataset.categories[0].train_good) == layout.train
    assert vanished(tmp_path, dataset) == []


@pytest.mark.parametrize(
    "name", ["ok", "OK", "Ok", "normal", "Normal", "good", "Good", "defect-free", "Defect_Free",
             "no defects", "non-defective", "anomaly_free"],
)  # fmt: skip
def test_names_of_good_parts(tmp_path: Path, name: str) -> None:
    for part in ("train", "test"):
        draw(tmp_path / "nut" / part / name / "0.png")
    draw(tmp_path / "nut" / "test" / "scratch" / "0.png")
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"good": (1, 0), "scratch": (1, 0)}
    assert len(dataset.categories[0].train_good) == 1
    assert name == "good" or any(f"test/{name}: taken as good parts" in n for n in dataset.notes)


@pytest.mark.parametrize("name", ["pass", "i.O.", "Clean", "gut"])
def test_names_that_may_mean_good_are_asked_about(tmp_path: Path, name: str) -> None:
    draw(tmp_path / "nut" / "test" / name / "0.png")
    draw(tmp_path / "nut" / "test" / "scratch" / "0.png")
    told = "\n".join(read_dataset(tmp_path).notes)
    assert f"counted as a defect named {name}; name it good, ok or normal if it holds" in told
    assert "no folder of good parts" in told


def test_a_folder_that_cannot_be_read_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    tree(tmp_path, "nut/test/{good,scratch,rust}/0.png")
    real = os.scandir

    def scandir(path: str | Path) -> object:
        if Path(path).name == "rust":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"good": (1, 0), "scratch": (1, 0)}
    assert any("nut/test/rust: this folder cannot be read" in told for told in dataset.problems)


def test_links_that_lead_back_are_read_once(tmp_path: Path) -> None:
    tree(tmp_path, "nut/test/{good,scratch}/0.png")
    (tmp_path / "nut" / "test" / "scratch" / "again").symlink_to(tmp_path / "nut" / "test")
    (tmp_path / "nut" / "test" / "scratch" / "self").symlink_to("self")
    dataset = read_dataset(tmp_path)
    assert labels(dataset)["scratch"][0] <= 2


def test_results_of_a_run_below_a_label_are_not_read(tmp_path: Path) -> None:
    tree(tmp_path, "nut/test/{good,scratch}/0.png nut/test/scratch/out/maps/0.png")
    for name in ("run.json", "results.jsonl"):
        (tmp_path / "nut" / "test" / "scratch" / "out" / name).write_text("{}")
    dataset = read_dataset(tmp_path)
    assert labels(dataset)["scratch"] == (1, 0)
    assert any("scratch/out: left out, it holds the results of a run" in n for n in dataset.notes)


def test_a_name_does_not_make_a_mask(tmp_path: Path) -> None:
    tree(tmp_path, "nut/good/{bottle,bottle_label}.png nut/scratch/gas_mask.png")
    dataset = read_dataset(tmp_path)
    assert labels(dataset) == {"good": (2, 0), "scratch": (1, 0)}
    told = "\n".join(dataset.notes)
    assert "bottle_label.png is named like a mask and taken for a picture" in told
    assert "gas_mask.png is named like a mask and taken for a picture" in told


def test_two_pictures_of_one_name_stay_pictures(tmp_path: Path) -> None:
    tree(tmp_path, "nut/good/0.png nut/scratch/{0.jpg,0.png,1.jpg}", "nut/scratch/1.png")
    draw_mask(tmp_path / "nut" / "masks" / "scratch" / "0.png")
    dataset = read_dataset(tmp_path)
    assert labels(dataset)["scratch"] == (3, 1)
    assert "0.png: could be the mask of nut/scratch/0.jpg and nut/scratch/0.png" in "".join(
        dataset.problems
    )
