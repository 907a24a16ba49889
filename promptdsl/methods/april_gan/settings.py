"""The fields of `method april_gan { ... }` as typed values, and what they mean for a model."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from promptdsl.clip.tower import Resize
from promptdsl.errors import SpecProblem
from promptdsl.methods import Setting
from promptdsl.methods.shared.words import Averaging


@dataclass(frozen=True, slots=True)
class AprilGanSettings:
    """`stages` are blocks, counted from 1, in the order of their adapters."""

    stages: tuple[int, ...]
    temperature: float
    averaging: Averaging
    position_embedding: Resize
    image_size: int | None
    weights: str | None
    references: tuple[str, ...]
    shots: int | None
    seed: int


def read_settings(settings: Mapping[str, Setting]) -> AprilGanSettings:
    """Take the settings of a plan, which the checker has validated."""
    return AprilGanSettings(
        stages=tuple(int(block) for block in cast("tuple[int, ...]", settings["stages"])),
        temperature=float(cast(float, settings["temperature"])),
        averaging=cast(Averaging, settings["averaging"]),
        position_embedding=cast(Resize, settings["position_embedding"]),
        image_size=cast("int | None", settings.get("image_size")),
        weights=cast("str | None", settings.get("weights")),
        references=tuple(cast("tuple[str, ...]", settings.get("references") or ())),
        shots=cast("int | None", settings.get("shots")),
        seed=cast(int, settings.get("seed") or 0),
    )


def check_stages(settings: AprilGanSettings, layers: int, model: str) -> None:
    """Raise SpecProblem where the model has no such blocks."""
    wrong = [stage for stage in settings.stages if stage > layers]
    if wrong:
        raise SpecProblem(f"stages: {model} has {layers} blocks, so there is no block {wrong[0]}")
