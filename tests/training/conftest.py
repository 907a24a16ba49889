"""A small data set in MVTec AD's folders, drawn without the generator."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

SIDE = 40


def draw(path: Path, dice: np.random.Generator, spot: bool) -> None:
    """A noisy square, with a bright spot and its mask where asked."""
    pixels = dice.normal(110, 12, (SIDE, SIDE, 3))
    if spot:
        row, column = dice.integers(4, SIDE - 14, 2)
        pixels[row : row + 10, column : column + 10] = 240
        mask = np.zeros((SIDE, SIDE), np.uint8)
        mask[row : row + 10, column : column + 10] = 255
        truth = path.parents[2] / "ground_truth" / path.parent.name / f"{path.stem}_mask.png"
        truth.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(mask).save(truth)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)


@pytest.fixture(scope="session")
def spots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three categories of eleven pictures."""
    root, dice = tmp_path_factory.mktemp("spots"), np.random.default_rng(5)
    for name in ("cork", "leather", "metal_nut"):
        for number in range(5):
            draw(root / name / "test" / "good" / f"{number}.png", dice, False)
        for number in range(6):
            draw(root / name / "test" / "stain" / f"{number}.png", dice, True)
    return root


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "cache"))


@pytest.fixture(autouse=True)
def all_processors() -> Iterator[None]:
    """As many threads as a fresh process has: the last bits of sums depend on it."""
    before = torch.get_num_threads()
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    yield
    torch.set_num_threads(before)
