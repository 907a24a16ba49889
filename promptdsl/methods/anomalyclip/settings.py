"""The fields of `method anomalyclip { ... }` as typed values, and what they mean for a model."""

from dataclasses import dataclass

from promptdsl.clip.tower import Resize
from promptdsl.errors import SpecProblem


@dataclass(frozen=True, slots=True)
class AnomalyclipSettings:
    """`blocks` are counted from 1."""

    dpam_layer: int
    blocks: tuple[int, ...]
    blur: float
    temperature: float
    position_embedding: Resize
    image_size: int | None = None
    weights: str | None = None

    def first_block(self, layers: int) -> int:
        """Number of the first block with a V-V path, which the last `dpam_layer - 1` have."""
        return layers - self.dpam_layer + 2


def check_blocks(settings: AnomalyclipSettings, layers: int, model: str) -> None:
    """Raise SpecProblem where the model has no such blocks."""
    first = settings.first_block(layers)
    if first < 1:
        raise SpecProblem(
            f"dpam_layer: {settings.dpam_layer} asks for a V-V path over "
            f"{settings.dpam_layer - 1} blocks, and {model} has {layers}"
        )
    wrong = [block for block in settings.blocks if not first <= block <= layers]
    if wrong:
        raise SpecProblem(
            f"blocks: {wrong[0]} has no V-V path; with dpam_layer: {settings.dpam_layer} "
            f"{model} has one in blocks {first} to {layers}"
        )
