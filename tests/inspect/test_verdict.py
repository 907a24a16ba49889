"""Threshold rules: the first that holds decides; nothing that is not a number passes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptdsl.errors import SpecProblem
from promptdsl.judge.measures import area_above, area_key, areas_in
from promptdsl.judge.verdict import decide, resolve
from promptdsl.plan.model import AreaRule, Rule, ScoreRule
from promptdsl.results import FloatMap, PictureScore

from .fakes import ORIGIN, make_object, score_rule


def seen(score: float, anomaly_map: FloatMap) -> PictureScore:
    return PictureScore(score, {}, anomaly_map)


share = st.floats(0, 1, width=32)
verdicts = st.sampled_from(["reject", "review"])


def area_rule(verdict: str, above: float, least: float | None) -> AreaRule:
    return AreaRule(
        verdict=verdict,
        above=above,
        share=least,
        text=f"{verdict} when area above {above} >= {least}",
        origin=ORIGIN,
    )


rules = st.lists(
    st.one_of(st.builds(score_rule, verdicts, share), st.builds(area_rule, verdicts, share, share)),
    max_size=5,
)
maps = st.lists(share, min_size=4, max_size=4).map(lambda v: np.array(v, np.float32).reshape(2, 2))


@given(share, maps, rules)
def test_the_first_rule_that_holds_decides(
    score: float, anomaly_map: np.ndarray, lines: list[Rule]
) -> None:
    def holds(rule: Rule) -> bool:
        if isinstance(rule, ScoreRule):
            return score >= rule.at
        return sum(v >= np.float32(rule.above) for v in anomaly_map.flat) / 4 >= rule.share

    first = next((rule for rule in lines if holds(rule)), None)
    decision = decide(seen(score, anomaly_map), lines)
    assert decision.verdict == (first.verdict if first else "pass")
    assert decision.rule == (first.text if first else None)
    measured = {area_key(r.above) for r in lines if isinstance(r, AreaRule)}
    assert set(areas_in(decision.measures)) == measured


@given(st.lists(share, min_size=1, max_size=1), share)
def test_a_higher_score_is_never_judged_milder(lines: list[float], score: float) -> None:
    order = {"pass": 0, "review": 1, "reject": 2}
    both = (score_rule("reject", lines[0]), score_rule("review", lines[0] / 2))
    empty = np.zeros((2, 2), np.float32)
    verdict = decide(seen(score, empty), both).verdict
    assert order[decide(seen(min(1.0, score + 0.1), empty), both).verdict] >= order[verdict]


def test_equal_holds() -> None:
    exactly = seen(0.62, np.zeros((2, 2), np.float32))
    assert decide(exactly, [score_rule("reject", 0.62)]).verdict == "reject"
    assert area_above(np.full((2, 2), 0.7, np.float32), 0.7) == 1.0


@pytest.mark.parametrize("score", [float("nan"), float("inf")])
def test_what_is_not_a_number_never_passes(score: float) -> None:
    with pytest.raises(ValueError, match="not a number"):
        decide(seen(score, np.zeros((2, 2), np.float32)), [])
    with pytest.raises(ValueError, match="not a number"):
        decide(seen(0.1, np.full((2, 2), score, np.float32)), [])


def test_area_names() -> None:
    assert [area_key(above) for above in (0.7, 0.705, 1.0, 0.0)] == [
        "0.70",
        "0.705",
        "1.00",
        "0.00",
    ]


def test_auto_needs_a_number() -> None:
    item = make_object("nut", (score_rule("reject", None), area_rule("review", 0.7, None)))
    with pytest.raises(SpecProblem) as caught:
        resolve(item, {}, "part.inspect")
    assert "promptdsl calibrate part.inspect" in str(caught.value.help)
    assert caught.value.sentence.startswith("part.inspect:3")
    known = {rule.text: 0.25 for rule in item.thresholds}
    first, second = resolve(item, known, "part.inspect")
    assert isinstance(first, ScoreRule)
    assert isinstance(second, AreaRule)
    assert (first.at, second.share) == (0.25, 0.25)
    assert first.text == "reject when score >= auto (0.25)"
    assert second.text.endswith("(25%)")


def test_the_default_says_that_it_is_one() -> None:
    item = make_object("nut", (score_rule("reject", 0.5),), default_thresholds=True)
    (rule,) = resolve(item)
    assert rule.text == "reject when score >= 0.5 (uncalibrated default)"


@pytest.mark.parametrize(
    "rule", [score_rule("reject", None), area_rule("reject", 0.7, None)], ids=["score", "area"]
)
def test_a_line_without_a_number_never_lets_a_part_pass(rule: Rule) -> None:
    with pytest.raises(SpecProblem, match="is not calibrated"):
        decide(seen(0.0, np.zeros((2, 2), np.float32)), [rule])


def test_a_rule_from_nowhere_names_the_spec() -> None:
    rule = score_rule("reject", None).model_copy(update={"origin": None})
    with pytest.raises(SpecProblem, match=r"^SPEC: ") as told:
        resolve(make_object(rules=(rule,)))
    assert told.value.help == "run `promptdsl calibrate SPEC`, or write a number"
