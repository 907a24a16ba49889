"""AnomalyCLIP's learner: two contexts and the deep tokens of the text tower, over frozen features.

    loss = cross-entropy(picture) + 4 sum over blocks of focal + dice(defect) + dice(rest)

Shapes: B pictures, P patches, D joint width, H and W pixels.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from promptdsl.clip.tower import TextTower
from promptdsl.methods.anomalyclip.detector import AnomalyclipDetector, assemble_detector
from promptdsl.methods.anomalyclip.learned import ANOMALOUS, DEEP, NORMAL
from promptdsl.methods.anomalyclip.prompts import fixed_tokens, text_features
from promptdsl.methods.anomalyclip.scoring import block_name, log_odds
from promptdsl.methods.anomalyclip.settings import AnomalyclipSettings
from promptdsl.methods.shared.learners import Batch, Ground, Learner
from promptdsl.methods.shared.losses import cross_entropy, dice, focal
from promptdsl.methods.shared.map_pixels import to_pixels
from promptdsl.methods.shared.settings import read_fields
from promptdsl.scoring.arrays import numbered
from promptdsl.scoring.features import IMAGE

CONTEXT, DEPTH, DEEP_TOKENS = 12, 9, 4  # the published sizes
SPREAD = 0.02
PIXELS_WEIGHT = 4.0


@dataclass(frozen=True)
class AnomalyclipLearner(Learner):
    """Learns the two prompts."""

    untrained: AnomalyclipDetector
    chosen: AnomalyclipSettings
    text: TextTower

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the prompts belong to."""
        return {
            "blocks": list(self.chosen.blocks),
            "dpam_layer": self.chosen.dpam_layer,
            "image_size": self.size[0],
            "position_embedding": self.chosen.position_embedding,
            "temperature": self.chosen.temperature,
            "n_ctx": CONTEXT,
            "depth": 1 + numbered(self.parameters, DEEP),
            "t_n_ctx": DEEP_TOKENS,
        }

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Of a batch, by name."""
        text_2D, temperature = self._text(), self.chosen.temperature
        image_B = log_odds(batch.features[IMAGE], text_2D, temperature)
        found = {"image": cross_entropy(image_B, batch.defective_B)}
        parts: dict[str, list[Tensor]] = {"focal": [], "dice": []}
        for block in self.chosen.blocks:
            odds_BP = log_odds(batch.features[block_name(block)], text_2D, temperature)
            grid_BGG = odds_BP.sigmoid().view(-1, *self.untrained.grid)
            p_BHW = to_pixels(grid_BGG, self.size, align_corners=False)
            parts["focal"].append(focal(p_BHW, batch.mask_BHW))
            parts["dice"].append(dice(p_BHW, batch.mask_BHW) + dice(1 - p_BHW, 1 - batch.mask_BHW))
        return found | {n: PIXELS_WEIGHT * torch.stack(each).sum() for n, each in parts.items()}

    def detector(self, category: str) -> AnomalyclipDetector:
        """The same for every category: the prompts speak of any object."""
        with torch.no_grad():
            text_2D = self._text()
        return assemble_detector(self.ground.model, self.chosen, self.ground.compute, text_2D)

    def _text(self) -> Tensor:
        compute, ids = self.ground.compute, fixed_tokens(self.ground.model)
        cuda = compute.device.type == "cuda" and compute.dtype == torch.bfloat16
        with torch.autocast("cuda", torch.bfloat16) if cuda else nullcontext():
            return text_features(self.text, self.parameters, ids).float()


def start_anomalyclip(ground: Ground) -> AnomalyclipLearner:
    """A learner before its first step."""
    model, place = ground.model, ground.compute.device
    settings = read_fields(AnomalyclipSettings, ground.plan.settings)
    dice_of = torch.Generator().manual_seed(ground.seed)
    width, layers = model.config.text.width, model.config.text.layers

    def drawn(rows: int) -> Tensor:
        values = torch.randn(rows, width, generator=dice_of) * SPREAD
        return values.to(place).requires_grad_()

    parameters = {NORMAL: drawn(CONTEXT), ANOMALOUS: drawn(CONTEXT)}
    for number in range(min(DEPTH, layers) - 1):
        parameters[f"{DEEP}{number}"] = drawn(DEEP_TOKENS)
    nothing = torch.zeros(2, model.config.embed_dim)
    untrained = assemble_detector(model, settings, ground.compute, nothing)
    return AnomalyclipLearner(ground, untrained, parameters, settings, model.text_tower(place))
