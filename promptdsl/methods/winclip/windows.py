"""Where windows lie on the patch grid, and how scores of windows become a score of each patch.

A patch's score at one window size is the mean of the scores of the windows that cover it: harmonic
in the paper (equation 3), `n / sum(1 / s)`.

Shapes: B pictures, W windows, K patches inside one window, P patches, M windows over one patch, G
grid rows and columns.
"""

import functools
from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.errors import SpecProblem

Fuse = Literal["harmonic", "mean", "max"]
# Smallest score that the harmonic mean inverts: 1/s stays finite and exact enough in float32.
SMALLEST = 1e-12


@dataclass(frozen=True, slots=True)
class WindowSize:
    """Rows and columns of a window, in patches."""

    rows: int
    columns: int

    @property
    def name(self) -> str:
        """As it is written in a spec."""
        return f"{self.rows}x{self.columns}"


@functools.lru_cache(maxsize=64)
def windows_over_patches(
    grid: tuple[int, int], size: WindowSize, stride: int, device: torch.device
) -> Tensor:
    """(P, M) numbers of the windows that cover each patch; W, one past the last, fills up.

    Kept on the device, so that scoring waits for no transfer. Reading by patch, rather than adding
    by window, adds in one order on every device: the atomic additions of a card have none.
    """
    patches_WK = window_patches(grid, size, stride)
    patch = patches_WK.flatten()
    window = torch.arange(len(patches_WK)).repeat_interleave(patches_WK.shape[1])
    order = torch.argsort(patch, stable=True)
    count_P = torch.bincount(patch, minlength=grid[0] * grid[1])
    first_P = count_P.cumsum(0) - count_P
    cover_PM = torch.full((len(count_P), int(count_P.max())), len(patches_WK))
    place = torch.arange(len(patch)) - first_P.repeat_interleave(count_P)
    cover_PM[patch[order], place] = window[order]
    kept = cover_PM.to(device)
    if device.type == "cuda":  # the next reader may work on another stream
        torch.cuda.current_stream(device).synchronize()
    return kept


def window_patches(grid: tuple[int, int], size: WindowSize, stride: int) -> Tensor:
    """(W, K) numbers of the patches in each window, row by row.

    Where the stride does not end at the border, one more window does, so that every patch is
    covered. Raises SpecProblem for a window that does not fit or a stride that leaves gaps.
    """
    if size.rows > grid[0] or size.columns > grid[1]:
        raise SpecProblem(
            f"windows: {size.name} is larger than the model's grid of {grid[0]}x{grid[1]} patches"
        )
    if stride > min(size.rows, size.columns):
        raise SpecProblem(
            f"stride: {stride} leaves patches that no {size.name} window covers; "
            f"use at most {min(size.rows, size.columns)}"
        )
    tops = _starts(grid[0], size.rows, stride)
    lefts = _starts(grid[1], size.columns, stride)
    corner = (tops[:, None] * grid[1] + lefts).reshape(-1, 1)
    rows, columns = torch.arange(size.rows), torch.arange(size.columns)
    return corner + (rows[:, None] * grid[1] + columns).reshape(1, -1)


def _starts(length: int, side: int, stride: int) -> Tensor:
    last = length - side
    starts = list(range(0, last + 1, stride))
    return torch.tensor(starts if starts[-1] == last else [*starts, last])


def scores_of_patches(
    scores_BW: Tensor, cover_PM: Tensor, grid: tuple[int, int], fuse: Fuse
) -> Tensor:
    """(B, G, G): for each patch, the fused scores of the windows that cover it."""
    values_BW = scores_BW.clamp_min(SMALLEST).reciprocal() if fuse == "harmonic" else scores_BW
    over_BPM = F.pad(values_BW, (0, 1))[:, cover_PM]
    if fuse == "max":
        return over_BPM.amax(dim=-1).view(-1, *grid)
    count_P, total_BP = (cover_PM < scores_BW.shape[1]).sum(dim=-1), over_BPM.sum(dim=-1)
    fused = count_P / total_BP if fuse == "harmonic" else total_BP / count_P
    return fused.view(-1, *grid)


def fuse_maps(maps_SBGG: Tensor, fuse: Fuse) -> Tensor:
    """(B, G, G) out of one map for each scale."""
    if fuse == "max":
        return maps_SBGG.amax(dim=0)
    if fuse == "mean":
        return maps_SBGG.mean(dim=0)
    return maps_SBGG.shape[0] / maps_SBGG.clamp_min(SMALLEST).reciprocal().sum(dim=0)


def upsample(map_BGG: Tensor, size: tuple[int, int]) -> Tensor:
    """(B, H, W): bilinear, with half-pixel centres."""
    return F.interpolate(map_BGG[:, None], size=size, mode="bilinear", align_corners=False)[:, 0]
