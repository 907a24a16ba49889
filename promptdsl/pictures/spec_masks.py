"""Masks that a spec names as places: white is inside, black and transparent outside."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from promptdsl.errors import EnvironmentProblem, SpecProblem
from promptdsl.pictures.opening import PictureError, open_picture
from promptdsl.pictures.upright import upright
from promptdsl.results import BoolMap

if TYPE_CHECKING:
    from promptdsl.plan.model import ObjectPlan, Origin

_HALF = {"I": 32768, "I;16": 32768, "I;16L": 32768, "I;16B": 32768, "I;16N": 32768, "F": 0.5}


def mask_paths(item: ObjectPlan) -> dict[str, Origin]:
    """Every mask that regions and ignored places name, and where."""
    return dict(_named(item))


def _named(item: ObjectPlan) -> Iterator[tuple[str, Origin]]:
    for region in (*item.regions, *item.ignored):
        for shape in (*region.shapes, *region.without):
            if shape.kind == "mask" and shape.path is not None:
                yield shape.path, region.origin


def read_masks(item: ObjectPlan, folder: Path) -> dict[str, BoolMap]:
    """The masks of an object by path, each (H, W) at its own size; `folder` is the spec's.

    Raises EnvironmentProblem for one that cannot be read, SpecProblem for one without white.
    """
    return {path: read_place(folder / path, path, at) for path, at in mask_paths(item).items()}


def read_place(file: Path, name: str, at: Origin) -> BoolMap:
    """(H, W), true where the mask is white."""
    try:
        with open_picture(file) as image:
            inside, highest = _white(upright(image))
    except PictureError as error:
        there = f"cannot be read: {error}" if file.exists() else "is not there"
        raise EnvironmentProblem(
            f"{at.file}:{at.line}: the mask {name} {there}",
            "draw it in black and white and save it as PNG",
        ) from None
    if not inside.any():
        raise SpecProblem(
            f"{at.file}:{at.line}: the mask {name} has no white place (its brightest value is "
            f"{highest:g}), so nothing is inside",
            "paint what is meant white, and all else black",
        )
    return inside


def _white(image: Image.Image) -> tuple[BoolMap, float]:
    """Where it is white, and its brightest value."""
    opaque = None
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opaque = np.asarray(image.getchannel("A")) >= 128
    if image.mode not in ("1", "L", *_HALF):
        image = image.convert("L")
    values = np.asarray(image)
    if values.dtype == np.bool_:
        inside: BoolMap = values.copy()
    else:
        inside = np.asarray(values >= _HALF.get(image.mode, 128))
    if opaque is not None:
        inside &= opaque
    return inside, float(np.nan_to_num(values.astype(np.float64)).max())
