"""The built-in model on pictures it has never seen; the full figures are in docs/mini.md."""

import numpy as np
import pytest
import torch

from tools.mini.evaluate import (
    Figures,
    auroc,
    evaluate,
    harmonic,
    load,
    mean_of,
    window_patches,
)
from tools.pictures import DEFECTS

QUICK = ("wood", "metal nut", "screw")


def test_auroc_counts_pairs() -> None:
    rng = np.random.default_rng(1)
    scores, damaged = rng.integers(0, 6, 40).astype(float), rng.uniform(size=40) < 0.4
    pairs = scores[damaged][:, None] - scores[~damaged][None]
    assert auroc(scores, damaged) == pytest.approx(((pairs > 0) + 0.5 * (pairs == 0)).mean())


def test_harmonic_mean_of_covering_windows() -> None:
    side, size = 4, 2
    scores = torch.rand(1, (side - size + 1) ** 2) + 0.1
    place = window_patches(side, size)
    wanted = torch.empty(side * side)
    for patch in range(side * side):
        over = scores[0][(place == patch).any(1)]
        wanted[patch] = len(over) / (1 / over).sum()
    assert torch.allclose(harmonic(scores, side, size).reshape(-1), wanted)


@pytest.fixture(scope="module")
def lines() -> list[Figures]:
    return evaluate(load(), QUICK, products=1, good=4, each=1, first_seed=200, bf16=True)


def test_unseen_pictures_are_told_apart(lines: list[Figures]) -> None:
    mean = mean_of(lines)
    assert mean["image_auroc"] > 0.92
    assert mean["pixel_auroc"] > 0.95
    assert mean["naming"] > 0.7
    assert all(line.pictures == 4 + len(DEFECTS[line.object]) for line in lines)
