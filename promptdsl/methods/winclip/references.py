"""WinCLIP+: how far windows and patches are from everything seen on good parts.

    d(v) = min over memory m of (1 - cos(v, m)) / 2        (equation 4)

The memory of a window size holds the embeddings of all references and positions; that of the
patches, their tokens after the last block.

Shapes: M memory rows, X queries, D width of the embedding.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.config import ClipConfig
from promptdsl.engine.window_encoder import PATCHES
from promptdsl.methods.shared.memory import learned, learned_rows
from promptdsl.methods.shared.seen import windows_seen
from promptdsl.methods.winclip.settings import WinclipSettings
from promptdsl.methods.winclip.windows import window_patches
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.arrays import Array, pictures_in, unit_rows_of
from promptdsl.scoring.detector import Placed
from promptdsl.scoring.features import Features
from promptdsl.scoring.views import seen_whole

MEMORY = "memory/"
MAX_PRODUCT = 2**24  # cosines held at once: 64 MiB


@dataclass(frozen=True, slots=True)
class References:
    """Unit vectors for each scale, by the names that features use."""

    memory: Mapping[str, Tensor]


def remember(features: Features) -> References:
    """The memory of reference pictures: all their windows and patches."""
    return References(
        {
            name: F.normalize(tensor, dim=-1).flatten(0, 1)
            for name, tensor in features.tensors.items()
            if tensor.ndim == 3
        }
    )


def remember_views(
    parts: Iterable[Placed], views: int, windows: Mapping[str, Tensor], device: torch.device
) -> References:
    """The memory of the views of reference pictures: the windows and patches that are seen."""

    def seen_of(name: str, seen_BP: Tensor) -> Tensor:
        return windows_seen(seen_BP, windows[name]) if name in windows else seen_BP

    found = learned(parts, views, lambda rows: F.normalize(rows, dim=-1), seen_of)
    return References({name: rows.to(device) for name, rows in found.rows.items()})


def memory_arrays(
    tensors: Mapping[str, Tensor],
    plan: ObjectPlan,
    settings: WinclipSettings,
    config: ClipConfig,
    grid: tuple[int, int],
) -> dict[str, Array]:
    """What a compiled plan stores of the references: one memory for each scale."""
    if not settings.references:
        return {}
    if not seen_whole(plan):
        wide = {MEMORY + PATCHES: config.vision.width}
        wide |= {MEMORY + size.name: config.embed_dim for size in settings.sizes}
        return {name: learned_rows(tensors, name, width) for name, width in wide.items()}
    each = grid[0] * grid[1]
    count = pictures_in(tensors, MEMORY + PATCHES, each, settings.shots)
    found = {MEMORY + PATCHES: unit_rows_of(count * each, config.vision.width)}
    for size in settings.sizes:
        rows = count * len(window_patches(grid, size, settings.stride))
        found[MEMORY + size.name] = unit_rows_of(rows, config.embed_dim)
    return found


def distance(queries_XD: Tensor, memory_MD: Tensor) -> Tensor:
    """(X) in [0, 1]; bounded in memory."""
    unit = F.normalize(queries_XD, dim=-1).flatten(0, -2)
    chunk = max(1, MAX_PRODUCT // max(1, len(unit)))
    nearest = unit.new_full((len(unit),), -1.0)
    for rows in torch.split(memory_MD, chunk):
        nearest = torch.maximum(nearest, (unit @ rows.t()).amax(dim=1))
    return ((1 - nearest) / 2).clamp(0, 1).view(queries_XD.shape[:-1])
