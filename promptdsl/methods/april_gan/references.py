"""The memory of good parts, and how high their own maps reach.

For each stage the memory holds the unit patch tokens of all references. `good_maximum` is the mean,
over the references, of the maximum of the map that each gets when its own tokens are left out of
the memory. A single reference is compared with itself, seen a little differently: shifted by half a
patch, brighter and darker (`views`).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from promptdsl.methods.shared.memory import spans
from promptdsl.methods.shared.nearest import unit_rows
from promptdsl.scoring.detector import Placed
from promptdsl.scoring.features import Features, Pictures
from promptdsl.scoring.reference_pictures import read_views
from promptdsl.scoring.views import View, Viewing

MOST_LEFT_OUT = 16  # references that are left out in turn: more change the mean little
BRIGHTER, DARKER = 1.1, 0.9
OwnPicture = tuple[Features, slice | None]  # and the rows of the memory that are its own


@dataclass(frozen=True, slots=True)
class References:
    """Unit rows (M, C) for each stage, by the names that features use."""

    memory: Mapping[str, Tensor]
    good_maximum: float
    ends: tuple[int, ...] = ()  # where the rows of each picture end; none: all have as many


def remember(parts: Iterable[Placed], count: int, dtype: torch.dtype) -> dict[str, Tensor]:
    """The memory of so many pictures: one part of their features is held besides it, never all."""
    memory: dict[str, Tensor] = {}
    for places, features in parts:
        for name, tensor in features.tensors.items():
            if tensor.ndim != 3:
                continue
            rows, each = unit_rows(tensor, dtype), tensor.shape[1]
            if name not in memory:
                memory[name] = rows.new_empty(count * each, rows.shape[1])
            for place, picture in zip(places, torch.split(rows, each), strict=True):
                memory[name][place * each : (place + 1) * each] = picture
    return memory


def own_views(
    files: Sequence[Path], viewing: Viewing, ends: Sequence[int]
) -> Iterator[tuple[Pictures, list[View], slice | None]]:
    """Some views of the references, evenly spread, and the rows of the memory that are their own.

    Those of a single reference are seen differently.
    """
    chosen, rows, alone = left_out_in_turn(len(files)), spans(ends), len(files) == 1
    most = max(1, (MOST_LEFT_OUT // 4 if alone else MOST_LEFT_OUT) // len(chosen))
    for number in chosen:
        pictures, found = read_views(files[number], viewing, most)
        if not alone:
            yield pictures, found, rows[number]
            continue
        patch = viewing.size[0] // viewing.grid[0] if viewing.grid else 1
        for picture, view in zip(pictures, found, strict=True):
            yield views(picture, patch), [view] * 4, None


def left_out_in_turn(count: int) -> list[int]:
    """Which references to judge by the others: all, or as many as are enough, evenly spread."""
    return sorted(
        {round(i * (count - 1) / max(1, MOST_LEFT_OUT - 1)) for i in range(MOST_LEFT_OUT)}
    )


def views(picture: Pictures, patch: int) -> Pictures:
    """(4, H, W, 3): one picture shifted by half a patch either way, brighter, darker."""
    half = max(1, patch // 2)
    lit = [np.clip(picture * factor, 0, 255).astype(np.uint8) for factor in (BRIGHTER, DARKER)]
    return np.stack([_shifted(picture, half, 0), _shifted(picture, 0, half), *lit])


def _shifted(picture: Pictures, down: int, right: int) -> Pictures:
    padded = np.pad(picture, ((down, 0), (right, 0), (0, 0)), mode="edge")
    return padded[: picture.shape[0], : picture.shape[1]]
