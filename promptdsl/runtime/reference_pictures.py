"""The pictures of good parts that a spec names: found, drawn with the seed, read."""

import os
from collections.abc import Sequence
from pathlib import Path

from promptdsl.errors import EnvironmentProblem
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_picture
from promptdsl.plan.model import ObjectPlan
from promptdsl.runtime.detector import Pictures
from promptdsl.runtime.inputs import Inputs, find_in_spec
from promptdsl.runtime.winclip.references import draw_references


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


def all_references(item: ObjectPlan, spec_folder: Path) -> Inputs:
    """Everything that an object's references give, before any are drawn; nothing for zero-shot."""
    patterns = item.method.settings.get("references") or ()
    if not isinstance(patterns, tuple):
        return Inputs((), {})
    return find_in_spec([str(pattern) for pattern in patterns], spec_folder)


def references_left_out(item: ObjectPlan, spec_folder: Path) -> list[str]:
    """What the references' patterns met and did not take, as sentences; empty for nothing."""
    told = all_references(item, spec_folder).told
    return [f"references of {item.name}: left out {told}"] if told else []


def read_reference(file: Path, size: tuple[int, int]) -> Pictures:
    """(H, W, 3) RGB. Raises EnvironmentProblem: one left out would change every score."""
    try:
        return read_picture(file, size).pixels
    except PictureError as error:
        raise EnvironmentProblem(f"the reference {file} cannot be used: {error}") from error
