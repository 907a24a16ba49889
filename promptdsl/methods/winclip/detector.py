"""The detector of `method winclip`: an image tower, directions of the words, perhaps references."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.clip.text import embed_prompts
from promptdsl.engine.device import Compute
from promptdsl.engine.flops import Flops, count_flops
from promptdsl.engine.graphs import GraphedEncoder
from promptdsl.engine.image_pass import MAX_ROWS, pixels_on
from promptdsl.engine.shared_encoders import SharedEncoders
from promptdsl.engine.window_encoder import Encoded, WindowEncoder
from promptdsl.methods.shared.reference_pictures import read_reference
from promptdsl.methods.shared.reference_pictures import reference_files as drawn_files
from promptdsl.methods.shared.words import Directions, find_directions
from promptdsl.methods.winclip.arrays import (
    MEMORY,
    direction_tensors,
    read_directions,
    state_arrays,
)
from promptdsl.methods.winclip.references import References, remember
from promptdsl.methods.winclip.scoring import IMAGE, PATCHES, picture_scores, score_features
from promptdsl.methods.winclip.settings import WinclipSettings, read_settings
from promptdsl.methods.winclip.windows import window_patches
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import DetectorState, Pictures, Progress
from promptdsl.scoring.features import Features, join_features, score_steadily

REFERENCE_BATCH = 8
_encoders: SharedEncoders[WindowEncoder | GraphedEncoder] = SharedEncoders()


@dataclass(frozen=True)
class WinclipDetector:
    """Implements `promptdsl.scoring.detector.Detector`."""

    size: tuple[int, int]
    weights_sha256: str
    compute: Compute
    settings: WinclipSettings
    encoder: WindowEncoder | GraphedEncoder
    words: Directions
    references: References | None

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""
        return self.words.defects

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture."""
        shapes = [(len(patches), patches.shape[1]) for patches in self.encoder.windows]
        return count_flops(self.encoder.tower, shapes, patches=self.encoder.patches)

    @property
    def engine_notes(self) -> tuple[str, ...]:
        """What the engine does without on this machine."""
        return self.encoder.notes

    @property
    def grid(self) -> tuple[int, int]:
        """Patches down and across."""
        return self.encoder.tower.grid

    def encode(self, pictures: Pictures) -> Features:
        """Embeddings of (B, H, W, 3) uint8 RGB pictures, on the device."""
        return self._features(self.encoder.encode(pixels_on(pictures, self.compute.device)))

    def score(self, features: Features) -> list[PictureScore]:
        """Scores of pictures that have been encoded, here or elsewhere."""
        return score_steadily(features, self.compute.device, self._score)

    def inspect(self, pictures: Pictures) -> list[PictureScore]:
        """Scores of (B, H, W, 3) uint8 RGB pictures."""
        return self.score(self.encode(pictures))

    def _score(self, features: Features) -> list[PictureScore]:
        settings, grid, size = self.settings, self.grid, self.size
        scores = score_features(features, self.words, self.references, settings, grid, size)
        return picture_scores(scores, self.defects)

    def state(self) -> DetectorState:
        """Directions and memory; settings are in the plan."""
        tensors = direction_tensors(self.words)
        if self.references is not None:
            tensors |= {f"{MEMORY}{name}": rows for name, rows in self.references.memory.items()}
        return DetectorState(
            self.weights_sha256, {name: tensor.cpu() for name, tensor in tensors.items()}
        )

    def _features(self, encoded: Encoded) -> Features:
        tensors = {IMAGE: encoded.image_BD}
        for size, windows_BWD in zip(self.settings.sizes, encoded.windows_BWD, strict=True):
            tensors[size.name] = windows_BWD
        if encoded.patches_BPC is not None:
            tensors[PATCHES] = encoded.patches_BPC
        return Features(tensors)


def build_winclip(
    plan: ObjectPlan, spec_folder: Path, compute: Compute, progress: Progress | None
) -> WinclipDetector:
    """Load the model, embed the words, encode the references."""
    settings = read_settings(plan.method.settings)
    model = load_model(plan.method, spec_folder)
    embeddings_TD = embed_prompts(
        model,
        [prompt.text for prompt in plan.prompts],
        device=compute.device,
        progress=partial(progress, "prompts") if progress else None,
    )
    words = find_directions(plan.prompts, embeddings_TD, settings.averaging, settings.pooling)
    detector = assemble_detector(model, settings, compute, words)
    if not settings.references:
        return detector
    files = reference_files(settings, spec_folder)
    return with_references(detector, files, progress)


def restore_winclip(
    plan: ObjectPlan, state: DetectorState, spec_folder: Path, compute: Compute
) -> WinclipDetector:
    """Take words and memory from the state; load only the image tower."""
    settings, model = read_settings(plan.method.settings), load_model(plan.method, spec_folder)
    tensors, side = state.tensors, settings.image_size
    grid = model.grid((side, side) if side else None)
    state.check(model, state_arrays(tensors, plan.prompts, settings, model.config, grid))
    words = read_directions(tensors, plan.defects)
    memory = {
        name.removeprefix(MEMORY): rows for name, rows in tensors.items() if name.startswith(MEMORY)
    }
    detector = assemble_detector(model, settings, compute, words, keep_patches=bool(memory))
    if not memory:
        return detector
    return replace(detector, references=References(memory).to(compute.device))


def assemble_detector(
    model: ClipModel,
    settings: WinclipSettings,
    compute: Compute,
    words: Directions,
    *,
    keep_patches: bool | None = None,
) -> WinclipDetector:
    """A detector without references; `keep_patches` prepares it for them."""
    patches = bool(settings.references) if keep_patches is None else keep_patches
    encoder = _encoder(model, settings, compute, patches)
    return WinclipDetector(
        encoder.tower.image_size,
        model.weights_sha256,
        compute,
        settings,
        encoder,
        words.to(compute.device),
        None,
    )


def _encoder(
    model: ClipModel, settings: WinclipSettings, compute: Compute, patches: bool
) -> WindowEncoder | GraphedEncoder:
    """An encoder, the same for all objects that differ only in their words and references."""
    side, place = settings.image_size, compute.device
    key = (model.identity, settings.sizes, settings.stride, side, str(compute), patches)

    def make() -> WindowEncoder | GraphedEncoder:
        size = (side, side) if side else None
        tower = model.vision_tower(size, device=place, dtype=compute.dtype)
        windows = tuple(window_patches(tower.grid, s, settings.stride) for s in settings.sizes)
        kind = GraphedEncoder if place.type == "cuda" else WindowEncoder
        return kind(tower, windows, patches=patches, max_rows=MAX_ROWS[place.type])

    return _encoders.find(key, make)


def reference_files(settings: WinclipSettings, spec_folder: Path) -> tuple[Path, ...]:
    """The drawn reference pictures. Patterns are relative to the spec."""
    return drawn_files(settings.references, settings.shots, settings.seed, spec_folder)


def with_references(
    detector: WinclipDetector, files: Sequence[Path], progress: Progress | None = None
) -> WinclipDetector:
    """The same detector, comparing with these pictures of good parts."""
    parts = []
    for start in range(0, len(files), REFERENCE_BATCH):
        batch = files[start : start + REFERENCE_BATCH]
        parts.append(
            detector.encode(np.stack([read_reference(file, detector.size) for file in batch]))
        )
        if progress is not None:
            progress("references", start + len(batch), len(files))
    return replace(detector, references=remember(join_features(parts)))
