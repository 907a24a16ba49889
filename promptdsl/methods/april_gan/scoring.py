"""From features, words and references to scores and maps.

    score = softmax(cos(image, t) / T)[anomalous]
    Z     = mean over stages of softmax(upsample(cos(W x + b, t) / T))[anomalous]
    V     = mean over stages of upsample(min over references of 1 - cos(x, m))

Zero-shot the map is Z, with references (Z + V) / 2, cut at 1. The published maps are sums over the
stages: Z times their number, and Z + V times twice that. With references the image score is the
mean of `score` and of how far the map's maximum m lies above that of good parts, g:

    score = (score + max(0, 1 - g / m)) / 2

which is 0 for a map like those of the references, one half for twice as much and never more than 1.
The published code scales m by its minimum and maximum over the test set instead, which needs the
answers; g comes from the references alone (`references.py`).

Shapes: B pictures, P patches, G grid, K defects, C width, D joint width, H and W pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.methods.shared.map_pixels import to_pixels
from promptdsl.methods.shared.nearest import nearest_distance
from promptdsl.methods.shared.seen import blanked, seen_grid, seen_pixels
from promptdsl.methods.shared.words import (
    anomaly_probability,
    defect_probabilities,
)
from promptdsl.scoring.features import IMAGE, Features

if TYPE_CHECKING:
    from promptdsl.methods.april_gan.detector import AprilGanDetector


@dataclass(frozen=True, slots=True)
class Adapters:
    """One linear layer from tower width to joint width for each stage, in their order."""

    weight_SDC: Tensor
    bias_SD: Tensor

    def to(self, device: torch.device) -> "Adapters":
        """The same layers on a device."""
        return Adapters(self.weight_SDC.to(device), self.bias_SD.to(device))


def stage_name(stage: int) -> str:
    """Name of a stage's features."""
    return f"stage_{stage}"


def stage_log_odds(
    x_BPC: Tensor, weight_DC: Tensor, bias_D: Tensor, text_2D: Tensor, temperature: float
) -> Tensor:
    """(B, P): (cos to anomalous - cos to normal) / T of adapted patch tokens."""
    adapted = F.normalize(F.linear(x_BPC, weight_DC, bias_D), dim=-1)
    return adapted @ (text_2D[1] - text_2D[0]) / temperature


@torch.inference_mode()
def score_features(
    detector: "AprilGanDetector", features: Features
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """(B) scores, (B, H, W) maps, (B, K) defects and where they are, at the features' device."""
    image_BD, words = features.tensors[IMAGE], detector.words
    temperature, references = detector.settings.temperature, detector.references
    score_B = anomaly_probability(image_BD, words, temperature)
    map_BHW = words_map(detector, features)
    if references is not None:
        map_BHW = with_distance(detector, map_BHW, features, references.memory)
        score_B = combined(score_B, map_BHW.amax(dim=(1, 2)), references.good_maximum)
    defects_BK = defect_probabilities(image_BD, words, temperature)
    return score_B.clamp(0, 1), map_BHW, defects_BK, kinds_map(detector, features)


def kinds_map(detector: "AprilGanDetector", features: Features) -> Tensor:
    """(B, K, G, G): each defect's probability by the adapted patches, the mean over stages."""
    words, adapters, stages = detector.words, detector.adapters, detector.settings.stages
    total: Tensor | int = 0
    for stage, weight, bias in zip(stages, adapters.weight_SDC, adapters.bias_SD, strict=True):
        adapted_XD = F.linear(features.tensors[stage_name(stage)].flatten(0, 1), weight, bias)
        total = total + defect_probabilities(adapted_XD, words, detector.settings.temperature)
    assert isinstance(total, Tensor)
    kinds_BPK = total.view(len(features), -1, len(words.defects)) / len(stages)
    return kinds_BPK.transpose(1, 2).reshape(len(features), -1, *detector.grid)


def words_map(detector: "AprilGanDetector", features: Features) -> Tensor:
    """(B, H, W): what the words say of each pixel."""
    words, settings, adapters = detector.words, detector.settings, detector.adapters
    text_2D = torch.cat([words.normal_ND, words.anomalous_MD])
    seen_BGG = seen_grid(features, detector.grid)
    way = partial(to_pixels, size=detector.size, align_corners=True)
    total: Tensor | None = None
    for stage, weight, bias in zip(
        settings.stages, adapters.weight_SDC, adapters.bias_SD, strict=True
    ):
        rows = features.tensors[stage_name(stage)]
        odds_BP = stage_log_odds(rows, weight, bias, text_2D, settings.temperature)
        grid_BGG = odds_BP.view(-1, *detector.grid)
        pixels = seen_pixels(grid_BGG, seen_BGG, way).sigmoid_()
        total = pixels if total is None else total.add_(pixels)
    assert total is not None
    return blanked(total.div_(len(settings.stages)), seen_BGG)


def with_distance(
    detector: "AprilGanDetector",
    map_BHW: Tensor,
    features: Features,
    memory: Mapping[str, Tensor],
    leave_out: slice | None = None,
) -> Tensor:
    """(B, H, W): the mean of the words' map and the distance to the references, cut at 1."""
    distances = [
        nearest_distance(features.tensors[name], memory[name], leave_out)
        for name in map(stage_name, detector.settings.stages)
    ]
    mean_BGG = torch.stack(distances).mean(dim=0).view(-1, *detector.grid)
    seen_BGG = seen_grid(features, detector.grid)
    way = partial(to_pixels, size=detector.size, align_corners=True)
    away = blanked(seen_pixels(mean_BGG, seen_BGG, way), seen_BGG)
    return ((map_BHW + away) / 2).clamp(0, 1)


def combined(score_B: Tensor, maximum_B: Tensor, good_maximum: float) -> Tensor:
    """(B) in [0, 1]: words and map alike."""
    above_B = (1 - good_maximum / maximum_B.clamp_min(1e-6)).clamp(0, 1)
    return (score_B + above_B) / 2
