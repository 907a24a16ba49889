"""APRIL-GAN's learner: one linear layer for each stage, over frozen patch tokens.

    loss = sum over stages of focal + dice(defect)

Shapes: B pictures, P patches, S stages, C tower width, D joint width, H and W pixels.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.methods.april_gan.detector import AprilGanDetector, assemble_detector, layers_of
from promptdsl.methods.april_gan.scoring import Adapters, stage_name
from promptdsl.methods.april_gan.settings import AprilGanSettings
from promptdsl.methods.shared.learners import Batch, Ground, Learner
from promptdsl.methods.shared.losses import dice, focal
from promptdsl.methods.shared.map_pixels import to_pixels
from promptdsl.methods.shared.settings import read_fields
from promptdsl.methods.shared.words import Directions, embed_words


@dataclass(frozen=True)
class AprilGanLearner(Learner):
    """Learns the layers. `words` are the directions of each category."""

    untrained: AprilGanDetector
    chosen: AprilGanSettings
    words: Mapping[str, Directions]

    @property
    def settings(self) -> Mapping[str, Any]:
        """What the layers belong to."""
        return {
            "stages": list(self.chosen.stages),
            "averaging": self.chosen.averaging,
            "image_size": self.size[0],
            "position_embedding": self.chosen.position_embedding,
            "temperature": self.chosen.temperature,
        }

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Of a batch, by name."""
        difference_BD = torch.stack([self._difference(name) for name in batch.categories])
        parts: dict[str, list[Tensor]] = {"focal": [], "dice": []}
        for number, stage in enumerate(self.chosen.stages):
            odds_BP = adapted_odds(
                batch.features[stage_name(stage)],
                self.parameters[f"stage.{number}.weight"],
                self.parameters[f"stage.{number}.bias"],
                difference_BD,
                self.chosen.temperature,
            )
            grid_BGG = odds_BP.view(-1, *self.untrained.grid)
            p_BHW = to_pixels(grid_BGG, self.size, align_corners=True).sigmoid()
            parts["focal"].append(focal(p_BHW, batch.mask_BHW))
            parts["dice"].append(dice(p_BHW, batch.mask_BHW))
        return {name: torch.stack(each).sum() for name, each in parts.items()}

    def detector(self, category: str) -> AprilGanDetector:
        """With the words of the category."""
        with torch.no_grad():
            adapters = layers_of(self.parameters, len(self.chosen.stages))
        model, compute, words = self.ground.model, self.ground.compute, self.words[category]
        return assemble_detector(model, self.chosen, compute, words, adapters)

    def _difference(self, category: str) -> Tensor:
        words = self.words[category]
        return words.anomalous_MD[0] - words.normal_ND[0]


def adapted_odds(
    x_BPC: Tensor, weight_DC: Tensor, bias_D: Tensor, difference_BD: Tensor, temperature: float
) -> Tensor:
    """(B, P) as the detector's `stage_log_odds`, with words of their own for each picture."""
    adapted_BPD = F.normalize(F.linear(x_BPC, weight_DC, bias_D).float(), dim=-1)
    odds_BP: Tensor = torch.bmm(adapted_BPD, difference_BD[:, :, None]).squeeze(-1) / temperature
    return odds_BP


def start_april_gan(ground: Ground) -> AprilGanLearner:
    """A learner before its first step; layers begin as PyTorch's linear layers do."""
    model, settings = ground.model, read_fields(AprilGanSettings, ground.plan.settings)
    words = {
        name: embed_words(model, prompts, ground.compute, settings.averaging)
        for name, prompts in ground.words.items()
    }
    chance = torch.Generator().manual_seed(ground.seed)
    width, joint, count = model.config.vision.width, model.config.embed_dim, len(settings.stages)
    bound: float = width**-0.5

    def drawn(*shape: int) -> Tensor:
        values = (torch.rand(*shape, generator=chance) * 2 - 1) * bound
        return values.to(ground.compute.device).requires_grad_()

    parameters = {}
    for number in range(count):
        parameters[f"stage.{number}.weight"] = drawn(joint, width)
        parameters[f"stage.{number}.bias"] = drawn(joint)
    empty = Adapters(torch.zeros(count, joint, width), torch.zeros(count, joint))
    some = next(iter(words.values()))
    untrained = assemble_detector(model, settings, ground.compute, some, empty)
    return AprilGanLearner(ground, untrained, parameters, settings, words)
