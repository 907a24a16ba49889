"""The detector of `method winclip`: an image tower, directions of the words, perhaps references."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from torch import Tensor

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.engine.device import Compute
from promptdsl.engine.flops import Flops, count_flops
from promptdsl.engine.graphs import GraphedEncoder
from promptdsl.engine.image_pass import MAX_ROWS
from promptdsl.engine.window_encoder import PATCHES, WindowEncoder
from promptdsl.methods.shared.clip_detector import ClipDetector, picture_scores, size_of
from promptdsl.methods.shared.settings import read_fields
from promptdsl.methods.shared.words import (
    Directions,
    direction_arrays,
    embed_words,
    read_directions,
)
from promptdsl.methods.winclip.references import (
    MEMORY,
    References,
    memory_arrays,
    remember,
    remember_views,
)
from promptdsl.methods.winclip.scoring import score_features
from promptdsl.methods.winclip.settings import WinclipSettings
from promptdsl.methods.winclip.windows import window_patches
from promptdsl.methods.winclip.word_bank import WinclipBank
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import DetectorState, Placed, Progress, Words
from promptdsl.scoring.features import IMAGE, Features, join_placed
from promptdsl.scoring.reference_pictures import count_views, reference_files


@dataclass(frozen=True)
class WinclipDetector(ClipDetector[WindowEncoder | GraphedEncoder]):
    """Implements `promptdsl.scoring.detector.Detector`."""

    settings: WinclipSettings
    words: Directions
    windows: Mapping[str, Tensor]  # (W, K) patch numbers of each size
    references: References | None = None
    reference_files: tuple[Path, ...] = field(default=())

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""
        return self.words.defects

    @property
    def feature_names(self) -> frozenset[str]:
        """Names of the features that scoring reads; other window sizes may lie beside them."""
        patches = [PATCHES] if self.settings.references else []
        return frozenset([IMAGE, *self.windows, *patches])

    @property
    def flops(self) -> Flops:
        """Arithmetic of one picture."""
        shapes = [(len(patches), patches.shape[1]) for patches in self.windows.values()]
        patches = bool(self.settings.references)
        return count_flops(self.encoder.tower, shapes, patches=patches)

    def encoding(self) -> Hashable:
        """Windows, and whether patches are wanted for references."""
        settings = self.settings
        return settings.sizes, settings.stride, bool(settings.references)

    def make_encoder(self) -> WindowEncoder | GraphedEncoder:
        """Graphs on CUDA."""
        place, patches = self.compute.device.type, bool(self.settings.references)
        kind = GraphedEncoder if place == "cuda" else WindowEncoder
        return kind(self.tower(), self.windows, patches=patches, max_rows=MAX_ROWS[place])

    def with_words(self, words: Words) -> "WinclipDetector":
        """The same with other words; embeddings come from the cache where they are known."""
        averaging, pooling = self.settings.averaging, self.settings.pooling
        found = embed_words(self.model, words, self.compute, averaging, pooling)
        return self.replaced(words=found)

    def compared_with(self, parts: Iterable[Placed]) -> "WinclipDetector":
        """The same, comparing with these pictures of good parts."""
        if self.viewing is None:
            references = remember(join_placed(parts).to(self.compute.device))
        else:
            views = count_views(self.reference_files, self.viewing)
            references = remember_views(parts, views, self.windows, self.compute.device)
        return self.replaced(references=references, reference_files=())

    def word_bank(self) -> WinclipBank:
        """For experiments with words."""
        return WinclipBank(self)

    def score_group(self, features: Features) -> list[PictureScore]:
        """Scores of encoded pictures, at the features' device."""
        settings, grid, size = self.settings, self.grid, self.size
        scores = score_features(features, self.words, self.references, settings, grid, size)
        found = (scores.score_B, scores.map_BHW, scores.defects_BK, self.defects)
        return picture_scores(*found, scores.kinds_BKGG)

    def tensors(self) -> Mapping[str, Tensor]:
        """Directions and memory."""
        memory = self.references.memory if self.references is not None else {}
        return self.words.tensors() | {f"{MEMORY}{name}": rows for name, rows in memory.items()}


def build_winclip(
    plan: ObjectPlan, spec_folder: Path, compute: Compute, progress: Progress | None
) -> WinclipDetector:
    """Open the model and embed the words; the references are still to be given."""
    settings = read_fields(WinclipSettings, plan.method.settings)
    model = load_model(plan.method, spec_folder)
    averaging, pooling = settings.averaging, settings.pooling
    words = embed_words(model, plan.prompts, compute, averaging, pooling, progress)
    detector = assemble_detector(model, settings, compute, words)
    if not settings.references:
        return detector
    asked = (settings.references, settings.shots, settings.seed)
    return detector.replaced(reference_files=reference_files(*asked, spec_folder))


def restore_winclip(
    plan: ObjectPlan, state: DetectorState, spec_folder: Path, compute: Compute
) -> WinclipDetector:
    """Take words and memory from the state."""
    settings, model = (
        read_fields(WinclipSettings, plan.method.settings),
        load_model(plan.method, spec_folder),
    )
    tensors, config = state.tensors, model.config
    grid = model.grid(size_of(model, settings.image_size))
    expected = direction_arrays(plan.prompts, settings.pooling, config.embed_dim)
    state.check(model, expected | memory_arrays(tensors, plan, settings, config, grid))
    words = read_directions(tensors, plan.defects).to(compute.device)
    detector = assemble_detector(model, settings, compute, words)
    if not settings.references:
        return detector
    memory = {
        name.removeprefix(MEMORY): rows.to(compute.device)
        for name, rows in tensors.items()
        if name.startswith(MEMORY)
    }
    return detector.replaced(references=References(memory))


def assemble_detector(
    model: ClipModel, settings: WinclipSettings, compute: Compute, words: Directions
) -> WinclipDetector:
    """A detector without references. SpecProblem for windows that do not fit the model."""
    size = size_of(model, settings.image_size)
    windows = {
        window.name: window_patches(model.grid(size), window, settings.stride)
        for window in settings.sizes
    }
    return WinclipDetector(model, compute, size, settings, words.to(compute.device), windows)
