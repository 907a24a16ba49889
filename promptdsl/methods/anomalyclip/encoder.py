"""Pictures to a global embedding and local ones, both paths of the last blocks in one pass.

In the last `dpam_layer - 1` blocks a second stream z runs beside the usual x:

    z = z + out(softmax(V V^T / sqrt(d)) V),   V from ln_1(x)

It starts as a copy of x, has no MLP, and nothing flows back from it. What both paths share is
computed once: query, key and value as one product, and the output projection of both as one product
over the rows of both. The class token's row of z is read by nobody and is left out; in the last
block the usual path needs nothing but its class token.

Local embeddings are `proj(ln_post(z))` of the patches after the chosen blocks; the global one is
`proj(x)` of the class token, without `ln_post`: the published prompts were trained so.

Shapes: B pictures, N tokens, P patches, T = B N, C width, D joint width, H heads.
"""

import torch
from torch import Tensor

from promptdsl.clip.tower import Block, VisionTower
from promptdsl.engine.image_pass import PathEncoder, Stream, attend_into, heads_of
from promptdsl.engine.window_encoder import Encoded
from promptdsl.methods.anomalyclip.scoring import block_name
from promptdsl.scoring.features import IMAGE


class DualPathEncoder(PathEncoder):
    """Runs a tower with the V-V path."""

    def __init__(self, tower: VisionTower, first: int, blocks: tuple[int, ...]) -> None:
        """`first` is the first block with a V-V path, `blocks` those whose output is read."""
        super().__init__(tower)
        self.first = first
        self.blocks = frozenset(blocks)

    @torch.inference_mode()
    def encode_at_once(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode pictures as one batch."""
        stream = self.start(pictures_B3HW)
        layers, last = len(self.tower.blocks), max(self.blocks)
        local_BPC: Tensor | None = None
        found: Encoded = {}
        class_BC = stream.class_tokens()
        for number, block in enumerate(self.tower.blocks, start=1):
            if number == self.first:
                # A single picture's patches are contiguous already: without a copy, adding to
                # one stream would change the other.
                local_BPC = stream.patches().clone(memory_format=torch.contiguous_format)
            beside = local_BPC if number <= last else None
            if number == layers:
                class_BC = self._last_block(block, stream, beside)
            elif beside is None:
                self.whole_block(block, stream)
            else:
                self._dual_block(block, stream, beside)
            if beside is not None and number in self.blocks:
                found[block_name(number)] = self._project(beside)
        return {IMAGE: class_BC.float() @ self.tower.projection, **found}

    def _dual_block(self, block: Block, stream: Stream, local_BPC: Tensor) -> None:
        """Both paths; their output projection is one product over (T + B P) rows."""
        all_rows = len(stream.x_TC)
        q, k, v = heads_of(self.qkv(block, stream), stream.pictures, block.heads)
        rows = all_rows + local_BPC.shape[0] * local_BPC.shape[1]
        mixed = self.kernels.buffer("mixed", rows, self.tower.width, q)
        attend_into(mixed[:all_rows], q, k, v)
        attend_into(mixed[all_rows:], v[:, :, 1:], v, v)
        both = self.kernels.linear("both", block.out, mixed)
        local_BPC.add_(both[all_rows:].view_as(local_BPC))
        self.kernels.finish_block(block, stream.x_TC, both[:all_rows])

    def _last_block(self, block: Block, stream: Stream, local_BPC: Tensor | None) -> Tensor:
        """(B, C) class tokens; the V-V path goes on where it is read."""
        q_BC, kv_T2 = self.class_qkv(block, stream)
        k, v = heads_of(kv_T2, stream.pictures, block.heads, parts=2)
        if local_BPC is not None:
            rows = local_BPC.shape[0] * local_BPC.shape[1]
            mixed = self.kernels.buffer("mixed", rows, self.tower.width, q_BC)
            attend_into(mixed, v[:, :, 1:], v, v)
            local_BPC.add_(self.kernels.linear("both", block.out, mixed).view_as(local_BPC))
        return self.class_rest(block, stream, q_BC, k, v)

    def _project(self, local_BPC: Tensor) -> Tensor:
        return self.tower.norm_post(local_BPC) @ self.tower.projection
