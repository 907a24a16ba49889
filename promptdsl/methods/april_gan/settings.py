"""The fields of `method april_gan { ... }` as typed values, and what they mean for a model."""

from dataclasses import dataclass

from promptdsl.clip.tower import Resize
from promptdsl.errors import SpecProblem
from promptdsl.methods.shared.words import Averaging


@dataclass(frozen=True, slots=True)
class AprilGanSettings:
    """`stages` are blocks, counted from 1, in the order of their adapters."""

    stages: tuple[int, ...]
    temperature: float
    averaging: Averaging
    position_embedding: Resize
    image_size: int | None = None
    weights: str | None = None
    references: tuple[str, ...] = ()
    shots: int | None = None
    seed: int = 0


def check_stages(settings: AprilGanSettings, layers: int, model: str) -> None:
    """Raise SpecProblem where the model has no such blocks."""
    wrong = [stage for stage in settings.stages if stage > layers]
    if wrong:
        raise SpecProblem(f"stages: {model} has {layers} blocks, so there is no block {wrong[0]}")
