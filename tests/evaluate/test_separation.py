"""Whether scores tell good from bad: one word, from the interval, and one sentence."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptdsl.evaluate.statistics.metrics import auroc
from promptdsl.evaluate.statistics.separation import (
    Separation,
    describe_separation,
    score_interval,
    separation,
)
from promptdsl.judge.shares import Interval


def judged(value: float, low: float, high: float, good: int = 12, bad: int = 9) -> Separation:
    return Separation(value, Interval(low, high), good, bad)


@pytest.mark.parametrize(
    ("found", "grade"),
    [
        (judged(0.97, 0.90, 1.0), "well"),
        (judged(0.95, 0.80, 1.0), "well"),
        (judged(0.95, 0.79, 1.0), "somewhat"),
        (judged(0.66, 0.51, 0.79), "somewhat"),
        (judged(0.66, 0.50, 0.79), "cannot tell"),
        (judged(0.52, 0.36, 0.69), "not at all"),
        (judged(0.52, 0.36, 0.70), "cannot tell"),
        (judged(0.26, 0.16, 0.37), "not at all"),
        (judged(1.0, 0.9, 1.0, 40, 4), "cannot tell"),
        (judged(1.0, 0.9, 1.0, 4, 40), "cannot tell"),
        (judged(1.0, 0.9, 1.0, 5, 5), "well"),
        (Separation(None, None, 20, 0), "cannot tell"),
    ],
)
def test_the_word_follows_the_interval(found: Separation, grade: str) -> None:
    assert found.grade == grade
    assert found.separates == (grade in ("well", "somewhat"))


def test_the_sentence_has_figure_interval_sample_and_what_next() -> None:
    found = judged(0.26, 0.16, 0.37)
    assert found.sentence == (
        "tells good from bad not at all: AUROC 0.26, 0.16 to 0.37; 12 good, 9 defective"
    )
    assert found.inverted
    assert "good parts score higher than defective ones" in found.next
    assert found.line.startswith(found.sentence + "; next: ")
    level = judged(0.5, 0.38, 0.62)
    assert not level.inverted and "no threshold and no single word helps" in level.next
    assert "score higher" not in level.next
    assert "add pictures of good parts" in Separation(None, None, 0, 20).next
    assert "more pictures would say how well" in judged(0.7, 0.6, 0.8).next
    assert "promptdsl calibrate" in judged(0.97, 0.9, 1.0).next
    assert "3 defective ones are too few" in judged(1.0, 0.7, 1.0, 20, 3).next
    assert "1 good one is too few" in judged(1.0, 0.3, 1.0, 1, 20).next
    assert Separation(None, None, 20, 0).next == "add pictures of defective parts"
    assert describe_separation(found) == {
        "grade": "not at all", "auroc": 0.26, "interval": [0.16, 0.37], "good": 12,
        "defective": 9, "good_scores_higher": True, "sentence": found.sentence,
        "next": found.next,
    }  # fmt: skip
    assert describe_separation(Separation(None, None, 20, 0))["interval"] is None


def test_perfect_samples_have_an_interval_that_knows_how_few_they_are() -> None:
    few = separation([0.1] * 5 + [0.9] * 5, ["good"] * 5 + ["scratch"] * 5, "good")
    many = separation([0.1] * 60 + [0.9] * 60, ["good"] * 60 + ["scratch"] * 60, "good")
    assert few.interval is not None and many.interval is not None
    assert 0.6 < few.interval.low < 0.7 < 0.95 < many.interval.low < many.interval.high == 1
    assert (few.grade, many.grade) == ("somewhat", "well")


def test_score_interval_by_another_way() -> None:
    """Newcombe's method 5 on a grid: the A whose spread reaches the value."""
    for value, good, bad in ((0.8, 30, 20), (1.0, 12, 8), (0.0, 10, 10), (0.3, 200, 5)):
        grid = np.linspace(0, 1, 200_001)
        half = (good + bad) / 2 - 1
        spread = grid * (1 - grid) * (1 + half * ((1 - grid) / (2 - grid) + grid / (1 + grid)))
        inside = grid[np.abs(grid - value) <= 1.959964 * np.sqrt(spread / (good * bad))]
        found = score_interval(value, good, bad)
        assert found.low == pytest.approx(min(inside[inside > 0].min(), value), abs=1e-4)
        assert found.high == pytest.approx(max(inside[inside < 1].max(), value), abs=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(0, 1, width=16), min_size=1, max_size=20),
    st.lists(st.floats(0, 1, width=16), min_size=1, max_size=20),
)
def test_the_interval_holds_the_figure(good: list[float], bad: list[float]) -> None:
    labels = ["good"] * len(good) + ["dent"] * len(bad)
    found = separation([*good, *bad], labels, "good")
    assert found.auroc == pytest.approx(auroc([*good, *bad], [0] * len(good) + [1] * len(bad)))
    assert found.interval is not None and found.auroc is not None
    assert 0 <= found.interval.low <= found.auroc <= found.interval.high <= 1
    assert (found.good, found.defective) == (len(good), len(bad))
