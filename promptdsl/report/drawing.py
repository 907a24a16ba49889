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

from promptdsl.files.writing import write_atomically
from promptdsl.report.heatmap import at_size, overlay
from promptdsl.results import FloatMap

MapKind = Literal["png", "npy", "none"]
LARGEST = 24_000_000
SMALLER = "the heat map is smaller than the picture, which has over 24 megapixels"


def write_overlay(
    path: Path, picture: Image.Image, anomaly_map: FloatMap, contours: Sequence[float]
) -> None:
    """The heat map over the picture, as PNG."""
    file = io.BytesIO()
    overlay(picture, anomaly_map, contours).save(file, "PNG", compress_level=1)
    write_atomically(path, file.getvalue(), durable=False)


def write_raw(path: Path, anomaly_map: FloatMap, size: tuple[int, int]) -> str | None:
    """The map as float32 at `size` (width, height); a note where it had to stay smaller."""
    too_large = size[0] * size[1] > LARGEST
    file = io.BytesIO()
    np.save(file, np.asarray(anomaly_map, np.float32) if too_large else at_size(anomaly_map, size))
    write_atomically(path, file.getvalue(), durable=False)
    return SMALLER if too_large else None
