"""Shapes on a grid of pixels: a pixel is inside a shape where its centre is.

The pixel in column c and row r has its centre at (c + 0.5, r + 0.5). Left and upper edges belong
to a shape, right and lower ones do not, so that shapes that touch share no pixel. A polygon that
crosses itself is filled where a line out of it crosses its edges an odd number of times.
"""

import math
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

from promptdsl.plan.model import Length, Shape
from promptdsl.results import BoolMap

Size = tuple[int, int]  # width, height
Floats = npt.NDArray[np.float64]
LONGEST = 10_000_000  # pixels
BAND = 4_000_000  # pixels that are filled at once
LIKE = 0.01  # by so much may the shape of a mask differ from that of the picture
_ROUNDING = 0.5  # of a pixel, which a shape may reach out of the picture
_COUNTS = {"box": 4, "circle": 3, "ring": 4}


class Misplaced(Exception):
    """A shape that does not fit on a picture; the message goes on from what it is a part of."""

    def __init__(self, why: str, help: str) -> None:
        super().__init__(why)
        self.why, self.help = why, help


def fill(
    shape: Shape, size: Size, masks: Mapping[str, BoolMap], *, may_reach_out: bool = False
) -> BoolMap:
    """(H, W), true inside. Raises Misplaced for a shape that is not within the picture.

    What is taken away from a region `may_reach_out` of the picture, as long as it touches it.
    """
    if shape.kind == "mask":
        return _fill_mask(masks[shape.path or ""], shape.path or "", size)
    numbers = in_pixels(shape, size)
    bounds = _bounds(shape, numbers)
    if not may_reach_out or _misses(bounds, size):
        _refuse_outside(shape, bounds, size)
    return _FILLS[shape.kind](numbers, size)


def in_pixels(shape: Shape, size: Size) -> Floats:
    """The lengths of a shape in pixels of a picture of that size."""
    if shape.kind == "polygon":
        wrong = len(shape.lengths) < 6 or len(shape.lengths) % 2
    else:
        wrong = len(shape.lengths) != _COUNTS[shape.kind]
    if wrong:
        raise Misplaced(f"has a {shape.kind} of {len(shape.lengths)} numbers", "write it again")
    width, height = size
    radius = min(width, height)
    of = {"box": (width, height, width, height), "circle": (width, height, radius)}.get(
        shape.kind, (width, height, radius, radius)
    )
    if shape.kind == "polygon":
        of = (width, height) * (len(shape.lengths) // 2)
    pairs = zip(shape.lengths, of, strict=True)
    return np.array([_pixels(length, whole) for length, whole in pairs], np.float64)


def _pixels(length: Length, whole: int) -> float:
    found = length.value if length.unit == "px" else length.value * whole / 100
    if not abs(found) <= LONGEST:  # nor one that is not a number
        raise Misplaced(
            f"reaches outside the picture: {length.value:g} {length.unit} is longer than any",
            "correct its numbers; in % it fits pictures of every size",
        )
    return found


def _bounds(shape: Shape, numbers: Floats) -> tuple[float, float, float, float]:
    """Left, top, right, bottom."""
    values: list[float] = numbers.tolist()
    if shape.kind == "box":
        left, top, width, height = values
        return left, top, left + width, top + height
    if shape.kind == "polygon":
        return min(values[::2]), min(values[1::2]), max(values[::2]), max(values[1::2])
    x, y, radius = values[0], values[1], values[-1]
    return x - radius, y - radius, x + radius, y + radius


def _misses(bounds: tuple[float, float, float, float], size: Size) -> bool:
    left, top, right, bottom = bounds
    return not (left < size[0] and top < size[1] and right > 0 and bottom > 0)


def _refuse_outside(shape: Shape, bounds: tuple[float, float, float, float], size: Size) -> None:
    left, top, right, bottom = bounds
    width, height = size
    for out, edge, end, whole in (
        (-left, "left", left, width),
        (-top, "upper", top, height),
        (right - width, "right", right, width),
        (bottom - height, "lower", bottom, height),
    ):
        if not out <= _ROUNDING:
            side = "wide" if whole == width and edge in ("left", "right") else "high"
            raise Misplaced(
                f"reaches outside the picture: its {shape.kind} goes to {end:.6g} px, over the "
                f"{edge} edge of a picture that is {whole} px {side}",
                "correct its numbers; in % it fits pictures of every size",
            )


def _fill_box(numbers: Floats, size: Size) -> BoolMap:
    left, top, across, down = numbers
    inside = np.zeros(size[::-1], np.bool_)
    rows, columns = (
        slice(*(_first_behind(edge, whole) for edge in edges))
        for edges, whole in (((top, top + down), size[1]), ((left, left + across), size[0]))
    )
    inside[rows, columns] = True
    return inside


def _first_behind(edge: float, whole: int) -> int:
    """The first of so many pixels whose centre lies at or behind an edge."""
    return math.ceil(min(max(edge, 0.0), float(whole)) - 0.5)


def _fill_circle(numbers: Floats, size: Size) -> BoolMap:
    x, y, radius = numbers
    return _fill_ring(np.array([x, y, 0.0, radius]), size)


def _fill_ring(numbers: Floats, size: Size) -> BoolMap:
    """Both circles belong to it."""
    x, y, inner, outer = numbers
    inner, outer = max(0.0, inner), outer if outer >= 0 else math.nan  # which holds nothing
    across = (np.arange(size[0]) + 0.5 - x) ** 2
    down = (np.arange(size[1]) + 0.5 - y) ** 2
    inside = np.zeros(size[::-1], np.bool_)
    step = max(1, BAND // size[0])
    for top in range(0, size[1], step):
        squares = down[top : top + step, None] + across
        inside[top : top + step] = (squares >= inner**2) & (squares <= outer**2)
    return inside


def _fill_polygon(numbers: Floats, size: Size) -> BoolMap:
    """Each edge turns all pixels right of it over, row by row; what was turned oddly is inside."""
    width, height = size
    points = numbers.reshape(-1, 2)
    turned = np.zeros((height, width + 1), np.bool_)
    for (x0, y0), (x1, y1) in zip(points, np.roll(points, -1, axis=0), strict=True):
        if y0 > y1:
            x0, y0, x1, y1 = x1, y1, x0, y0
        low, high = _first_behind(y0, height), _first_behind(y1, height)
        if low >= high:
            continue  # it crosses no centre line of a row
        rows = np.arange(low, high)
        crossed = x0 + (rows + 0.5 - y0) * (x1 - x0) / (y1 - y0)
        columns = np.clip(np.ceil(crossed - 0.5), 0, width).astype(np.intp)
        turned[rows, columns] ^= True
    return np.ascontiguousarray(np.logical_xor.accumulate(turned, axis=1)[:, :width])


def _fill_mask(mask: BoolMap, path: str, size: Size) -> BoolMap:
    width, height = size
    down, across = mask.shape
    if (down, across) == (height, width):
        return mask.copy()
    if abs(across * height / (down * width) - 1) > LIKE:
        raise Misplaced(
            f"has a mask of another shape than the picture: {path} has {across} x {down} pixels, "
            f"and the picture {width} x {height}",
            "draw the mask on a picture of this camera, and keep its shape",
        )
    return fit_nearest(mask, size)


def fit_nearest(mask: BoolMap, size: Size) -> BoolMap:
    """A mask at another size: each pixel takes the one that its centre lies in."""
    (width, height), (down, across) = size, mask.shape
    if (down, across) == (height, width):
        return mask
    rows = np.minimum((np.arange(height) + 0.5) * down / height, down - 1).astype(np.intp)
    columns = np.minimum((np.arange(width) + 0.5) * across / width, across - 1).astype(np.intp)
    return np.asarray(mask[rows][:, columns])


_FILLS: dict[str, Callable[[Floats, Size], BoolMap]] = {
    "box": _fill_box,
    "circle": _fill_circle,
    "ring": _fill_ring,
    "polygon": _fill_polygon,
}
