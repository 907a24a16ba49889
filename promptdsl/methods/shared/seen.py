"""Patches that show nothing that counts: padding, and what a spec ignores.

They have no score, their map is 0, and what is known of a memory does not rest on them. A patch
that is seen keeps its value right up to them: between patches, only those that are seen are mixed,

    value(pixel) = sum over seen patches of w m / sum over seen patches of w

Shapes: B pictures, P patches, W windows, K patches of a window, G grid, H and W pixels.
"""

from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor

from promptdsl.scoring.features import SEEN, Features

LEAST = 1e-6  # weight of the seen patches below which a pixel shows none of them


def seen_grid(features: Features, grid: tuple[int, int]) -> Tensor | None:
    """(B, G, G) bool; None where everything is seen."""
    seen_BP = features.tensors.get(SEEN)
    return None if seen_BP is None else seen_BP.view(-1, *grid)


def windows_seen(seen_BP: Tensor, patches_WK: Tensor) -> Tensor:
    """(B, W): windows that hold at least one patch that is seen."""
    return seen_BP[:, patches_WK.to(seen_BP.device)].any(dim=-1)


def highest(map_BXX: Tensor, seen_BXX: Tensor | None) -> Tensor:
    """(B): the highest value of what is seen."""
    flat = map_BXX if seen_BXX is None else map_BXX.masked_fill(~seen_BXX, 0)
    return flat.amax(dim=(1, 2))


def seen_pixels(
    map_BGG: Tensor, seen_BGG: Tensor | None, to_pixels: Callable[[Tensor], Tensor]
) -> Tensor:
    """(B, H, W) by a linear way from patches to pixels, of what is seen; elsewhere 0."""
    if seen_BGG is None:
        return to_pixels(map_BGG)
    weight_BHW = to_pixels(seen_BGG.to(map_BGG.dtype))
    value_BHW = to_pixels(map_BGG.masked_fill(~seen_BGG, 0))
    return value_BHW / weight_BHW.clamp_min(LEAST)


def blanked(map_BHW: Tensor, seen_BGG: Tensor | None) -> Tensor:
    """(B, H, W) with 0 in the patches that are not seen."""
    if seen_BGG is None:
        return map_BHW
    size = (map_BHW.shape[1], map_BHW.shape[2])
    shown = F.interpolate(seen_BGG[:, None].float(), size, mode="nearest")[:, 0]
    return map_BHW * shown
