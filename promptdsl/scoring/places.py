"""What an object's places need besides the plan: masks, and the golden picture.

They lie in the spec's folder; a compiled plan carries them as arrays, which are held against what
they may be before anything is done with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.errors import EnvironmentProblem
from promptdsl.judge.places import Layout, layout_of
from promptdsl.pictures.claims import MAX_PIXELS
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_whole
from promptdsl.pictures.spec_masks import mask_paths, read_masks
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import BoolMap
from promptdsl.scoring.views import Golden

PREFIX = "places/"
GOLDEN, GOLDEN_SIZE = f"{PREFIX}golden", f"{PREFIX}golden_size"
GOLDEN_SIDE = 1280  # at most, of the copy: pictures are located at no larger size
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Places:
    """Of one object. `masks`: by their paths in the spec."""

    layout: Layout
    masks: Mapping[str, BoolMap]
    golden: Golden | None = None

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """By their names in a compiled plan."""
        found: dict[str, npt.NDArray[Any]] = {
            _mask_name(n): mask for n, mask in enumerate(self.masks.values())
        }
        if self.golden is not None:
            found[GOLDEN] = np.asarray(self.golden.image)
            found[GOLDEN_SIZE] = np.asarray(self.golden.size, np.int64)
        return found


def read_places(item: ObjectPlan, folder: Path) -> Places:
    """From a spec's folder. Raises SpecProblem for a mask that is none."""
    masks = read_masks(item, folder)
    in_order = {path: masks[path] for path in mask_paths(item)}
    return Places(layout_of(item, masks), in_order, _read_golden(item, folder))


def _read_golden(item: ObjectPlan, folder: Path) -> Golden | None:
    """Raises EnvironmentProblem for a golden picture that cannot be read."""
    locate = item.picture.locate if item.picture else None
    if locate is None or item.picture is None:
        return None
    try:
        image = read_whole(folder / locate.like, item.picture.intensity).image
    except PictureError as error:
        raise EnvironmentProblem(
            f"the golden picture {locate.like} of {item.name} cannot be used: {error}",
            "name a picture of a good part after `like:` in locate { }",
        ) from None
    size = image.size
    image.thumbnail((GOLDEN_SIDE, GOLDEN_SIDE), Resampling.BOX)
    return Golden(image, size)


def restore_places(item: ObjectPlan, arrays: Arrays) -> Places:
    """From a compiled plan's arrays. EnvironmentProblem where they are not what its plan needs."""
    expected = {_mask_name(number): path for number, path in enumerate(mask_paths(item))}
    found = {name: values for name, values in arrays.items() if name.startswith(PREFIX)}
    golden = _restored_golden(item, {n: found.pop(n, None) for n in (GOLDEN, GOLDEN_SIZE)})
    for name in sorted(found.keys() ^ expected.keys()):
        what = "is missing" if name in expected else "belongs to nothing"
        raise _damaged(item, f"{name[:100]!a} {what}")
    for name, values in found.items():
        if values.dtype != np.bool_ or values.ndim != 2 or not 0 < values.size <= MAX_PIXELS:
            raise _damaged(item, f"{name} is no mask")
        if values.view(np.uint8).max() > 1:
            raise _damaged(item, f"{name} holds values that are neither true nor false")
    masks = {path: found[name] for name, path in expected.items()}
    return Places(layout_of(item, masks), masks, golden)


def _restored_golden(
    item: ObjectPlan, found: Mapping[str, npt.NDArray[Any] | None]
) -> Golden | None:
    pixels, size = found[GOLDEN], found[GOLDEN_SIZE]
    needed = item.picture is not None and item.picture.locate is not None
    if pixels is None and size is None and not needed:
        return None
    if not needed or pixels is None or size is None:
        raise _damaged(item, "the golden picture is missing, or belongs to nothing")
    sound = pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3
    if not sound or not 0 < min(pixels.shape[:2]) <= max(pixels.shape[:2]) <= GOLDEN_SIDE:
        raise _damaged(item, "the golden picture is no picture")
    if size.dtype != np.int64 or size.shape != (2,) or size.min() < 1:
        raise _damaged(item, "the golden picture has no size")
    width, height = (int(side) for side in size)
    if width * height > MAX_PIXELS:
        raise _damaged(item, "the golden picture is too large")
    return Golden(Image.fromarray(np.ascontiguousarray(pixels)), (width, height))


def _mask_name(number: int) -> str:
    return f"{PREFIX}mask/{number}"


def _damaged(item: ObjectPlan, why: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the compiled plan is damaged: {item.name}: {why}",
        "make it again with `promptdsl compile SPEC -o part.plan`",
    )
