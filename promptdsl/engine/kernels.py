"""The steps between the matrix products, in plain PyTorch, into buffers that are used again.

Fresh memory for every large product would cost more than the work on it: the system has to hand out
and clear each page. The residual stream is float32 also when the weights are bfloat16.

Shapes: R source rows, T tokens of a pack, S sequences, L tokens of a sequence, C width, H heads.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.attention import attend
from promptdsl.clip.tower import Block, Linear, Norm, activate_
from promptdsl.engine.packs import Group


class PlainKernels:
    """The reference implementation, and the one for the CPU; `FusedKernels` builds on it."""

    def __init__(self) -> None:
        self._buffers: dict[str, Tensor] = {}

    def buffer(self, name: str, rows: int, columns: int, like: Tensor) -> Tensor:
        """A work buffer; the next one of that name takes its place."""
        size = rows * columns
        held = self._buffers.get(name)
        if held is None or held.numel() < size or held.dtype != like.dtype:
            self._buffers.pop(name, None)  # give back before taking more
            held = like.new_empty(size)
            self._buffers[name] = held
        return held[:size].view(rows, columns)

    def gather(self, name: str, source_R: Tensor, rows_T: Tensor) -> Tensor:
        """Rows of `source_R`, in order."""
        out = self.buffer(name, len(rows_T), source_R.shape[1], source_R)
        return torch.index_select(source_R, 0, rows_T, out=out)

    def linear(self, name: str, layer: Linear, x_TC: Tensor) -> Tensor:
        """The layer's output in the buffer of that name."""
        return layer(x_TC, out=self.buffer(name, x_TC.shape[0], layer.weight.shape[0], x_TC))

    def norm(self, norm: Norm, x_TC: Tensor, dtype: torch.dtype) -> Tensor:
        """Normalised in float32, handed on in the weights' type."""
        return norm(x_TC).to(dtype)

    def add(self, x_TC: Tensor, delta_TC: Tensor) -> None:
        """Add to the residual stream."""
        x_TC.add_(delta_TC)

    def add_norm(self, x_TC: Tensor, delta_TC: Tensor, norm: Norm, dtype: torch.dtype) -> Tensor:
        """Add to the residual stream and normalise the sum."""
        self.add(x_TC, delta_TC)
        return self.norm(norm, x_TC, dtype)

    def activate(self, block: Block, hidden_TM: Tensor) -> Tensor:
        """The MLP's activation, in place."""
        return activate_(block, hidden_TM)

    def finish_block(self, block: Block, x_TC: Tensor, delta_TC: Tensor) -> None:
        """Add what attention gave to the residual stream, then the MLP's part."""
        y_TC = self.add_norm(x_TC, delta_TC, block.norm_2, block.up.weight.dtype)
        hidden = self.activate(block, self.linear("hidden", block.up, y_TC))
        self.add(x_TC, self.linear("y", block.down, hidden))

    def attend(self, qkv_T3: Tensor, groups: Sequence[Group], heads: int) -> Tensor:
        """(T, C): every sequence attends to itself alone."""
        width = qkv_T3.shape[1] // 3
        out_TC = self.buffer("mixed", qkv_T3.shape[0], width, qkv_T3)
        for group in groups:
            source, target = (rows[group.start : group.stop] for rows in (qkv_T3, out_TC))
            self.attend_group(source, target, group, heads)
        return out_TC

    def attend_group(self, qkv_T3: Tensor, out_TC: Tensor, group: Group, heads: int) -> None:
        """The sequences of one group, as one batch."""
        shape = (group.count, group.length, 3, heads, out_TC.shape[1] // heads)
        q, k, v = qkv_T3.view(shape).permute(2, 0, 3, 1, 4)
        mixed = attend(q, k, v).transpose(1, 2)
        out_TC.view(mixed.shape).copy_(mixed)

    def attend_class(
        self, q_SC: Tensor, kv_T2: Tensor, groups: Sequence[Group], heads: int
    ) -> Tensor:
        """(S, C): the class token of every sequence attends to its sequence."""
        width = q_SC.shape[1]
        mixed, done = [], 0
        for group in groups:
            shape = (group.count, group.length, 2, heads, width // heads)
            rows = kv_T2[group.start : group.stop]
            k, v = rows.reshape(shape).permute(2, 0, 3, 1, 4)
            q = q_SC[done : done + group.count].view(group.count, 1, heads, -1).transpose(1, 2)
            mixed.append(F.scaled_dot_product_attention(q, k, v).flatten(1))
            done += group.count
        return torch.cat(mixed)
