"""The detector of `method anomalyclip`: an image tower with two paths, two learned directions."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.engine.device import Compute
from promptdsl.engine.flops import Flops
from promptdsl.engine.image_pass import MAX_ROWS, pixels_on
from promptdsl.engine.path_flops import count_path_flops
from promptdsl.engine.shared_encoders import SharedEncoders
from promptdsl.methods.anomalyclip.arrays import TEXT, state_arrays
from promptdsl.methods.anomalyclip.encoder import DualPathEncoder
from promptdsl.methods.anomalyclip.prompts import fixed_tokens, prompts_of, text_features
from promptdsl.methods.anomalyclip.scoring import (
    IMAGE,
    block_name,
    picture_scores,
    score_features,
)
from promptdsl.methods.anomalyclip.settings import (
    AnomalyclipSettings,
    check_blocks,
    read_settings,
)
from promptdsl.methods.shared.checkpoints import load_learned
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import DetectorState, Pictures, Progress
from promptdsl.scoring.features import Features, score_steadily

_encoders: SharedEncoders[DualPathEncoder] = SharedEncoders()


@dataclass(frozen=True)
class AnomalyclipDetector:
    """Implements `promptdsl.scoring.detector.Detector`."""

    size: tuple[int, int]
    weights_sha256: str
    compute: Compute
    settings: AnomalyclipSettings
    encoder: DualPathEncoder
    text_2D: Tensor

    @property
    def defects(self) -> tuple[str, ...]:
        """None: the learned prompts know damage, not its kinds."""
        return ()

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture."""
        layers, settings = len(self.encoder.tower.blocks), self.settings
        first = settings.first_block(layers)
        return count_path_flops(
            self.encoder.tower,
            beside=layers - first + 1,
            beside_read=max(settings.blocks) - first + 1,
            read_outs=len(settings.blocks),
            whole_last=False,
        )

    @property
    def engine_notes(self) -> tuple[str, ...]:
        """What the engine does without on this machine."""
        return self.encoder.image_pass.notes

    def encode(self, pictures: Pictures) -> Features:
        """Embeddings of (B, H, W, 3) uint8 RGB pictures, on the device."""
        encoded = self.encoder.encode(pixels_on(pictures, self.compute.device))
        local = {block_name(block): rows for block, rows in encoded.patches_BPD.items()}
        return Features({IMAGE: encoded.image_BD, **local})

    def score(self, features: Features) -> list[PictureScore]:
        """Scores of pictures that have been encoded, here or elsewhere."""
        return score_steadily(features, self.compute.device, self._score)

    def inspect(self, pictures: Pictures) -> list[PictureScore]:
        """Scores of (B, H, W, 3) uint8 RGB pictures."""
        return self.score(self.encode(pictures))

    def _score(self, features: Features) -> list[PictureScore]:
        grid, size = self.encoder.tower.grid, self.size
        return picture_scores(*score_features(features, self.text_2D, self.settings, grid, size))

    def state(self) -> DetectorState:
        """The two directions; settings are in the plan."""
        return DetectorState(self.weights_sha256, {TEXT: self.text_2D.cpu()})


def build_anomalyclip(
    plan: ObjectPlan, spec_folder: Path, compute: Compute, progress: Progress | None
) -> AnomalyclipDetector:
    """Load the model and the learned prompts, and read these with the text tower."""
    settings, model = read_settings(plan.method.settings), load_model(plan.method, spec_folder)
    builtin = plan.method.model_kind == "builtin"
    learned = load_learned("anomalyclip", settings.weights, model, builtin, spec_folder)
    with torch.inference_mode():
        prompts = prompts_of(dict(learned.tensors)).to(compute.device)
        text_2D = text_features(model.text_tower(compute.device), prompts, fixed_tokens(model))
    if progress is not None:
        progress("prompts", 2, 2)
    return assemble_detector(model, settings, compute, text_2D)


def restore_anomalyclip(
    plan: ObjectPlan, state: DetectorState, spec_folder: Path, compute: Compute
) -> AnomalyclipDetector:
    """Take the directions from the state; load only the image tower."""
    settings, model = read_settings(plan.method.settings), load_model(plan.method, spec_folder)
    state.check(model, state_arrays(model.config))
    return assemble_detector(model, settings, compute, state.tensors[TEXT])


def assemble_detector(
    model: ClipModel, settings: AnomalyclipSettings, compute: Compute, text_2D: Tensor
) -> AnomalyclipDetector:
    """A detector out of its parts."""
    encoder = find_encoder(model, settings, compute)
    return AnomalyclipDetector(
        encoder.tower.image_size,
        model.weights_sha256,
        compute,
        settings,
        encoder,
        text_2D.to(compute.device),
    )


def find_encoder(
    model: ClipModel, settings: AnomalyclipSettings, compute: Compute
) -> DualPathEncoder:
    """An encoder, the same for all objects that differ only in their prompts."""
    layers, side = model.config.vision.layers, settings.image_size
    check_blocks(settings, layers, model.name)
    shape = (settings.dpam_layer, settings.blocks, settings.position_embedding, side)
    key = (model.identity, shape, str(compute))

    def make() -> DualPathEncoder:
        tower = model.vision_tower(
            (side, side) if side else None,
            resize=settings.position_embedding,
            device=compute.device,
            dtype=compute.dtype,
        )
        rows = MAX_ROWS[compute.device.type]
        return DualPathEncoder(tower, settings.first_block(layers), settings.blocks, rows)

    return _encoders.find(key, make)
