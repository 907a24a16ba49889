"""Where a point of a picture lies on the golden one, and back: matrices, boxes, pictures, maps.

A matrix (2, 3) maps pixel centres: (x, y) of the original to (x, y) of the golden picture. OpenCV
does the work; it is an extra.
"""

from types import ModuleType

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.results import BoolMap, FloatMap

Matrix = npt.NDArray[np.float64]
Size = tuple[int, int]  # width, height
Box = tuple[float, float, float, float]  # left, top, width, height


def opencv() -> ModuleType:
    """The library; EnvironmentProblem where it is not installed."""
    try:
        import cv2
    except ImportError:
        raise EnvironmentProblem(
            "`locate` needs OpenCV, which is not installed",
            'install it with: pip install "promptdsl[locate]"',
        ) from None
    module: ModuleType = cv2
    return module


def square(matrix: Matrix) -> Matrix:
    """(3, 3), to be multiplied."""
    return np.vstack([matrix, [0.0, 0.0, 1.0]])


def inverse(matrix: Matrix) -> Matrix:
    """From the golden picture back to the original."""
    return np.asarray(np.linalg.inv(square(matrix))[:2], np.float64)


def resized(before: Size, after: Size) -> Matrix:
    """(3, 3): pixel centres of a picture to those of the same picture at another size."""
    x, y = after[0] / before[0], after[1] / before[1]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1.0]])


def transform_box(matrix: Matrix, box: Box) -> Box:
    """The smallest upright box around a box of pixels that is mapped by the matrix."""
    left, top, width, height = box
    x = np.array([left, left + width, left, left + width]) - 0.5  # pixels reach half beyond centres
    y = np.array([top, top, top + height, top + height]) - 0.5
    across, down = matrix @ np.stack([x, y, np.ones(4)]) + 0.5
    low_x, low_y = float(across.min()), float(down.min())
    return low_x, low_y, float(across.max()) - low_x, float(down.max()) - low_y


def warp(image: Image.Image, matrix: Matrix, size: Size) -> Image.Image:
    """The picture as it lies on the golden one, at its size; outside its edge pixels go on."""
    cv2 = opencv()
    pixels = np.asarray(image)
    turned = cv2.warpAffine(
        pixels, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
    return Image.fromarray(turned)


def seen_on(matrix: Matrix, before: Size, size: Size) -> BoolMap:
    """(H, W): which pixels of a warped picture of `size` the original of size `before` shows."""
    across, down = np.arange(size[0]), np.arange(size[1])[:, None]
    back = inverse(matrix)
    seen = np.ones((size[1], size[0]), bool)
    for row, most in zip(back, before, strict=True):
        place = row[0] * across + row[1] * down + row[2]
        seen &= (place > -0.5) & (place < most - 0.5)
    return seen


def unwarp(values: FloatMap, matrix: Matrix, golden: Size, size: Size) -> tuple[FloatMap, BoolMap]:
    """A map over the golden picture, on the original of `size`; 0 and not seen outside.

    The map (h, w) may be coarser than the golden picture.
    """
    cv2 = opencv()
    own = (values.shape[1], values.shape[0])
    there = (resized(golden, own) @ square(matrix))[:2]  # original -> the map's own pixels
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    spread = cv2.warpAffine(
        np.ascontiguousarray(values, np.float32), there, size,
        flags=flags, borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    seen = seen_on(inverse(matrix), golden, size)
    return np.where(seen, spread, np.float32(0)), seen
