"""Whole pictures through the image tower, block by block, for methods that read its inside.

    x = x + out(attention(ln_1 x));  x = x + mlp(ln_2 x)

A block is taken in pieces, so that a method can use the queries, keys and values in between. Where
only the class token goes on, as in the last block, only its rows are computed.

Shapes: B pictures, N tokens of a picture (class token first), P patches, T = B N tokens, R rows,
C width, D joint width, H heads.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.attention import attend
from promptdsl.clip.tower import Block, VisionTower, picture_tokens
from promptdsl.engine.graphs import (
    DIFFERENT,
    NO_TRITON,
    first_line,
    fused_kernels,
    without_fused,
)
from promptdsl.engine.kernels import PlainKernels
from promptdsl.engine.turns import Turns
from promptdsl.engine.window_encoder import Encoded, join_encoded

# Rows of the matrix products at once: enough to keep the device busy, and a bound on its memory.
MAX_ROWS = {"cpu": 4096, "cuda": 65536}
CLOSE = 0.02  # between fused and plain kernels on normalised rows, in the number type's rounding


@dataclass(frozen=True, slots=True)
class Stream:
    """The residual stream of a batch: (T, C) float32, changed in place."""

    x_TC: Tensor
    pictures: int

    @property
    def tokens(self) -> int:
        """Tokens of one picture."""
        return self.x_TC.shape[0] // self.pictures

    def by_picture(self) -> Tensor:
        """(B, N, C), the same memory."""
        return self.x_TC.view(self.pictures, self.tokens, -1)

    def patches(self) -> Tensor:
        """(B, P, C), the same memory."""
        return self.by_picture()[:, 1:]

    def class_tokens(self) -> Tensor:
        """(B, C), the same memory."""
        return self.by_picture()[:, 0]


class PathEncoder(ABC):
    """Runs a tower and reads its inside; of several threads, one after the other."""

    def __init__(self, tower: VisionTower) -> None:
        self.tower = tower
        self.kernels, self.notes = trusted_kernels(tower)  # work buffers: not for two at once
        self._turns = Turns()

    @property
    def at_once(self) -> int:
        """Pictures that pass together: on the CPU one, whose result no other can change then."""
        kind = self.tower.position.device.type
        return 1 if kind == "cpu" else max(1, MAX_ROWS[kind] // self.tower.position.shape[0])

    def encode(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode uint8 pictures at the tower's size, some at a time."""
        with self._turns.take(pictures_B3HW.device):
            parts = [self.encode_at_once(part) for part in torch.split(pictures_B3HW, self.at_once)]
        return join_encoded(parts)

    @abstractmethod
    def encode_at_once(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode pictures as one batch."""

    def start(self, pictures_B3HW: Tensor) -> Stream:
        """Tokens of uint8 pictures at the tower's size, after `ln_pre`."""
        tokens_BNC = picture_tokens(self.tower, pictures_B3HW)
        return Stream(tokens_BNC.flatten(0, 1), len(pictures_B3HW))

    def qkv(self, block: Block, stream: Stream) -> Tensor:
        """(T, 3C) queries, keys and values of all tokens."""
        y_TC = self.kernels.norm(block.norm_1, stream.x_TC, block.qkv.weight.dtype)
        return self.kernels.linear("qkv", block.qkv, y_TC)

    def class_qkv(self, block: Block, stream: Stream) -> tuple[Tensor, Tensor]:
        """(B, C) queries of the class tokens, (T, 2C) keys and values of all tokens."""
        width = self.tower.width
        y_TC = self.kernels.norm(block.norm_1, stream.x_TC, block.qkv.weight.dtype)
        q_BC = block.qkv.rows(0, width)(y_TC.view(stream.pictures, stream.tokens, -1)[:, 0])
        return q_BC, self.kernels.linear("qkv", block.qkv.rows(width, 3 * width), y_TC)

    def whole_block(self, block: Block, stream: Stream) -> None:
        """All tokens through one block."""
        q, k, v = heads_of(self.qkv(block, stream), stream.pictures, block.heads)
        mixed_TC = self.kernels.buffer("mixed", len(stream.x_TC), self.tower.width, q)
        attend_into(mixed_TC, q, k, v)
        self.kernels.finish_block(block, stream.x_TC, self.kernels.linear("y", block.out, mixed_TC))

    def class_block(self, block: Block, stream: Stream) -> Tensor:
        """(B, C) class tokens after a block of which nothing else is read."""
        q_BC, kv_T2 = self.class_qkv(block, stream)
        k, v = heads_of(kv_T2, stream.pictures, block.heads, parts=2)
        return self.class_rest(block, stream, q_BC, k, v)

    def class_rest(
        self, block: Block, stream: Stream, q_BC: Tensor, k: Tensor, v: Tensor
    ) -> Tensor:
        """(B, C) class tokens after the block, from their queries and all keys and values."""
        q = q_BC.view(stream.pictures, 1, block.heads, -1).transpose(1, 2)
        mixed_BC = F.scaled_dot_product_attention(q, k, v).flatten(1)
        x_BC = stream.class_tokens().clone()
        self.kernels.finish_block(block, x_BC, block.out(mixed_BC))
        return x_BC


def heads_of(rows_TX: Tensor, pictures: int, heads: int, parts: int = 3) -> tuple[Tensor, ...]:
    """Rows that hold `parts` widths side by side, as (B, H, N, C/H) views."""
    view = rows_TX.view(pictures, -1, parts, heads, rows_TX.shape[1] // (parts * heads))
    return tuple(view.permute(2, 0, 3, 1, 4))


def attend_into(out_RC: Tensor, q: Tensor, k: Tensor, v: Tensor) -> None:
    """Attention of (B, H, N, C/H), written to (B N, C) rows."""
    mixed = attend(q, k, v).transpose(1, 2)
    out_RC.view(mixed.shape).copy_(mixed)


def trusted_kernels(tower: VisionTower) -> tuple[PlainKernels, tuple[str, ...]]:
    """Fused kernels on CUDA if they agree with the plain ones on this card, else the plain.

    Second: a sentence that says why they are not used where they could be expected.
    """
    plain = PlainKernels()
    if tower.position.device.type != "cuda":
        return plain, ()
    fused = fused_kernels()
    reason = NO_TRITON if fused is None else _disagreement(fused, plain, tower)
    if fused is None or reason is not None:
        return plain, (without_fused(reason or NO_TRITON),)
    return fused, ()


def _disagreement(fused: PlainKernels, plain: PlainKernels, tower: VisionTower) -> str | None:
    """Why the fused kernels cannot be used here; None where they agree with the plain ones."""
    generator = torch.Generator(tower.position.device).manual_seed(0)
    shape = (64, tower.width)
    rows = torch.randn(shape, generator=generator, device=tower.position.device)
    norm, dtype = tower.blocks[0].norm_2, tower.blocks[0].up.weight.dtype

    def run(kernels: PlainKernels) -> Tensor:
        return kernels.add_norm(rows.clone(), rows.to(dtype), norm, dtype).float()

    try:
        difference = (run(fused) - run(plain)).abs().max()
    except torch.OutOfMemoryError:
        raise
    except Exception as error:  # a missing compiler, an unknown card: the plain kernels work
        return first_line(error)
    close = bool(difference <= CLOSE * norm.weight.abs().max().clamp_min(1))
    return None if close else DIFFERENT


def pixels_on(pictures: npt.NDArray[np.uint8], device: torch.device) -> Tensor:
    """(B, 3, H, W) uint8 on the device, of (B, H, W, 3)."""
    # not ascontiguousarray: a turned array of one picture counts as contiguous
    pixels = torch.from_numpy(pictures.copy() if min(pictures.strides) < 0 else pictures)
    if device.type == "cuda":
        pixels = pixels.pin_memory().to(device, non_blocking=True)
    return pixels.permute(0, 3, 1, 2)
