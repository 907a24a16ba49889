"""Folders as data sets have them: pictures in natural order, masks paired with their pictures.

What is left out becomes a note, what cannot be meant becomes a Problem; nothing disappears.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from promptdsl.datasets.model import Picture
from promptdsl.errors import EnvironmentProblem

SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
MASK_ENDINGS = ("_mask", "_gt", "")
_ORIENTATION, _TURNED = 274, (5, 6, 7, 8)  # EXIF: pictures that lie on their side


@dataclass(slots=True)
class Notes:
    """Sentences about what was not taken, collected while reading."""

    root: Path
    sentences: list[str] = field(default_factory=list)

    def add(self, sentence: str) -> None:
        """Remember one."""
        self.sentences.append(sentence)

    def shown(self, path: Path) -> str:
        """A path as the reader of the sentence knows it."""
        try:
            return path.relative_to(self.root).as_posix() or "."
        except ValueError:
            return path.as_posix()


def folders(parent: Path) -> list[Path]:
    """Sub-folders without hidden ones, in natural order."""
    return sorted((p for p in _entries(parent) if p.is_dir()), key=natural)


def pictures(folder: Path, notes: Notes) -> list[Path]:
    """Picture files of one folder; other files are noted."""
    found, others = [], []
    for path in _entries(folder):
        if path.is_dir():
            others.append(f"{path.name}/")
        elif path.suffix.lower() in SUFFIXES:
            found.append(path)
        else:
            others.append(path.name)
    if others:
        notes.add(f"{notes.shown(folder)}: left out {_listed(sorted(others))}, no pictures")
    return sorted(found, key=natural)


def _entries(folder: Path) -> list[Path]:
    try:
        return [path for path in folder.iterdir() if not path.name.startswith(".")]
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: this folder cannot be read: {error.strerror or error}"
        ) from None


def natural(path: Path) -> tuple[tuple[str | int, ...], str]:
    """Sort key that puts `9.png` before `10.png`."""
    pieces = re.split(r"([0-9]+)", path.name.casefold())
    return tuple(int(p) if i % 2 else p for i, p in enumerate(pieces)), path.name


def labelled(paths: Sequence[Path], label: str) -> tuple[Picture, ...]:
    """Pictures of one label, without masks."""
    return tuple(Picture(path, label) for path in paths)


def with_masks(paths: Sequence[Path], label: str, folder: Path, notes: Notes) -> list[Picture]:
    """Defective pictures, each with its mask from `folder` (named alike, or with _mask behind).

    Raises EnvironmentProblem for a mask without a picture and for one of another size.
    """
    masks = pictures(folder, notes) if folder.is_dir() else []
    by_stem = _unique(masks, notes)
    taken: set[Path] = set()
    found = []
    for path in paths:
        mask = next((by_stem[n] for n in _mask_names(path.stem) if n in by_stem), None)
        if mask is not None:
            taken.add(mask)
        found.append(Picture(path, label, mask))
    lonely = [mask for mask in masks if mask not in taken]
    if lonely:
        raise EnvironmentProblem(
            f"{notes.shown(lonely[0])} is a mask without a picture"
            + (f" ({len(lonely)} masks of {label} have none)" if len(lonely) > 1 else ""),
            help="a mask has the name of its picture, with or without _mask behind it",
        )
    return found


def _unique(masks: Iterable[Path], notes: Notes) -> dict[str, Path]:
    by_stem: dict[str, Path] = {}
    for mask in masks:
        if mask.stem in by_stem:
            raise EnvironmentProblem(
                f"{notes.shown(by_stem[mask.stem])} and {mask.name} are masks of one name",
                help="keep one of them",
            )
        by_stem[mask.stem] = mask
    return by_stem


def _mask_names(stem: str) -> list[str]:
    return [stem + ending for ending in MASK_ENDINGS]


def check_sizes(found: Iterable[Picture], notes: Notes) -> None:
    """Raise EnvironmentProblem where a mask does not have the size of its picture."""
    for picture in found:
        if picture.mask is None:
            continue
        size, mask_size = _size(picture.path, notes), _size(picture.mask, notes)
        if size != mask_size:
            raise EnvironmentProblem(
                f"{notes.shown(picture.mask)} is {mask_size[0]} x {mask_size[1]} pixels, "
                f"but its picture {notes.shown(picture.path)} is {size[0]} x {size[1]}",
                help="a mask must lie exactly over its picture",
            )


def _size(path: Path, notes: Notes) -> tuple[int, int]:
    try:
        with Image.open(path) as image:
            wide, high = image.size
            turned = image.format in ("JPEG", "TIFF") and (
                image.getexif().get(_ORIENTATION) in _TURNED
            )
    except (OSError, UnidentifiedImageError, ValueError, Image.DecompressionBombError) as error:
        raise EnvironmentProblem(f"{notes.shown(path)} is no readable picture ({error})") from None
    return (high, wide) if turned else (wide, high)


def note_missing_masks(
    name: str, found: Sequence[Picture], notes: Notes, places: Mapping[str, str]
) -> None:
    """Say which defects have pictures without masks, and where the masks were looked for."""
    missing: dict[str, int] = {}
    for picture in found:
        if not picture.is_good and picture.mask is None:
            missing[picture.label] = missing.get(picture.label, 0) + 1
    for label, count in missing.items():
        where = places.get(label, "")
        notes.add(
            f"{name}: {count} of {sum(p.label == label for p in found)} pictures of {label} "
            f"have no mask" + (f" in {where}" if where else "")
        )


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def same_folder_name(path: Path) -> str:
    """The folder's own name, also for `.` and a drive."""
    return Path(os.path.abspath(path)).name or str(path)
