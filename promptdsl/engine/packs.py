"""How the sequences of pictures are packed into matrix products of bounded size.

A sequence is a class token and some patch tokens: of the whole picture, or of one window. All
sequences of a pack share the linear layers; attention runs group by group, where the sequences of a
group have one length, and never across sequences.

Shapes: B pictures, N tokens of a picture (class token first), W windows, L tokens of a sequence,
S sequences of a group, T tokens of a pack.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

IMAGE = -1


@dataclass(frozen=True, slots=True)
class Group:
    """Sequences of one length: rows `start` to `stop` of the pack."""

    scale: int  # index of the window size, or IMAGE
    count: int
    length: int
    start: int

    @property
    def stop(self) -> int:
        """One past the last row."""
        return self.start + self.count * self.length


@dataclass(frozen=True, slots=True)
class Pack:
    """One run through the tower. `rows_T` points into the tokens of all pictures, (B * N)."""

    groups: tuple[Group, ...]
    rows_T: Tensor
    class_rows: Tensor  # where in the pack each sequence's class token is
    keep_patches: bool

    @property
    def tokens(self) -> int:
        """Rows of the matrix products."""
        return int(self.rows_T.shape[0])


def make_packs(
    batch: int,
    tokens: int,
    windows: Sequence[Tensor],
    *,
    patches: bool,
    max_rows: int,
    device: torch.device,
) -> tuple[Pack, ...]:
    """Packs for a batch of pictures with `tokens` tokens each; `windows` are (W, K) patch numbers.

    With `patches`, whole pictures go apart, because all of their tokens pass the last block.
    """
    first = torch.arange(batch).mul(tokens).view(batch, 1, 1)
    images = [(IMAGE, (first + torch.arange(tokens)).view(batch, tokens))]
    cut = [(scale, _sequences(first, patches_WK)) for scale, patches_WK in enumerate(windows)]
    if patches:
        parts = [*_fill(images, max_rows, True), *_fill(cut, max_rows, False)]
    else:
        parts = list(_fill(images + cut, max_rows, False))
    return tuple(_pack(part, keep, device) for part, keep in parts)


def _sequences(first_B11: Tensor, patches_WK: Tensor) -> Tensor:
    """(B * W, 1 + K) rows of the class token and of the window's patches."""
    with_class = torch.cat([torch.zeros_like(patches_WK[:, :1]), patches_WK + 1], dim=1)
    return (first_B11 + with_class).flatten(0, 1)


Part = list[tuple[int, Tensor]]


def _fill(sequences: Part, max_rows: int, keep: bool) -> Iterator[tuple[Part, bool]]:
    """Cut the sequences into parts of at most `max_rows` rows (or of one sequence)."""
    part: Part = []
    room = max_rows
    for scale, rows_SL in sequences:
        while len(rows_SL):
            fits = room // rows_SL.shape[1]
            if not fits and part:
                yield part, keep
                part, room = [], max_rows
                continue
            taken, rows_SL = rows_SL[: max(1, fits)], rows_SL[max(1, fits) :]
            part.append((scale, taken))
            room -= taken.numel()
    if part:
        yield part, keep


def _pack(part: Part, keep: bool, device: torch.device) -> Pack:
    groups, class_rows, start = [], [], 0
    for scale, rows_SL in part:
        count, length = rows_SL.shape
        groups.append(Group(scale, count, length, start))
        class_rows.append(start + torch.arange(count) * length)
        start += count * length
    rows_T = torch.cat([rows_SL.flatten() for _, rows_SL in part])
    return Pack(tuple(groups), rows_T.to(device), torch.cat(class_rows).to(device), keep)
