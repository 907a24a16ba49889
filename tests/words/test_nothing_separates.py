"""Where scores do not tell good from bad, no word is called harmful and none is removed."""

import io
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from promptdsl.cli.main import main
from promptdsl.evaluate.words import suggest
from promptdsl.evaluate.words.effects import compare_with
from promptdsl.evaluate.words.evidence import Judgement
from promptdsl.evaluate.words.record import describe
from promptdsl.evaluate.words.units import Unit
from promptdsl.judge.shares import Floats
from promptdsl.report.tables.words import page_rows, print_words

from .conftest import Write, samples_of
from .scoring import evidence_of, object_in

Captured = pytest.CaptureFixture[str]
CPU = ("--device", "cpu", "--precision", "fp32", "-q")
LABELS = ["good"] * 30 + ["scratch"] * 20 + ["dent"] * 20
IS = np.array(LABELS)
NOISE = np.random.default_rng(3).normal(0, 0.05, len(LABELS))
UPSIDE_DOWN = np.clip(0.5 - 0.05 * (IS != "good") + NOISE, 0, 1)
ONE_DEFECT = np.clip(0.4 + 0.2 * (IS == "scratch") - 0.04 * (IS == "dent") + NOISE, 0, 1)


def judged(scores: Floats) -> Judgement:
    return Judgement(scores, tuple("reject" if s >= 0.5 else "pass" for s in scores), None)


def unit(group: str) -> Unit:
    return Unit("phrase", "x {object}", group, "f:1", None)


def test_at_an_auroc_below_chance_nothing_is_called() -> None:
    comparer = compare_with(judged(UPSIDE_DOWN), LABELS)
    assert comparer.separation().inverted
    nearer = judged(UPSIDE_DOWN + 0.03 * (IS != "good"))
    for group in ("normal", "scratch", "hole"):
        effect = comparer.effect(unit(group), nearer)
        assert (effect.call, effect.figure) == ("not judged", None)
        assert effect.because == "scores do not separate"
        assert effect.changes["auroc"].value > 0, "the figures themselves stay"


def test_words_of_a_defect_that_does_not_separate_are_not_called() -> None:
    comparer = compare_with(judged(ONE_DEFECT), LABELS)
    assert comparer.separation().separates
    nearer = judged(ONE_DEFECT + 0.03 * (IS == "dent"))
    assert comparer.effect(unit("dent"), nearer).because == "scores of dent do not separate"
    assert comparer.effect(unit("normal"), nearer).call == "harmful"
    farther = judged(ONE_DEFECT - 0.1 * (IS == "scratch"))
    assert comparer.effect(unit("scratch"), farther).call == "helpful"


def test_three_pictures_of_a_defect_judge_no_word() -> None:
    kept = [*range(30), *range(30, 50), *range(50, 53)]
    labels = [LABELS[n] for n in kept]
    comparer = compare_with(judged(ONE_DEFECT[kept]), labels)
    effect = comparer.effect(unit("dent"), judged(ONE_DEFECT[kept] + 0.1 * (IS[kept] == "dent")))
    assert (effect.call, effect.because) == ("not judged", "too few pictures for scores of dent")


def fake(scores: Floats, path: Path) -> Any:
    item, _ = object_in(path)
    pictures = [SimpleNamespace(score=float(s)) for s in scores]
    labels = ["good"] * 30 + ["scratch"] * 20 + ["rust"] * 20
    return SimpleNamespace(pictures=pictures, labels=labels, item=item)


def test_suggest_removes_no_words_of_what_does_not_separate(write_spec: Write) -> None:
    path = write_spec("groups")
    item, _ = object_in(path)
    whole, stay = suggest.separated_groups(fake(UPSIDE_DOWN, path))
    assert not whole.separates
    assert stay == {"normal", *(defect.name for defect in item.defects)}
    moves = suggest._moves(item, suggest.Movable((), lambda span: "", stay))
    assert not list(moves)
    whole, stay = suggest.separated_groups(fake(ONE_DEFECT, path))
    assert whole.separates and stay == {"rust"}
    groups = {move.group for move in suggest._moves(item, suggest.Movable((), str, stay))}
    assert groups == {"normal", "scratch", "contamination"}


def swapped(write_spec: Write, name: str) -> Path:
    """A spec whose samples have good and defective parts the wrong way round."""
    path = write_spec(name)
    text = path.read_text("utf-8").replace(samples_of(".").replace('"./', '"'), "")
    text = text.replace(
        "  thresholds {",
        '  samples good { images: "scratch/*.png", "rust/*.png" }\n'
        '  samples scratch { images: "good/*.png" }\n  thresholds {',
    )
    path.write_text(text, "utf-8")
    return path


@pytest.mark.slow
def test_ablate_and_suggest_say_it_first(
    capsys: Captured, write_spec: Write, tmp_path: Path
) -> None:
    path = swapped(write_spec, "swapped")
    assert main(["ablate", str(path), "--format", "json", *CPU]) == 0
    (item,) = json.loads(capsys.readouterr().out)["objects"]
    assert item["separation"]["grade"] == "not at all"
    assert item["separation"]["good_scores_higher"] is True
    assert {row["call"] for row in item["rows"]} <= {"not judged", "needed"}
    assert main(["suggest", str(path), "--format", "json", "--device", "cpu"]) == 0
    told = capsys.readouterr()
    found = json.loads(told.out)
    assert not [step for step in found["steps"] if step["action"] == "remove"]
    assert found["separation"]["grade"] == "not at all"
    assert "tells good from bad not at all: AUROC 0." in told.err
    assert "may be removed" in told.err


def shown_at(width: int, ablation: Any) -> str:
    return shown_of(describe(ablation), width)


def shown_of(described: Any, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    print_words(console, described)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


@pytest.fixture(scope="module")
def ablation(pictures: Path) -> Any:
    from promptdsl.evaluate.words.ablate import ablate

    from .conftest import SPEC, THRESHOLDS
    from .scoring import Silence

    text = SPEC.format(
        normal='"tidy\\u001b[31m {object}"'.replace("\\u001b", "\x1b"), settings="",
        thresholds=THRESHOLDS, samples=samples_of("."),
    ).replace('"./', '"')  # fmt: skip
    path = pictures / "escapes.inspect"
    path.write_text(text, "utf-8")
    evidence, _ = evidence_of(path)
    return ablate(evidence, Silence(), "none")


@pytest.mark.parametrize("width", [80, 100, 120, 190])
def test_the_key_columns_are_whole_at_any_width(ablation: Any, width: int) -> None:
    text = shown_at(width, ablation)
    first = text.splitlines()[1]
    assert first.startswith("metal_nut: tells good from bad ")
    assert "…" not in text
    words = " ".join(text.split())
    for effect in ablation.effects:
        assert effect.call in words
    assert "because" in text and "verdicts" in text and "without" in text
    table = [line for line in text.splitlines()[3:] if "helpful:" not in line][:-3]
    assert max(map(len, table)) <= width


def test_places_are_not_cut_in_a_narrow_terminal(ablation: Any) -> None:
    described = describe(ablation)
    for row in described["rows"]:
        row["place"] = "metal_nut/metal_nut.inspect:13"
    words = shown_of(described, 80).split()
    assert words.count("metal_nut.inspect:13") == words.count("metal_nut/") > 5


def test_where_nothing_is_judged_no_list_says_so_line_by_line(ablation: Any) -> None:
    described = describe(ablation)
    for row in described["rows"]:
        row |= {"call": "not judged", "because": "scores do not separate", "verdicts": 0}
    described["rows"][2]["verdicts"] = 3
    text = shown_of(described, 80)
    left = len(described["rows"]) - 1
    assert f"{left} words and settings not judged; without any of them no verdict changes" in text
    assert text.count("scores do not separate") == 1, "the one without which a verdict changes"
    assert "3 change" in text and "All figures: -o OUT" in text


def test_nothing_in_a_phrase_steers_the_terminal(ablation: Any) -> None:
    assert "\x1b" not in shown_at(80, ablation) + shown_at(190, ablation)
    assert any("\x1b" in row["without"] for row in page_rows(describe(ablation)["rows"])), (
        "pages keep the text"
    )
    assert any("\x1b" in row["name"] for row in describe(ablation)["rows"])


def test_a_spec_that_changed_meanwhile_gets_no_patch(
    capsys: Captured, write_spec: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_spec("meanwhile", normal='"scratched {object}"  # planted')

    real = suggest.suggest

    def and_edit(*given: Any, **named: Any) -> Any:
        found = real(*given, **named)
        path.write_text(path.read_text("utf-8") + "# later\n", "utf-8")
        return replace(found, better=True)

    monkeypatch.setattr(suggest, "suggest", and_edit)
    assert main(["suggest", str(path), "--device", "cpu"]) == 1
    told = capsys.readouterr()
    assert "was changed while words were searched for" in told.err
    assert "searched on" in told.err and not told.out
