"""Masks: which pixels belong to a defect."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from promptdsl.errors import EnvironmentProblem

LOSSY = (".jpg", ".jpeg", ".webp")
HALF = 128


def read_mask(path: Path, size: tuple[int, int] | None = None) -> npt.NDArray[np.bool_]:
    """(H, W), true on the defect; fitted to `size` (height, width) bilinearly and cut at one half.

    Every value but 0 is defect (VisA numbers the kinds); in a lossy file, values from 128.
    """
    try:
        with Image.open(path) as image:
            values = np.asarray(image)
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        raise EnvironmentProblem(f"{path} is no readable mask ({error})") from None
    if values.ndim == 3:
        values = values[..., : 3 if values.shape[2] >= 3 else 1].max(axis=2)
    defect = values >= HALF if path.suffix.lower() in LOSSY else values > 0
    if size is None or defect.shape == size:
        return np.ascontiguousarray(defect)
    grey = Image.fromarray(defect.astype(np.uint8) * 255)
    fitted = grey.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(fitted) >= HALF
