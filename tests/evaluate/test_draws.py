"""Draws in little memory: the same counts as one whole array, from memory or from a file."""

import tracemalloc

import numpy as np
import pytest

from promptdsl.evaluate.statistics import draws as module
from promptdsl.evaluate.statistics import intervals
from promptdsl.evaluate.statistics.draws import SEED, Draws, blocks_of, weighted_sums
from promptdsl.evaluate.statistics.intervals import (
    bootstrap,
    weighted_auroc,
    weighted_average_precision,
    weighted_f1_max,
    weighted_mean,
)

LABELS = (["good"] * 40 + ["scratch"] * 13 + ["dent"] * 7) * 3


def whole(labels: list[str], resamples: int) -> np.ndarray:
    """All draws as one array of floats, each stratum drawn in one call."""
    names, group_N = np.unique(np.asarray(labels), return_inverse=True)
    random = np.random.default_rng(SEED)
    weights = np.zeros((resamples, len(group_N)))
    for index in range(len(names)):
        members = np.flatnonzero(group_N == index)
        share = np.full(len(members), 1 / len(members))
        weights[:, members] = random.multinomial(len(members), share, size=resamples)
    return weights


@pytest.mark.parametrize("held", [0, 10**9])
@pytest.mark.parametrize("at_once", [1, 1000, 10**9])
def test_counts_are_those_of_one_array(
    monkeypatch: pytest.MonkeyPatch, held: int, at_once: int
) -> None:
    monkeypatch.setattr(module, "HELD", held)
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    expected = whole(LABELS, 50)
    draws = Draws(LABELS, 50)
    assert draws.shape == expected.shape == (50, 180) and len(draws) == 50
    assert (draws[:] == expected).all()
    assert (draws[7:19] == expected[7:19]).all()
    assert (draws[40:90] == expected[40:]).all() and draws[60:].shape == (0, 180)
    assert (np.concatenate(list(blocks_of(draws))) == expected).all()
    values = np.random.default_rng(1).random((180, 3))
    assert weighted_sums(draws, values) == pytest.approx(expected @ values)


@pytest.mark.parametrize(
    "metric", [weighted_auroc, weighted_average_precision, weighted_f1_max, weighted_mean]
)
def test_figures_are_equal_to_the_last_bit(
    metric: intervals.WeightedMetric, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(4)
    scores = random.random(len(LABELS)).round(2)
    labels = np.array([label != "good" for label in LABELS], np.int64)
    expected = metric(scores, labels, whole(LABELS, 300))
    monkeypatch.setattr(module, "HELD", 0)
    monkeypatch.setattr(module, "AT_ONCE", 5000)
    monkeypatch.setattr(intervals, "AT_ONCE", 5000)
    found = metric(scores, labels, Draws(LABELS, 300))
    if metric is weighted_mean:  # a matrix product, whose order of sums is the library's
        assert found == pytest.approx(expected, rel=1e-14)
    else:
        assert (found == expected).all()


def test_memory_does_not_grow_with_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 1_000_000)
    monkeypatch.setattr(module, "AT_ONCE", 100_000)
    monkeypatch.setattr(intervals, "AT_ONCE", 100_000)
    count, resamples = 10_000, 300
    labels = np.arange(count) % 10 == 0
    scores = np.random.default_rng(2).random(count)
    tracemalloc.start()
    try:
        bootstrap(weighted_auroc, scores, labels, Draws(labels, resamples))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 8 * count * resamples / 3, f"{peak / 1e6:.1f} MB"
    assert peak < 8_000_000


def test_a_temporary_file_is_gone_with_its_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 0)
    draws = Draws(LABELS, 5)
    file = draws._counts[0]._file
    del draws
    assert file.closed
