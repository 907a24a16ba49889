"""Pictures to the class embedding and the raw patch tokens after each stage.

A stage's tokens are the block's output as it is: no LayerNorm, no projection. After the last stage
only the class token goes on.

Shapes: B pictures, P patches, C width, D joint width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from promptdsl.clip.tower import VisionTower
from promptdsl.engine.image_pass import ImagePass
from promptdsl.engine.turns import Turns


@dataclass(frozen=True, slots=True)
class Encoded:
    """float32; the embedding is not normalised."""

    image_BD: Tensor
    stages_BPC: dict[int, Tensor]  # by block, counted from 1


def join_encoded(parts: Sequence[Encoded]) -> Encoded:
    """The pictures of all parts, in order."""
    if len(parts) == 1:
        return parts[0]
    return Encoded(
        torch.cat([part.image_BD for part in parts]),
        {
            stage: torch.cat([part.stages_BPC[stage] for part in parts])
            for stage in parts[0].stages_BPC
        },
    )


class StageEncoder:
    """Runs a tower and keeps the tokens of its stages; of several threads, one after the other."""

    def __init__(self, tower: VisionTower, stages: tuple[int, ...], max_rows: int) -> None:
        self.tower = tower
        self.stages = frozenset(stages)
        self.max_rows = max_rows
        self.image_pass = ImagePass(tower)
        self._turns = Turns()

    def encode(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode uint8 pictures at the tower's size, some at a time."""
        at_once = self.image_pass.at_once(self.max_rows)
        with self._turns.take(pictures_B3HW.device):
            parts = [self.encode_at_once(part) for part in torch.split(pictures_B3HW, at_once)]
        return join_encoded(parts)

    @torch.inference_mode()
    def encode_at_once(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode pictures as one batch."""
        run, tower = self.image_pass, self.tower
        stream = run.start(pictures_B3HW)
        found: dict[int, Tensor] = {}
        class_BC = stream.class_tokens()
        for number, block in enumerate(tower.blocks, start=1):
            if number == len(tower.blocks) and number not in self.stages:
                class_BC = run.class_block(block, stream)
                break
            run.whole_block(block, stream)
            if number in self.stages:
                found[number] = stream.patches().clone()
        return Encoded(tower.norm_post(class_BC) @ tower.projection, found)
