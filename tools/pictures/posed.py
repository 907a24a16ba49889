"""A product in a pose of one's choice: how it lies is known, floor, light and noise are drawn."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .camera import Picture, light_of, photographed
from .catalog import DRAWINGS, Product
from .draw import numbers
from .scene import Shot

PARTS = (  # kinds that lie on a floor and can be moved
    "metal nut", "washer", "gear", "capsule", "bottle cap", "circuit board", "screw", "hazelnut",
    "pill",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Pose:
    """How a part lies: turned by degrees, then shifted by shares of the picture's side."""

    turn: float = 0.0
    x: float = 0.0
    y: float = 0.0
    scale: float = 1.0

    def matrix(self, size: int) -> np.ndarray[Any, np.dtype[np.float64]]:
        """(2, 3): from pixels of the part in pose 0 to those in this one."""
        angle, middle = np.deg2rad(self.turn), (size - 1) / 2
        cos, sin = self.scale * np.cos(angle), self.scale * np.sin(angle)
        linear = np.array([[cos, -sin], [sin, cos]])
        shift = np.array([self.x, self.y]) * size + middle - linear @ (middle, middle)
        return np.column_stack([linear, shift])


class _Posing:
    """Random numbers, of which the first say how the part lies."""

    def __init__(self, rng: np.random.Generator, pose: Pose) -> None:
        self._rng = rng
        self._first = [np.deg2rad(pose.turn), (pose.x, pose.y), pose.scale]

    def uniform(self, *args: Any, **kwargs: Any) -> Any:
        """What `place` asks for first, in its order; then as the generator would."""
        return self._first.pop(0) if self._first else self._rng.uniform(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._rng, name)


def draw_posed(
    product: Product, number: int, pose: Pose, size: int, flaw: str | None = None
) -> Picture:
    """Picture `number` of a part (H, W, 3); a flaw is one of shape, that the part itself draws."""
    posing: Any = _Posing(numbers(product, 1, number), pose)
    shot = Shot(size, numbers(product, 0), posing, numbers(product, 2, number, 0), flaw)
    scene = DRAWINGS[product.object](shot)
    return photographed(scene, light_of(numbers(product, 3, number)), numbers(product, 4, number))
