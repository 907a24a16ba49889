"""From folders with labels to a category: good ones recognised, masks paired, sizes compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets.files import (
    Gathered,
    Notes,
    Wanted,
    content,
    gather,
    listed,
)
from promptdsl.evaluate.datasets.labels import may_mean_good, means_good
from promptdsl.evaluate.datasets.masks import mask_size
from promptdsl.evaluate.datasets.model import GOOD, Category, Picture
from promptdsl.evaluate.datasets.pairing import Placed, pair
from promptdsl.files.naming import counted
from promptdsl.pictures.opening import PictureError, picture_size

OTHER_NAMES = "name it good, ok or normal if it holds good parts"


class Kind(NamedTuple):
    """One folder of pictures with a label."""

    folder: Path
    label: str
    found: Gathered


def read_kinds(folders: Sequence[Path], notes: Notes) -> list[Kind]:
    """The pictures of each folder, labelled by its name."""
    kinds = []
    names = [folder.name for folder in folders if not means_good(folder.name)]
    for folder in folders:
        label = label_of(folder, notes)
        found = gather(folder, notes, Wanted(label, names))
        if found.pictures:
            kinds.append(Kind(folder, label, found))
        else:
            notes.problem(f"{notes.shown(folder)} holds no pictures")
    return kinds


def label_of(folder: Path, notes: Notes) -> str:
    """`good`, or the folder's name as that of a defect."""
    if means_good(folder.name):
        if folder.name != GOOD:
            notes.add(f"{notes.shown(folder)}: taken as good parts")
        return GOOD
    if may_mean_good(folder.name):
        notes.add(f"{notes.shown(folder)}: counted as a defect named {folder.name}; {OTHER_NAMES}")
    return folder.name


def good_pictures(folders: Sequence[Path], notes: Notes) -> tuple[Picture, ...]:
    """The pictures of folders of good parts; masks of good parts mark nothing and are not read."""
    found = []
    for folder in folders:
        if folder.name != GOOD and means_good(folder.name):
            notes.add(f"{notes.shown(folder)}: taken as good parts")
        found += gather(folder, notes, Wanted(GOOD)).pictures
    return tuple(Picture(path, GOOD) for path in found)


def masks_below(folder: Path, notes: Notes) -> list[Placed]:
    """Masks in a folder of masks, each set apart by the sub-folder of its defect."""
    here = content(folder, notes)
    if here.others:
        notes.add(f"{notes.shown(folder)}: left out {listed(here.others)}, no pictures")
    masks = [Placed(path) for path in here.pictures]
    for kind in here.folders:
        masks += masks_of_kind(kind, kind.name, notes)
    return masks


def masks_of_kind(folder: Path, label: str, notes: Notes) -> list[Placed]:
    """The masks of one defect, those in sub-folders too; none for good parts."""
    inner = Notes(notes.root)
    here = gather(folder, inner, Wanted(label))
    notes.sentences += [told for told in inner.sentences if "no pictures" in told]
    notes.problems += inner.problems
    masks = sorted([*here.pictures, *here.masks])
    if means_good(label):
        if masks:
            _note_masks_of_good(folder, len(masks), notes)
        return []
    return [Placed(path, (folder.name,)) for path in masks]


def _note_masks_of_good(folder: Path, count: int, notes: Notes) -> None:
    notes.add(f"{notes.shown(folder)}: {counted(count, 'mask')} of good parts not read")


def make_category(
    name: str,
    train_good: tuple[Picture, ...],
    kinds: Sequence[Kind],
    masks: Sequence[Placed],
    notes: Notes,
) -> Category:
    """The category, each defective picture with its mask where it has a usable one."""
    bad = [Placed(p, (k.folder.name,)) for k in kinds if k.label != GOOD for p in k.found.pictures]
    beside = [Placed(m, (k.folder.name,)) for k in kinds if k.label != GOOD for m in k.found.masks]
    paired = pair(bad, [*masks, *beside], notes.shown)
    notes.problems += paired.problems
    for kind in kinds:
        if kind.label == GOOD and kind.found.masks:
            _note_masks_of_good(kind.folder, len(kind.found.masks), notes)
    test = [
        checked(Picture(path, kind.label, paired.mask_of.get(path)), notes)
        for kind in sorted(kinds, key=lambda kind: kind.label != GOOD)
        for path in kind.found.pictures
    ]
    note_missing_masks(name, test, notes)
    if kinds and not any(picture.is_good for picture in test):
        notes.add(f"{name}: no folder of good parts among the test pictures (good, ok, normal)")
    return finished(name, train_good, test, notes)


def finished(
    name: str, train_good: Sequence[Picture], test: Sequence[Picture], notes: Notes
) -> Category:
    """A category with what was noted of it."""
    return Category(
        name, tuple(train_good), tuple(test), tuple(notes.sentences), tuple(notes.problems)
    )


def checked(picture: Picture, notes: Notes) -> Picture:
    """The picture; without its mask where that is unreadable or of another size."""
    if picture.mask is None:
        return picture
    try:
        masked = mask_size(picture.mask)
    except EnvironmentProblem as problem:
        notes.problem(f"{problem.sentence}; {picture.path.name} is left out of the pixel figures")
        return Picture(picture.path, picture.label)
    try:
        size = picture_size(picture.path)
    except PictureError:
        return picture  # named when it is to be scored
    if size == masked:
        return picture
    notes.problem(
        f"{notes.shown(picture.mask)}: this mask has {masked[0]} x {masked[1]} pixels, but its "
        f"picture has {size[0]} x {size[1]}; it is left out of the pixel figures"
    )
    return Picture(picture.path, picture.label)


def note_missing_masks(name: str, found: Sequence[Picture], notes: Notes) -> None:
    """Say which defects have pictures without masks."""
    labels = dict.fromkeys(p.label for p in found if not p.is_good)
    for label in labels:
        mine = [picture for picture in found if picture.label == label]
        missing = sum(picture.mask is None for picture in mine)
        if missing:
            notes.add(f"{name}: {missing} of {len(mine)} pictures of {label} have no mask")
