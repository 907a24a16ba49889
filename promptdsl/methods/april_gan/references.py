"""The memory of good parts, and how high their own maps reach.

For each stage the memory holds the unit patch tokens of all references. `good_maximum` is the mean,
over the references, of the maximum of the map that each gets when its own tokens are left out of
the memory. A single reference is compared with itself, seen a little differently: shifted by half a
patch, brighter and darker (`views`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from promptdsl.methods.shared.nearest import unit_rows
from promptdsl.methods.shared.reference_pictures import read_reference
from promptdsl.scoring.detector import Pictures, Progress
from promptdsl.scoring.features import Features

BATCH = 8
MOST_LEFT_OUT = 16  # references that are left out in turn: more change the mean little
BRIGHTER, DARKER = 1.1, 0.9


@dataclass(frozen=True, slots=True)
class References:
    """Unit rows (M, C) for each stage, by the names that features use."""

    memory: Mapping[str, Tensor]
    good_maximum: float

    def to(self, device: torch.device, dtype: torch.dtype) -> "References":
        """The same memory on a device."""
        moved = {name: rows.to(device, dtype) for name, rows in self.memory.items()}
        return References(moved, self.good_maximum)


def remember(
    files: Sequence[Path],
    size: tuple[int, int],
    encode: Callable[[Pictures], Features],
    dtype: torch.dtype,
    progress: Progress | None,
) -> dict[str, Tensor]:
    """The memory of the files: one batch of features is held besides it, never all of them."""
    memory: dict[str, Tensor] = {}
    for start in range(0, len(files), BATCH):
        batch = files[start : start + BATCH]
        features = encode(np.stack([read_reference(file, size) for file in batch]))
        for name, tensor in features.tensors.items():
            if tensor.ndim == 3:
                rows = unit_rows(tensor, dtype)
                each = tensor.shape[1]
                if name not in memory:
                    memory[name] = rows.new_empty(len(files) * each, rows.shape[1])
                memory[name][start * each : start * each + len(rows)] = rows
        if progress is not None:
            progress("references", start + len(batch), len(files))
    return memory


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
