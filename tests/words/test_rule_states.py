"""`why` shows what each line measures, in its unit, and how far it is from its limit."""

import io
from dataclasses import asdict
from typing import Any

import pytest
from rich.console import Console

from promptdsl.evaluate.words.rule_states import by_rules, states_of
from promptdsl.evaluate.words.why_record import _rule
from promptdsl.judge.verdict import decide, meaning
from promptdsl.plan.model import Rule
from promptdsl.report.tables.why import _rules, _spots

from ..judge.made import (
    area,
    drawn,
    layout,
    located,
    picture,
    region,
    score_in,
    scored,
    shape,
    spot,
)

LIP = (region("lip", shape("box", 0, 0, "50%", "100%")),)
MAP = drawn((20, 10), (1, 1, 3, 4, 0.8), (12, 6, 6, 1, 0.75))


def said(*rules: Rule, **more: Any) -> list[str]:
    made = layout(*rules, regions=LIP, picture=picture(scale=0.05))
    decision = decide(scored(MAP, 0.4, **more), rules, made)
    return by_rules(states_of(rules, decision.measures), decision)


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (spot(0.7, 0.5, "mm"), "would hold with 0.1959 mm more than 0.3041 mm"),
        (spot(0.7, 8), "would hold with 1.917 px more than 6.083 px"),
        (spot(0.7, 20, "px2"), "would hold with 8 px2 more than 12 px2"),
        (spot(0.7, 3, ""), "would hold with 1 spot more than 2 spots"),
        (spot(0.7, 0.5, "%", "lip"), "would hold with 38.00 % of lip more than 12.00 % of lip"),
        (area(0.7, 0.5), "would hold with 41.00 % of the picture more than 9.00 % of the picture"),
        (area(0.7, 1, "mm2"), "would hold with 0.955 mm2 more than 0.045 mm2"),
        (score_in("lip", 0.9), "would hold with 0.100 more than 0.800"),
    ],
    ids=lambda value: value if isinstance(value, str) else meaning(value),
)
def test_a_line_that_misses_says_by_how_much(rule: Rule, words: str) -> None:
    first, second = said(rule)
    assert first == "pass, because no threshold line holds"
    assert second.endswith(words)


def test_a_line_that_holds_says_what_would_follow_below_it() -> None:
    (found,) = said(spot(0.7, 0.3, "mm"), spot(0.7, 2, "", verdict="review"))
    assert "holds: 0.3041 mm is 0.004138 mm above the limit" in found
    assert found.endswith("the verdict would be review")
    (same,) = said(spot(0.7, 0.3, "mm"), spot(0.7, 0.3, "mm", verdict="review"))
    assert same.endswith("the verdict would be pass")


def test_a_part_that_was_not_found() -> None:
    lines = (located(), score_in(None, 0.3))
    (found,) = said(*lines, unlocated="too little of it matches")
    assert found.startswith("review, because `review when part not located` holds: the part was")
    assert found.endswith("it would be reject")
    assert said(*lines)[0].startswith("reject, because")


def test_lines_that_can_never_decide_are_left_out() -> None:
    assert len(said(spot(0.6, 8), spot(0.7, 9, verdict="review"))) == 2
    assert len(said(spot(0.6, 8, ""), spot(0.7, 9, "", verdict="review"))) == 3


def test_the_table_has_every_line() -> None:
    rules = [located(), spot(0.7, 0.3, "mm"), spot(0.7, 30, "px2", verdict="review")]
    made = layout(*rules, regions=LIP, picture=picture(scale=0.05, locate=True))
    decision = decide(scored(MAP, 0.4), rules, made)
    states = states_of(rules, decision.measures)
    why = {"rules": [_rule(state) for state in states], "spots": []}
    console = Console(width=120, file=io.StringIO(), record=True)
    console.print(_rules(why))
    console.print(_spots({"spots": [asdict(one) for one in decision.spots]}))
    text = console.export_text()
    assert [line.split()[-2:] for line in text.splitlines() if "when spot" in line] == [
        ["mm", "above"], ["px2", "short"],
    ]  # fmt: skip
    assert "located" in text and "12, 6, 6, 1" in text and "6.1 px, 0.304 mm" in text
    assert why["rules"][1]["measure"] == "extent of spot above 0.70 (mm)"
