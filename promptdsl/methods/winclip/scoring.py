"""From features to scores and maps; cheap, and free of any model.

Zero-shot map: for each window size the fused scores of the windows over a patch, then the same
fusion over the sizes and, with `image`, the score of the whole picture. With references, the map is
the mean of that and of V, the average over scales of the distances to the references.

Shapes: B pictures, W windows, G grid, K defects, H and W pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from promptdsl.methods.shared.words import Directions, anomaly_probability, defect_probabilities
from promptdsl.methods.winclip.references import References, distance
from promptdsl.methods.winclip.settings import ImageScore, WinclipSettings
from promptdsl.methods.winclip.windows import (
    fuse_maps,
    scores_of_patches,
    upsample,
    windows_over_patches,
)
from promptdsl.results import PictureScore
from promptdsl.scoring.features import Features

IMAGE = "image"
PATCHES = "patches"


@dataclass(frozen=True, slots=True)
class Scores:
    """All in [0, 1], higher is more anomalous."""

    score_B: Tensor
    map_BHW: Tensor
    defects_BK: Tensor
    words_B: Tensor  # the part of the score that comes from words
    references_B: Tensor | None


@torch.inference_mode()
def score_features(
    features: Features,
    words: Directions,
    references: References | None,
    settings: WinclipSettings,
    grid: tuple[int, int],
    size: tuple[int, int],
) -> Scores:
    """Score pictures at the features' device; maps come at `size` (height, width)."""
    image_BD = features.tensors[IMAGE]
    words_B = anomaly_probability(image_BD, words, settings.temperature)
    map_BGG = _words_map(features, words, words_B, settings, grid)
    references_B = None
    score_B = words_B
    if references is not None:
        distance_BGG = _references_map(features, references, settings, grid)
        references_B = distance_BGG.amax(dim=(1, 2))
        map_BGG = (map_BGG + distance_BGG) / 2
        score_B = combine_scores(words_B, references_B, settings.image_score)
    return Scores(
        score_B.clamp(0, 1),
        upsample(map_BGG, size).clamp(0, 1),
        defect_probabilities(image_BD, words, settings.temperature),
        words_B,
        references_B,
    )


def picture_scores(scores: Scores, defects: Sequence[str]) -> list[PictureScore]:
    """One value for each picture, on the CPU."""
    maps = scores.map_BHW.cpu().numpy()
    rows = zip(scores.score_B.tolist(), scores.defects_BK.tolist(), maps, strict=True)
    return [
        PictureScore(score, dict(zip(defects, probabilities, strict=True)), anomaly_map)
        for score, probabilities, anomaly_map in rows
    ]


def _words_map(
    features: Features,
    words: Directions,
    words_B: Tensor,
    settings: WinclipSettings,
    grid: tuple[int, int],
) -> Tensor:
    whole = words_B[:, None, None].expand(-1, *grid)
    maps = [whole] if settings.image_in_map or not settings.sizes else []
    for size in settings.sizes:
        windows_BWD = features.tensors[size.name]
        scores_BW = anomaly_probability(windows_BWD, words, settings.temperature)
        cover = windows_over_patches(grid, size, settings.stride, scores_BW.device)
        maps.append(scores_of_patches(scores_BW, cover, grid, settings.fuse))
    return fuse_maps(torch.stack(maps), settings.fuse)


def _references_map(
    features: Features, references: References, settings: WinclipSettings, grid: tuple[int, int]
) -> Tensor:
    patches_BPC = features.tensors[PATCHES]
    maps = [distance(patches_BPC, references.memory[PATCHES]).view(-1, *grid)]
    for size in settings.sizes:
        scores_BW = distance(features.tensors[size.name], references.memory[size.name])
        cover = windows_over_patches(grid, size, settings.stride, scores_BW.device)
        maps.append(scores_of_patches(scores_BW, cover, grid, settings.fuse))
    return torch.stack(maps).mean(dim=0)


def combine_scores(words_B: Tensor, references_B: Tensor, rule: ImageScore) -> Tensor:
    """(B) in [0, 1]: the score by words and the one by references, as `image_score` says."""
    if rule == "words":
        return words_B
    if rule == "references":
        return references_B
    total = words_B + references_B
    return total / 2 if rule == "mean" else total.clamp_max(1)
