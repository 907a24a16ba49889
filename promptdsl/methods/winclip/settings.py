"""The fields of `method winclip { ... }` as typed values."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from promptdsl.methods.shared.words import Averaging, Pooling
from promptdsl.methods.winclip.windows import Fuse, WindowSize

ImageScore = Literal["mean", "sum", "words", "references"]


@dataclass(frozen=True)
class WinclipSettings:
    """What changes embeddings (`windows`, `stride`, `image_size`) and what only changes scores."""

    windows: tuple[str, ...]
    stride: int
    temperature: float
    averaging: Averaging
    pooling: Pooling
    fuse: Fuse
    image_score: ImageScore
    references: tuple[str, ...] = ()
    shots: int | None = None
    seed: int = 0
    image_size: int | None = None

    @property
    def image_in_map(self) -> bool:
        """Whether the score of the whole picture counts in the map."""
        return "image" in self.windows

    @cached_property
    def sizes(self) -> tuple[WindowSize, ...]:
        """The window sizes, each once."""
        sides = (name.split("x") for name in dict.fromkeys(self.windows) if name != "image")
        return tuple(WindowSize(int(rows), int(columns)) for rows, columns in sides)
