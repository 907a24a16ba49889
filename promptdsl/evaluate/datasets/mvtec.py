"""MVTec AD's folders, which BTAD, MPDD, MVTec LOCO and VisA's one-class split have too.

CATEGORY/train/good/*.png
CATEGORY/test/good/*.png, CATEGORY/test/DEFECT/*.png
CATEGORY/ground_truth/DEFECT/*_mask.png          LOCO: ground_truth/DEFECT/000/*.png

Folders of good parts may be named ok or normal; names are read without regard to case.
"""

from pathlib import Path

from promptdsl.evaluate.datasets.assemble import (
    good_pictures,
    make_category,
    masks_below,
    read_kinds,
)
from promptdsl.evaluate.datasets.files import Notes, content, counted, folders, note_left_out
from promptdsl.evaluate.datasets.labels import means_good, means_masks
from promptdsl.evaluate.datasets.model import Category

TEST, TRAIN = ("test", "test_public"), ("train",)


def is_category(folder: Path) -> bool:
    """Whether a folder looks like one of MVTec AD's."""
    return any(_named(inner, TEST) for inner in folders(folder, Notes(folder)))


def read_category(folder: Path, name: str, notes: Notes) -> Category:
    """One category; what in it cannot be used becomes a problem."""
    here = content(folder, notes)
    tests = [inner for inner in here.folders if _named(inner, TEST)]
    trains = [inner for inner in here.folders if _named(inner, TRAIN)]
    truths = [inner for inner in here.folders if means_masks(inner.name)]
    known = {*tests, *trains, *truths}
    note_left_out([f for f in here.folders if f not in known], "which the layout lacks", notes)
    note_stray(folder, here.pictures, notes)
    good = []
    for train in trains:
        inside = content(train, notes)
        good += [inner for inner in inside.folders if means_good(inner.name)]
        rest = [inner for inner in inside.folders if not means_good(inner.name)]
        note_left_out(rest, "only good parts are learned from", notes)
        if inside.pictures:
            count = counted(len(inside.pictures), "picture")
            notes.add(
                f"{notes.shown(train)}: left out {count} directly in this folder: good parts to "
                "compare with lie in good/"
            )
    train_good = good_pictures(good, notes)
    if trains and not train_good:
        notes.add(f"{name}: no good pictures in train/good, so none to compare with")
    kinds = []
    for test in tests:
        inside = content(test, notes)
        truths += [inner for inner in inside.folders if means_masks(inner.name)]
        kinds += [inner for inner in inside.folders if not means_masks(inner.name)]
        note_stray(test, inside.pictures, notes)
    masks = [mask for truth in truths for mask in masks_below(truth, notes)]
    return make_category(name, train_good, read_kinds(kinds, notes), masks, notes)


def _named(folder: Path, names: tuple[str, ...]) -> bool:
    return folder.name.casefold() in names


def note_stray(folder: Path, pictures: tuple[Path, ...], notes: Notes) -> None:
    """Pictures whose label no folder tells."""
    if pictures:
        notes.problem(
            f"{notes.shown(folder)}: {counted(len(pictures), 'picture')} directly in this folder "
            f"({pictures[0].name}) left out: nothing says whether they show good parts; put them "
            "into good/ or a folder named after their defect"
        )
