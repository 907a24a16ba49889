"""Data sets as people hand them over: drawn in a few pixels, in the folders of published sets."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from promptdsl.evaluate.datasets import Dataset
from promptdsl.files.suffixes import is_picture

SIZE = (8, 6)
_count = 0


def draw(path: Path, size: tuple[int, int] = SIZE) -> Path:
    """A picture in many colours, unlike any other."""
    global _count
    _count += 1
    pixels = np.random.default_rng(_count).integers(30, 220, (size[1], size[0], 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels.astype(np.uint8)).save(path, _format(path))
    return path


def draw_mask(path: Path, size: tuple[int, int] = SIZE, value: int = 255) -> Path:
    """Black, with the upper left corner marked."""
    pixels = np.zeros((size[1], size[0]), np.uint8)
    pixels[:2, :3] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def _format(path: Path) -> str:
    known = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".jfif": "JPEG", ".bmp": "BMP"}
    return known.get(path.suffix.lower(), "PNG")


def tree(root: Path, pictures: str, masks: str = "") -> Path:
    """Draw all files of two lists of names; `{a,b}` in a name stands for both."""
    for name in _spread(pictures):
        draw(root / name)
    for name in _spread(masks):
        draw_mask(root / name)
    return root


def _spread(names: str) -> list[str]:
    found = []
    for name in names.split():
        head, brace, rest = name.partition("{")
        if brace:
            inner, _, tail = rest.partition("}")
            found += _spread(" ".join(head + one + tail for one in inner.split(",")))
        else:
            found.append(name)
    return found


def labels(dataset: Dataset, category: str | None = None) -> dict[str, tuple[int, int]]:
    """Label -> (pictures, those with masks) of the test pictures."""
    item = dataset.category(category) if category else dataset.categories[0]
    assert item is not None
    return {
        label: (
            sum(p.label == label for p in item.test),
            sum(p.label == label and p.mask is not None for p in item.test),
        )
        for label in dict.fromkeys(p.label for p in item.test)
    }


def vanished(root: Path, dataset: Dataset) -> Sequence[str]:
    """Picture files that are neither used nor named, nor is the folder they lie in."""
    told = "\n".join((*dataset.notes, *dataset.problems))
    used = set()
    for picture in dataset.pictures():
        used.add(picture.path)
        if picture.mask is not None:
            used |= set(picture.mask.rglob("*")) if picture.mask.is_dir() else {picture.mask}
    missing = [p for p in root.rglob("*") if p.is_file() and is_picture(p) and p not in used]
    return [
        path.relative_to(root).as_posix()
        for path in missing
        if path.name not in told
        and not any(
            f"{folder.relative_to(root).as_posix()}: " in told
            for folder in path.parents
            if folder != root and folder.is_relative_to(root)
        )
    ]
