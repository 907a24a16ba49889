"""Sets of pictures on disk: MVTec AD's folders or plain ones."""

from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
import numpy.typing as npt

from .catalog import Product
from .draw import Sample, draw

Layout = Literal["mvtec", "plain"]


def folder_name(words: str) -> str:
    """A name without spaces, as MVTec AD writes it."""
    return words.replace(" ", "_")


def write_picture(path: Path, image: npt.NDArray[np.uint8], quality: int = 92) -> None:
    """Write RGB or grey as PNG, or as JPEG of a quality, by the name's ending."""
    path.parent.mkdir(parents=True, exist_ok=True)
    flipped = image[..., ::-1] if image.ndim == 3 else image
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if path.suffix == ".jpg" else []
    _, data = cv2.imencode(path.suffix, np.ascontiguousarray(flipped), options)
    path.write_bytes(data.tobytes())


def mask_picture(sample: Sample) -> npt.NDArray[np.uint8]:
    """White where the defect is."""
    return (sample.mask * 255).astype(np.uint8)


def places(
    layout: Layout, root: Path, kind: str | None, number: int, train: bool
) -> tuple[Path, Path]:
    """Where picture `number` of a kind goes, and its mask."""
    name, folder = f"{number:03d}", folder_name(kind or "good")
    if layout == "plain":
        return root / folder / f"{name}.png", root / "masks" / folder / f"{name}.png"
    part = root / ("train" if train else "test") / folder
    return part / f"{name}.png", root / "ground_truth" / folder / f"{name}_mask.png"


def plan_of(
    product: Product, good: int, test_good: int, defective: int
) -> Iterator[tuple[str | None, int, bool]]:
    """Kind, number within its folder, and whether it is for training, of every picture of a set."""
    yield from ((None, number, True) for number in range(good))
    yield from ((None, number, False) for number in range(test_good))
    for defect in product.defects:
        yield from ((defect, number, False) for number in range(defective))


def write_set(
    root: Path,
    product: Product,
    good: int,
    test_good: int,
    defective: int,
    size: int,
    layout: Layout,
) -> Iterator[Path]:
    """Draw a set into OUT/category; yields each picture's path once it is written."""
    home = root / folder_name(product.object)
    for picture, (kind, number, train) in enumerate(plan_of(product, good, test_good, defective)):
        shown = number + good if layout == "plain" and kind is None and not train else number
        path, mask_path = places(layout, home, kind, shown, train)
        sample = draw(product, picture, kind, size)
        write_picture(path, sample.image)
        if kind is not None:
            write_picture(mask_path, mask_picture(sample))
        yield path
