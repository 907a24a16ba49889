"""What the image tower says of pictures: costly to make, cheap to score again with other words.

Features are named float32 tensors whose first dimension counts pictures. They can be joined, cut
and kept in files; which names there are is the method's affair.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from promptdsl.engine.window_encoder import WHOLE
from promptdsl.results import PictureScore

CUDA_GROUP = 8  # pictures that are scored together on CUDA, always so many
SEEN = "seen"  # (B, patches), bool: which patches show anything that counts; where some do not
IMAGE = WHOLE  # embeddings of whole pictures, in the joint space of pictures and words
Pictures = npt.NDArray[np.uint8]  # (B, H, W, 3) RGB at the detector's size


@dataclass(frozen=True, slots=True)
class Features:
    """Named tensors, one row for each picture."""

    tensors: Mapping[str, Tensor]

    def __len__(self) -> int:
        return len(next(iter(self.tensors.values())))

    def __getitem__(self, rows: slice) -> "Features":
        return Features({name: tensor[rows] for name, tensor in self.tensors.items()})

    def to(self, device: torch.device | str) -> "Features":
        """The same features on a device."""
        return Features({name: tensor.to(device) for name, tensor in self.tensors.items()})


def join_features(parts: Sequence[Features]) -> Features:
    """The pictures of all parts, in order."""
    return Features(
        {name: torch.cat([p.tensors[name] for p in parts]) for name in parts[0].tensors}
    )


def join_placed(parts: Iterable[tuple[Sequence[int], Features]]) -> Features:
    """The pictures of all parts, in the order of their places."""
    rows = {p: features[n : n + 1] for places, features in parts for n, p in enumerate(places)}
    return join_features([rows[place] for place in sorted(rows)])


def score_steadily(
    features: Features,
    device: torch.device,
    score: Callable[[Features], list[PictureScore]],
) -> list[PictureScore]:
    """Scores that are the same to the last bit whatever pictures are scored beside one.

    Matrix products of other shapes, or of rows that lie otherwise in memory, add up in another
    order. So each picture is scored alone from a copy of its own; on CUDA, where that would be
    slow, in groups of one fixed size.
    """
    groups = _groups(features.to(device), CUDA_GROUP if device.type == "cuda" else 1)
    return list(chain.from_iterable(map(score, groups)))[: len(features)]


def _groups(features: Features, size: int) -> Iterator[Features]:
    """All pictures, so many at a time; the last one is repeated to fill the last group."""
    for start in range(0, len(features), size):
        part = features[start : start + size]
        missing = size - len(part)
        yield Features(
            {
                name: torch.cat([rows, rows[-1:].expand(missing, *rows.shape[1:])])
                for name, rows in part.tensors.items()
            }
        )
