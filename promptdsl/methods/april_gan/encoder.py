"""Pictures to the class embedding and the raw patch tokens after each stage.

A stage's tokens are the block's output as it is: no LayerNorm, no projection. After the last stage
only the class token goes on.

Shapes: B pictures, P patches, C width, D joint width.
"""

import torch
from torch import Tensor

from promptdsl.clip.tower import VisionTower
from promptdsl.engine.image_pass import PathEncoder
from promptdsl.engine.window_encoder import Encoded
from promptdsl.methods.april_gan.scoring import stage_name
from promptdsl.scoring.features import IMAGE


class StageEncoder(PathEncoder):
    """Runs a tower and keeps the tokens of its stages."""

    def __init__(self, tower: VisionTower, stages: tuple[int, ...]) -> None:
        super().__init__(tower)
        self.stages = frozenset(stages)

    @torch.inference_mode()
    def encode_at_once(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode pictures as one batch."""
        tower = self.tower
        stream = self.start(pictures_B3HW)
        found: Encoded = {}
        class_BC = stream.class_tokens()
        for number, block in enumerate(tower.blocks, start=1):
            if number == len(tower.blocks) and number not in self.stages:
                class_BC = self.class_block(block, stream)
                break
            self.whole_block(block, stream)
            if number in self.stages:
                found[stage_name(number)] = stream.patches().clone()
        return {IMAGE: tower.norm_post(class_BC) @ tower.projection, **found}
