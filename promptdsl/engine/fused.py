"""Triton kernels for what would otherwise be bound by memory or by launches on CUDA.

- Residual addition and layer normalisation in one pass over the row.
- Attention of many short sequences: as many whole windows as fit share one tile of the matrix
  units, and a block-diagonal mask keeps every window to itself.

Shapes: T tokens of a pack, L tokens of a sequence, C width, H heads.
"""

# mypy: disable-error-code="no-untyped-def,untyped-decorator,attr-defined,no-any-return"
from collections.abc import Sequence

import torch
import triton
import triton.language as tl
from torch import Tensor

from promptdsl.clip.tower import Norm
from promptdsl.engine.kernels import PlainKernels
from promptdsl.engine.packs import Group

TILE = 64  # rows of a tile of the matrix units


@triton.jit
def _add_norm_kernel(
    x, delta, weight, bias, out, width, epsilon, ADD: tl.constexpr, BLOCK: tl.constexpr
):
    row = tl.program_id(0).to(tl.int64) * width
    column = tl.arange(0, BLOCK)
    inside = column < width
    value = tl.load(x + row + column, mask=inside, other=0.0).to(tl.float32)
    if ADD:
        value += tl.load(delta + row + column, mask=inside, other=0.0).to(tl.float32)
        tl.store(x + row + column, value, mask=inside)
    mean = tl.sum(value, axis=0) / width
    centred = tl.where(inside, value - mean, 0.0)
    deviation = tl.sqrt(tl.sum(centred * centred, axis=0) / width + epsilon)
    scale = tl.load(weight + column, mask=inside, other=0.0)
    shift = tl.load(bias + column, mask=inside, other=0.0)
    result = centred / deviation * scale + shift
    tl.store(out + row + column, result.to(out.dtype.element_ty), mask=inside)


@triton.jit
def _attend_kernel(
    qkv,
    out,
    rows,
    width,
    scale,
    LENGTH: tl.constexpr,
    HEAD: tl.constexpr,
    HEAD_BLOCK: tl.constexpr,
    TILE_ROWS: tl.constexpr,
):
    taken: tl.constexpr = (TILE_ROWS // LENGTH) * LENGTH
    row = tl.arange(0, TILE_ROWS)
    place = tl.program_id(0).to(tl.int64) * taken + row
    inside = (row < taken) & (place < rows)
    column = tl.arange(0, HEAD_BLOCK)
    whole = inside[:, None] & (column < HEAD)[None, :]
    source = qkv + place[:, None] * (3 * width) + (tl.program_id(1) * HEAD + column)[None, :]
    q = tl.load(source, mask=whole, other=0.0)
    k = tl.load(source + width, mask=whole, other=0.0)
    v = tl.load(source + 2 * width, mask=whole, other=0.0)
    logits = tl.dot(q, tl.trans(k), input_precision="ieee") * scale
    together = (row[:, None] // LENGTH) == (row[None, :] // LENGTH)
    logits = tl.where(together & inside[None, :], logits, -1.0e30)
    weights = tl.exp(logits - tl.max(logits, axis=1)[:, None])
    weights = weights / tl.sum(weights, axis=1)[:, None]
    mixed = tl.dot(weights.to(v.dtype), v, input_precision="ieee")
    target = out + place[:, None] * width + (tl.program_id(1) * HEAD + column)[None, :]
    tl.store(target, mixed.to(out.dtype.element_ty), mask=whole)


class FusedKernels(PlainKernels):
    """The plain engine's steps with two of them fused."""

    def norm(self, norm: Norm, x_TC: Tensor, dtype: torch.dtype) -> Tensor:
        """One pass over float32 rows, written in the weights' type."""
        return self._add_norm(x_TC, None, norm, dtype)

    def add_norm(self, x_TC: Tensor, delta_TC: Tensor, norm: Norm, dtype: torch.dtype) -> Tensor:
        """Add to the residual stream and normalise the sum in one pass."""
        return self._add_norm(x_TC, delta_TC, norm, dtype)

    def _add_norm(
        self, x_TC: Tensor, delta_TC: Tensor | None, norm: Norm, dtype: torch.dtype
    ) -> Tensor:
        rows, width = x_TC.shape
        out = self.buffer("normed", rows, width, x_TC.new_empty(0, dtype=dtype))
        _add_norm_kernel[(rows,)](
            x_TC,
            x_TC if delta_TC is None else delta_TC,
            norm.weight,
            norm.bias,
            out,
            width,
            norm.epsilon,
            ADD=delta_TC is not None,
            BLOCK=triton.next_power_of_2(width),
            num_warps=4,
        )
        return out

    def attend(self, qkv_T3: Tensor, groups: Sequence[Group], heads: int) -> Tensor:
        """(T, C): long sequences by PyTorch, short ones many to a tile."""
        width = qkv_T3.shape[1] // 3
        out_TC = self.buffer("mixed", qkv_T3.shape[0], width, qkv_T3)
        for group in groups:
            source, target = (rows[group.start : group.stop] for rows in (qkv_T3, out_TC))
            if group.length > TILE:
                self.attend_group(source, target, group, heads)
            else:
                _attend_short(source, target, group, heads)
        return out_TC


def _attend_short(qkv_T3: Tensor, out_TC: Tensor, group: Group, heads: int) -> None:
    width = out_TC.shape[1]
    head = width // heads
    tiles = triton.cdiv(group.count, TILE // group.length)
    _attend_kernel[(tiles, heads)](
        qkv_T3,
        out_TC,
        qkv_T3.shape[0],
        width,
        head**-0.5,
        LENGTH=group.length,
        HEAD=head,
        HEAD_BLOCK=max(16, triton.next_power_of_2(head)),
        TILE_ROWS=TILE,
        num_warps=4,
    )
