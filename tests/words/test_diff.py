"""Two versions of a spec on the same pictures."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from promptdsl.cli.main import main
from promptdsl.report.comparison import comparison_page

from .conftest import Write
from .test_versions import git

Captured = pytest.CaptureFixture[str]
CPU = ("--device", "cpu", "--precision", "fp32", "-q")


def diff(capsys: Captured, *arguments: str) -> dict[str, Any]:
    code = main(["diff", *arguments, "--format", "json", *CPU])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    described: dict[str, Any] = json.loads(captured.out)
    return described


def test_what_differs_is_named(
    capsys: Captured, write_spec: Write, pictures: Path, tmp_path: Path
) -> None:
    before = write_spec("before")
    after = write_spec(
        "after",
        normal='"scratched {object}"',
        settings="temperature: 0.5",
        thresholds="reject when score >= 0.99\n    review when score >= 0.45",
    )
    arguments = (str(before), str(after), "--on", str(pictures / "rust"))
    found = diff(capsys, *arguments, "-o", str(tmp_path / "out"))
    (item,) = found["objects"]
    added = item["prompts"]["added"]
    assert {row["text"] for row in added} == {
        "a photo of a scratched metal nut.", "a close-up photo of the scratched metal nut.",
    }  # fmt: skip
    assert {(row["label"], row["defect"]) for row in added} == {("normal", None)}
    assert item["prompts"]["removed"] == []
    fields = {row["name"]: (row["before"], row["after"]) for row in item["fields"]}
    assert fields["temperature"] == ("0.07", "0.5")
    assert fields["threshold 1"] == ("reject when score >= 0.5", "reject when score >= 0.99")
    assert fields["threshold 2"] == (None, "review when score >= 0.45")
    assert item["pictures"] == 10
    assert item["flips"] == sum(row["flips"] for row in item["results"]) > 0
    for row in item["results"]:
        assert row["moved"] == pytest.approx(row["after"]["score"] - row["before"]["score"])
        assert row["flips"] == (row["before"]["verdict"] != row["after"]["verdict"])
    page = (tmp_path / "out" / "diff.html").read_text("utf-8")
    cards = [row for row in item["results"] if row["flips"] or abs(row["moved"]) >= 0.01]
    assert page.count("data:image/jpeg;base64,") == 3 * len(cards)
    assert "scratched {object}" in page
    assert "http" not in page.replace("http-equiv", "")
    assert json.loads((tmp_path / "out" / "diff.json").read_text("utf-8")) == found


def test_a_spec_and_itself_do_not_differ(
    capsys: Captured, write_spec: Write, pictures: Path
) -> None:
    path = str(write_spec("same"))
    (item,) = diff(capsys, path, path, "--on", str(pictures / "good" / "000.png"))["objects"]
    assert item["prompts"] == {"removed": [], "added": []}
    assert item["fields"] == []
    assert item["flips"] == 0
    assert item["mean_move"] == 0


def test_a_side_may_be_a_revision(
    capsys: Captured, write_spec: Write, pictures: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    text = write_spec("revised").read_text("utf-8").split("  samples good", 1)[0] + "}\n"
    git(tmp_path, "init", "-q")
    (tmp_path / "nut.inspect").write_text(text, "utf-8")
    git(tmp_path, "add", "nut.inspect")
    git(tmp_path, "commit", "-qm", "first")
    (tmp_path / "nut.inspect").write_text(text.replace("rusty", "corroded"), "utf-8")
    monkeypatch.chdir(tmp_path)
    picture = str(pictures / "rust" / "000.png")
    found = diff(capsys, "git:HEAD:nut.inspect", "nut.inspect", "--on", picture)
    (item,) = found["objects"]
    assert {row["phrase"] for row in item["prompts"]["removed"]} == {"rusty {object}"}
    assert {row["phrase"] for row in item["prompts"]["added"]} == {"corroded {object}"}
    assert found["before"] == "git:HEAD:nut.inspect"


def test_an_unreadable_picture_is_named_and_ends_with_3(
    capsys: Captured, write_spec: Write, pictures: Path, tmp_path: Path
) -> None:
    path = str(write_spec("unreadable"))
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture at all")
    on = ("--on", str(broken), "--on", str(pictures / "good" / "000.png"))
    assert main(["diff", path, path, *on, *CPU]) == 3
    assert "broken.png" in capsys.readouterr().err


def test_faulty_specs_are_shown(capsys: Captured, write_spec: Write, tmp_path: Path) -> None:
    path = write_spec("fine")
    faulty = tmp_path / "faulty.inspect"
    faulty.write_text(path.read_text("utf-8").replace("flawless {object}", "flawless"), "utf-8")
    assert main(["diff", str(path), str(faulty), "--on", "x.png"]) == 1
    assert "error[" in capsys.readouterr().err


def test_the_text_lists_flips_first(capsys: Captured, write_spec: Write, pictures: Path) -> None:
    before = str(write_spec("low"))
    after = str(write_spec("high", thresholds="reject when score >= 0.0001"))
    code = main(["diff", before, after, "--on", str(pictures / "good"), *CPU])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    assert "pass -> reject" in captured.out
    assert "threshold 1: reject when score >= 0.5 -> reject when score >= 0.0001" in captured.out


def test_what_does_not_move_is_not_shown_as_moved() -> None:
    judged = {"verdict": "pass", "score": 0.5}
    rows = [
        {"image": f"{n}.png", "flips": False, "moved": moved, "before": judged, "after": judged}
        for n, moved in enumerate((-0.02, -0.0001))
    ]
    item = {
        "object": "nut", "prompts": {"removed": [], "added": []}, "fields": [], "pictures": 1,
        "flips": 1, "mean_move": -0.0001, "unreadable": [], "results": rows,
    }  # fmt: skip
    described = {
        "before": "a", "after": "b", "only_before": [], "only_after": [], "objects": [item],
    }  # fmt: skip
    shown = {("nut", row["image"]): ["data:,"] * 3 for row in rows}
    page = comparison_page(described, shown, [])
    assert "0.png" in page and "1.png" not in page
    assert "-0.000" not in page and "scores move by 0.000 on average" in page
    assert "1 of 1 verdict flips" in page


def test_git_is_really_there() -> None:
    assert subprocess.run(["git", "--version"], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("reject when score >= 0.5", "reject when score≥0.50", 0),
        ("reject when area above 0.7 >= 0.5%", "reject when area above .70 >= 0.5 %", 0),
        ("reject when score >= 0.5", "reject when score >= 0.51", 1),
        ("reject when score >= 0.5", "review when score >= 0.5", 1),
    ],
)
def test_threshold_lines_are_compared_by_what_they_mean(
    write_spec: Write, before: str, after: str, changes: int
) -> None:
    from promptdsl.evaluate.words.diff import field_changes
    from promptdsl.judge.verdict import resolve
    from promptdsl.pipeline import compile_file

    items = [
        compile_file(write_spec(name, thresholds=line)).plan().objects[0]
        for name, line in (("spelled", before), ("otherwise", after))
    ]
    found = field_changes(items[0], items[1], (resolve(items[0]), resolve(items[1])))
    assert len(found) == changes
