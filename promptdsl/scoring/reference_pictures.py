"""The pictures of good parts that a spec names: found, drawn with the seed, read."""

import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import cast

from promptdsl.errors import EnvironmentProblem, Problem, SpecProblem
from promptdsl.files.found import Found
from promptdsl.files.inputs import find_in_spec
from promptdsl.pictures.gate import MOST_REFERENCES, NotInspected, Usual, refuse_blank, usual
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_picture
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.features import Pictures

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


def read_reference(file: Path, size: tuple[int, int]) -> Pictures:
    """(H, W, 3) RGB. Raises EnvironmentProblem: one left out would change every score."""
    try:
        picture = read_picture(file, size)
        refuse_blank(picture.look)
    except NotInspected as error:
        raise EnvironmentProblem(f"the reference {file} cannot be used: {error.reason}") from error
    except PictureError as error:
        raise EnvironmentProblem(f"the reference {file} cannot be used: {error}") from error
    return picture.pixels
