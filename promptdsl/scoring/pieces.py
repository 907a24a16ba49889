"""Pictures on their way through the model: one view of a picture each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np
import torch

from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import Picture
from promptdsl.scoring.features import SEEN, Features, Pictures
from promptdsl.scoring.stitching import Stitcher
from promptdsl.scoring.views import Pixels, View, Viewing

Decoded = Picture | PictureError
NO_PIXELS: Pixels = np.zeros((0, 0, 3), np.uint8)


class HasPixels(Protocol):
    """A picture, or a view of one, at the detector's size."""

    @property
    def pixels(self) -> Pictures:
        """(H, W, 3) RGB."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """A picture that was read, or why it cannot be; several views are put together again."""

    picture: Decoded
    stitcher: Stitcher | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """One view of a picture, in the order of pictures and views; of an unreadable one, nothing."""

    of: Opened
    view: View | None
    pixels: Pixels
    alone: bool = False  # the last view of so large a picture that nothing else is held beside it

    @property
    def is_picture(self) -> bool:
        """Whether there is something to score."""
        return isinstance(self.of.picture, Picture)


def next_pieces(pieces: Iterator[Piece], most: int) -> list[Piece]:
    """The next views, at most so many; of a very large picture none of the next are among them.

    So it can be judged, and given up, before the next is read.
    """
    found: list[Piece] = []
    for piece in islice(pieces, most):
        found.append(piece)
        if piece.alone:
            break
    return found


def stacked(pictures: Sequence[HasPixels]) -> Pictures:
    """(B, H, W, 3)."""
    return np.stack([picture.pixels for picture in pictures])


def with_seen(features: Features, viewing: Viewing, views: Sequence[View | None]) -> Features:
    """The features of some views, and which of their patches show anything that counts."""
    if not viewing.masks:
        return features
    assert viewing.grid is not None
    every = np.ones(viewing.grid, np.bool_)
    seen = [every if view is None or view.seen is None else view.seen for view in views]
    rows = torch.from_numpy(np.stack(seen).reshape(len(views), -1))
    place = next(iter(features.tensors.values())).device
    return Features({**features.tensors, SEEN: rows.to(place)})
