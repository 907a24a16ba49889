"""One picture explained."""

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from promptdsl.cli.main import main
from promptdsl.evaluate.words.rule_states import RuleState, by_rules
from promptdsl.evaluate.words.why import Scale as ScaleOf
from promptdsl.evaluate.words.why import Window, standing_out
from promptdsl.evaluate.words.why_record import worth_drawing
from promptdsl.judge.verdict import Decision
from promptdsl.plan.model import ScoreRule
from promptdsl.report.explanation import Mark
from promptdsl.report.tables.why import print_why

from .conftest import Write

Captured = pytest.CaptureFixture[str]
CPU = ("--device", "cpu", "--precision", "fp32")


def test_the_score_is_taken_apart(
    capsys: Captured, write_spec: Write, pictures: Path, tmp_path: Path
) -> None:
    thresholds = "reject when area above 0.70 >= 0.5%\n    review when score >= 0.3"
    path = write_spec("why", thresholds=thresholds, settings='references: "good/02*.png"')
    text = path.read_text("utf-8").replace('"good/*.png"', '"good/00*.png"')
    path.write_text(text, "utf-8")
    picture, out = pictures / "rust" / "001.png", tmp_path / "why.png"
    code = main(["why", str(path), str(picture), "--format", "json", "-o", str(out), *CPU])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    why = json.loads(captured.out)
    expected = (why["by_words"] + why["by_references"]) / 2
    assert why["score"] == pytest.approx(expected, abs=1e-6)
    area, score = why["rules"]
    assert area["distance"] == pytest.approx(area["value"] - 0.005)
    assert score["value"] == why["score"]
    assert len(why["phrases"]) == 2 + 6
    moves = [abs(row["score_without"] - why["score"]) for row in why["phrases"]]
    assert moves == sorted(moves, reverse=True)
    assert [scale["scale"] for scale in why["scales"]] == ["image", "2x2", "3x3"]
    best = why["scales"][1]["windows"]
    assert [w["score"] for w in best] == sorted((w["score"] for w in best), reverse=True)
    assert all(w["distance"] is not None for w in best)
    assert why["changes"]
    with Image.open(out) as image:
        assert image.width > 2 * 600


def test_the_text_names_phrases_and_windows(
    capsys: Captured, write_spec: Write, pictures: Path
) -> None:
    code = main(["why", str(write_spec("why_text")), str(pictures / "good" / "001.png"), *CPU])
    captured = capsys.readouterr()
    assert code == 0, captured.err
    for part in ("What would change the verdict", "flawless {object}", "2x2", "whole picture"):
        assert part in captured.out
    assert "likeness" not in captured.out and "scratch 0." not in captured.out, "it passed"


@pytest.mark.parametrize("width", [80, 120])
def test_places_are_whole_and_nothing_has_no_sign(width: int) -> None:
    share = {
        "group": "missing_part", "phrase": "{object} with a missing part", "cosine": 0.5,
        "place": "metal_nut/metal_nut.inspect:13", "score_without": 0.49, "verdict_without": "pass",
    }  # fmt: skip
    why = {
        "verdict": "reject", "rule": "reject when score >= 0.40", "image": "a.png", "score": 0.70,
        "by_words": 0.9, "by_references": None, "defects": {}, "changes": [], "notes": [],
        "phrases": [share, {**share, "score_without": 0.69999, "verdict_without": "reject"}, share],
        "scales": [], "highest_places": [], "rules": [], "spots": [],
    }  # fmt: skip
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_why(console, why, 2)
    text = console.file.getvalue()  # type: ignore[attr-defined]
    words = text.split()
    assert sum(word.endswith("metal_nut.inspect:13") for word in words) == 2, text
    assert "0.490 (-0.210) pass" in text and "0.700 (0.000)" in text
    assert "and 1 phrase that moves it less" in text
    assert max(map(len, text.splitlines())) <= width


def test_places_that_are_pale_beside_the_highest_are_not_framed() -> None:
    box = (0.0, 0.0, 0.5, 0.5)
    marks = [Mark(box, 0.66, "3x3"), Mark(box, 0.40, "2x2"), Mark(box, 0.09, "2x2")]
    assert worth_drawing(marks) == marks[:2]
    assert worth_drawing(marks[2:]) == marks[2:], "a quiet picture shows its highest place too"
    assert worth_drawing([]) == []


def test_likeness_is_no_percentage(capsys: Captured, write_spec: Write, pictures: Path) -> None:
    main(["why", str(write_spec("why_text")), str(pictures / "scratch" / "001.png"), *CPU])
    said = capsys.readouterr().out
    assert re.search(r"^likeness to each defect: \w+ [01]\.\d\d, \w+ [01]\.\d\d", said, re.M), said


@pytest.mark.parametrize(
    ("name", "code", "part"),
    [("good/nothing.png", 3, "there is no such picture"), ("good", 2, "is a folder")],
)
def test_what_is_no_picture_is_told(
    capsys: Captured, write_spec: Write, pictures: Path, name: str, code: int, part: str
) -> None:
    assert main(["why", str(write_spec("why_none")), str(pictures / name), *CPU]) == code
    assert part in capsys.readouterr().err


def test_a_damaged_picture_is_told(
    capsys: Captured, write_spec: Write, pictures: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes((pictures / "good" / "000.png").read_bytes()[:400])
    assert main(["why", str(write_spec("why_broken")), str(broken), *CPU]) == 3
    assert "broken.png" in capsys.readouterr().err


def state(rule: str, verdict: str, value: float, limit: float) -> RuleState:
    return RuleState(ScoreRule(verdict=verdict, at=limit, text=rule, origin=None), value)  # type: ignore[arg-type]


def test_lines_above_the_deciding_one_say_what_they_lack() -> None:
    states = [state("reject A", "reject", 0.4, 0.6), state("review B", "review", 0.4, 0.3)]
    deciding, missing = by_rules(states, Decision("review", "review B", {}))
    assert deciding == (
        "review, because `review B` holds: 0.400 is 0.100 above the limit; below it, the verdict "
        "would be pass"
    )
    assert missing == "`reject A` would hold with 0.200 more than 0.400"
    assert by_rules(states[:1], Decision("pass", None, {}))[0].startswith("pass, because")
    both = [state("reject A", "reject", 0.7, 0.6), state("review B", "review", 0.7, 0.3)]
    assert by_rules(both, Decision("reject", "reject A", {}))[0].endswith("would be review")


def test_windows_that_overlap_are_drawn_once() -> None:
    boxes = [(0.0, 0.0, 0.2, 0.2), (0.05, 0.0, 0.25, 0.2), (0.6, 0.6, 0.8, 0.8)]
    windows = tuple(Window("2x2", box, 0.9 - i / 10, None) for i, box in enumerate(boxes))
    chosen = standing_out([ScaleOf("2x2", windows, 0.5, None, None)])
    assert [window.box for _, window in chosen] == [boxes[0], boxes[2]]
