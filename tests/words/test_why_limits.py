"""What `why` says of limits, of the map under a frame, and of methods that keep their words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptdsl import methods
from promptdsl.errors import UsageProblem
from promptdsl.evaluate.words import why
from promptdsl.evaluate.words.rule_states import RuleState, by_rules
from promptdsl.evaluate.words.why import highest_in
from promptdsl.judge.verdict import Decision
from promptdsl.methods import METHODS, WINCLIP, Method
from promptdsl.methods.shared.word_bank import open_bank
from promptdsl.plan.model import AreaRule, ScoreRule
from promptdsl.report import explanation
from promptdsl.report.explanation import Mark
from promptdsl.scoring.cached_scoring import Scoring

from .conftest import Write
from .scoring import object_in
from .test_learned_prompts import Learned, plan_of, scored_without_a_picture, scoring

__all__ = ["scoring"]


def state(
    verdict: str, value: float, limit: float, kind: str = "score", above: float | None = None
) -> RuleState:
    said: Any = {"verdict": verdict, "text": f"{verdict} when {kind} {limit}", "origin": None}
    if above is not None:
        return RuleState(AreaRule(above=above, share=limit, **said), value)
    return RuleState(ScoreRule(at=limit, **said), value)


def test_below_one_limit_a_line_with_the_same_limit_does_not_hold() -> None:
    states = [state("reject", 0.7, 0.6), state("review", 0.7, 0.6)]
    (said,) = by_rules(states, Decision("reject", "", {}))
    assert said.endswith("below it, the verdict would be pass")


def test_lines_that_can_never_decide_are_not_offered() -> None:
    states = [state("reject", 0.5, 0.6), state("review", 0.5, 0.8), state("review", 0.5, 0.55)]
    said = by_rules(states, Decision("pass", None, {}))
    assert len(said) == 3 and not any("0.8" in sentence for sentence in said)
    areas = [state("reject", 0.1, 0.2, "area", 0.6), state("review", 0.05, 0.3, "area", 0.7)]
    assert len(by_rules(areas, Decision("pass", None, {}))) == 2
    other = [state("reject", 0.1, 0.2, "area", 0.7), state("review", 0.15, 0.3, "area", 0.6)]
    assert len(by_rules(other, Decision("pass", None, {}))) == 3


@given(st.lists(st.tuples(st.sampled_from(["reject", "review"]), st.integers(0, 10)), max_size=4))
def test_the_verdict_below_is_one_that_can_be(lines: list[tuple[str, int]]) -> None:
    """Score lines: what is said to follow below the deciding limit does follow there."""
    value = 0.7
    states = [state(verdict, value, limit / 10) for verdict, limit in lines]
    decided = next((s for s in states if s.holds), None)
    if decided is None:
        return
    said = by_rules(states, Decision(decided.line.verdict, decided.line.text, {}))[0]
    just_below = decided.limit - 1e-9
    true = next((s.line.verdict for s in states if just_below >= s.limit), "pass")
    assert said.endswith(f"would be {true}")


def test_areas_are_told_by_the_kind_of_the_rule_not_by_its_words() -> None:
    text = "reject when area score >= 0.5"
    named = RuleState(ScoreRule(verdict="reject", at=0.5, text=text, origin=None), 0.7)
    assert "0.700 is 0.200 above" in by_rules([named], Decision("reject", "", {}))[0]
    area = state("reject", 0.02, 0.01, "area", 0.7)
    assert "2.00 % of the picture" in by_rules([area], Decision("reject", "", {}))[0]


def test_a_frame_has_the_colour_of_the_map_below_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heat = np.zeros((10, 20), np.float32)
    heat[2, 5], heat[7, 15] = 0.4, 0.9
    assert highest_in(heat, (0.2, 0.1, 0.35, 0.35)) == pytest.approx(0.4)
    assert highest_in(heat, (0.5, 0.5, 1.0, 1.0)) == pytest.approx(0.9)
    assert highest_in(heat, (0.99, 0.99, 0.99, 0.99)) == 0
    assert highest_in(heat, (0.0, 0.0, 1.0, 1.0)) == pytest.approx(0.9)
    from PIL import Image

    drawn: list[Any] = []

    def draw(self: Any, at: tuple[float, float], text: str, **rest: Any) -> None:
        drawn.append((at, text))

    monkeypatch.setattr(explanation.ImageDraw.ImageDraw, "text", draw)
    picture = Image.new("RGB", (200, 100))
    marks = [Mark((0.2, 0.1, 0.35, 0.35), 0.4, "2x2"), Mark((0.2, 0.1, 1, 1), 0.9, "map")]
    explanation.annotated(picture, heat, marks, "t", "reject", "s")
    places = {text: at for at, text in drawn}
    first, second = places["1: 2x2 0.40"], places["2: map 0.90"]
    assert abs(first[1] - second[1]) >= explanation.LINE, "no label covers another"


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Method:
    """A method of another package that reads the words of a spec."""
    method = Method("seeing", "Seeing", "", WINCLIP.fields, "nowhere.at.all")
    monkeypatch.setattr(methods, "METHODS", {**METHODS, "seeing": method})
    return method


def test_a_method_that_reads_words_is_not_told_that_they_are_learned(
    plugin: Method, scoring: Scoring, write_spec: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_spec("plugin")
    plan = plan_of(path)
    plan = plan.model_copy(update={"method": plan.method.model_copy(update={"name": plugin.name})})
    with pytest.raises(UsageProblem) as problem:
        open_bank(scoring.detector, plan)
    assert "reads the words of the spec" in problem.value.sentence
    assert "learned" not in problem.value.sentence
    monkeypatch.setattr(why, "score_worst", scored_without_a_picture)
    item, sources = object_in(path)
    rules = (ScoreRule(verdict="reject", at=0.5, text="reject when score >= 0.5", origin=None),)
    found = why.explain(scoring, item, plan, rules, dict(sources), Path("a.png"))
    assert "Seeing does not say how" in found.notes[0]
    assert "does not read" not in found.notes[0]
    assert isinstance(scoring.detector, Learned)


@pytest.mark.parametrize("command", ["why", "diff", "ablate"])
def test_what_is_found_is_shown_even_where_it_cannot_be_written(
    command: str, write_spec: Write, pictures: Path, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    from promptdsl.cli.main import main

    (tmp_path / "file").write_text("in the way", "utf-8")
    spec, picture = str(write_spec("unwritable")), str(pictures / "good" / "001.png")
    out = ["-o", str(tmp_path / "file" / "out"), "--device", "cpu", "--precision", "fp32"]
    given = {
        "why": [spec, picture],
        "diff": [spec, spec, "--on", picture],
        "ablate": [spec, "--good", str(pictures / "good"), "--defect",
                   f"scratch={pictures / 'scratch'}", "--pixels", "none"],
    }[command]  # fmt: skip
    assert main([command, *given, *out]) == 3
    told = capsys.readouterr()
    assert "cannot write here" in told.err and len(told.out) > 100
