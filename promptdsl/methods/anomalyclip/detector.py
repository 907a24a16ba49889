"""The detector of `method anomalyclip`: an image tower with two paths, two learned directions."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.engine.device import Compute
from promptdsl.engine.flops import Flops, count_path_flops
from promptdsl.methods.anomalyclip.encoder import DualPathEncoder
from promptdsl.methods.anomalyclip.prompts import fixed_tokens, text_features
from promptdsl.methods.anomalyclip.scoring import score_features
from promptdsl.methods.anomalyclip.settings import (
    AnomalyclipSettings,
    check_blocks,
)
from promptdsl.methods.shared.checkpoints import load_learned
from promptdsl.methods.shared.clip_detector import ClipDetector, picture_scores, size_of
from promptdsl.methods.shared.settings import read_fields
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.arrays import Array
from promptdsl.scoring.detector import DetectorState, Progress, Words
from promptdsl.scoring.features import Features

TEXT = "text"


@dataclass(frozen=True)
class AnomalyclipDetector(ClipDetector[DualPathEncoder]):
    """Implements `promptdsl.scoring.detector.Detector`."""

    settings: AnomalyclipSettings
    text_2D: Tensor

    @property
    def defects(self) -> tuple[str, ...]:
        """None: the learned prompts know damage, not its kinds."""
        return ()

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture."""
        settings, first = self.settings, self._first
        return count_path_flops(
            self.encoder.tower,
            beside=self.model.config.vision.layers - first + 1,
            beside_read=max(settings.blocks) - first + 1,
            read_outs=len(settings.blocks),
            whole_last=False,
        )

    @property
    def _first(self) -> int:
        return self.settings.first_block(self.model.config.vision.layers)

    def encoding(self) -> Hashable:
        """The blocks of the V-V path and those that are read."""
        settings = self.settings
        return settings.dpam_layer, settings.blocks, settings.position_embedding

    def make_encoder(self) -> DualPathEncoder:
        """Loads the image tower."""
        tower = self.tower(self.settings.position_embedding)
        return DualPathEncoder(tower, self._first, self.settings.blocks)

    def with_words(self, words: Words) -> "AnomalyclipDetector":
        """The same: the prompts are learned."""
        return self

    def score_group(self, features: Features) -> list[PictureScore]:
        """Scores of encoded pictures, at the features' device."""
        found = score_features(features, self.text_2D, self.settings, self.grid, self.size)
        return picture_scores(*found)

    def tensors(self) -> Mapping[str, Tensor]:
        """The two directions."""
        return {TEXT: self.text_2D}


def build_anomalyclip(
    plan: ObjectPlan, spec_folder: Path, compute: Compute, progress: Progress | None
) -> AnomalyclipDetector:
    """Open the model and the learned prompts, and read these with the text tower."""
    settings, model = (
        read_fields(AnomalyclipSettings, plan.method.settings),
        load_model(plan.method, spec_folder),
    )
    learned = load_learned(plan.method, model, spec_folder)
    with torch.inference_mode():
        tower = model.text_tower(compute.device)
        text_2D = text_features(tower, learned.tensors, fixed_tokens(model))
    if progress is not None:
        progress("prompts", 2, 2)
    return assemble_detector(model, settings, compute, text_2D)


def restore_anomalyclip(
    plan: ObjectPlan, state: DetectorState, spec_folder: Path, compute: Compute
) -> AnomalyclipDetector:
    """Take the directions from the state."""
    settings, model = (
        read_fields(AnomalyclipSettings, plan.method.settings),
        load_model(plan.method, spec_folder),
    )
    state.check(model, {TEXT: Array((2, model.config.embed_dim))})
    return assemble_detector(model, settings, compute, state.tensors[TEXT])


def assemble_detector(
    model: ClipModel, settings: AnomalyclipSettings, compute: Compute, text_2D: Tensor
) -> AnomalyclipDetector:
    """A detector out of its parts. SpecProblem for blocks that the model has not."""
    check_blocks(settings, model.config.vision.layers, model.name)
    size = size_of(model, settings.image_size)
    return AnomalyclipDetector(model, compute, size, settings, text_2D.to(compute.device))
