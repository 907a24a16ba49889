"""From features and the two text directions to scores and maps.

    score = softmax(cos(global, t) / T)[anomalous]
    map   = blur(mean over blocks of upsample(softmax(cos(local, t) / T)[anomalous]))

The published map is the sum over blocks; here it is the mean, so that it lies in [0, 1]. The image
score does not look at the map.

Shapes: B pictures, P patches, G grid, D joint width, H and W pixels.
"""

from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.methods.anomalyclip.settings import AnomalyclipSettings
from promptdsl.methods.shared.map_pixels import to_pixels
from promptdsl.methods.shared.seen import blanked, seen_grid, seen_pixels
from promptdsl.scoring.features import IMAGE, Features


def block_name(block: int) -> str:
    """Name of a block's local features."""
    return f"block_{block}"


def log_odds(v_XD: Tensor, text_2D: Tensor, temperature: float) -> Tensor:
    """(X): (cos to anomalous - cos to normal) / T; its sigmoid is the softmax."""
    text_2D = F.normalize(text_2D, dim=-1)
    return F.normalize(v_XD, dim=-1) @ (text_2D[1] - text_2D[0]) / temperature


@torch.inference_mode()
def score_features(
    features: Features,
    text_2D: Tensor,
    settings: AnomalyclipSettings,
    grid: tuple[int, int],
    size: tuple[int, int],
) -> tuple[Tensor, Tensor]:
    """(B,) scores and (B, H, W) maps in [0, 1]."""
    score_B = log_odds(features.tensors[IMAGE], text_2D, settings.temperature).sigmoid()
    maps = [
        log_odds(features.tensors[block_name(block)], text_2D, settings.temperature).sigmoid()
        for block in settings.blocks
    ]
    map_BGG = torch.stack(maps).mean(dim=0).view(-1, *grid)
    seen_BGG = seen_grid(features, grid)
    way = partial(to_pixels, size=size, align_corners=False, sigma=settings.blur)
    map_BHW = blanked(seen_pixels(map_BGG, seen_BGG, way), seen_BGG)
    return score_B, map_BHW.clamp(0, 1)
