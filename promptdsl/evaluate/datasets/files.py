"""Folders as data sets have them: pictures in natural order, with those of their sub-folders.

What is left out or understood becomes a note, what cannot be used a problem; nothing disappears.
Hidden files are not read; pictures among them are counted.
"""

import os
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from pathlib import Path

from promptdsl.evaluate.datasets.beside import Parted, part_masks
from promptdsl.evaluate.datasets.labels import means_bad, means_good, means_masks
from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.files.naming import counted
from promptdsl.files.opening import reason
from promptdsl.files.order import Order, natural_order
from promptdsl.files.search import RESULTS_FILES
from promptdsl.files.suffixes import is_picture

SHOWN = 3
POINTS, THEIR_PICTURES = "xyz", "rgb"  # MVTec 3D-AD: point clouds beside the pictures


@dataclass(slots=True)
class Notes:
    """Sentences about what was read differently or not at all, collected while reading."""

    root: Path
    sentences: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    mask_problems: list[str] = field(default_factory=list)  # where masks are told apart

    def add(self, sentence: str) -> None:
        """Remember what a reader should know."""
        self.sentences.append(sentence)

    def problem(self, sentence: str) -> None:
        """Remember what was meant as evidence and cannot be used."""
        self.problems.append(sentence)

    def shown(self, path: Path) -> str:
        """A path as the reader of the sentence knows it."""
        try:
            return path.relative_to(self.root).as_posix() or "."
        except ValueError:
            return path.as_posix()


@dataclass(slots=True)
class Gathered:
    """The pictures below one folder, and masks that lie among them."""

    pictures: list[Path] = field(default_factory=list)
    masks: list[Path] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the pictures below a folder show, and what else may lie there."""

    label: str
    others: Sequence[str] = ()  # labels that sub-folders may be named after
    claimed: AbstractSet[str] = frozenset()  # real names of folders that are read for themselves

    def contradicts(self, name: str) -> bool:
        """Whether a sub-folder of that name says something else than this label."""
        if self.label == GOOD:
            return means_bad(name) or name in self.others
        return means_good(name)


@dataclass(frozen=True, slots=True)
class Content:
    """What lies directly in one folder."""

    folders: tuple[Path, ...]
    pictures: tuple[Path, ...]
    others: tuple[str, ...]
    hidden: int = 0  # pictures whose name begins with a dot


def content(folder: Path, notes: Notes) -> Content:
    """The entries of a folder in natural order; a problem where it cannot be read."""
    folders, pictures, others, hidden = [], [], [], 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                path = folder / entry.name
                if entry.name.startswith("."):
                    hidden += is_picture(entry.name)
                    continue
                if _is_folder(entry):
                    folders.append(path)
                elif is_picture(entry.name):
                    pictures.append(path)
                else:
                    others.append(entry.name)
    except OSError as error:
        notes.problem(
            f"{notes.shown(folder)}: this folder cannot be read: {reason(error)}; what it holds "
            "is in no figure"
        )
    return Content(
        tuple(sorted(folders, key=_order)), tuple(sorted(pictures, key=_order)),
        tuple(sorted(others)), hidden,
    )  # fmt: skip


def _order(path: Path) -> Order:
    return natural_order(path.name)


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link that leads nowhere or to itself: reading it says why
        return False


def folders(parent: Path, notes: Notes) -> tuple[Path, ...]:
    """Sub-folders without hidden ones, in natural order."""
    return content(parent, notes).folders


def gather(folder: Path, notes: Notes, wanted: Wanted) -> Gathered:
    """The pictures of a folder and of its sub-folders, and the masks among them.

    Sub-folders named like masks hold masks; those whose name contradicts the label are a problem.
    """
    found = Gathered()
    inner: list[Path] = []
    seen: set[tuple[int, int]] = set()

    def walk(place: Path, masks: bool) -> None:
        if _seen(place, seen):
            return
        here = content(place, notes)
        if here.others:
            notes.add(f"{notes.shown(place)}: left out {listed(here.others)}, no pictures")
        if here.hidden:
            notes.add(f"{notes.shown(place)}: left out {counted(here.hidden, 'hidden picture')}")
        (found.masks if masks else found.pictures).extend(here.pictures)
        for sub in here.folders:
            if not _left_out(sub, here, wanted, notes):
                if not (masks or means_masks(sub.name)):
                    inner.append(sub)
                walk(sub, masks or means_masks(sub.name))

    walk(folder, False)
    if any(sub.name.casefold() != THEIR_PICTURES for sub in inner):
        names = listed([sub.relative_to(folder).as_posix() for sub in inner])
        notes.add(f"{notes.shown(folder)}: its sub-folders were read too ({names})")
    parted = part_masks(found.pictures)
    tell_parted(parted, notes.shown(folder), notes)
    return Gathered(parted.pictures, [*found.masks, *parted.masks])


def _left_out(sub: Path, here: Content, wanted: Wanted, notes: Notes) -> bool:
    """Whether a sub-folder is not to be read as more pictures of the label; says why."""
    if os.path.realpath(sub) in wanted.claimed:
        return True
    if all((sub / name).exists() for name in RESULTS_FILES):
        notes.add(f"{notes.shown(sub)}: left out, it holds the results of a run")
    elif sub.name.casefold() == POINTS and any(
        one.name.casefold() == THEIR_PICTURES for one in here.folders
    ):
        notes.add(f"{notes.shown(sub)}: left out, point clouds are not read")
    elif wanted.contradicts(sub.name):
        notes.problem(
            f"{notes.shown(sub)}: left out this folder with "
            f"{counted(count_pictures(sub), 'picture')}: it is named {sub.name}, but lies in a "
            f"folder of {wanted.label} parts"
        )
    else:
        return False
    return True


def _seen(folder: Path, seen: set[tuple[int, int]]) -> bool:
    """Whether a link has led back to a folder."""
    try:
        status = folder.stat()
    except OSError:
        return False  # reading it says why
    known = (status.st_dev, status.st_ino) in seen
    seen.add((status.st_dev, status.st_ino))
    return known


def tell_parted(parted: Parted, where: str, notes: Notes) -> None:
    """Say which files among pictures are masks, and which only seem to be."""
    if parted.masks:
        names = listed([mask.name for mask in parted.masks])
        notes.add(f"{where}: {counted(len(parted.masks), 'mask')} beside the pictures ({names})")
    if parted.doubtful:
        names = listed([picture.name for picture in parted.doubtful])
        are = "is" if len(parted.doubtful) == 1 else "are"
        notes.add(f"{where}: {names} {are} named like a mask and taken for a picture")


def count_pictures(folder: Path) -> int:
    """How many pictures lie in and below a folder; links to folders are not followed."""
    return sum(
        is_picture(name) and not name.startswith(".")
        for _, _, names in os.walk(folder)
        for name in names
    )


def note_left_out(found: Sequence[Path], why: str, notes: Notes) -> None:
    """Say which folders are not read, and how many pictures lie there."""
    for folder in found:
        count = count_pictures(folder)
        inside = f" with {counted(count, 'picture')}" if count else ""
        notes.add(f"{notes.shown(folder)}: left out this folder{inside}, {why}")


def listed(names: Sequence[str]) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(names[:SHOWN])
    return shown if len(names) <= SHOWN else f"{shown} and {len(names) - SHOWN} more"


def same_folder_name(path: Path) -> str:
    """The folder's own name, also for `.` and a drive."""
    return Path(os.path.abspath(path)).name or str(path)
