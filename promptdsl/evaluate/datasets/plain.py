"""Plain folders: one for good pictures, one for each defect, and masks beside them.

CATEGORY/good/*.png                  pictures to test; also ok/, normal/
CATEGORY/DEFECT/*.png
CATEGORY/masks/DEFECT/*.png          or CATEGORY/DEFECT_mask/*.png, or beside the pictures
CATEGORY/references/*.png            good pictures to compare with; may be missing
"""

from collections.abc import Mapping
from pathlib import Path

from promptdsl.evaluate.datasets.assemble import (
    good_pictures,
    make_category,
    masks_below,
    masks_of_kind,
    read_kinds,
)
from promptdsl.evaluate.datasets.files import Notes, content, folders
from promptdsl.evaluate.datasets.labels import means_good, means_masks
from promptdsl.evaluate.datasets.model import Category
from promptdsl.evaluate.datasets.mvtec import note_stray
from promptdsl.evaluate.datasets.pairing import Placed, stem_without_ending

REFERENCES = "references"


def is_category(folder: Path) -> bool:
    """Whether a folder looks like one category."""
    return any(means_good(inner.name) for inner in folders(folder, Notes(folder)))


def read_category(folder: Path, name: str, notes: Notes) -> Category:
    """One category; what in it cannot be used becomes a problem."""
    here = content(folder, notes)
    references = [inner for inner in here.folders if inner.name.casefold() == REFERENCES]
    common = [inner for inner in here.folders if means_masks(inner.name)]
    names = {inner.name.casefold(): inner.name for inner in here.folders}
    own = {inner: kind for inner in here.folders if (kind := _defect_of(inner.name, names))}
    rest = [f for f in here.folders if f not in {*references, *common, *own}]
    note_stray(folder, here.pictures, notes)
    masks: list[Placed] = [mask for inner in common for mask in masks_below(inner, notes)]
    for inner, kind in own.items():
        found = masks_of_kind(inner, kind, notes)
        masks += [Placed(mask.path) for mask in found]
    return make_category(
        name, good_pictures(references, notes), read_kinds(rest, notes), masks, notes
    )


def _defect_of(name: str, names: Mapping[str, str]) -> str | None:
    """`scratch_mask` -> `scratch`, where there is such a folder."""
    bare = stem_without_ending(name)
    return None if bare is None else names.get(bare)
