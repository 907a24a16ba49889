"""Intervals: known values, coverage by simulation, and the weighted figures of the bootstrap."""

import numpy as np
import pytest
from scipy.stats import binom

from promptdsl.evaluate.statistics import intervals, metrics, pixel_bootstrap
from promptdsl.evaluate.statistics.aupro import aupro, research_aupro
from promptdsl.evaluate.statistics.draws import Draws
from promptdsl.evaluate.statistics.intervals import (
    bootstrap,
    percentile_interval,
    weighted_auroc,
    weighted_average_precision,
    weighted_f1_max,
)
from promptdsl.evaluate.words.effects import Comparer
from promptdsl.evaluate.words.evidence import Judgement
from promptdsl.judge.shares import Floats, Interval, Undefined, clopper_pearson

from .test_metrics import random_maps


def test_clopper_pearson_by_the_book() -> None:
    # 0 of n: the "rule of three" made exact; 5 of 20 from the published table.
    assert clopper_pearson(0, 20).high == pytest.approx(1 - 0.025 ** (1 / 20))
    assert clopper_pearson(20, 20).low == pytest.approx(0.025 ** (1 / 20))
    interval = clopper_pearson(5, 20)
    assert (interval.low, interval.high) == pytest.approx((0.08657, 0.49105), abs=1e-5)
    assert clopper_pearson(0, 0) == intervals.Interval(0.0, 1.0)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.4])
@pytest.mark.parametrize("of", [10, 60])
def test_clopper_pearson_covers_at_least_what_it_says(share: float, of: int) -> None:
    covered = sum(
        binom.pmf(k, of, share)
        for k in range(of + 1)
        if clopper_pearson(k, of).low <= share <= clopper_pearson(k, of).high
    )
    assert covered >= 0.95


@pytest.mark.parametrize(
    ("weighted", "plain"),
    [
        (weighted_auroc, metrics.auroc),
        (weighted_average_precision, metrics.average_precision),
        (weighted_f1_max, metrics.f1_max),
    ],
)
def test_weights_are_repetitions(weighted: intervals.WeightedMetric, plain: object) -> None:
    random = np.random.default_rng(3)
    scores, labels = random.random(40).round(1), np.arange(40) % 3 == 0
    weights = Draws(labels, 25, seed=1)[:]
    again = [
        plain(np.repeat(scores, w.astype(int)), np.repeat(labels, w.astype(int)))  # type: ignore[operator]
        for w in weights
    ]
    assert weighted(scores, labels.astype(np.int64), weights) == pytest.approx(again, abs=1e-12)


def test_draws_keep_the_size_of_every_label() -> None:
    labels = ["good"] * 7 + ["scratch"] * 3
    weights = Draws(labels, 50)[:]
    assert (weights[:, :7].sum(axis=1) == 7).all()
    assert (weights[:, 7:].sum(axis=1) == 3).all()
    assert (weights == Draws(labels, 50)[:]).all(), "a seed gives the same draws"


def test_bootstrap_interval_covers_the_true_auroc() -> None:
    random, inside = np.random.default_rng(0), 0
    truth = 0.7602499389065233  # of two normal distributions one standard deviation apart
    labels = np.repeat([0, 1], [60, 40])
    weights = Draws(labels, 400)[:]
    for _ in range(300):
        scores = random.normal(size=100) + labels
        found = bootstrap(weighted_auroc, scores, labels, weights)
        inside += found.low <= truth <= found.high
    assert 0.91 <= inside / 300 <= 0.985


def paired_change(before: Floats, after: Floats, labels: Floats, weights: Draws) -> Interval:
    """Of image AUROC, as experiments with words see it."""
    base, changed = (Judgement(scores, ("pass",) * 100, None) for scores in (before, after))
    names = ["scratch" if label else "good" for label in labels]
    return Comparer(base, names, weights).changes(changed)["auroc"].interval


def test_paired_bootstrap_is_narrower_than_two_alone_and_sees_no_difference() -> None:
    random = np.random.default_rng(5)
    labels = np.repeat([0, 1], [60, 40])
    before = random.normal(size=100) + labels
    after = before + 0.05 * random.normal(size=100)
    weights = Draws(labels, 500)
    paired = paired_change(before, after, labels, weights)
    alone = bootstrap(weighted_auroc, before, labels, weights)
    assert paired.high - paired.low < (alone.high - alone.low) / 3
    same = paired_change(before, before, labels, weights)
    assert (same.low, same.high) == (0, 0)
    assert not same.excludes_zero
    worse = paired_change(before, random.normal(size=100), labels, weights)
    assert worse.excludes_zero


def test_draws_without_a_number_are_left_out() -> None:
    assert percentile_interval([1.0, float("nan"), 1.0]).low == 1.0
    with pytest.raises(Undefined):
        percentile_interval([float("nan")])


def test_binned_pixel_figures_are_the_exact_ones_where_bins_hold_single_scores() -> None:
    maps = random_maps(1)  # rounded: few different scores
    counts = metrics.count_pixels(maps, maps)
    edges = np.unique(np.concatenate([m.scores.ravel() for m in maps]).astype(np.float64))
    bins = pixel_bootstrap.bin_pixels(maps, edges)
    once = np.ones((1, len(maps)))
    found = [one.low for one in pixel_bootstrap.pixel_intervals(bins, once, 0.95)]
    assert found == pytest.approx(
        [
            metrics.pixel_auroc(counts),
            metrics.pixel_average_precision(counts),
            metrics.pixel_f1_max(counts),
            aupro(counts),
        ],
        abs=1e-12,
    )
    research = pixel_bootstrap.research_interval(counts, maps, once, 0.95)
    assert research.low == pytest.approx(research_aupro(counts, maps), abs=1e-12)


def test_chosen_bins_round_little() -> None:
    maps = random_maps(0)
    counts = metrics.count_pixels(maps, maps)
    bins = pixel_bootstrap.bin_pixels(maps, pixel_bootstrap.even_edges(counts, maps))
    found = pixel_bootstrap.pixel_intervals(bins, np.ones((1, len(maps))), 0.95)
    assert found[0].low == pytest.approx(metrics.pixel_auroc(counts), abs=1e-3)
    assert found[3].low == pytest.approx(aupro(counts), abs=2e-3)
