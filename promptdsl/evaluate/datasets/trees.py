"""Data sets that are folders named after what their pictures show: one table of their layouts.

mvtec   CATEGORY/train/good/*.png                 BTAD, MPDD, MVTec LOCO and VisA's one-class split
        CATEGORY/test/good, CATEGORY/test/DEFECT  have this one too
        CATEGORY/ground_truth/DEFECT/*_mask.png   LOCO: ground_truth/DEFECT/000/*.png
plain   CATEGORY/good, CATEGORY/DEFECT
        CATEGORY/masks/DEFECT/*.png               or CATEGORY/DEFECT_mask, or beside the pictures
        CATEGORY/references/*.png                 good pictures to compare with; may be missing

Folders of good parts may be named ok or normal; names are read without regard to case.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptdsl.evaluate.datasets.assemble import (
    good_pictures,
    make_category,
    masks_below,
    masks_of_kind,
    read_kinds,
)
from promptdsl.evaluate.datasets.files import Notes, content, folders, note_left_out
from promptdsl.evaluate.datasets.labels import means_good, means_masks
from promptdsl.evaluate.datasets.model import Category, Layout
from promptdsl.evaluate.datasets.pairing import Placed, stem_without_ending
from promptdsl.files.naming import counted


@dataclass(frozen=True, slots=True)
class Tree:
    """Folders of a category by their names; without `tests`, the others are those of labels."""

    name: Layout
    tests: tuple[str, ...] = ()  # hold the folders of labels
    trains: tuple[str, ...] = ()  # hold a folder of good parts to compare with
    references: tuple[str, ...] = ()  # hold good parts to compare with
    own_masks: bool = False  # whether DEFECT_mask holds the masks of DEFECT

    @property
    def sign(self) -> str:
        """The folder that makes a category."""
        return self.tests[0] if self.tests else "good"

    def is_category(self, folder: Path) -> bool:
        """Whether a folder looks like one category."""
        names = (inner.name for inner in folders(folder, Notes(folder)))
        return any(_in(self.tests)(name) if self.tests else means_good(name) for name in names)

    def is_below(self, root: Path) -> bool:
        """Whether any folder in the root looks like one."""
        return any(self.is_category(folder) for folder in folders(root, Notes(root)))


TREES: dict[Layout, Tree] = {
    "mvtec": Tree("mvtec", tests=("test", "test_public"), trains=("train",)),
    "plain": Tree("plain", references=("references",), own_masks=True),
}


def read_category(folder: Path, name: str, tree: Tree, notes: Notes) -> Category:
    """One category; what in it cannot be used becomes a problem."""
    here = content(folder, notes)
    trains, rest = _parted(here.folders, _in(tree.trains))
    references, rest = _parted(rest, _in(tree.references))
    truths, kinds = _parted(rest, means_masks)
    tests: list[Path] = []
    if tree.tests:
        tests, unknown = _parted(kinds, _in(tree.tests))
        note_left_out(unknown, "which the layout lacks", notes)
    note_stray(folder, here.pictures, notes)
    good = good_pictures(_good_in(trains, notes), notes)
    if trains and not good:
        notes.add(f"{name}: no good pictures in train/good, so none to compare with")
    if tree.tests:
        kinds, inner = _labels_in(tests, notes)
        truths += inner
    masks = [mask for truth in truths for mask in masks_below(truth, notes)]
    if tree.own_masks:
        kinds, own = _own_masks(kinds, here.folders, notes)
        masks += own
    good += good_pictures(references, notes)
    return make_category(name, good, read_kinds(kinds, notes), masks, notes)


def _labels_in(tests: Sequence[Path], notes: Notes) -> tuple[list[Path], list[Path]]:
    """Folders of labels, and folders of masks among them."""
    kinds: list[Path] = []
    truths: list[Path] = []
    for test in tests:
        inside = content(test, notes)
        masks, others = _parted(inside.folders, means_masks)
        truths, kinds = truths + masks, kinds + others
        note_stray(test, inside.pictures, notes)
    return kinds, truths


def _own_masks(
    kinds: Sequence[Path], every: Sequence[Path], notes: Notes
) -> tuple[list[Path], list[Placed]]:
    """Folders of labels, and the masks of folders such as scratch_mask beside scratch."""
    names = {folder.name.casefold(): folder.name for folder in every}
    own, rest = _parted(kinds, lambda name: stem_without_ending(name) in names)
    masks: list[Placed] = []
    for folder in own:
        kind = names[stem_without_ending(folder.name) or ""]
        masks += [Placed(mask.path) for mask in masks_of_kind(folder, kind, notes)]
    return rest, masks


def _in(names: Sequence[str]) -> Callable[[str], bool]:
    return lambda name: name.casefold() in names


def _parted(found: Sequence[Path], wanted: Callable[[str], bool]) -> tuple[list[Path], list[Path]]:
    """Folders whose name is wanted, and the others."""
    taken = [folder for folder in found if wanted(folder.name)]
    return taken, [folder for folder in found if folder not in taken]


def _good_in(trains: Sequence[Path], notes: Notes) -> list[Path]:
    """Folders of good parts; what else lies beside them is not learned from."""
    good: list[Path] = []
    for train in trains:
        inside = content(train, notes)
        found, rest = _parted(inside.folders, means_good)
        good += found
        note_left_out(rest, "only good parts are learned from", notes)
        if inside.pictures:
            count = counted(len(inside.pictures), "picture")
            notes.add(
                f"{notes.shown(train)}: left out {count} directly in this folder: good parts to "
                "compare with lie in good/"
            )
    return good


def note_stray(folder: Path, pictures: Sequence[Path], notes: Notes) -> None:
    """Pictures whose label no folder tells."""
    if pictures:
        notes.problem(
            f"{notes.shown(folder)}: {counted(len(pictures), 'picture')} directly in this folder "
            f"({pictures[0].name}) left out: nothing says whether they show good parts; put them "
            "into good/ or a folder named after their defect"
        )
