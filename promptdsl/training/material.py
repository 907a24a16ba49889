"""Which pictures to learn from and which to keep for the evaluation.

Like the papers, a training learns from the test pictures of its data sets, good and defective, and
is judged on other categories. Every defective picture needs a mask.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptdsl.diagnostics.nearest import nearest
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.datasets import Category, Dataset, Picture, read_mask
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_picture
from promptdsl.scoring.features import Pictures

HELD_OUT_SHARE = 5  # one category of so many is kept for the evaluation
NOTHING = "none"
_NUMBER_BEHIND = re.compile(r"[\s_]*[0-9]+$")


@dataclass(frozen=True, slots=True)
class Example:
    """One picture to learn from."""

    category: str
    picture: Picture


@dataclass(frozen=True, slots=True)
class Material:
    """All examples in a fixed order, and the categories held out."""

    examples: tuple[Example, ...]
    trained_on: tuple[str, ...]
    held_out: tuple[Category, ...]


def called(category: str) -> str:
    """What an object of the category is called: `metal_nut` is a metal nut, `pcb1` a pcb."""
    return _NUMBER_BEHIND.sub("", category.replace("_", " ")) or category


def choose_material(datasets: Sequence[Dataset], hold_out: Sequence[str], seed: int) -> Material:
    """Split categories. Raises EnvironmentProblem where masks are missing."""
    categories = [category for dataset in datasets for category in dataset.categories]
    names = sorted({category.name for category in categories})
    held = _held_out(names, hold_out, seed)
    learned = [category for category in categories if category.name not in held]
    if not learned:
        raise UsageProblem(
            "every category is held out, so there is nothing to learn from",
            help="hold out fewer of them, or give more data",
        )
    examples = tuple(Example(c.name, picture) for c in learned for picture in c.test)
    _check_masks(learned, examples)
    return Material(
        examples,
        tuple(name for name in names if name not in held),
        tuple(category for category in categories if category.name in held),
    )


def _held_out(names: Sequence[str], hold_out: Sequence[str], seed: int) -> set[str]:
    if list(hold_out) == [NOTHING]:
        return set()
    for name in hold_out:
        if name not in names:
            near = nearest(name, names)
            raise UsageProblem(
                f"there is no category {name} to hold out",
                help=f"did you mean {near}?" if near else f"there are {', '.join(names)}",
            )
    if hold_out or len(names) < 2:
        return set(hold_out)
    return set(random.Random(seed).sample(names, max(1, len(names) // HELD_OUT_SHARE)))


def _check_masks(learned: Sequence[Category], examples: Sequence[Example]) -> None:
    missing = [picture for category in learned for picture in category.without_mask]
    if missing:
        raise EnvironmentProblem(
            f"training needs a mask for every defective picture: {missing[0].path} has none"
            + (f", nor have {len(missing) - 1} others" if len(missing) > 1 else ""),
            help="draw the masks, or hold these categories out with --hold-out NAME",
        )
    if all(example.picture.is_good for example in examples):
        raise EnvironmentProblem("training needs defective pictures with masks; all are good")


def read_pixels(pictures: Sequence[Picture], size: tuple[int, int]) -> Pictures:
    """(B, H, W, 3) uint8 RGB. Raises EnvironmentProblem naming a picture that cannot be read."""
    rows = []
    for picture in pictures:
        try:
            rows.append(read_picture(picture.path, size).pixels)
        except PictureError as error:
            raise EnvironmentProblem(f"{picture.path} cannot be used: {error}") from error
    return np.stack(rows)


def packed_mask(picture: Picture, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """The mask at a size, eight pixels to a byte; empty for good pictures.

    Raises EnvironmentProblem where it cannot be read or marks nothing.
    """
    if picture.mask is None:
        return np.zeros(0, np.uint8)
    marked = read_mask(picture.mask, size)
    if not marked.any() and not read_mask(picture.mask).any():
        raise EnvironmentProblem(
            f"{picture.mask}: this mask marks nothing, although {picture.path.name} is labelled "
            f"{picture.label}"
        )
    return np.packbits(marked)


def unpacked_masks(
    packed: Sequence[npt.NDArray[np.uint8]], size: tuple[int, int]
) -> npt.NDArray[np.float32]:
    """(B, H, W): 1 on the defect."""
    pixels = size[0] * size[1]
    masks = np.zeros((len(packed), pixels), np.float32)
    for row, bits in zip(masks, packed, strict=True):
        if len(bits):
            row[:] = np.unpackbits(bits, count=pixels)
    return masks.reshape(-1, *size)
