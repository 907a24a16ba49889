"""Where shapes lie, as far as it takes no picture, or on one of a known size."""

import math
from typing import NamedTuple

from promptdsl.spec import Length, Shape

Size = tuple[int, int]  # width, height


class Bounds(NamedTuple):
    """The smallest upright box around something, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def holds(outer: Shape, inner: Shape) -> bool:
    """Whether a shape certainly lies in another; both are in one unit."""
    if (outer.kind, outer.lengths, outer.path) == (inner.kind, inner.lengths, inner.path):
        return True
    if "mask" in (outer.kind, inner.kind):
        return False
    percent = outer.lengths[0].unit == "%"
    if percent != (inner.lengths[0].unit == "%"):
        return False
    round_ones = {"circle", "ring"}
    if outer.kind == "box" and not (percent and inner.kind in round_ones):
        mine, other = bounds(outer, (100, 100)), bounds(inner, (100, 100))
        return (
            mine.left <= other.left and mine.top <= other.top
            and mine.right >= other.right and mine.bottom >= other.bottom
        )  # fmt: skip
    if outer.kind == "box":  # a radius in percent reaches at most so far in each direction
        return holds(outer, _box_around(inner))
    if outer.kind == "circle" and inner.kind in round_ones:
        (x, y, reach), (u, v) = _values(outer), _values(inner)[:2]
        apart = math.dist((x, y), (u, v))
        same = apart == 0 or not percent
        return same and apart + _values(inner)[-1] <= reach
    return False


def _box_around(shape: Shape) -> Shape:
    x, y, *_, reach = _values(shape)
    sides = (x - reach, y - reach, 2 * reach, 2 * reach)
    return Shape("box", tuple(Length(side, "%") for side in sides), None, shape.span)


def _values(shape: Shape) -> list[float]:
    return [length.value for length in shape.lengths]


def bounds(shape: Shape, size: Size) -> Bounds:
    """Where a shape that is no mask lies on a picture of (width, height)."""
    width, height = size
    radius = min(size)
    wholes = {"box": (width, height, width, height), "circle": (width, height, radius)}.get(
        shape.kind, (width, height, radius, radius)
    )
    if shape.kind == "polygon":
        wholes = (width, height) * (len(shape.lengths) // 2)
    found = [
        length.value if length.unit == "px" else length.value * whole / 100
        for length, whole in zip(shape.lengths, wholes, strict=True)
    ]
    if shape.kind == "box":
        return Bounds(found[0], found[1], found[0] + found[2], found[1] + found[3])
    if shape.kind == "polygon":
        across, down = found[::2], found[1::2]
        return Bounds(min(across), min(down), max(across), max(down))
    x, y, reach = found[0], found[1], found[-1]
    return Bounds(x - reach, y - reach, x + reach, y + reach)
