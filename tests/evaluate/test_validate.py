"""`promptdsl validate` from pictures to files, exit codes and sentences."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from promptdsl.cli.main import main
from promptdsl.judge.shares import clopper_pearson

from .scene import RULES, factory, mask, part

Encoded = Callable[[], int]
Capture = pytest.CaptureFixture[str]


def run(*arguments: object) -> int:
    return main(["validate", *map(str, arguments), "-q"])


def result(out: Path) -> dict[str, Any]:
    described: dict[str, Any] = json.loads((out / "validation.json").read_text("utf-8"))
    return described


def by_label(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {row["label"]: row for row in item["outcomes"]}


def test_a_spec_on_its_own_samples(seeing_red: Encoded, tmp_path: Path) -> None:
    spec, out = factory(tmp_path), tmp_path / "out"
    assert run(spec, "-o", out) == 1  # 5 of 8 scratches reach 0.6, and 75 % are asked
    item = result(out)["objects"][0]
    rows = by_label(item)
    assert (rows["good"]["pass"], rows["good"]["review"], rows["good"]["reject"]) == (17, 3, 0)
    assert rows["good"]["false_rejects"]["count"] == 0
    assert (rows["scratch"]["pass"], rows["scratch"]["review"], rows["scratch"]["reject"]) == (
        1, 2, 5,
    )  # fmt: skip
    assert rows["hole"]["reject"] == 4
    escapes = rows["total"]["escapes"]
    exact = clopper_pearson(1, 12)
    assert (escapes["count"], escapes["of"]) == (1, 12)
    assert escapes["interval"] == pytest.approx([exact.low, exact.high])
    assert item["confusion"]["counts"] == [[8, 0], [0, 4]]
    figures = {group["group"]: group for group in item["figures"]}
    assert figures["hole"]["auroc"]["value"] == 1
    assert 0.5 < figures["total"]["auroc"]["value"] < 1
    low, high = figures["total"]["auroc"]["interval"]
    assert low < figures["total"]["auroc"]["value"] < high
    assert figures["hole"]["aupro"]["value"] is None, "holes have no masks"
    assert figures["scratch"]["aupro"]["value"] == pytest.approx(1, abs=0.05)


def test_few_masks_give_no_range(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path)
    run(spec, "-o", tmp_path / "many")
    for number in range(4, 8):
        (tmp_path / "masks" / "scratch" / f"{number:02d}_mask.png").unlink()
    run(spec, "-o", tmp_path / "few")
    many, few = (
        result(tmp_path / name)["objects"][0]["figures"][0]["aupro"] for name in ("many", "few")
    )
    assert many["interval"] is not None
    assert few["interval"] is None
    assert few["value"] == pytest.approx(1, abs=0.05)
    assert few["reason"] == "4 pictures with masks are too few for a range"


def test_tests_say_by_how_much_and_what_is_missing(seeing_red: Encoded, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(factory(tmp_path), "-o", out)
    caught, kept = result(out)["objects"][0]["tests"]
    assert not caught["passed"]
    assert caught["pictures_to_spare"] == -1
    assert "1 picture too many went wrong" in caught["explanation"]
    assert kept["passed"] and not kept["proven"]
    assert kept["pictures_needed"] == 29
    assert "it takes 29 pictures, none wrong" in kept["explanation"]


def test_junit_has_a_case_for_each_test(seeing_red: Encoded, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(factory(tmp_path), "-o", out)
    root = ElementTree.parse(out / "junit.xml").getroot()
    assert (root.get("tests"), root.get("failures"), root.get("errors")) == ("3", "1", "0")
    failed = [
        case.get("name") for case in root.iter("testcase") if case.find("failure") is not None
    ]
    assert failed == ["scratched nuts are caught"]


def test_a_second_time_needs_no_model(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path)
    run(spec, "-o", tmp_path / "one")
    assert seeing_red() == 32
    run(spec, "-o", tmp_path / "two")
    assert seeing_red() == 32
    one, two = (result(tmp_path / name)["objects"][0] for name in ("one", "two"))
    assert {**one, "encoded_now": 0} == {**two, "encoded_now": 0}
    run(spec, "-o", tmp_path / "three", "--no-cache")
    assert seeing_red() == 64


def test_strict_wants_proof(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path)
    text = spec.read_text("utf-8").replace("at least 75%", "at least 50%")
    spec.write_text(text, "utf-8")
    assert run(spec, "-o", tmp_path / "out") == 0
    assert run(spec, "-o", tmp_path / "out", "--strict") == 1


def test_folders_instead_of_samples(seeing_red: Encoded, tmp_path: Path, capsys: Capture) -> None:
    spec = factory(tmp_path / "spec")
    held = tmp_path / "held"
    factory(held)
    out = tmp_path / "out"
    code = run(
        spec, "--good", held / "good", "--defect", f"scratch={held / 'scratch'}",
        "--masks", held / "masks", "-o", out,
    )  # fmt: skip
    assert code == 1
    item = result(out)["objects"][0]
    assert {row["label"] for row in item["pictures"]} == {"good", "scratch"}
    assert item["figures"][0]["with_masks"] == 8
    assert capsys.readouterr().err == ""


def test_a_data_set_in_the_published_layout(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    factory(tmp_path / "drawn")
    root = tmp_path / "set"
    for name in ("nut", "bolt"):
        shutil.copytree(tmp_path / "drawn" / "good", root / name / "train" / "good")
        shutil.copytree(tmp_path / "drawn" / "good", root / name / "test" / "good")
        shutil.copytree(tmp_path / "drawn" / "scratch", root / name / "test" / "scratch")
        shutil.copytree(tmp_path / "drawn" / "masks", root / name / "ground_truth")
    spec = tmp_path / "nut.inspect"
    text = (tmp_path / "drawn" / "nut.inspect").read_text("utf-8")
    kept = [line for line in text.splitlines() if not line.strip().startswith(("samples", "test"))]
    text = "\n".join(kept)
    spec.write_text(text + "\n\nobject bolt extends nut {}\n", "utf-8")
    assert main(["validate", str(spec), "--mvtec", str(root), "-o", str(tmp_path / "out")]) == 0
    table = result(tmp_path / "out")["table"]
    assert [row["category"] for row in table["rows"]] == ["bolt", "nut"]
    assert table["mean"]["auroc"] == pytest.approx(np.mean([r["auroc"] for r in table["rows"]]))
    assert table["published"][0] == {
        "method": "WinCLIP 0-shot", "paper": "arXiv 2303.14814",
        "auroc": 91.8, "pixel_auroc": 85.1, "research_aupro": 64.6,
    }  # fmt: skip
    shown = capsys.readouterr().out
    assert "WinCLIP 0-shot" in shown and "over 2" in shown
    assert "tells good from bad well (2 of 2): bolt, nut" in shown


def test_one_unreadable_picture_is_named_and_in_no_share(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path)
    text = spec.read_text("utf-8").replace("at least 75%", "at least 50%")
    spec.write_text(text, "utf-8")
    (tmp_path / "scratch" / "03.png").write_bytes(b"not a picture")
    assert run(spec, "-o", tmp_path / "out") == 3
    assert (
        "scratch/03.png: it holds text, not a picture; it is in no figure"
        in capsys.readouterr().err
    )
    row = by_label(result(tmp_path / "out")["objects"][0])["scratch"]
    assert (row["pictures"], row["unreadable"]) == (7, 1)
    root = ElementTree.parse(tmp_path / "out" / "junit.xml").getroot()
    assert root.get("errors") == "1"


def test_masks_that_cannot_be_meant_are_named(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec, masks = factory(tmp_path), tmp_path / "masks" / "scratch"
    mask(masks / "00_mask.png", size=40)
    (masks / "01_mask.png").rename(masks / "99_mask.png")
    Image.new("L", (32, 32)).save(masks / "02_mask.png")
    (masks / "03_mask.png").write_bytes(b"")
    run(spec, "-o", tmp_path / "out")
    told = capsys.readouterr().err
    assert "00_mask.png: this mask has 40 x 40 pixels, but its picture has 32 x 32" in told
    assert "99_mask.png: a mask without its picture" in told
    assert "01.png: has no mask" in told
    assert "02_mask.png: this mask marks nothing" in told
    assert "03_mask.png is no readable mask" in told
    assert result(tmp_path / "out")["objects"][0]["figures"][0]["with_masks"] == 4


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--good", "{0}/empty"], 3, "no pictures found in this folder"),
        (["--good", "{0}/nowhere"], 2, "there is no such folder"),
        (["--defect", "scratch={0}/scratch"], 2, "without --good"),
        (["--good", "{0}/good", "--defect", "{0}/scratch"], 2, "not of the form NAME=DIR"),
        (["--good", "{0}/good", "--mvtec", "{0}"], 2, "exclude each other"),
        (["--mvtec", "{0}"], 2, "not in the layout"),
        (["--visa", "{0}"], 2, "it is not VisA"),
        (["--category", "nut"], 2, "belongs to a data set"),
        (["--object", "nit"], 2, "no object of that name"),
        (["--good", "{0}/good", "--defect", "scratch={0}/good"], 2, "labelled good and scratch"),
    ],
)
def test_wrong_use_is_one_sentence(
    seeing_red: Encoded,
    tmp_path: Path,
    capsys: Capture,
    arguments: list[str],
    code: int,
    sentence: str,
) -> None:
    spec = factory(tmp_path)
    (tmp_path / "empty").mkdir()
    given = [argument.format(tmp_path) for argument in arguments]
    assert run(spec, *given, "-o", tmp_path / "out") == code
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told and told.count("error:") == 1


def test_empty_samples_are_named(seeing_red: Encoded, tmp_path: Path, capsys: Capture) -> None:
    spec = factory(tmp_path)
    shutil.rmtree(tmp_path / "hole")
    assert run(spec, "-o", tmp_path / "out") == 3
    assert "samples hole: " in capsys.readouterr().err


def test_only_good_pictures_give_shares_and_say_why_there_is_no_auroc(
    seeing_red: Encoded, tmp_path: Path
) -> None:
    spec, out = factory(tmp_path), tmp_path / "out"
    assert run(spec, "--good", tmp_path / "good", "-o", out) == 0
    item = result(out)["objects"][0]
    assert item["figures"][0]["auroc"] == {
        "value": None, "reason": "there are no defective pictures",
    }  # fmt: skip
    assert by_label(item)["good"]["false_rejects"]["of"] == 20
    assert any('test "scratched nuts are caught" was not run' in note for note in item["notes"])


def test_one_picture_under_two_labels_contradicts(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path)
    shutil.copy(tmp_path / "good" / "00.png", tmp_path / "hole" / "00.png")
    run(spec, "-o", tmp_path / "out")
    assert "labelled hole and not good" in capsys.readouterr().err


def test_references_may_not_be_judged(seeing_red: Encoded, tmp_path: Path, capsys: Capture) -> None:
    spec = factory(tmp_path)
    part(tmp_path / "references" / "a.png", 30, number=900)
    text = spec.read_text("utf-8").replace(
        '"promptdsl-mini" }', '"promptdsl-mini", references: "references/*.png" }'
    )
    spec.write_text(text, "utf-8")
    shutil.copytree(tmp_path / "good", tmp_path / "held")
    shutil.copy(tmp_path / "references" / "a.png", tmp_path / "held" / "copy.png")
    assert run(spec, "--good", tmp_path / "held", "-o", tmp_path / "out") == 2
    assert "is also a reference of nut" in capsys.readouterr().err


def test_the_printed_tables_fit_a_terminal(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path)
    main(["validate", str(spec), "-o", str(tmp_path / "out")])
    shown = capsys.readouterr().out
    assert "1 of 8, 12.5 % (0.3-52.7)" in shown
    assert 'FAILED "scratched nuts are caught"' in shown
    assert 'passed, not proven "good nuts are not thrown away"' in shown
    tables = [line for line in shown.splitlines() if '"' not in line and "page:" not in line]
    assert max(map(len, tables)) <= 80


def test_the_default_threshold_says_that_nobody_calibrated_it(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path)
    text = spec.read_text("utf-8").replace(f"  thresholds {{\n{RULES}\n  }}\n", "")
    spec.write_text(text, "utf-8")
    run(spec, "-o", tmp_path / "out")
    assert "0.5 is a default that nobody calibrated" in capsys.readouterr().err


def test_what_samples_and_references_leave_out_is_told(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec, out = factory(tmp_path), tmp_path / "out"
    for name in ("good/notes.txt", "good/list", "masks/scratch/Thumbs.db", "refs/read.me"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("no picture")
    part(tmp_path / "refs/1.png", 10, number=900)
    text = spec.read_text().replace("good/*.png", "good")
    text = text.replace("masks/scratch/*.png", "masks/scratch")
    spec.write_text(text.replace('"promptdsl-mini" }', '"promptdsl-mini", references: "refs" }'))
    assert run(spec, "-o", out) == 1
    notes, err = result(out)["objects"][0]["notes"], capsys.readouterr().err
    folder = tmp_path.as_posix()
    for note in (
        f"samples good: left out 1 file without a suffix ({folder}/good/list), 1 .txt "
        f"({folder}/good/notes.txt)",
        f"samples scratch, masks: left out 1 .db ({folder}/masks/scratch/Thumbs.db)",
        f"references of nut: left out 1 .me ({folder}/refs/read.me)",
    ):
        assert note in notes
        assert note in err


def test_a_folder_of_samples_that_cannot_be_read_is_missing_evidence(
    seeing_red: Encoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, out = factory(tmp_path), tmp_path / "out"
    part(tmp_path / "good/locked/1.png", 10, number=900)
    spec.write_text(spec.read_text().replace("good/*.png", "good/**").replace("75%", "5%"))
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("promptdsl.files.search.os.scandir", scandir)
    assert run(spec, "-o", out) == 3
    item = result(out)["objects"][0]
    assert any("good/locked: this folder was not looked at" in text for text in item["problems"])
    assert by_label(item)["good"]["pass"] == 17, "the others are judged"


def test_a_spec_in_a_folder_with_brackets(seeing_red: Encoded, tmp_path: Path) -> None:
    (tmp_path / "line [A]").mkdir()
    spec = factory(tmp_path / "line [A]")
    refs = 'references: "good/[0]0.png"'
    text = spec.read_text().replace('"promptdsl-mini" }', f'"promptdsl-mini", {refs} }}')
    spec.write_text(text.replace('"good/*.png"', '"good/1[0-9].png"').replace("75%", "5%"))
    assert run(spec, "-o", tmp_path / "out") == 0
    rows = by_label(result(tmp_path / "out")["objects"][0])
    assert sum(rows["good"][verdict] for verdict in ("pass", "review", "reject")) == 10


def test_an_object_without_samples_is_told(
    seeing_red: Callable[[], int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = factory(tmp_path)
    bolt = spec.read_text("utf-8").partition("object nut")[2].partition("  samples")[0]
    spec.write_text(f"{spec.read_text('utf-8')}\nobject bolt{bolt}}}\n", "utf-8")
    main(["validate", str(spec), "-o", str(tmp_path / "out"), "-q"])
    assert "bolt has no samples, so nothing is said here about it" in capsys.readouterr().err
    main(["validate", str(spec), "-o", str(tmp_path / "out"), "-q", "--object", "nut"])
    assert "bolt" not in capsys.readouterr().err
