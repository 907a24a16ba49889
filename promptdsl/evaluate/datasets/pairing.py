"""Which mask belongs to which picture. One rule for samples, folders, data sets and training.

A mask carries its picture's name, with or without `_mask` (or its like) behind it; or it lies in a
folder that carries the picture's name, with other masks of the same picture. Where pictures lie in
several folders, the mask must lie in the folder of the same name: `day1/000.png` and
`masks/day1/000_mask.png`. What fits two ways is told and used for neither.
"""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path
from typing import NamedTuple

from promptdsl.evaluate.datasets.labels import means_masks
from promptdsl.files.suffixes import MASK_ENDINGS

SHOWN = 3


class Placed(NamedTuple):
    """A file, and the folders that set it apart from others of its name."""

    path: Path
    apart: tuple[str, ...] = ()


@dataclass(slots=True)
class Pairing:
    """Masks by picture; sentences about those that could not be paired."""

    mask_of: dict[Path, Path] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def stem_without_ending(name: str) -> str | None:
    """`x_mask` -> `x`; None where no ending says that this is a mask."""
    stem = name.casefold()
    return next(
        (stem[: -len(end)] for end in MASK_ENDINGS if end and stem.endswith(end) and stem != end),
        None,
    )


def pair(
    pictures: Sequence[Placed],
    masks: Sequence[Placed],
    shown: Callable[[Path], str] = Path.as_posix,
) -> Pairing:
    """Each picture's mask: a file, or a folder whose pictures mark the defect together."""
    found = Pairing()
    pictures, masks = _once(pictures), _once(masks)
    places = _Places(pictures, masks)
    by_name = _by_name(pictures)
    claims: dict[Path, list[Path]] = defaultdict(list)
    lonely: list[Path] = []
    for mask in masks:
        owners, place = _owners(mask, by_name, places)
        if len(owners) == 1:
            claims[owners[0].path].append(place)
        elif owners:
            names = " and ".join(shown(owner.path) for owner in owners[:SHOWN])
            found.problems.append(
                f"{shown(mask.path)}: could be the mask of {names}; it was not used: keep the "
                "masks in folders named like those of the pictures"
            )
        else:
            lonely.append(mask.path)
    for picture, places_of in claims.items():
        own = list(dict.fromkeys(places_of))
        if len(own) == 1:
            found.mask_of[picture] = own[0]
            continue
        names = " and ".join(map(shown, own[:SHOWN]))
        found.problems.append(f"{shown(picture)}: {names} are masks of it; none was used: keep one")
    found.problems += _lonely(lonely, shown)
    return found


def _lonely(masks: Sequence[Path], shown: Callable[[Path], str]) -> list[str]:
    """A sentence for each mask, or one for the many of a folder."""
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for mask in masks:
        by_folder[mask.parent].append(mask)
    sentences = []
    for folder, lonely in by_folder.items():
        if len(lonely) > SHOWN:
            names = ", ".join(mask.name for mask in lonely[:SHOWN])
            sentences.append(
                f"{shown(folder)}: {len(lonely)} masks without their pictures ({names}, ...); "
                "they were not used"
            )
        else:
            sentences += [
                f"{shown(one)}: a mask without its picture; it was not used" for one in lonely
            ]
    return sentences


def _once(files: Iterable[Placed]) -> list[Placed]:
    return list({file.path: file for file in files}.values())


def _by_name(pictures: Sequence[Placed]) -> dict[str, list[Placed]]:
    """By stem and by whole name: `000.jpg.png` is a mask of `000.jpg`."""
    found: dict[str, list[Placed]] = defaultdict(list)
    for picture in pictures:
        found[picture.path.stem.casefold()].append(picture)
        found[picture.path.name.casefold()].append(picture)
    return found


def _owners(
    mask: Placed, by_name: dict[str, list[Placed]], places: "_Places"
) -> tuple[list[Placed], Path]:
    """The pictures that a mask can belong to, and what is their mask: the file or its folder."""
    named = _named(mask.path.stem, by_name)
    folder = mask.path.parent
    beside = [picture for picture in named if picture.path.parent.name == folder.name]
    collected = [
        picture
        for picture in by_name.get(folder.name.casefold(), [])
        if picture.path.stem.casefold() == folder.name.casefold()
    ]
    if collected and not beside:
        within = Placed(folder, tuple(part for part in mask.apart if part != folder.name))
        fitting = [picture for picture in collected if places.agree(picture, within)]
        if fitting:
            return fitting, folder
    strict = [picture for picture in named if places.agree(picture, mask)]
    if strict or places.related:
        return strict, mask.path
    return named, mask.path


def _named(stem: str, by_name: dict[str, list[Placed]]) -> list[Placed]:
    exact = by_name.get(stem.casefold(), [])
    bare = stem_without_ending(stem)
    return exact or (by_name.get(bare, []) if bare else [])


class _Places:
    """Where pictures and masks lie, as far as it tells two files of one name apart."""

    def __init__(self, pictures: Sequence[Placed], masks: Sequence[Placed]) -> None:
        ways = [_parts(file.path.parent) for file in (*pictures, *masks)]
        self._start = len(_beginning(ways))
        self._same = _ends([self._way(file) for file in pictures])
        self._same_masks = _ends([self._mask_way(file) for file in masks])
        apart = {name for file in pictures for name in self._apart(file)}
        apart_masks = {name for file in masks for name in self._mask_apart(file)}
        around = {name for file in pictures for name in self._way(file)}
        around_masks = {name for file in masks for name in self._mask_way(file)}
        # Folders that speak of the same things on both sides decide; else the name alone does.
        self.related = bool(apart & around_masks or apart_masks & around or (apart and apart_masks))

    def agree(self, picture: Placed, mask: Placed) -> bool:
        """Whether what sets each of the two apart is found on the other's way too."""
        return _within(self._apart(picture), self._mask_way(mask)) and _within(
            self._mask_apart(mask), self._way(picture)
        )

    def _way(self, file: Placed) -> tuple[str, ...]:
        return _parts(file.path.parent)[self._start :]

    def _mask_way(self, file: Placed) -> tuple[str, ...]:
        """Without what only says that these are masks: `masks`, and the end of `scratch_mask`."""
        names = (name for name in self._way(file) if not means_masks(name))
        return tuple(stem_without_ending(name) or name for name in names)

    def _apart(self, file: Placed) -> tuple[str, ...]:
        return _between(self._way(file), self._same, file.apart)

    def _mask_apart(self, file: Placed) -> tuple[str, ...]:
        return _between(self._mask_way(file), self._same_masks, file.apart)


def _ends(ways: Sequence[tuple[str, ...]]) -> tuple[int, int]:
    """How many folders all ways begin with, and end with."""
    first = len(_beginning(ways))
    rest = [way[first:][::-1] for way in ways]
    return first, len(_beginning(rest))


def _between(way: tuple[str, ...], same: tuple[int, int], given: Sequence[str]) -> tuple[str, ...]:
    """The folders that differ from file to file, and those that are said to matter."""
    known = {name.casefold() for name in given}
    inner = range(same[0], len(way) - same[1])
    return tuple(name for at, name in enumerate(way) if at in inner or name in known)


def _parts(folder: Path) -> tuple[str, ...]:
    return tuple(part.casefold() for part in Path(os.path.abspath(folder)).parts)


def _beginning(ways: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """What all of them begin with."""
    if not ways:
        return ()
    least, most = min(ways), max(ways)
    same = takewhile(lambda pair: pair[0] == pair[1], zip(least, most, strict=False))
    return tuple(name for name, _ in same)


def _within(names: Sequence[str], way: Sequence[str]) -> bool:
    """Whether the names occur on the way, in this order."""
    rest = iter(way)
    return all(name in rest for name in names)
