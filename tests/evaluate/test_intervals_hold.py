"""Every interval holds the figure that it belongs to."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from promptdsl.evaluate.datasets import Picture
from promptdsl.evaluate.kept_maps import Place
from promptdsl.evaluate.scored import Scored
from promptdsl.evaluate.statistics import figures
from promptdsl.evaluate.statistics.aupro import label_regions
from promptdsl.evaluate.statistics.draws import Draws
from promptdsl.evaluate.statistics.figures import image_figures
from promptdsl.evaluate.statistics.intervals import (
    bootstrap,
    percentile_interval,
    weighted_auroc,
    weighted_f1_max,
)
from promptdsl.evaluate.statistics.metrics import PixelMap, auroc, f1_max
from promptdsl.evaluate.words.effects import compare_with
from promptdsl.evaluate.words.evidence import Judgement
from promptdsl.judge.shares import Interval, clopper_pearson, upper_bound

SCORES = st.lists(st.floats(0, 1, width=16), min_size=1, max_size=12)
CONFIDENCE = st.floats(0.01, 0.99)


@given(st.integers(0, 300), st.integers(0, 300), CONFIDENCE)
def test_shares(count: int, more: int, confidence: float) -> None:
    of = count + more
    found = clopper_pearson(count, of, confidence)
    share = count / of if of else 0.0
    assert 0 <= found.low <= share <= found.high <= 1
    if of:
        assert share <= upper_bound(count, of, confidence)


@settings(max_examples=60, deadline=None)
@given(SCORES, SCORES, st.sampled_from([0.05, 0.5, 0.95]))
def test_bootstrap(good: list[float], bad: list[float], confidence: float) -> None:
    scores, labels = np.array([*good, *bad]), np.array([0] * len(good) + [1] * len(bad))
    weights = Draws(labels, 60)
    for metric, figure in ((weighted_auroc, auroc), (weighted_f1_max, f1_max)):
        found = bootstrap(metric, scores, labels, weights, confidence)
        value = figure(scores, labels)
        assert found.low <= value + 1e-12 and value - 1e-12 <= found.high
    after = 1 - scores
    value = auroc(after, labels) - auroc(scores, labels)
    drawn = [weighted_auroc(one, labels, weights) for one in (scores, after)]
    change = percentile_interval(drawn[1] - drawn[0], confidence, value=value)
    assert change.low <= value + 1e-12 and value - 1e-12 <= change.high


@settings(max_examples=40, deadline=None)
@given(SCORES, SCORES)
def test_figures_of_pictures(good: list[float], bad: list[float]) -> None:
    pictures = [
        Scored(Picture(Path("x"), label), None, score, {}, {"score": score}, Place(0))
        for label, scores in (("good", good), ("dent", bad))
        for score in scores
    ]
    for estimate in image_figures(pictures).values():
        assert estimate.value is not None and estimate.interval is not None
        assert estimate.interval.low <= estimate.value <= estimate.interval.high


class Maps:
    """Pixels as `figures` wants them."""

    def __init__(self, maps: list[PixelMap], pictures: list[Scored]) -> None:
        self.maps, self.pictures = maps, pictures

    def __iter__(self):  # type: ignore[no-untyped-def]
        return iter(self.maps)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from([0, 1, 3]))
def test_figures_of_pixels(seed: int, digits: int) -> None:
    random = np.random.default_rng(seed)
    maps, pictures = [], []
    for number in range(6):
        mask = np.zeros((12, 12), bool)
        if number > 2:
            row, column = random.integers(0, 8, 2)
            mask[row : row + 4, column : column + 3] = True
        scores = np.clip(random.normal(0.4 + 0.2 * mask, 0.2), 0, 1).round(digits)
        maps.append(PixelMap(scores.astype(np.float32), label_regions(mask)))
        label = "dent" if mask.any() else "good"
        picture = Picture(Path("x"), label)
        pictures.append(
            Scored(picture, None, 0.5, {}, {}, Place(0, number if mask.any() else None))
        )
    found = figures._pixel_figures(Maps(maps, pictures))  # type: ignore[arg-type]
    for estimate in found.values():
        if estimate.value is not None and estimate.interval is not None:
            assert estimate.interval.low <= estimate.value <= estimate.interval.high


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_changes_of_experiments(seed: int) -> None:
    random = np.random.default_rng(seed)
    labels = ["good"] * 5 + ["dent"] * 3
    before, after = (Judgement(random.random(8).round(1), ("pass",) * 8, None) for _ in range(2))
    for change in compare_with(before, labels).changes(after, "dent").values():
        assert change.interval.low <= change.value <= change.interval.high


def test_an_interval_is_only_widened() -> None:
    assert Interval(0.2, 0.4).around(0.3) == Interval(0.2, 0.4)
    assert Interval(0.2, 0.4).around(0.5) == Interval(0.2, 0.5)
    assert Interval(0.2, 0.4).around(0.1) == Interval(0.1, 0.4)
    assert Interval(0.2, 0.4).around(float("nan")) == Interval(0.2, 0.4)
    assert percentile_interval([0.2, 0.2], value=0.5) == Interval(0.2, 0.5)
    assert percentile_interval([0.2, 0.2]) == Interval(0.2, 0.2)


@pytest.mark.parametrize(("value", "low", "high", "shown"), [
    (0.571, 0.571, 0.571, "0.571"),
    (1.0, 1.0, 1.0, "1.000 (no spread)"),
    (0.9, 0.8, 0.95, "0.900 (0.800-0.950)"),
])  # fmt: skip
def test_no_spread_is_said_of_perfect_samples_alone(
    value: float, low: float, high: float, shown: str
) -> None:
    from promptdsl.report.tables.validation import estimate

    assert estimate({"value": value, "interval": [low, high]}) == shown
