"""How a picture's heat map is written: `png`, `npy` or not at all.

A file is written whole or not at all, and never through a link. Larger pictures than `LARGEST` get
a smaller map, and a note.
"""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from promptdsl.files.writing import write_atomically
from promptdsl.report.heatmap import at_size, overlay
from promptdsl.report.marks import Marks
from promptdsl.results import FloatMap

MapKind = Literal["png", "npy", "none"]
LARGEST = 24_000_000
SMALLER = "the heat map is smaller than the picture, which has over 24 megapixels"


def write_overlay(
    path: Path,
    picture: Image.Image,
    anomaly_map: FloatMap,
    contours: Sequence[float],
    marks: Marks | None = None,
) -> None:
    """The heat map over the picture, as PNG."""
    file = io.BytesIO()
    overlay(picture, anomaly_map, contours, marks).save(file, "PNG", compress_level=1)
    write_atomically(path, file.getvalue(), durable=False)


def write_raw(
    path: Path, anomaly_map: FloatMap, size: tuple[int, int], most: int | None = LARGEST
) -> str | None:
    """The map as float32 at `size` (width, height); a note where it had to stay smaller.

    `most`: pixels of a picture whose map is brought to its size; None: of any.
    """
    too_large = most is not None and size[0] * size[1] > most
    file = io.BytesIO()
    np.save(file, np.asarray(anomaly_map, np.float32) if too_large else at_size(anomaly_map, size))
    write_atomically(path, file.getvalue(), durable=False)
    return SMALLER if too_large else None


def reduced_to(picture: Image.Image, longest: int | None) -> Image.Image:
    """The picture with its longest side at most so long; itself where it is, or for None."""
    if longest is None or max(picture.size) <= longest:
        return picture
    scale = longest / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, Resampling.BICUBIC, reducing_gap=3.0)
