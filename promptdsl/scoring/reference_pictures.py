"""The pictures of good parts that a spec names: found, drawn with the seed, read."""

import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn, TypeVar, cast

import numpy as np

from promptdsl.errors import EnvironmentProblem, Problem, SpecProblem
from promptdsl.files.found import Found
from promptdsl.files.inputs import find_in_spec
from promptdsl.pictures.gate import MOST_REFERENCES, NotInspected, Usual, refuse_blank, usual
from promptdsl.pictures.opening import PictureError, picture_size
from promptdsl.pictures.reading import read_picture
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.decoding import open_whole
from promptdsl.scoring.features import Pictures
from promptdsl.scoring.pieces import Opened
from promptdsl.scoring.views import View, Viewing

T = TypeVar("T")

_LOOKED_AT = (32, 32)  # a look is at the whole picture, whatever the size that is asked for


def reference_files(
    patterns: Sequence[str], shots: int | None, seed: int, spec_folder: Path
) -> tuple[Path, ...]:
    """The drawn files. Patterns are relative to the spec.

    Raises EnvironmentProblem for a folder that cannot be read: any picture in it would count.
    """
    found = find_in_spec(patterns, spec_folder)
    for problem in found.problems:
        raise EnvironmentProblem(f"references: {problem}")
    names = {
        os.path.relpath(path, spec_folder).replace(os.sep, "/"): path for path in found.pictures
    }
    return tuple(Path(names[name]) for name in draw_references([*names], shots, seed))


def draw_references(files: Sequence[str], shots: int | None, seed: int) -> tuple[str, ...]:
    """Which files to use: the same for the same set of names, in whatever order they came."""
    ordered = sorted(set(files), key=lambda name: (Path(name).name, name))
    if shots is None:
        return tuple(ordered)
    if shots > len(ordered):
        raise SpecProblem(
            f"shots: {shots} references are asked for, but `references` gives {len(ordered)}"
        )
    return tuple(sorted(random.Random(seed).sample(ordered, shots), key=ordered.index))


def usual_look(item: ObjectPlan, spec_folder: Path) -> Usual | None:
    """What the spec's references usually look like; None where there are none that can be read."""
    settings = item.method.settings
    patterns = settings.get("references")
    if not isinstance(patterns, tuple) or not patterns:
        return None
    shots, seed = cast("int | None", settings.get("shots")), cast(int, settings.get("seed") or 0)
    try:
        files = reference_files([str(p) for p in patterns], shots, seed, spec_folder)
        step = -(-len(files) // MOST_REFERENCES)
        looks = [read_picture(file, _LOOKED_AT).look for file in files[::step]]
    except (Problem, PictureError):
        return None  # building the detector says what is wrong with them
    return usual([look for look in looks if look is not None])


def all_references(item: ObjectPlan, spec_folder: Path) -> Found:
    """Everything that an object's references give, before any are drawn; nothing for zero-shot."""
    patterns = item.method.settings.get("references") or ()
    if not isinstance(patterns, tuple):
        return Found()
    return find_in_spec([str(pattern) for pattern in patterns], spec_folder)


def references_left_out(item: ObjectPlan, spec_folder: Path) -> list[str]:
    """What the references' patterns met and did not take, as sentences; empty for nothing."""
    told = all_references(item, spec_folder).told
    return [f"references of {item.name}: left out {told}"] if told else []


def count_views(files: Sequence[Path], viewing: Viewing) -> int:
    """In how many views all references are seen."""
    return sum(len(_told(file, lambda file: _views(file, viewing))) for file in files)


def _views(file: Path, viewing: Viewing) -> Sequence[View]:
    return viewing.cut(picture_size(file)).views


def read_views(file: Path, viewing: Viewing, most: int) -> tuple[Pictures, list[View]]:
    """(B, H, W, 3) RGB: some of a reference's views, evenly spread."""
    opened, image = _told(file, lambda file: open_whole(str(file), viewing))
    assert opened.stitcher is not None
    views = opened.stitcher.cut.views
    last = max(1, most - 1)
    numbers = sorted({round(i * (len(views) - 1) / last) for i in range(most)})
    chosen = [views[number] for number in numbers]
    return np.stack([viewing.pixels(image, view) for view in chosen]), chosen


def _told(file: Path, read: Callable[[Path], T]) -> T:
    """Raises EnvironmentProblem naming the reference: one left out would change every score."""
    try:
        return read(file)
    except PictureError as error:
        refuse_reference(file, error)


def refuse_reference(file: Path, error: PictureError) -> NoReturn:
    """EnvironmentProblem: a reference cannot be used."""
    why = error.reason if isinstance(error, NotInspected) else error
    raise EnvironmentProblem(f"the reference {file} cannot be used: {why}") from error


def refuse_unlocated(file: Path, opened: Opened) -> None:
    """EnvironmentProblem for a reference that would teach its places to the wrong ones."""
    lies = opened.stitcher.cut.lies if opened.stitcher is not None else None
    if lies is not None and lies.located.reason is not None:
        refuse_reference(file, PictureError(f"it cannot be located: {lies.located.reason}"))


def read_reference(file: Path, size: tuple[int, int]) -> Pictures:
    """(H, W, 3) RGB. Raises EnvironmentProblem: one left out would change every score."""

    def read(file: Path) -> Pictures:
        picture = read_picture(file, size)
        refuse_blank(picture.look)
        return picture.pixels

    return _told(file, read)
