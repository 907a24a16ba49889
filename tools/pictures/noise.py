"""Random fields that textures, parts and light are made of.

Every field is drawn on a coarse grid and resized, so that a seed looks alike at every picture size.
Lengths are in picture widths; H and W are always equal (`size`).
"""

import cv2
import numpy as np
import numpy.typing as npt

Field = npt.NDArray[np.float32]  # (H, W)
Colours = npt.NDArray[np.float32]  # (H, W, 3), RGB in 0..1
Mask = npt.NDArray[np.bool_]  # (H, W)
Rng = np.random.Generator


def single(values: npt.ArrayLike) -> Field:
    """The values in single precision, which all pictures are drawn in."""
    return np.asarray(values, dtype=np.float32)


def smooth_noise(rng: Rng, size: int, across: int, down: int | None = None) -> Field:
    """Gaussian noise of about unit spread with `across` x `down` bumps."""
    rows, columns = (down or across) + 2, across + 2
    grid = rng.standard_normal((rows, columns), dtype=np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC).astype(np.float32)


def layered_noise(rng: Rng, size: int, across: int, octaves: int = 3) -> Field:
    """Noise whose every octave has twice the detail and 0.55 of the strength."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        total += 0.55**octave * smooth_noise(rng, size, across * 2**octave)
    return total


def turned(field: Field, degrees: float) -> Field:
    """The field turned about its centre; what comes in at the corners is mirrored."""
    size = field.shape[0]
    matrix = cv2.getRotationMatrix2D((size / 2 - 0.5, size / 2 - 0.5), degrees, 1.0)
    out = cv2.warpAffine(field, matrix, (size, size), borderMode=cv2.BORDER_REFLECT_101)
    return out.astype(np.float32)


def scattered(rng: Rng, size: int, across: int) -> tuple[Field, npt.NDArray[np.int32]]:
    """Cells about jittered points: distance to the nearest point (widths) and the cell's number."""
    jitter = rng.uniform(0.1, 0.9, (across, across, 2))
    rows, columns = np.mgrid[0:across, 0:across]
    ys = ((rows + jitter[..., 0]) / across * size).astype(int)
    xs = ((columns + jitter[..., 1]) / across * size).astype(int)
    board = np.full((size, size), 255, np.uint8)
    board[ys, xs] = 0
    distance, label = cv2.distanceTransformWithLabels(
        board, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    return (distance / size).astype(np.float32), label.astype(np.int32)


def grid_of(size: int) -> tuple[Field, Field]:
    """X and y of every pixel centre, from -0.5 to 0.5."""
    line = ((np.arange(size, dtype=np.float32) + 0.5) / size - 0.5).astype(np.float32)
    x, y = np.meshgrid(line, line)
    return x, y


def inside(distance: Field, soft: float | None = None) -> Field:
    """Coverage in 0..1 of a shape given by signed distance in widths, negative inside."""
    edge = soft if soft is not None else 1.2 / distance.shape[0]
    return np.clip(0.5 - distance / edge, 0.0, 1.0).astype(np.float32)


def rise(value: Field, low: float, high: float) -> Field:
    """Smooth step from 0 at `low` to 1 at `high`."""
    t = np.clip((value - low) / (high - low), 0.0, 1.0)
    return single(t * t * (3 - 2 * t))


def colour(hue: float, saturation: float, value: float) -> Field:
    """RGB of a hue in turns; three numbers in 0..1."""
    sector = (hue % 1.0) * 6.0
    k = (np.array([5.0, 3.0, 1.0]) + sector) % 6.0
    rgb = value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)
    return rgb.astype(np.float32)


def blend(below: Colours, above: Colours | Field, share: Field) -> Colours:
    """`above` (a picture or one colour) laid over `below` with coverage `share`."""
    return (below + (above - below) * share[..., None]).astype(np.float32)
