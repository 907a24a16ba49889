"""From patch maps to pixel maps, as one small matrix on each side.

Bilinear interpolation and the Gaussian blur are linear and separable, so that

    pixels = R m C^T,   R = blur(rows) interpolate(rows)

costs next to nothing, also where a blur of the full picture would be the slowest step of scoring.
The blur is cut at 4 sigma and mirrors the picture at its border, the border pixel included.

Shapes: B pictures, G cells of a side of the grid, S pixels of a side.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

TRUNCATE = 4.0


def to_pixels(
    map_BGG: Tensor, size: tuple[int, int], *, align_corners: bool, sigma: float = 0.0
) -> Tensor:
    """(B, H, W) of (B, G, G): upsampled bilinearly, then blurred."""
    rows, columns = (
        side_matrix(map_BGG.shape[dim + 1], size[dim], align_corners, sigma).to(map_BGG.device)
        for dim in (0, 1)
    )
    return rows @ map_BGG @ columns.t()


@lru_cache(maxsize=16)
def side_matrix(cells: int, pixels: int, align_corners: bool, sigma: float) -> Tensor:
    """(S, G) weights of the cells in each pixel of one side."""
    with torch.inference_mode(False):
        eye = torch.eye(cells)[None]
        matrix = F.interpolate(eye, pixels, mode="linear", align_corners=align_corners)[0].t()
        return (blur_matrix(pixels, sigma) @ matrix).contiguous() if sigma else matrix.contiguous()


def blur_matrix(pixels: int, sigma: float) -> Tensor:
    """(S, S): a Gaussian around each pixel, mirrored at both ends."""
    radius = int(TRUNCATE * sigma + 0.5)
    offset = torch.arange(-radius, radius + 1, dtype=torch.float64)
    weight = torch.exp(-0.5 * (offset / sigma) ** 2)
    weight = weight / weight.sum()
    place = torch.arange(pixels)[:, None] + offset.long()
    place = place.remainder(2 * pixels)
    place = torch.minimum(place, 2 * pixels - 1 - place)
    matrix = torch.zeros(pixels, pixels, dtype=torch.float64)
    return matrix.scatter_add_(1, place, weight.expand(pixels, -1).contiguous()).float()
