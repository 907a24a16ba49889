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

from promptdsl.errors import EnvironmentProblem
from promptdsl.judge.places import Layout, layout_of
from promptdsl.pictures.claims import MAX_PIXELS
from promptdsl.pictures.spec_masks import mask_paths, read_masks
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import BoolMap

PREFIX = "places/"
Arrays = Mapping[str, npt.NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Places:
    """Of one object. `masks`: by their paths in the spec."""

    layout: Layout
    masks: Mapping[str, BoolMap]

    def arrays(self) -> dict[str, npt.NDArray[Any]]:
        """By their names in a compiled plan."""
        return {_mask_name(n): mask for n, mask in enumerate(self.masks.values())}


def read_places(item: ObjectPlan, folder: Path) -> Places:
    """From a spec's folder. Raises SpecProblem for a mask that is none."""
    masks = read_masks(item, folder)
    return Places(layout_of(item, masks), {path: masks[path] for path in mask_paths(item)})


def restore_places(item: ObjectPlan, arrays: Arrays) -> Places:
    """From a compiled plan's arrays. EnvironmentProblem where they are not what its plan needs."""
    expected = {_mask_name(number): path for number, path in enumerate(mask_paths(item))}
    found = {name: values for name, values in arrays.items() if name.startswith(PREFIX)}
    for name in sorted(found.keys() ^ expected.keys()):
        what = "is missing" if name in expected else "belongs to nothing"
        raise _damaged(item, f"{name[:100]!a} {what}")
    for name, values in found.items():
        if values.dtype != np.bool_ or values.ndim != 2 or not 0 < values.size <= MAX_PIXELS:
            raise _damaged(item, f"{name} is no mask")
        if values.view(np.uint8).max() > 1:
            raise _damaged(item, f"{name} holds values that are neither true nor false")
    masks = {path: found[name] for name, path in expected.items()}
    return Places(layout_of(item, masks), masks)


def _mask_name(number: int) -> str:
    return f"{PREFIX}mask/{number}"


def _damaged(item: ObjectPlan, why: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"the compiled plan is damaged: {item.name}: {why}",
        "make it again with `promptdsl compile SPEC -o part.plan`",
    )
