"""Labelled pictures of one object: out of a spec, out of folders, out of a data set.

Nothing disappears: what makes the evidence incomplete (a mask without its picture, a picture that
lacks the mask its neighbours have) is a problem, named in a sentence, and the command ends with 3.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptdsl.datasets.model import GOOD, Category
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.plan.model import ObjectPlan
from promptdsl.runtime.inputs import find_in_spec, find_pictures, natural_order

MASK_ENDINGS = ("", "_mask", "_gt", "_masks")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A picture and what it shows: `good`, or the name of a defect."""

    path: Path
    name: str  # as the results call it
    label: str
    mask: Path | None = None

    @property
    def is_good(self) -> bool:
        """Whether it shows a part without defects."""
        return self.label == GOOD


@dataclass(frozen=True, slots=True)
class Sample:
    """All labelled pictures of one object."""

    pictures: tuple[Labelled, ...]
    origin: tuple[str, ...]  # the folders or patterns that gave them
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def labels(self, known: Sequence[str] = ()) -> tuple[str, ...]:
        """`good` first, then defects in the spec's order, then others as they come."""
        present = dict.fromkeys(picture.label for picture in self.pictures)
        return tuple(label for label in dict.fromkeys([GOOD, *known, *present]) if label in present)

    def of(self, label: str) -> tuple[Labelled, ...]:
        """The pictures with a label."""
        return tuple(picture for picture in self.pictures if picture.label == label)


def from_spec(item: ObjectPlan, spec: Path) -> Sample:
    """The `samples` blocks of an object. Raises EnvironmentProblem where one has no pictures."""
    pictures: list[Labelled] = []
    problems: list[str] = []
    notes: list[str] = []
    for block in item.samples:
        where = f"samples {block.label}"
        files = _matches(block.images, spec.parent, where, problems, notes)
        masks: list[str] = []
        if block.masks:
            masks = _matches(block.masks, spec.parent, f"{where}, masks", problems, notes)
        if block.label == GOOD and masks:
            notes.append(f"{where}: its {len(masks)} masks are not read: good parts have no defect")
            masks = []
        pictures += _paired(files, masks, block.label, problems)
    origin = tuple(pattern for block in item.samples for pattern in block.images)
    return _sample(pictures, origin, problems, notes)


def _matches(
    patterns: Sequence[str], folder: Path, where: str, problems: list[str], notes: list[str]
) -> list[str]:
    try:
        found = find_in_spec(patterns, folder)
    except EnvironmentProblem as problem:
        raise EnvironmentProblem(f"{where}: {problem.sentence}", problem.help) from None
    if found.told:
        notes.append(f"{where}: left out {found.told}")
    problems += [f"{where}: {sentence}" for sentence in found.problems]
    return list(found.pictures)


def from_folders(
    good: Sequence[Path], defects: Sequence[tuple[str, Path]], masks: Path | None
) -> Sample:
    """Folders named on the command line. Raises EnvironmentProblem for an empty or missing one."""
    pictures: list[Labelled] = []
    problems: list[str] = []
    notes: list[str] = []
    for folder in good:
        pictures += _paired(_folder(folder, problems, notes), [], GOOD, problems)
    for name, folder in defects:
        if name == GOOD:
            raise UsageProblem("--defect good=...: good parts go to --good DIR")
        pictures += _paired(_folder(folder, problems, notes), [], name, problems)
    if masks is not None:
        pictures = _with_mask_folder(pictures, masks, problems, notes)
    origin = (*map(str, good), *(str(folder) for _, folder in defects))
    return _sample(pictures, origin, problems, notes)


def _folder(folder: Path, problems: list[str], notes: list[str]) -> list[str]:
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: there is no such folder")
    found = find_pictures([str(folder)])
    if found.told:
        notes.append(f"{folder}: left out {found.told}")
    problems += found.problems
    return list(found.pictures)


def _with_mask_folder(
    pictures: Sequence[Labelled], folder: Path, problems: list[str], notes: list[str]
) -> list[Labelled]:
    """Masks in FOLDER/DEFECT for each defect, or all of them in FOLDER itself."""
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: there is no such folder of masks")
    found = [picture for picture in pictures if picture.is_good]
    labels = dict.fromkeys(picture.label for picture in pictures if not picture.is_good)
    one_for_each = any((folder / label).is_dir() for label in labels)
    if not one_for_each:
        defective = [picture for picture in pictures if not picture.is_good]
        _refuse_like_names(defective, folder)
        return [*found, *_given_masks(defective, _folder(folder, problems, notes), problems)]
    for label in labels:
        mine = [picture for picture in pictures if picture.label == label]
        if (folder / label).is_dir():
            found += _given_masks(mine, _folder(folder / label, problems, notes), problems)
        else:
            notes.append(f"{folder}: no folder {label}, so its {len(mine)} pictures have no masks")
            found += mine
    return found


def _refuse_like_names(pictures: Sequence[Labelled], folder: Path) -> None:
    seen: dict[str, Labelled] = {}
    for picture in pictures:
        other = seen.setdefault(picture.path.stem, picture)
        if other is not picture:
            raise UsageProblem(
                f"{folder}: {other.name} and {picture.name} have one name, so a mask of that name "
                "could be of either",
                f"put the masks of each defect into a folder of its own, as {folder}/{other.label}",
            )


def from_category(category: Category, notes: Sequence[str] = ()) -> Sample:
    """The test pictures of a data set's category."""
    pictures = [
        Labelled(picture.path, picture.path.as_posix(), picture.label, picture.mask)
        for picture in category.test
    ]
    return _sample(pictures, (category.name,), [], list(notes))


def _paired(
    files: Iterable[str], masks: Sequence[str], label: str, problems: list[str]
) -> list[Labelled]:
    """Pictures with their masks, which have the picture's name, with or without `_mask` behind."""
    pictures = [Labelled(Path(name), name, label) for name in files]
    return _given_masks(pictures, masks, problems) if masks else pictures


def _given_masks(
    pictures: Sequence[Labelled], masks: Sequence[str], problems: list[str]
) -> list[Labelled]:
    by_stem: dict[str, str] = {}
    for name in masks:
        first = by_stem.setdefault(Path(name).stem, name)
        if first != name:
            problems.append(f"{name}: {first} is a mask of the same name; only that one was used")
    used: set[str] = set()
    found = []
    for picture in pictures:
        mask = _mask_of(picture.path.stem, by_stem)
        if mask is None:
            problems.append(
                f"{picture.name}: has no mask among the masks of {picture.label}; it is left out "
                "of the pixel figures"
            )
            found.append(picture)
            continue
        used.add(mask)
        found.append(Labelled(picture.path, picture.name, picture.label, Path(mask)))
    lonely = sorted(set(by_stem.values()) - used, key=natural_order)
    problems += [f"{mask}: a mask without its picture; it was not used" for mask in lonely]
    return found


def _mask_of(stem: str, by_stem: dict[str, str]) -> str | None:
    return next((by_stem[stem + end] for end in MASK_ENDINGS if stem + end in by_stem), None)


def _sample(
    pictures: Sequence[Labelled], origin: Sequence[str], problems: list[str], notes: list[str]
) -> Sample:
    _refuse_two_labels(pictures)
    return Sample(tuple(pictures), tuple(origin), tuple(problems), tuple(notes))


def _refuse_two_labels(pictures: Sequence[Labelled]) -> None:
    seen: dict[str, Labelled] = {}
    for picture in pictures:
        other = seen.setdefault(os.path.realpath(picture.path), picture)
        if other.label != picture.label:
            raise UsageProblem(
                f"{picture.name} is labelled {other.label} and {picture.label}: a picture has one "
                "label"
            )
