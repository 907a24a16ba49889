"""Which pictures a command looks at: files, folders and patterns, in natural order, each once.

A file that is named gets a record whatever its suffix. From folders and patterns come the files
with a picture's suffix; the rest is counted in `left_out`, so that nothing disappears silently.
Folders that cannot be read stand in `unreadable`.
"""

import math
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.advice import advice
from promptdsl.files.find import Found, How, TooManyFiles, find, has_wildcards, place_of, together
from promptdsl.files.found import SUB_FOLDERS, what_was_left_out
from promptdsl.files.naming import shown
from promptdsl.files.suffixes import picture_suffixes

MOST_ENTRIES = 10_000_000  # on the command line: an archive, but not an endless tree
HERE = "."


@dataclass(frozen=True, slots=True)
class Inputs:
    """Pictures as they will be named in the results, and what was left out (suffix -> files)."""

    pictures: tuple[str, ...]  # as given, with `/`, relative to the current folder or absolute
    left_out: dict[str, int]
    first_left_out: dict[str, list[str]] = field(default_factory=dict)  # some of them by name
    unreadable: dict[str, str] = field(default_factory=dict)  # folder -> reason
    told: str = ""  # `2 .csv (a.csv, b.csv)`, safe for a terminal; empty for nothing

    @property
    def problems(self) -> list[str]:
        """A sentence for each folder whose pictures are missing."""
        return [_not_looked_at(folder, why) for folder, why in self.unreadable.items()]


def find_pictures(
    inputs: Sequence[str], *, recursive: bool = False, exclude: Path | None = None
) -> Inputs:
    """All pictures of a command's inputs; a Problem where an input is missing or gives none."""
    excluded = os.path.realpath(exclude) if exclude is not None else None
    how = How(
        command_line=True,
        recursive=recursive,
        exclude=excluded,
        most=MOST_ENTRIES,
        seconds=math.inf,
    )
    return _inputs([_given(one, how) for one in inputs])


def find_in_spec(patterns: Iterable[str], spec_folder: Path) -> Inputs:
    """The pictures of a spec's paths, as `check` finds them; EnvironmentProblem where one has none.

    `check` has refused what lies outside of the allowed folders.
    """
    return _inputs([_found(spec_folder, pattern, How()) for pattern in patterns])


def picture_key(path: str) -> str:
    """Equal for two spellings of one picture."""
    return place_of(path)


def _inputs(parts: Sequence[Found]) -> Inputs:
    found = together(parts)
    return Inputs(
        tuple(Path(file).as_posix() for file in found.files),
        {why: one.count for why, one in found.left_out.items()},
        {why: one.first for why, one in found.left_out.items()},
        found.unreadable,
        what_was_left_out(found.left_out),
    )


def _given(given: str, how: How) -> Found:
    """One argument of the command line."""
    if os.path.isdir(given) and os.path.realpath(given) == how.exclude:
        raise UsageProblem(f"{given}: results cannot go into the folder that is inspected")
    return _found(Path(HERE), given, how)


def _found(folder: Path, pattern: str, how: How) -> Found:
    """One path or pattern; a Problem where it gives nothing."""
    try:
        found = find(folder, pattern, how)
    except TooManyFiles as fault:
        raise EnvironmentProblem(
            f"{_named(folder, pattern)}: this leads through {fault.strerror}",
            "name the folder of the pictures more exactly",
        ) from None
    if not found.files:
        raise _nothing(found, folder, pattern, how)
    return found


def _nothing(found: Found, folder: Path, pattern: str, how: How) -> EnvironmentProblem:
    name = _named(folder, pattern)
    for unreadable, why in found.unreadable.items():
        return EnvironmentProblem(_not_looked_at(unreadable, why))
    looked = f"(looked for {picture_suffixes()})"
    inner = found.left_out.get(SUB_FOLDERS)
    if os.path.isdir(name):
        if inner is not None and how.command_line:
            noun = "sub-folder" if inner.count == 1 else "sub-folders"
            help: str | None = f"it has {inner.count} {noun}: add --recursive"
        else:
            help = advice(folder, pattern, "this folder")
        return EnvironmentProblem(f"{name}: no pictures found in this folder {looked}", help)
    help = advice(folder, pattern, "this folder")
    if has_wildcards(pattern):
        return EnvironmentProblem(f"{name}: no pictures match this pattern {looked}", help)
    return EnvironmentProblem(f"{name}: there is no such file or folder", help)


def _named(folder: Path, pattern: str) -> str:
    return pattern if str(folder) == HERE else os.path.join(folder, pattern)


def _not_looked_at(folder: str, why: str) -> str:
    return f"{shown(folder)}: this folder was not looked at: {why}"
