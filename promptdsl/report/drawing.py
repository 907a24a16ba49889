"""Where a picture's heat map goes and how it is written: `png`, `npy` or not at all.

A name is the picture's own with eight digits of a hash of its path, so that pictures of the same
name from several folders do not meet. Larger pictures than `LARGEST` get a smaller map, and a note.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path, PurePath
from typing import Literal

import numpy as np
from PIL import Image

from promptdsl.report.heatmap import at_size, overlay
from promptdsl.results import FloatMap

MapKind = Literal["png", "npy", "none"]
LARGEST = 24_000_000
SMALLER = "the heat map is smaller than the picture, which has over 24 megapixels"


def map_name(image: str, kind: str) -> str:
    """`scratch/003.png` -> `003.1a2b3c4d.png`, the same on every machine."""
    digest = hashlib.sha256(image.encode("utf-8", "surrogateescape")).hexdigest()[:8]
    stem = re.sub(r"[^\w.-]+", "_", PurePath(image).stem, flags=re.ASCII)[:80]
    return f"{stem}.{digest}.{kind}"


def write_overlay(
    path: Path, picture: Image.Image, anomaly_map: FloatMap, contours: Sequence[float]
) -> None:
    """The heat map over the picture, as PNG."""
    overlay(picture, anomaly_map, contours).save(path, "PNG", compress_level=1)


def write_raw(path: Path, anomaly_map: FloatMap, size: tuple[int, int]) -> str | None:
    """The map as float32 at `size` (width, height); a note where it had to stay smaller."""
    too_large = size[0] * size[1] > LARGEST
    np.save(path, np.asarray(anomaly_map, np.float32) if too_large else at_size(anomaly_map, size))
    return SMALLER if too_large else None
