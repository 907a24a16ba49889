"""Labelled pictures from specs and folders: what is read, paired, noted, and refused."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.cli.main import main
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.labelled import Sample, from_folders

from .scene import SPEC, factory, mask, part

Encoded = Callable[[], int]
Capture = pytest.CaptureFixture[str]


def run(*arguments: object) -> int:
    return main(["validate", *map(str, arguments), "-q"])


def described(out: Path) -> dict[str, Any]:
    item: dict[str, Any] = json.loads((out / "validation.json").read_text("utf-8"))["objects"][0]
    return item


def spec_of(folder: Path, samples: str) -> Path:
    """A spec with these sample blocks and without tests."""
    lines = [line for line in SPEC.splitlines() if not line.strip().startswith(("samples", "test"))]
    text = "\n".join(lines).replace("RULES", "reject when score >= 0.6")
    spec = folder / "nut.inspect"
    spec.write_text(text.rstrip().removesuffix("}") + samples + "\n}\n", "utf-8")
    return spec


def shown(sample: Sample, root: Path) -> dict[str, tuple[str, str | None]]:
    """Name -> label and mask, relative to a folder."""
    return {
        picture.path.relative_to(root).as_posix(): (
            picture.label,
            picture.mask.relative_to(root).as_posix() if picture.mask else None,
        )
        for picture in sample.pictures
    }


def test_days_in_folders_keep_their_own_masks(seeing_red: Encoded, tmp_path: Path) -> None:
    part(tmp_path / "good" / "0.png", 20)
    for number, day in enumerate(("day1", "day2")):
        part(tmp_path / "pics" / day / "000.png", 200, number=number)
        mask(tmp_path / "masks" / day / "000_mask.png", wide=6 + number)
    spec = spec_of(
        tmp_path,
        'samples good { images: "good/*.png" }\n'
        'samples scratch { images: "pics/*/*.png", masks: "masks/*/*.png" }',
    )
    assert run(spec, "-o", tmp_path / "out") == 0
    pairs = {p["image"]: p["mask"] for p in described(tmp_path / "out")["pictures"] if p["mask"]}
    assert len(pairs) == 2
    assert all(Path(image).parent.name == Path(m).parent.name for image, m in pairs.items())


def test_a_mask_of_another_day_is_not_taken(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    part(tmp_path / "good" / "0.png", 20)
    part(tmp_path / "pics" / "day1" / "000.png", 200)
    mask(tmp_path / "masks" / "day2" / "000.png")
    spec = spec_of(
        tmp_path,
        'samples good { images: "good/*.png" }\n'
        'samples scratch { images: "pics/*/*.png", masks: "masks/*/*.png" }',
    )
    assert run(spec, "-o", tmp_path / "out") == 3
    told = capsys.readouterr().err
    assert "day1/000.png: has no mask" in told and "day2/000.png: a mask without its" in told


def test_masks_beside_their_pictures_are_no_pictures(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    part(tmp_path / "good" / "0.png", 20)
    for number in range(3):
        part(tmp_path / "scratch" / f"{number}.png", 200, number=number)
        mask(tmp_path / "scratch" / f"{number}_mask.png")
    spec = spec_of(
        tmp_path,
        'samples good { images: "good/*.png" }\nsamples scratch { images: "scratch/*.png" }',
    )
    assert run(spec, "-o", tmp_path / "out") == 0
    total = described(tmp_path / "out")["figures"][0]
    assert (total["defective"], total["with_masks"]) == (3, 3)
    assert "samples scratch: 3 masks beside the pictures (0_mask.png" in capsys.readouterr().err


def test_a_folder_of_masks_for_each_picture(seeing_red: Encoded, tmp_path: Path) -> None:
    factory(tmp_path)
    root = tmp_path / "set" / "nut"
    shutil.copytree(tmp_path / "good", root / "test" / "good")
    shutil.copytree(tmp_path / "scratch", root / "test" / "scratch")
    for number in range(8):
        for piece in ("000.png", "001.png"):
            mask(root / "ground_truth" / "scratch" / f"{number:02d}" / piece)
    spec = spec_of(tmp_path, "")
    assert run(spec, "--mvtec", tmp_path / "set", "-o", tmp_path / "out") == 0
    item = described(tmp_path / "out")
    assert item["figures"][0]["with_masks"] == 8
    assert item["pictures"][-1]["mask"].endswith("ground_truth/scratch/07")


def test_one_bad_mask_leaves_the_rest_of_a_data_set(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    factory(tmp_path)
    root = tmp_path / "set" / "nut"
    shutil.copytree(tmp_path / "good", root / "test" / "ok")
    shutil.copytree(tmp_path / "scratch", root / "test" / "scratch")
    shutil.copytree(tmp_path / "masks" / "scratch", root / "ground_truth" / "scratch")
    mask(root / "ground_truth" / "scratch" / "01_mask.png", size=40)
    (root / "ground_truth" / "scratch" / "02_mask.png").write_bytes(b"%!PS-Adobe-3.0 EPSF\n")
    assert run(spec_of(tmp_path, ""), "--mvtec", tmp_path / "set", "-o", tmp_path / "out") == 3
    item = described(tmp_path / "out")
    assert len(item["pictures"]) == 28 and item["figures"][0]["with_masks"] == 6
    assert any("01_mask.png: this mask has 40 x 40 pixels" in told for told in item["problems"])
    assert any("02_mask.png is no readable mask" in told for told in item["problems"])
    assert item["notes"] == ["nut/test/ok: taken as good parts",
                             "nut: 2 of 8 pictures of scratch have no mask"]  # fmt: skip
    assert "taken as good parts" in capsys.readouterr().err


def test_a_mask_that_marks_everything_is_noted(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path)
    Image.new("L", (32, 32), 255).save(tmp_path / "masks" / "scratch" / "00_mask.png")
    run(spec, "-o", tmp_path / "out")
    assert "00_mask.png: this mask marks the whole picture" in capsys.readouterr().err


def test_sub_folders_of_a_named_folder_are_read(tmp_path: Path) -> None:
    for day in ("mon", "tue"):
        part(tmp_path / "good" / day / "0.png", 20)
        part(tmp_path / "bad" / day / "0.png", 200)
        mask(tmp_path / "masks" / "scratch" / day / "0_mask.png")
    sample = from_folders(
        [tmp_path / "good"], [("scratch", tmp_path / "bad")], tmp_path / "masks", ["scratch"]
    )
    assert shown(sample, tmp_path) == {
        "good/mon/0.png": ("good", None),
        "good/tue/0.png": ("good", None),
        "bad/mon/0.png": ("scratch", "masks/scratch/mon/0_mask.png"),
        "bad/tue/0.png": ("scratch", "masks/scratch/tue/0_mask.png"),
    }
    assert sample.problems == ()
    assert "good: its sub-folders were read too (mon, tue)" in sample.notes[0]


def test_a_sub_folder_with_a_label_of_its_own_is_not_taken(tmp_path: Path) -> None:
    part(tmp_path / "parts" / "0.png", 20)
    for name in ("scratch", "rust", "ng"):
        part(tmp_path / "parts" / name / "1.png", 200)
    sample = from_folders(
        [tmp_path / "parts"], [("scratch", tmp_path / "parts" / "scratch")], None,
        ["scratch", "rust"],
    )  # fmt: skip
    assert {name: label for name, (label, _) in shown(sample, tmp_path).items()} == {
        "parts/0.png": "good", "parts/scratch/1.png": "scratch",
    }  # fmt: skip
    assert [told.partition(":")[0].rsplit("/", 1)[1] for told in sample.problems] == ["ng", "rust"]
    assert "it is named rust, but lies in a folder of good parts" in sample.problems[1]


def test_masks_of_two_defects_in_one_folder(tmp_path: Path) -> None:
    part(tmp_path / "good" / "0.png", 20)
    for name, number in (("scratch", 1), ("rust", 2)):
        part(tmp_path / name / f"{number}.png", 200)
        part(tmp_path / name / "9.png", 200, number=number)
        mask(tmp_path / "masks" / f"{number}_mask.png")
    mask(tmp_path / "masks" / "9.png")
    defects = [("scratch", tmp_path / "scratch"), ("rust", tmp_path / "rust")]
    sample = from_folders([tmp_path / "good"], defects, tmp_path / "masks")
    masks = {name: mask for name, (_, mask) in shown(sample, tmp_path).items() if mask}
    assert masks == {"rust/2.png": "masks/2_mask.png", "scratch/1.png": "masks/1_mask.png"}
    assert any("9.png: could be the mask of" in told for told in sample.problems)


def test_folders_without_pictures_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty" / "inner").mkdir(parents=True)
    with pytest.raises(EnvironmentProblem, match="no pictures found in this folder"):
        from_folders([tmp_path / "empty"], [], None)
    with pytest.raises(UsageProblem, match="there is no such folder"):
        from_folders([tmp_path / "gone"], [], None)
    (tmp_path / "nuts").mkdir()
    with pytest.raises(UsageProblem) as near:
        from_folders([tmp_path / "nust"], [], None)
    assert near.value.help == f'did you mean "{(tmp_path / "nuts").as_posix()}"?'


def test_a_defect_that_the_spec_lacks_is_told(tmp_path: Path) -> None:
    for name in ("good", "rust"):
        part(tmp_path / name / "1.png", 200)
    good, rust = [tmp_path / "good"], tmp_path / "rust"
    known = ("scratch", "rust")
    assert from_folders(good, [("rust", rust)], None, known).notes == ()
    (told,) = from_folders(good, [("rost", rust)], None, known).notes
    assert told == "--defect rost: the spec has no defect of that name; did you mean rust?"
    (told,) = from_folders(good, [("hole", rust)], None, known).notes
    assert told.endswith("of that name; it has scratch, rust")


def test_16_bit_values_of_a_mask_survive_the_fitting(tmp_path: Path) -> None:
    from promptdsl.evaluate.datasets import read_mask

    Image.fromarray(np.full((8, 8), 3, np.uint16)).save(tmp_path / "m.png")
    assert read_mask(tmp_path / "m.png", (4, 4)).all()


def test_calibration_tells_what_it_took_and_refuses_what_is_missing(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, "reject when score >= auto")
    shutil.move(tmp_path / "good", tmp_path / "days" / "mon")
    words = ["calibrate", str(spec), "--good", str(tmp_path / "days"), "-q"]
    spec.write_text(spec.read_text("utf-8").replace('"good/*.png"', '"days/*/*.png"'), "utf-8")
    assert main(words) == 0
    assert "its sub-folders were read too (mon)" in capsys.readouterr().err
    part(tmp_path / "days" / "scratch" / "0.png", 200)
    assert main(words) == 3
    assert "it is named scratch, but lies in a folder of good parts" in capsys.readouterr().err


def test_calibration_needs_no_masks(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path, "reject when score >= auto")
    (tmp_path / "masks" / "scratch" / "00_mask.png").rename(tmp_path / "masks/scratch/77.png")
    assert main(["calibrate", str(spec), "-q"]) == 0
