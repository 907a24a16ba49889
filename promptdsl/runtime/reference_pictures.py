"""The pictures of good parts that a spec names: found, drawn with the seed, read."""

import os
from collections.abc import Sequence
from pathlib import Path

from promptdsl.errors import EnvironmentProblem
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_picture
from promptdsl.runtime.detector import Pictures
from promptdsl.runtime.inputs import find_pictures
from promptdsl.runtime.winclip.references import draw_references


def reference_files(
    patterns: Sequence[str], shots: int | None, seed: int, spec_folder: Path
) -> tuple[Path, ...]:
    """The drawn files. Patterns are relative to the spec."""
    found = find_pictures([os.path.join(spec_folder, pattern) for pattern in patterns])
    names = {
        os.path.relpath(path, spec_folder).replace(os.sep, "/"): path for path in found.pictures
    }
    return tuple(Path(names[name]) for name in draw_references([*names], shots, seed))


def read_reference(file: Path, size: tuple[int, int]) -> Pictures:
    """(H, W, 3) RGB. Raises EnvironmentProblem: one left out would change every score."""
    try:
        return read_picture(file, size).pixels
    except PictureError as error:
        raise EnvironmentProblem(f"the reference {file} cannot be used: {error}") from error
