"""Masks that lie beside their pictures: `x_mask.png` next to `x.png`, or `x.png` next to `x.jpg`.

A name alone does not make a mask (`bottle.png`, `bottle_label.png`): it must look like one too.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from promptdsl.evaluate.datasets.masks import LOSSY
from promptdsl.evaluate.datasets.pairing import stem_without_ending
from promptdsl.pictures.opening import PictureError, open_picture

FEW_COLOURS = 32
SIDE = 256  # looked at this small, where it is a photograph
DARK, BRIGHT = 48, 207
NEARLY = 0.95


class Parted(NamedTuple):
    """Pictures, the masks among them, and pictures whose name promises a mask."""

    pictures: list[Path]
    masks: list[Path]
    doubtful: list[Path]


def part_masks(files: Sequence[Path]) -> Parted:
    """Tell masks from pictures, where both lie in one folder."""
    by_stem: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for file in files:
        by_stem[file.parent, file.stem.casefold()].append(file)
    masks: dict[Path, None] = {}
    doubtful = []
    for file in files:
        bare = stem_without_ending(file.stem)
        if bare is None:
            continue
        if (file.parent, bare) in by_stem and looks_like_mask(file):
            masks[file] = None
        else:
            doubtful.append(file)
    for group in by_stem.values():
        masks |= dict.fromkeys(_masks_of_one_name([file for file in group if file not in masks]))
    return Parted(
        [file for file in files if file not in masks], list(masks), [*dict.fromkeys(doubtful)]
    )


def _masks_of_one_name(group: Sequence[Path]) -> Iterable[Path]:
    """Of `x.jpg` and `x.png` the one in black and white, if the other is not."""
    if len(group) < 2:
        return ()
    black_and_white = [file for file in group if looks_like_mask(file, colours=2, default=False)]
    return black_and_white if len(black_and_white) < len(group) else ()


def looks_like_mask(path: Path, colours: int = FEW_COLOURS, *, default: bool = True) -> bool:
    """Whether it has few colours, black among them; `default` where it cannot be read."""
    try:
        with open_picture(path) as image:
            if image.format in LOSSY:
                return _black_and_white(image)
            return _few_colours(image, colours)
    except PictureError:
        return default


def _few_colours(image: Image.Image, most: int) -> bool:
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        values = np.unique(np.asarray(image))
        return len(values) <= most and float(values[0]) <= 0
    used = (image if image.mode in ("1", "L") else image.convert("RGBA")).getcolors(most)
    return used is not None


def _black_and_white(image: Image.Image) -> bool:
    image.draft("L", (SIDE, SIDE))
    small = image.convert("RGB")
    small.thumbnail((SIDE, SIDE), Image.Resampling.NEAREST)
    pixels = np.asarray(small).astype(int)
    grey = (pixels.max(axis=2) - pixels.min(axis=2)) < DARK
    level = pixels.mean(axis=2)
    return bool((grey & ((level <= DARK) | (level >= BRIGHT))).mean() >= NEARLY)
