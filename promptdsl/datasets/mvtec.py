"""MVTec AD's folders, which VisA's one-class split has too.

CATEGORY/train/good/*.png
CATEGORY/test/good/*.png, CATEGORY/test/DEFECT/*.png
CATEGORY/ground_truth/DEFECT/*_mask.png
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

TEST, TRAIN, TRUTH = "test", "train", "ground_truth"


def is_category(folder: Path) -> bool:
    """Whether a folder looks like one of MVTec AD's."""
    return (folder / TEST).is_dir()


def read_category(folder: Path, name: str, notes: Notes) -> Category:
    """One category. Raises EnvironmentProblem where something in it cannot be meant."""
    known = {TEST, TRAIN, TRUTH}
    strange = [inner.name for inner in folders(folder) if inner.name not in known]
    if strange:
        notes.add(f"{name}: left out the folders {', '.join(strange)}")
    train = folder / TRAIN / GOOD
    train_good = labelled(pictures(train, notes), GOOD) if train.is_dir() else ()
    if not train_good:
        notes.add(f"{name}: no good pictures in {TRAIN}/{GOOD}, so none to compare with")
    test: list[Picture] = []
    places = {}
    for kind in folders(folder / TEST):
        found = pictures(kind, notes)
        if not found:
            raise EnvironmentProblem(f"{notes.shown(kind)} holds no pictures")
        if kind.name == GOOD:
            test += labelled(found, GOOD)
            continue
        truth = folder / TRUTH / kind.name
        places[kind.name] = notes.shown(truth)
        test += with_masks(found, kind.name, truth, notes)
    _masks_without_folder(folder, {p.label for p in test}, notes)
    note_missing_masks(name, test, notes, places)
    return Category(name, train_good, tuple(test))


def _masks_without_folder(folder: Path, labels: set[str], notes: Notes) -> None:
    truth = folder / TRUTH
    for kind in folders(truth) if truth.is_dir() else []:
        if kind.name not in labels and pictures(kind, notes) and kind.name != GOOD:
            raise EnvironmentProblem(
                f"{notes.shown(kind)} holds masks, and there is no folder "
                f"{notes.shown(folder / TEST / kind.name)} with their pictures"
            )
