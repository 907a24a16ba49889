"""What lies behind one picture's score: how near each prompt is, and what each window says.

Shapes: T prompts, D joint width, W windows, K patches of a window, G grid.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from promptdsl.methods.shared.words import anomaly_probability
from promptdsl.methods.winclip.references import distance
from promptdsl.methods.winclip.scorer import WinclipScorer
from promptdsl.methods.winclip.scoring import IMAGE, PATCHES
from promptdsl.methods.winclip.windows import window_patches
from promptdsl.scoring.features import Features
from promptdsl.scoring.rescoring import WordBank, WordScorer

Box = tuple[float, float, float, float]  # left, top, right, bottom as shares of the picture


@dataclass(frozen=True, slots=True)
class Window:
    """One window of the patch grid."""

    scale: str
    box: Box
    words: float  # anomaly probability by words, in [0, 1]
    distance: float | None  # to the nearest reference, in [0, 1]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the score of the whole picture is made of; None without references."""

    words: float
    references: float | None


@torch.inference_mode()
def cosines(bank: WordBank, features: Features, texts: Sequence[str]) -> list[float]:
    """(T) cosine of the whole picture to each prompt."""
    image_D = F.normalize(features.tensors[IMAGE][0].float().cpu(), dim=-1)
    rows_TD = F.normalize(bank.rows(texts), dim=-1)
    return [float(value) for value in rows_TD @ image_D]


@torch.inference_mode()
def windows_of(scorer: WinclipScorer, features: Features) -> list[Window]:
    """Every window of every scale, in the order of the spec."""
    found = []
    here = features.to(scorer.compute.device)
    for size in scorer.settings.sizes:
        rows_WD = here.tensors[size.name][0]
        words_W = anomaly_probability(rows_WD, scorer.words, scorer.settings.temperature)
        away_W: list[float | None] = [None] * len(rows_WD)
        if scorer.references is not None:
            away_W = distance(rows_WD, scorer.references.memory[size.name]).tolist()
        patches_WK = window_patches(scorer.grid, size, scorer.settings.stride)
        boxes = _boxes(patches_WK.numpy(), scorer.grid)
        rows = zip(boxes, words_W.tolist(), away_W, strict=True)
        found += [Window(size.name, box, words, away) for box, words, away in rows]
    return found


def _boxes(patches_WK: npt.NDArray[np.int64], grid: tuple[int, int]) -> list[Box]:
    down, across = grid
    rows, columns = patches_WK // across, patches_WK % across
    return [
        (left / across, top / down, (right + 1) / across, (bottom + 1) / down)
        for left, top, right, bottom in zip(
            columns.min(axis=1),
            rows.min(axis=1),
            columns.max(axis=1),
            rows.max(axis=1),
            strict=True,
        )
    ]


@torch.inference_mode()
def parts_of(scorer: WordScorer, features: Features) -> Parts:
    """The score by words, and the one by references."""
    here = features.to(scorer.compute.device)
    words = anomaly_probability(here.tensors[IMAGE], scorer.words, scorer.settings.temperature)
    if not isinstance(scorer, WinclipScorer) or scorer.references is None:
        return Parts(float(words[0]), None)
    scores = scorer.scores(features)
    assert scores.references_B is not None
    return Parts(float(words[0]), float(scores.references_B[0]))


@torch.inference_mode()
def farthest_patch(scorer: WinclipScorer, features: Features) -> float | None:
    """The largest distance of a patch to the references; None without references."""
    if scorer.references is None:
        return None
    rows = features.to(scorer.compute.device).tensors[PATCHES][0]
    return float(distance(rows, scorer.references.memory[PATCHES]).max())
