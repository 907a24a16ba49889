"""Plain shapes of a part's size: what looks no more like the part than they do, is not the part.

The outline of a washer is that of every round thing. How much a disc, a ring and a square of the
right size look like a golden picture says how much a picture must look like it to be believed.
"""

from collections.abc import Iterator

import numpy as np

from promptdsl.pictures.alignment import Floats
from promptdsl.pictures.geometry import Size, opencv

_CORNERS = {"disc": 64, "square": 4}
_SIZES = {"disc": (1.0, 1.2), "ring": (0.85, 1.2), "square": (1.0, 1.4)}  # of the part's extent
_HOLE = 0.45
_DARK, _BRIGHT = 80.0, 200.0
_FINER = 2  # drawn larger, so that outlines are smooth


def plain_shapes(size: Size, middle: tuple[float, float], extent: float) -> Iterator[Floats]:
    """Pictures of `size` with a shape about `middle`; `extent`: how far edges lie from there."""
    for name, factors in _SIZES.items():
        for factor in factors:
            yield _drawn(name, size, middle, extent * factor)


def _drawn(name: str, size: Size, middle: tuple[float, float], radius: float) -> Floats:
    cv2 = opencv()
    canvas = np.full((size[1] * _FINER, size[0] * _FINER), _BRIGHT, np.float32)
    angles = np.arange(_CORNERS.get(name, 64)) * 2 * np.pi / _CORNERS.get(name, 64)
    around = np.stack([np.cos(angles), np.sin(angles)], 1)
    holes = ((radius * _HOLE, _BRIGHT),) if name == "ring" else ()
    for reach, level in ((radius, _DARK), *holes):
        corners = np.round((np.array(middle) + reach * around) * _FINER).astype(np.int32)
        cv2.fillPoly(canvas, [corners], level)
    return np.asarray(cv2.resize(canvas, size, interpolation=cv2.INTER_AREA), np.float32)
