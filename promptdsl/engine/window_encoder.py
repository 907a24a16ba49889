"""The packed window engine: pictures to embeddings of the picture, its windows and its patches.

A window keeps the class token and its patch tokens, each with its original position embedding; then
`ln_pre`, the transformer, `ln_post` of the class token and the projection. What is computed once
although many windows share it, and what is left out because nothing reads it, is exact:

- patch embedding, `ln_pre` and the first block's `ln_1` and query, key and value of each token;
- in the last block, query, output projection and MLP of all tokens but the class tokens.

Shapes: B pictures, N tokens of a picture (class token first), P patches, T tokens of a pack,
S sequences of a pack, C width, D joint width.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from promptdsl.clip.tower import Block, VisionTower, picture_tokens
from promptdsl.engine.kernels import PlainKernels
from promptdsl.engine.packs import IMAGE, Pack, make_packs
from promptdsl.engine.turns import Turns

WHOLE, PATCHES = "image", "patches"  # beside the windows' own names
Encoded = dict[str, Tensor]  # float32 embeddings by name, not normalised; patches not projected


def join_encoded(parts: Sequence[Encoded]) -> Encoded:
    """The pictures of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


class WindowEncoder:
    """Runs a tower over packs of windows.

    `encode` is for several threads, one after the other; all else is for one thread at a time,
    because the work buffers are used again.
    """

    def __init__(
        self,
        tower: VisionTower,
        windows: Mapping[str, Tensor],
        *,
        patches: bool,
        max_rows: int,
        kernels: PlainKernels | None = None,
    ) -> None:
        """`windows` are (W, K) patch numbers by name; `max_rows` bounds the memory."""
        self.tower = tower
        self.windows = windows
        self.patches = patches
        self.max_rows = max_rows
        self.kernels = kernels or PlainKernels()
        self._packs: dict[int, tuple[Pack, ...]] = {}
        self._turns = Turns()

    @property
    def rows_per_picture(self) -> int:
        """Tokens that pass the tower for one picture."""
        return self.tower.position.shape[0] + sum(
            patches.shape[0] * (patches.shape[1] + 1) for patches in self.windows.values()
        )

    @property
    def notes(self) -> tuple[str, ...]:
        """Nothing is missing on the CPU."""
        return ()

    @property
    def at_once(self) -> int:
        """Pictures that share packs: on the CPU one, whose result no other can change then."""
        if self.tower.position.device.type == "cpu":
            return 1
        return max(1, self.max_rows // self.rows_per_picture)

    def encode(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode uint8 pictures at the tower's size, some at a time."""
        with self._turns.take(pictures_B3HW.device):
            parts = [self.encode_at_once(part) for part in torch.split(pictures_B3HW, self.at_once)]
        return join_encoded(parts)

    @torch.inference_mode()
    def encode_at_once(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode pictures that share packs."""
        batch = pictures_B3HW.shape[0]
        x_RC = picture_tokens(self.tower, pictures_B3HW).flatten(0, 1)
        qkv_R3 = self.tower.blocks[0].qkv(self._normed(self.tower.blocks[0], x_RC))
        classes: dict[int, list[Tensor]] = {}
        patches = []
        for pack in self.packs(batch):
            class_SC, all_TC = self._run(pack, x_RC, qkv_R3)
            sizes = [group.count for group in pack.groups]
            for group, rows in zip(pack.groups, torch.split(class_SC, sizes), strict=True):
                classes.setdefault(group.scale, []).append(rows)
            if pack.keep_patches:
                patches.append(self.tower.norm_post(all_TC).view(-1, *self._picture_shape)[:, 1:])
        found = {WHOLE: self._project(classes[IMAGE])}
        for scale, name in enumerate(self.windows):
            rows_SD = self._project(classes[scale])
            found[name] = rows_SD.view(batch, -1, self.tower.projection.shape[1])
        return found | ({PATCHES: torch.cat(patches)} if patches else {})

    def packs(self, batch: int) -> tuple[Pack, ...]:
        """The packs of a batch size; made once."""
        if batch not in self._packs:
            self._packs[batch] = make_packs(
                batch,
                self.tower.position.shape[0],
                tuple(self.windows.values()),
                patches=self.patches,
                max_rows=self.max_rows,
                device=self.tower.position.device,
            )
        return self._packs[batch]

    @property
    def _picture_shape(self) -> torch.Size:
        return self.tower.position.shape

    def _normed(self, block: Block, x_RC: Tensor) -> Tensor:
        return self.kernels.norm(block.norm_1, x_RC, block.qkv.weight.dtype)

    def _run(self, pack: Pack, x_RC: Tensor, qkv_R3: Tensor) -> tuple[Tensor, Tensor]:
        """(S, C) class tokens, and all (T, C) where the pack keeps patches."""
        kernels, blocks = self.kernels, self.tower.blocks
        x_TC = kernels.gather("x", x_RC, pack.rows_T)
        qkv: Tensor | None = kernels.gather("qkv", qkv_R3, pack.rows_T)
        whole = len(blocks) if pack.keep_patches else len(blocks) - 1
        for block in blocks[:whole]:
            if qkv is None:
                y_TC = kernels.norm(block.norm_1, x_TC, block.qkv.weight.dtype)
                qkv = kernels.linear("qkv", block.qkv, y_TC)
            mixed_TC = kernels.attend(qkv, pack.groups, block.heads)
            kernels.finish_block(block, x_TC, kernels.linear("y", block.out, mixed_TC))
            qkv = None
        if not pack.keep_patches:
            return self._last(blocks[-1], pack, x_TC, qkv), x_TC
        return x_TC[pack.class_rows], x_TC

    def _last(self, block: Block, pack: Pack, x_TC: Tensor, qkv: Tensor | None) -> Tensor:
        """The last block, of which only the class tokens are read."""
        kernels, width = self.kernels, self.tower.width
        if qkv is None:
            y_TC = kernels.norm(block.norm_1, x_TC, block.qkv.weight.dtype)
            q_SC = block.qkv.rows(0, width)(y_TC[pack.class_rows])
            kv_T2 = kernels.linear("qkv", block.qkv.rows(width, 3 * width), y_TC)
        else:
            q_SC, kv_T2 = qkv[pack.class_rows, :width], qkv[:, width:]
        mixed_SC = kernels.attend_class(q_SC, kv_T2, pack.groups, block.heads)
        x_SC = x_TC[pack.class_rows]
        y_SC = kernels.add_norm(x_SC, block.out(mixed_SC), block.norm_2, block.up.weight.dtype)
        return x_SC.add_(block.down(kernels.activate(block, block.up(y_SC))))

    def _project(self, class_SC: list[Tensor]) -> Tensor:
        """(S, D) embeddings, in float32 whatever the tower's type."""
        return self.tower.norm_post(torch.cat(class_SC).float()) @ self.tower.projection
