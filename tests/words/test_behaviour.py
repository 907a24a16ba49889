"""What ablate and suggest find on drawn pictures with the built-in model."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from promptdsl.cli.main import main

from .conftest import LABELS, Write, samples_of

CPU = ("--device", "cpu", "--precision", "fp32", "-q")
Captured = pytest.CaptureFixture[str]


def run(capsys: Captured, *arguments: str) -> tuple[int, str, str]:
    code = main(list(arguments))
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def rows_of(capsys: Captured, path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    code, out, err = run(capsys, "ablate", str(path), "--format", "json", *CPU)
    assert code == 0, err
    (item,) = json.loads(out)["objects"]
    return {(row["kind"], row["name"]): row for row in item["rows"]}


def test_words_of_a_defect_in_the_samples_are_missed(capsys: Captured, write_spec: Write) -> None:
    rows = rows_of(capsys, write_spec())
    for label in LABELS:
        row = rows["defect", label]
        assert row["call"] == "helpful", row
        assert row["own_margin"]["interval"][1] < 0
    assert {row["kind"] for row in rows.values()} == {
        "phrase", "template", "defect", "window scale", "template list",
    }  # fmt: skip
    scale = rows["window scale", "2x2"]
    assert scale["auroc"]["change"] == 0  # a zero-shot score does not look at windows
    assert scale["pixel_auroc"]["change"] != 0
    kinds = [row["call"] for row in rows.values()]
    order = ("harmful", "helpful", "inert", "needed")
    assert kinds == sorted(kinds, key=order.index)


def test_a_color_that_never_occurs_does_not_help(capsys: Captured, write_spec: Write) -> None:
    rows = rows_of(capsys, write_spec("purple", normal='"purple {object}"'))
    assert rows["phrase", "purple {object}"]["call"] in ("inert", "harmful")


def test_suggest_removes_a_planted_wrong_word(
    capsys: Captured, write_spec: Write, tmp_path: Path
) -> None:
    path = write_spec("planted", normal='"scratched {object}"  # planted')
    code, patch, err = run(capsys, "suggest", str(path), *CPU)
    assert code == 0, err
    assert '-    "scratched {object}"  # planted' in patch
    assert "# planted" in path.read_text("utf-8")  # nothing was edited
    patched = path.with_name("patched.inspect")
    patched.write_text(_applied(path, patch, tmp_path), "utf-8")
    code, told, _ = run(capsys, "check", str(patched))
    assert code == 0, told


def test_the_planted_word_is_called_harmful(capsys: Captured, write_spec: Write) -> None:
    path = write_spec("planted_too", normal='"scratched {object}"')
    code, out, err = run(capsys, "ablate", str(path), "--format", "json", "--pixels", "none", *CPU)
    assert code == 0, err
    rows = json.loads(out)["objects"][0]["rows"]
    (row,) = [r for r in rows if r["name"] == "scratched {object}" and r["group"] == "normal"]
    assert row["call"] == "harmful", row


def _applied(path: Path, patch: str, folder: Path) -> str:
    """The text of a copy after `patch -p1`."""
    if shutil.which("patch") is None:
        pytest.skip("there is no patch here")
    copy = folder / path.name
    shutil.copy(path, copy)
    done = subprocess.run(
        ["patch", "-p1"], input=patch, cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return copy.read_text("utf-8")


def test_too_few_pictures_are_refused_with_a_number(capsys: Captured, write_spec: Write) -> None:
    path = write_spec("few")
    text = path.read_text("utf-8").replace(samples_of(".").replace('"./', '"'), "")
    few = text.replace(
        "  thresholds {",
        '  samples good { images: "good/00*.png" }\n'
        '  samples rust { images: "rust/00[0-4].png" }\n  thresholds {',
    )
    path.write_text(few, "utf-8")
    code, out, err = run(capsys, "suggest", str(path), *CPU)
    assert code == 2
    assert out == ""
    assert "10 good and 5 defective pictures" in err
    assert "at least 20 of each" in err


def test_one_sided_pictures_are_refused(capsys: Captured, write_spec: Write) -> None:
    path = write_spec("sided")
    text = path.read_text("utf-8").split("  samples good", 1)[0]
    path.write_text(text + '  samples rust { images: "rust/*.png" }\n}\n', "utf-8")
    code, _, err = run(capsys, "ablate", str(path), *CPU)
    assert code == 2
    assert "has no good pictures" in err


def test_the_table_is_written_and_printed(
    capsys: Captured, write_spec: Write, tmp_path: Path
) -> None:
    out = tmp_path / "words"
    code, printed, err = run(capsys, "ablate", str(write_spec()), "-o", str(out), *CPU)
    assert code == 0, err
    document = json.loads((out / "words.json").read_text("utf-8"))
    assert document["objects"][0]["encoded_now"] == 0  # everything came from the cache
    assert "margin" in printed
    assert "helpful" in printed


def test_validate_takes_the_table_into_its_page(
    capsys: Captured, write_spec: Write, tmp_path: Path
) -> None:
    out = tmp_path / "page"
    code, _, err = run(capsys, "validate", str(write_spec()), "--words", "-o", str(out), *CPU)
    assert code == 0, err
    (item,) = json.loads((out / "validation.json").read_text("utf-8"))["objects"]
    assert {row["finding"] for row in item["words"]} <= {"harmful", "helpful", "inert", "needed"}
    page = (out / "validation.html").read_text("utf-8")
    assert "scratched {object}" in page
