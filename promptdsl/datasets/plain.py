"""Plain folders: one for good pictures, one for each defect, and masks beside them.

CATEGORY/good/*.png                  pictures to test
CATEGORY/DEFECT/*.png
CATEGORY/masks/DEFECT/*.png          or CATEGORY/DEFECT_mask/*.png
CATEGORY/references/*.png            good pictures to compare with; may be missing
"""

from pathlib import Path

from promptdsl.datasets.files import (
    Notes,
    folders,
    labelled,
    note_missing_masks,
    pictures,
    with_masks,
)
from promptdsl.datasets.model import GOOD, Category, Picture
from promptdsl.errors import EnvironmentProblem

REFERENCES = "references"
MASKS = ("masks", "ground_truth")
MASK_ENDINGS = ("_mask", "_masks")


def is_category(folder: Path) -> bool:
    """Whether a folder looks like one category."""
    return (folder / GOOD).is_dir()


def read_category(folder: Path, name: str, notes: Notes) -> Category:
    """One category. Raises EnvironmentProblem where something in it cannot be meant."""
    references = folder / REFERENCES
    train_good = labelled(pictures(references, notes), GOOD) if references.is_dir() else ()
    test: list[Picture] = []
    places = {}
    for kind in _kinds(folder):
        found = pictures(kind, notes)
        if not found:
            raise EnvironmentProblem(f"{notes.shown(kind)} holds no pictures")
        if kind.name == GOOD:
            test += labelled(found, GOOD)
            continue
        place = _mask_folder(folder, kind.name)
        places[kind.name] = notes.shown(place)
        test += with_masks(found, kind.name, place, notes)
    _masks_without_folder(folder, {p.label for p in test}, notes)
    note_missing_masks(name, test, notes, places)
    return Category(name, train_good, tuple(test))


def _kinds(folder: Path) -> list[Path]:
    reserved = {REFERENCES, *MASKS}
    return [
        inner
        for inner in folders(folder)
        if inner.name not in reserved and not inner.name.endswith(MASK_ENDINGS)
    ]


def _mask_folder(folder: Path, defect: str) -> Path:
    places = [folder / name / defect for name in MASKS]
    places += [folder / f"{defect}{ending}" for ending in MASK_ENDINGS]
    return next((place for place in places if place.is_dir()), places[0])


def _masks_without_folder(folder: Path, labels: set[str], notes: Notes) -> None:
    beside = [inner for inner in folders(folder) if inner.name.endswith(MASK_ENDINGS)]
    below = [i for name in MASKS if (folder / name).is_dir() for i in folders(folder / name)]
    named = [(place, place.name.rsplit("_mask", 1)[0]) for place in beside]
    for place, defect in [*named, *((inner, inner.name) for inner in below)]:
        if defect not in labels and defect != GOOD and pictures(place, notes):
            raise EnvironmentProblem(
                f"{notes.shown(place)} holds masks, and there is no folder "
                f"{notes.shown(folder / defect)} with their pictures"
            )
