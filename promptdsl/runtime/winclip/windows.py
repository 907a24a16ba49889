"""Where windows lie on the patch grid, and how scores of windows become a score of each patch.

A patch's score at one window size is the mean of the scores of the windows that cover it: harmonic
in the paper (equation 3), `n / sum(1 / s)`.

Shapes: B pictures, W windows, K patches inside one window, G grid rows and columns.
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


def parse_windows(names: tuple[str, ...]) -> tuple[bool, tuple[WindowSize, ...]]:
    """`("image", "2x2")` -> whether the whole picture counts in the map, and the window sizes."""
    sizes = []
    for name in names:
        if name != "image":
            rows, columns = name.split("x")
            sizes.append(WindowSize(int(rows), int(columns)))
    return "image" in names, tuple(dict.fromkeys(sizes))


@functools.lru_cache(maxsize=64)
def window_patches_on(
    grid: tuple[int, int], size: WindowSize, stride: int, device: torch.device
) -> Tensor:
    """`window_patches` on a device; kept there, so that scoring waits for no transfer."""
    return window_patches(grid, size, stride).to(device)


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


def count_windows(grid: tuple[int, int], size: WindowSize, stride: int) -> int:
    """How many windows of a size there are. Raises what `window_patches` raises."""
    return len(window_patches(grid, size, stride))


def _starts(length: int, side: int, stride: int) -> Tensor:
    last = length - side
    starts = list(range(0, last + 1, stride))
    return torch.tensor(starts if starts[-1] == last else [*starts, last])


def scores_of_patches(
    scores_BW: Tensor, patches_WK: Tensor, grid: tuple[int, int], fuse: Fuse
) -> Tensor:
    """(B, G, G): for each patch, the fused scores of the windows that cover it."""
    batch, inside = scores_BW.shape[0], patches_WK.shape[1]
    where = patches_WK.flatten().expand(batch, -1)
    values = scores_BW.clamp_min(SMALLEST).reciprocal() if fuse == "harmonic" else scores_BW
    spread = values.repeat_interleave(inside, dim=1)
    total = scores_BW.new_zeros(batch, grid[0] * grid[1])
    if fuse == "max":
        total.scatter_reduce_(1, where, spread, "amax")
        return total.view(batch, *grid)
    total.scatter_add_(1, where, spread)
    count = torch.zeros_like(total[0]).scatter_add_(0, where[0], torch.ones_like(spread[0]))
    fused = count / total if fuse == "harmonic" else total / count
    return fused.view(batch, *grid)


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
