"""What is in front of the camera before light falls on it, and the random numbers that draw it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .noise import Colours, Field, Rng


@dataclass(slots=True)
class Scene:
    """A surface seen from above; a defect changes these arrays in place."""

    albedo: Colours
    height: Field  # picture widths, up is towards the camera
    cover: Field  # share of the pixel that belongs to the object: 1 everywhere for a texture
    gloss: float  # strength of the highlight
    floor: Colours | None = None  # what lies under a part
    printed: Field | None = None  # where the product carries a print

    def copy(self) -> "Scene":
        """A scene of its own arrays."""
        return replace(
            self, albedo=self.albedo.copy(), height=self.height.copy(), cover=self.cover.copy()
        )


@dataclass(frozen=True, slots=True)
class Shot:
    """One picture to draw: `look` is the product's, `pose` the picture's, `hand` the defect's."""

    size: int
    look: Rng
    pose: Rng
    hand: Rng
    flaw: str | None = None  # a defect of shape, drawn by the object itself


Drawing = Callable[[Shot], Scene]


def flat(size: int) -> Field:
    """A field of zeros."""
    return np.zeros((size, size), np.float32)


def texture(albedo: Colours, height: Field, gloss: float) -> Scene:
    """A surface that fills the picture."""
    return Scene(albedo, height, np.ones(height.shape, np.float32), gloss)
