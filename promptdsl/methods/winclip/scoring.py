"""From features to scores and maps; cheap, and free of any model.

Zero-shot map: for each window size the fused scores of the windows over a patch, then the same
fusion over the sizes and, with `image`, the score of the whole picture. With references, the map is
the mean of that and of V, the average over scales of the distances to the references.

Shapes: B pictures, X pictures under some words, W windows, G grid, K defects, H and W pixels.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from promptdsl.engine.window_encoder import PATCHES
from promptdsl.methods.shared.seen import blanked, highest, seen_grid, seen_pixels
from promptdsl.methods.shared.words import Directions, anomaly_probability, defect_probabilities
from promptdsl.methods.winclip.references import References, distance
from promptdsl.methods.winclip.settings import WinclipSettings
from promptdsl.methods.winclip.windows import (
    WindowSize,
    fuse_maps,
    scores_of_patches,
    upsample,
    windows_over_patches,
)
from promptdsl.scoring.features import IMAGE, Features

Grid = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scores:
    """All in [0, 1], higher is more anomalous."""

    score_B: Tensor
    map_BHW: Tensor
    defects_BK: Tensor
    words_B: Tensor  # the part of the score that comes from words
    references_B: Tensor | None
    kinds_BKGG: Tensor


@torch.inference_mode()
def score_features(
    features: Features,
    words: Directions,
    references: References | None,
    settings: WinclipSettings,
    grid: Grid,
    size: tuple[int, int],
) -> Scores:
    """Score pictures at the features' device; maps come at `size` (height, width)."""
    tensors, temperature = features.tensors, settings.temperature
    words_B = anomaly_probability(tensors[IMAGE], words, temperature)
    by_scale = [
        to_patches(anomaly_probability(tensors[s.name], words, temperature), s, settings, grid)
        for s in settings.sizes
    ]
    map_BGG = words_map(words_B, by_scale, settings, grid)
    seen_BGG, references_B = seen_grid(features, grid), None
    if references is not None:
        away = [scale_distance(tensors, n, references, settings, grid) for n in scales(settings)]
        distance_BGG = torch.stack(away).mean(dim=0)
        references_B = highest(distance_BGG, seen_BGG)
        map_BGG = (map_BGG + distance_BGG) / 2
    return Scores(
        combine_scores(words_B, references_B, settings).clamp(0, 1),
        map_pixels(map_BGG, seen_BGG, size),
        defect_probabilities(tensors[IMAGE], words, temperature),
        words_B,
        references_B,
        kinds_map(features, words, settings, grid),
    )


def map_pixels(map_BGG: Tensor, seen_BGG: Tensor | None, size: tuple[int, int]) -> Tensor:
    """(B, H, W) in [0, 1]."""
    whole = seen_pixels(map_BGG, seen_BGG, partial(upsample, size=size))
    return blanked(whole, seen_BGG).clamp(0, 1)


def kinds_map(
    features: Features, words: Directions, settings: WinclipSettings, grid: Grid
) -> Tensor:
    """(B, K, G, G): each defect's probability by the windows over a patch."""
    tensors, temperature, count = features.tensors, settings.temperature, len(words.defects)
    maps = []
    for size in settings.sizes:
        rows_BWD = tensors[size.name]
        kinds = defect_probabilities(rows_BWD.flatten(0, 1), words, temperature)
        kinds_BKW = kinds.view(*rows_BWD.shape[:2], count).transpose(1, 2)
        maps.append(to_patches(kinds_BKW.flatten(0, 1), size, settings, grid))
    if not maps:  # the whole picture has one probability
        return defect_probabilities(tensors[IMAGE], words, temperature)[:, :, None, None]
    return fuse_maps(torch.stack(maps), settings.fuse).view(-1, count, *grid)


def scales(settings: WinclipSettings) -> tuple[WindowSize | None, ...]:
    """The scales that references are compared at; None stands for single patches."""
    return (None, *settings.sizes)


def to_patches(
    scores_XW: Tensor, size: WindowSize, settings: WinclipSettings, grid: Grid
) -> Tensor:
    """(X, G, G): the scores of the windows of one size, brought to the patches."""
    cover = windows_over_patches(grid, size, settings.stride, scores_XW.device)
    return scores_of_patches(scores_XW, cover, grid, settings.fuse)


def words_map(
    words_B: Tensor, by_scale_BGG: Sequence[Tensor], settings: WinclipSettings, grid: Grid
) -> Tensor:
    """(B, G, G): the scales together and, with `image`, the score of the whole picture."""
    whole = words_B[:, None, None].expand(-1, *grid)
    first = [whole] if settings.image_in_map or not by_scale_BGG else []
    return fuse_maps(torch.stack([*first, *by_scale_BGG]), settings.fuse)


def scale_distance(
    tensors: Mapping[str, Tensor],
    size: WindowSize | None,
    references: References,
    settings: WinclipSettings,
    grid: Grid,
) -> Tensor:
    """(B, G, G): how far the windows of one size, or the patches, are from the references."""
    name = PATCHES if size is None else size.name
    away_BX = distance(tensors[name], references.memory[name])
    return away_BX.view(-1, *grid) if size is None else to_patches(away_BX, size, settings, grid)


def combine_scores(
    words_B: Tensor, references_B: Tensor | None, settings: WinclipSettings
) -> Tensor:
    """(B) in [0, 1]: the score by words and the one by references, as `image_score` says."""
    rule = settings.image_score
    if references_B is None or rule == "words":
        return words_B
    if rule == "references":
        return references_B
    total = words_B + references_B
    return total / 2 if rule == "mean" else total.clamp_max(1)
