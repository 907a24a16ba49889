"""WinCLIP without the image tower: scores from features that were encoded before.

What changes only the words, the references or how scores combine needs no model at all; replace the
field and score again. The tower is loaded when a picture has to be encoded, and not before.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.clip.text import embed_prompts
from promptdsl.engine.device import Compute
from promptdsl.methods.shared.words import Directions, find_directions
from promptdsl.methods.winclip.detector import (
    WinclipDetector,
    assemble_detector,
    reference_files,
)
from promptdsl.methods.winclip.references import References, remember
from promptdsl.methods.winclip.scoring import (
    IMAGE,
    PATCHES,
    Scores,
    picture_scores,
    score_features,
)
from promptdsl.methods.winclip.settings import WinclipSettings, read_settings
from promptdsl.plan.model import ObjectPlan, Prompt
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import Progress
from promptdsl.scoring.features import Features, score_steadily

EncodeFiles = Callable[[Sequence[Path]], Features]


@dataclass(frozen=True)
class WinclipScorer:
    """All that scoring features takes, and the model's files for encoding more."""

    size: tuple[int, int]
    grid: tuple[int, int]
    model: ClipModel
    compute: Compute
    settings: WinclipSettings
    words: Directions
    references: References | None = None

    @property
    def defects(self) -> tuple[str, ...]:
        """Names of the defects, in the order of the spec."""
        return self.words.defects

    @property
    def weights_sha256(self) -> str:
        """Hash of the model's weights."""
        return self.model.weights_sha256

    def score(self, features: Features) -> list[PictureScore]:
        """Scores of encoded pictures."""
        device = self.compute.device
        return score_steadily(
            features, device, lambda part: picture_scores(self.scores(part), self.defects)
        )

    def scores(self, features: Features) -> Scores:
        """The same as tensors, with the parts that words and references have in them."""
        return score_features(
            features.to(self.compute.device),
            self.words,
            self.references,
            self.settings,
            self.grid,
            self.size,
        )

    def with_prompts(self, prompts: Sequence[Prompt]) -> "WinclipScorer":
        """The same with other words; embeddings come from the cache where they are known."""
        embeddings_TD = embed_prompts(
            self.model, [p.text for p in prompts], device=self.compute.device
        )
        words = find_directions(
            prompts, embeddings_TD, self.settings.averaging, self.settings.pooling
        )
        return replace(self, words=words.to(self.compute.device))

    def encoder(self) -> WinclipDetector:
        """The costly half: loads the image tower."""
        return assemble_detector(
            self.model,
            self.settings,
            self.compute,
            self.words,
            keep_patches=bool(self.settings.references),
        )


def open_winclip_scorer(
    plan: ObjectPlan, spec_folder: Path, compute: Compute, progress: Progress | None
) -> WinclipScorer:
    """A scorer without its references (see `compare_with_references`)."""
    settings = read_settings(plan.method.settings)
    model = load_model(plan.method, spec_folder)
    embeddings_TD = embed_prompts(
        model,
        [prompt.text for prompt in plan.prompts],
        device=compute.device,
        progress=partial(progress, "prompts") if progress else None,
    )
    words = find_directions(plan.prompts, embeddings_TD, settings.averaging, settings.pooling)
    side = settings.image_size
    size = (side, side) if side else model.config.image_size
    patch = model.config.patch_size
    grid = size[0] // patch, size[1] // patch
    return WinclipScorer(size, grid, model, compute, settings, words.to(compute.device))


def compare_with_references(
    scorer: WinclipScorer, spec_folder: Path, encode: EncodeFiles
) -> WinclipScorer:
    """The same scorer with the memory of the spec's references, if it names any."""
    if not scorer.settings.references:
        return scorer
    features = encode(reference_files(scorer.settings, spec_folder))
    return replace(scorer, references=remember(features.to(scorer.compute.device)))


def wanted_tensors(settings: WinclipSettings) -> frozenset[str]:
    """Names of the features that scoring reads; other window sizes may lie beside them."""
    patches = [PATCHES] if settings.references else []
    return frozenset([IMAGE, *(size.name for size in settings.sizes), *patches])
