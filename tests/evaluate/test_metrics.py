"""Figures against scikit-learn, against anomalib's recorded AU-PRO, and by hand."""

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import (
    auc,
    average_precision_score,
    precision_recall_curve,
    roc_auc_score,
)

from promptdsl.evaluate.statistics import aupro, metrics
from promptdsl.evaluate.statistics.metrics import PixelMap
from promptdsl.judge.shares import Undefined

RECORDED = json.loads(Path(__file__).with_name("aupro_anomalib.json").read_text("utf-8"))


def random_maps(seed: int) -> list[PixelMap]:
    """The same maps that the recorded figures of anomalib 2.7.0 were made from."""
    random = np.random.default_rng(seed)
    maps = []
    for number in range(6):
        values, mask = random.random((24, 24)), np.zeros((24, 24), bool)
        if number % 3:
            for _ in range(random.integers(1, 4)):
                top, left = random.integers(0, 18, 2)
                high, wide = random.integers(2, 6, 2)
                mask[top : top + high, left : left + wide] = True
        values[mask] += random.random() * 0.6
        if seed % 2:
            values = values.round(1)
        maps.append(PixelMap((values / 1.6).astype(np.float32), aupro.label_regions(mask)))
    return maps


def flat(maps: list[PixelMap]) -> tuple[np.ndarray, np.ndarray]:
    scores = np.concatenate([m.scores.ravel() for m in maps]).astype(np.float64)
    return scores, np.concatenate([m.regions.ravel() > 0 for m in maps])


def one(scores: list[list[float]], regions: list[list[int]]) -> PixelMap:
    return PixelMap(np.array(scores, np.float32), np.array(regions, np.int32))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=2, max_size=60).filter(
        lambda rows: len({label for _, label in rows}) == 2
    )
)
def test_image_figures_are_those_of_scikit_learn_with_ties_too(
    rows: list[tuple[int, bool]],
) -> None:
    scores, labels = np.array([s / 12 for s, _ in rows]), np.array([y for _, y in rows])
    precision, recall, _ = precision_recall_curve(labels, scores)
    f1 = np.nan_to_num(2 * precision * recall / np.maximum(precision + recall, 1e-300))
    assert metrics.auroc(scores, labels) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert metrics.average_precision(scores, labels) == pytest.approx(
        average_precision_score(labels, scores), abs=1e-12
    )
    assert metrics.f1_max(scores, labels) == pytest.approx(f1.max(), abs=1e-12)


@pytest.mark.parametrize(
    ("scores", "labels", "why"),
    [
        ([], [], "no pictures"),
        ([0.1, 0.2], [0, 0], "no defective"),
        ([0.1, 0.2], [1, 1], "no good"),
        ([0.1, float("nan")], [0, 1], "not a number"),
    ],
)
def test_what_has_no_figure_says_why(scores: list[float], labels: list[int], why: str) -> None:
    for figure in (metrics.auroc, metrics.average_precision, metrics.f1_max):
        with pytest.raises(Undefined, match=why):
            figure(scores, labels)


@pytest.mark.parametrize("seed", range(4))
def test_pixel_figures_are_exact(seed: int) -> None:
    maps = random_maps(seed)
    counts, (scores, labels) = metrics.count_pixels(maps, maps), flat(maps)
    assert metrics.pixel_auroc(counts) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
    assert metrics.pixel_average_precision(counts) == pytest.approx(
        average_precision_score(labels, scores), abs=1e-12
    )
    assert metrics.pixel_f1_max(counts) == pytest.approx(metrics.f1_max(scores, labels), abs=1e-12)


@pytest.mark.parametrize("recorded", RECORDED, ids=lambda r: f"seed{r['seed']}")
def test_aupro_is_anomalibs(recorded: dict[str, float]) -> None:
    maps = random_maps(int(recorded["seed"]))
    value = aupro.aupro(metrics.count_pixels(maps, maps))
    assert value == pytest.approx(recorded["aupro"], abs=1e-3)


def test_aupro_by_hand() -> None:
    # Two regions of 1 and 2 pixels, 10 good pixels. The small one is found first, without a false
    # pixel; then 2 good pixels (rate 0.2) before half of the large one; then nothing below 0.3.
    scores = [[0.9, 0.1, 0.6, 0.1, 0.8, 0.8, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]]
    regions = [[1, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
    maps = [one(scores, regions)]
    # PRO is 1/2 up to rate 0.2, then 3/4 until, at score 0.1, both rise together to (1, 1).
    rise = 0.75 + 0.25 * (0.3 - 0.2) / 0.8
    area = 0.2 * 0.5 + 0.1 * (0.75 + rise) / 2
    counts = metrics.count_pixels(maps, maps)
    assert aupro.aupro(counts) == pytest.approx(area / 0.3, abs=1e-12)


def test_aupro_of_perfect_and_of_hopeless_maps() -> None:
    perfect = [one([[0.9, 0.1], [0.1, 0.1]], [[1, 0], [0, 0]])]
    hopeless = [one([[0.0, 0.2], [0.3, 0.4]], [[1, 0], [0, 0]])]
    assert aupro.aupro(metrics.count_pixels(perfect, perfect)) == pytest.approx(1)
    assert aupro.aupro(metrics.count_pixels(hopeless, hopeless)) == 0


def test_every_region_counts_alike_whatever_its_size() -> None:
    scores = np.full((10, 10), 0.1, np.float32)
    mask = np.zeros((10, 10), bool)
    mask[0:5, 0:5], mask[8, 8] = True, True
    scores[0:5, 0:5] = 0.9
    scores[8, 8] = 0.05  # the small region is missed altogether
    maps = [PixelMap(scores, aupro.label_regions(mask))]
    assert aupro.aupro(metrics.count_pixels(maps, maps)) == pytest.approx(0.5)


def test_regions_touch_at_corners() -> None:
    assert aupro.label_regions(np.eye(4, dtype=bool)).max() == 1


@pytest.mark.parametrize("seed", range(4))
def test_the_research_codes_variant_as_they_compute_it(seed: int) -> None:
    maps = random_maps(seed)
    counts = metrics.count_pixels(maps, maps)
    assert aupro.research_aupro(counts, maps) == pytest.approx(literal_research_pro(maps), abs=1e-9)


def literal_research_pro(maps: list[PixelMap]) -> float:
    """Threshold by threshold, region by region: slow and obvious."""
    scores, _ = flat(maps)
    good = sum(int((m.regions == 0).sum()) for m in maps)
    rates, overlaps = [], []
    for step in range(200):
        t = scores.min() + (scores.max() - scores.min()) / 200 * step
        above = [m.scores.astype(np.float64) > t for m in maps]
        rates.append(
            sum(int((a & (m.regions == 0)).sum()) for a, m in zip(above, maps, strict=True)) / good
        )
        overlaps.append(
            np.mean(
                [
                    a[m.regions == region].mean()
                    for a, m in zip(above, maps, strict=True)
                    for region in range(1, m.regions.max() + 1)
                ]
            )
        )
    kept = np.array(rates) < 0.3
    x, y = np.array(rates)[kept], np.array(overlaps)[kept]
    return float(auc((x - x.min()) / (x.max() - x.min()), y))


def test_pixels_without_masks_or_without_good_ones_are_undefined() -> None:
    blank, full = one([[0.1, 0.2]], [[0, 0]]), one([[0.1, 0.2]], [[1, 1]])
    with pytest.raises(Undefined, match="no mask marks"):
        metrics.count_pixels([blank], [blank])
    with pytest.raises(Undefined, match="every pixel"):
        metrics.count_pixels([full], [full])
    broken = one([[float("nan"), 0.2]], [[1, 0]])
    with pytest.raises(Undefined, match="not a number"):
        metrics.count_pixels([broken], [broken])


@pytest.mark.parametrize("defective", range(1, 60))
def test_a_perfect_order_is_perfect_to_the_last_bit(defective: int) -> None:
    scores = np.linspace(0, 1, defective + 7)
    labels = np.arange(len(scores)) >= 7
    for figure in (metrics.auroc, metrics.average_precision, metrics.f1_max):
        assert figure(scores, labels) == 1, "below it, `no spread` would become an interval"
