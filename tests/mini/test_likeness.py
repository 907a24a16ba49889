"""The losses that teach the built-in model to compare a picture with good ones of its product."""

from pathlib import Path

import torch
from click.testing import CliRunner

from tools.mini.batches import FREQUENCY, STATES, two_of_each
from tools.mini.evaluate import window_patches
from tools.mini.likeness import (
    MIDDLE,
    STRIDE,
    away,
    decided,
    partner,
    spread_windows,
    tokens_loss,
)
from tools.mini.train import main


def test_two_pairs_of_a_batch_show_one_product() -> None:
    import numpy as np

    rng = np.random.default_rng(3)
    for _ in range(20):
        names = [STATES[state][0] for state in two_of_each(rng, 8)]
        assert names[0::2] == names[1::2]
    assert len(FREQUENCY) == len(STATES)
    assert partner(6).tolist() == [1, 0, 3, 2, 5, 4]


def test_an_odd_number_of_pairs_is_refused(tmp_path: Path) -> None:
    found = CliRunner().invoke(main, [str(tmp_path), "--steps", "1", "--pairs", "3"])
    assert found.exit_code == 2
    assert "even number" in found.output


def test_the_distance_is_that_of_the_other_pose() -> None:
    good = torch.randn(2, 5, 8)
    seen = torch.cat([good[[1, 0]], -good[[1, 0]]])  # as the references, and the very opposite
    found = away(seen, good)
    assert found[:2].max() < 1e-6
    assert torch.allclose(found[2], ((1 + nearest(good[1], -good[1])) / 2), atol=1e-6)


def nearest(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Minus the largest cosine of each row on the right."""
    cosine = torch.nn.functional.cosine_similarity(right[:, None], left[None], dim=-1)
    return -cosine.amax(1)


def test_far_defects_and_near_good_places_cost_least() -> None:
    damaged = torch.tensor([[False, True], [False, True]])
    clear = torch.ones_like(damaged)
    right = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.0, 0.5], [0.0, 0.5]])
    wrong = torch.tensor([[0.0, 0.5], [0.0, 0.5], [0.0, 0.0], [0.0, 0.0]])
    even = torch.full((4, 2), MIDDLE)
    losses = [float(decided(x, damaged, clear, maximum=True)) for x in (right, even, wrong)]
    assert losses == sorted(losses)
    assert losses[0] < 0.1


def test_what_is_not_clear_costs_nothing() -> None:
    damaged = torch.zeros(1, 2, dtype=torch.bool)
    clear = torch.tensor([[True, False]])
    calm = decided(torch.tensor([[0.0, 0.0], [0.0, 0.0]]), damaged, clear, maximum=False)
    loud = decided(torch.tensor([[0.0, 0.0], [0.0, 0.9]]), damaged, clear, maximum=False)
    assert torch.equal(calm, loud)


def test_tokens_learn_from_the_loss() -> None:
    tokens = torch.randn(4, 9, 16, requires_grad=True)
    damaged = torch.zeros(2, 9, dtype=torch.bool)
    damaged[:, 4] = True
    loss = tokens_loss([tokens, tokens * 2], damaged, torch.ones_like(damaged))
    (slope,) = torch.autograd.grad(loss, tokens)
    assert slope.abs().sum() > 0


def test_the_windows_of_a_reference_are_windows_of_the_picture() -> None:
    for size in (2, 3):
        found = spread_windows(15, size, torch.Generator().manual_seed(5))
        every = {tuple(row) for row in window_patches(15, size).tolist()}
        assert {tuple(row) for row in found.tolist()} <= every
        assert len(found) >= (15 // STRIDE - 1) ** 2
