"""Picture pictures of one object: out of a spec, out of folders, out of a data set.

Nothing disappears: what makes the evidence incomplete (a mask without its picture, a picture that
lacks the mask its neighbours have) is a problem, named in a sentence, and the command ends with 3.
"""

import fnmatch
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from promptdsl.diagnostics.nearest import did_you_mean
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.datasets.assemble import masks_below, masks_of_kind
from promptdsl.evaluate.datasets.beside import part_masks
from promptdsl.evaluate.datasets.files import Gathered, Notes, Wanted, gather, tell_parted
from promptdsl.evaluate.datasets.model import GOOD, Category, Dataset, Picture
from promptdsl.evaluate.datasets.pairing import Placed, pair
from promptdsl.files.advice import advice
from promptdsl.files.inputs import find_in_spec
from promptdsl.files.suffixes import picture_suffixes
from promptdsl.plan.model import ObjectPlan


@dataclass(frozen=True, slots=True)
class Sample:
    """All labelled pictures of one object."""

    pictures: tuple[Picture, ...]
    origin: tuple[str, ...]  # the folders or patterns that gave them
    missing: tuple[str, ...] = ()  # pictures that were meant and are not among them
    mask_problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def problems(self) -> tuple[str, ...]:
        """What makes the evidence incomplete."""
        return (*self.missing, *self.mask_problems)

    def labels(self, known: Sequence[str] = ()) -> tuple[str, ...]:
        """`good` first, then defects in the spec's order, then others as they come."""
        present = dict.fromkeys(picture.label for picture in self.pictures)
        return tuple(label for label in dict.fromkeys([GOOD, *known, *present]) if label in present)


def from_spec(item: ObjectPlan, spec: Path) -> Sample:
    """The `samples` blocks of an object. Raises EnvironmentProblem where one has no pictures."""
    pictures: list[Picture] = []
    told = Notes(spec.parent)
    for block in item.samples:
        where = f"samples {block.label}"
        files, masks = _parted(_matches(block.images, spec.parent, where, told), where, told)
        if block.masks:
            given = _matches(block.masks, spec.parent, f"{where}, masks", told)
            masks += [mask for mask in given if mask not in masks]
        if block.label == GOOD and masks:
            told.add(f"{where}: its {len(masks)} masks are not read: good parts have no defect")
            masks = []
        mine = [Picture(file, block.label) for file in files]
        apart = _placed(files, block.images, spec.parent)
        placed = _placed(masks, [*block.masks, *block.images], spec.parent)
        pictures += _with_masks(mine, placed, told, apart)
    origin = tuple(pattern for block in item.samples for pattern in block.images)
    return _sample(pictures, origin, told)


def _matches(patterns: Sequence[str], folder: Path, where: str, told: Notes) -> list[Path]:
    try:
        found = find_in_spec(patterns, folder)
    except EnvironmentProblem as problem:
        raise EnvironmentProblem(f"{where}: {problem.sentence}", problem.help) from None
    if found.told:
        told.add(f"{where}: left out {found.told}")
    told.problems += [f"{where}: {sentence}" for sentence in found.problems]
    return [Path(name) for name in found.pictures]


def _parted(files: Sequence[Path], where: str, told: Notes) -> tuple[list[Path], list[Path]]:
    """Pictures, and the masks that lie among them."""
    parted = part_masks(files)
    tell_parted(parted, where, told)
    return parted.pictures, parted.masks


def _placed(files: Sequence[Path], patterns: Sequence[str], folder: Path) -> list[Placed]:
    """Each file with what the wildcards in the folders of its pattern stand for."""
    ways = [Path(os.path.join(folder, pattern)).parts for pattern in patterns]
    return [Placed(file, _stood_for(file.parts, ways)) for file in files]


def _stood_for(parts: Sequence[str], ways: Sequence[Sequence[str]]) -> tuple[str, ...]:
    for way in ways:
        if len(way) == len(parts) and all(map(_fits, parts, way)):
            pairs = zip(parts[:-1], way[:-1], strict=True)
            return tuple(part for part, wild in pairs if part != wild)
    return ()


def _fits(part: str, wild: str) -> bool:
    return part == wild or fnmatch.fnmatch(part, wild)


def from_folders(
    good: Sequence[Path],
    defects: Sequence[tuple[str, Path]],
    masks: Path | None,
    known: Sequence[str] = (),
) -> Sample:
    """Folders named on the command line, with their sub-folders; `known` are the spec's defects.

    Raises EnvironmentProblem for an empty folder, UsageProblem for a missing one.
    """
    if any(name == GOOD for name, _ in defects):
        raise UsageProblem("--defect good=...: good parts go to --good DIR")
    given = [*((GOOD, folder) for folder in good), *defects]
    named = [*known, *(name for name, _ in defects)]
    claimed = {_real(folder) for _, folder in given} | ({_real(masks)} if masks else set())
    told = Notes(Path())
    for name in dict.fromkeys(name for name, _ in defects):
        if known and name not in known:
            hint = did_you_mean(name, known) or f"it has {', '.join(known)}"
            told.add(f"--defect {name}: the spec has no defect of that name; {hint}")
    pictures: list[Picture] = []
    beside: dict[str, list[Placed]] = {}
    for label, folder in given:
        found = _folder(folder, Wanted(label, named, claimed - {_real(folder)}), told)
        pictures += [Picture(path, label) for path in found.pictures]
        beside.setdefault(label, []).extend(map(Placed, found.masks))
    pictures = _masks_found(pictures, beside, masks, told)
    origin = (*map(str, good), *(str(folder) for _, folder in defects))
    return _sample(pictures, origin, told)


def _real(folder: Path) -> str:
    return os.path.realpath(folder)


def _folder(folder: Path, wanted: Wanted, told: Notes) -> Gathered:
    if not folder.is_dir():
        raise UsageProblem(f"{folder}: there is no such folder", _instead(folder))
    found = gather(folder, told, wanted)
    if not found.pictures:
        raise EnvironmentProblem(
            f"{folder}: no pictures found in this folder (looked for {picture_suffixes()})",
            _instead(folder),
        )
    return found


def _instead(folder: Path) -> str | None:
    return advice("", folder.as_posix(), "this folder")


def _masks_found(
    pictures: Sequence[Picture],
    beside: Mapping[str, Sequence[Placed]],
    folder: Path | None,
    told: Notes,
) -> list[Picture]:
    """Masks beside the pictures, in FOLDER/DEFECT for each defect, or all of them in FOLDER."""
    if folder is not None and not folder.is_dir():
        raise UsageProblem(f"{folder}: there is no such folder of masks", _instead(folder))
    labels = dict.fromkeys(picture.label for picture in pictures)
    found: list[Picture] = []
    together: list[Picture] = []
    for label in labels:
        mine = [picture for picture in pictures if picture.label == label]
        masks = list(beside.get(label, ()))
        if label == GOOD:
            found += mine
        elif folder is not None and (folder / label).is_dir():
            masks += [Placed(mask.path) for mask in masks_of_kind(folder / label, label, told)]
            found += _with_masks(mine, masks, told)
        elif folder is not None and any((folder / other).is_dir() for other in labels):
            told.add(f"{folder}: no folder {label}, so its {len(mine)} pictures have no masks")
            found += _with_masks(mine, masks, told)
        else:
            together += mine
    if not together:
        return found
    masks = [mask for label, own in beside.items() if label != GOOD for mask in own]
    if folder is not None:
        masks += [Placed(mask.path) for mask in masks_below(folder, told)]
    return [*found, *_with_masks(together, masks, told)]


def from_category(category: Category, whole: Dataset | None = None) -> Sample:
    """The test pictures of a data set's category, with what was told of the whole set if given."""
    told = Notes(Path(), list(category.notes), list(category.problems))
    if whole is not None:
        told.sentences[:0] = whole.own_notes
        told.problems[:0] = whole.own_problems
    return _sample(category.test, (category.name,), told)


def _with_masks(
    pictures: Sequence[Picture],
    masks: Sequence[Placed],
    told: Notes,
    apart: Sequence[Placed] | None = None,
) -> list[Picture]:
    """The pictures with their masks; `apart` says what sets each apart from others of its name."""
    if not masks:
        return list(pictures)
    paired = pair(apart or [Placed(picture.path) for picture in pictures], masks)
    told.mask_problems += [
        f"{picture.name}: has no mask among the masks of {picture.label}; it is left out of the "
        "pixel figures"
        for picture in pictures
        if picture.path not in paired.mask_of
    ]
    told.mask_problems += paired.problems
    return [replace(picture, mask=paired.mask_of.get(picture.path)) for picture in pictures]


def _sample(pictures: Sequence[Picture], origin: Sequence[str], told: Notes) -> Sample:
    _refuse_two_labels(pictures)
    return Sample(
        tuple(pictures), tuple(origin), tuple(told.problems), tuple(told.mask_problems),
        tuple(told.sentences),
    )  # fmt: skip


def _refuse_two_labels(pictures: Sequence[Picture]) -> None:
    seen: dict[str, Picture] = {}
    for picture in pictures:
        other = seen.setdefault(os.path.realpath(picture.path), picture)
        if other.label != picture.label:
            raise UsageProblem(
                f"{picture.name} is labelled {other.label} and {picture.label}: a picture has one "
                "label"
            )
