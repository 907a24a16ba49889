"""Which pictures a command looks at: files, folders and patterns, in natural order, each once.

A file that is named gets a record whatever its suffix. From folders and patterns come the files
with a picture's suffix; the rest is counted in `left_out`, so that nothing disappears silently.
Folders that cannot be read stand in `unreadable`.
"""

import math
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.advice import advice
from promptdsl.files.find import Found, How, TooManyFiles, find, has_wildcards, together
from promptdsl.files.found import SUB_FOLDERS
from promptdsl.files.suffixes import picture_suffixes

MOST_ENTRIES = 10_000_000  # on the command line: an archive, but not an endless tree
HERE = "."


def find_pictures(
    inputs: Sequence[str], *, recursive: bool = False, exclude: Path | None = None
) -> Found:
    """All pictures of a command's inputs; a Problem where an input is missing or gives none."""
    how = How(
        command_line=True,
        recursive=recursive,
        exclude=os.path.realpath(exclude) if exclude is not None else None,
        most=MOST_ENTRIES,
        seconds=math.inf,
    )
    return together(_found(Path(HERE), given, how) for given in inputs)


def find_in_spec(patterns: Iterable[str], spec_folder: Path) -> Found:
    """The pictures of a spec's paths, as `check` finds them; EnvironmentProblem where one has none.

    `check` has refused what lies outside of the allowed folders.
    """
    return together(_found(spec_folder, pattern, How()) for pattern in patterns)


def _found(folder: Path, pattern: str, how: How) -> Found:
    """One path or pattern; a Problem where it gives nothing."""
    if os.path.isdir(pattern) and os.path.realpath(pattern) == how.exclude:
        raise UsageProblem(f"{pattern}: results cannot go into the folder that is inspected")
    name = pattern if str(folder) == HERE else os.path.join(folder, pattern)
    try:
        found = find(folder, pattern, how)
    except TooManyFiles as fault:
        raise EnvironmentProblem(
            f"{name}: this leads through {fault.strerror}",
            "name the folder of the pictures more exactly",
        ) from None
    if found.files:
        return found
    for problem in found.problems:
        raise EnvironmentProblem(problem)
    instead, looked = advice(folder, pattern, "this folder"), f"(looked for {picture_suffixes()})"
    if os.path.isdir(name):
        inner = found.left_out.get(SUB_FOLDERS)
        if inner is not None and how.command_line:
            noun = "sub-folder" if inner.count == 1 else "sub-folders"
            instead = f"it has {inner.count} {noun}: add --recursive"
        raise EnvironmentProblem(f"{name}: no pictures found in this folder {looked}", instead)
    if has_wildcards(pattern):
        raise EnvironmentProblem(f"{name}: no pictures match this pattern {looked}", instead)
    raise EnvironmentProblem(f"{name}: there is no such file or folder", instead)
