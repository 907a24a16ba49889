"""Which pictures a run looks at: files, folders and globs, in natural order, each once.

A file that is named gets a record whatever its suffix. From folders and globs come the files with a
picture's suffix; the rest is counted in `left_out`, so that nothing disappears silently. Hidden
files, the output folder and folders that hold an earlier run's results are not looked into.
"""

import glob
import os
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.suffixes import PICTURES, is_picture, picture_suffixes, suffix

RESULTS_FILES = ("run.json", "results.jsonl")


@dataclass(frozen=True, slots=True)
class Inputs:
    """Pictures as they will be named in the results, and what was left out (suffix -> files)."""

    pictures: tuple[str, ...]  # as given, with `/`, relative to the current folder or absolute
    left_out: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Search:
    recursive: bool
    exclude: str | None
    left_out: Counter[str]


def find_pictures(
    inputs: Sequence[str], *, recursive: bool = False, exclude: Path | None = None
) -> Inputs:
    """All pictures of the inputs; a Problem where an input is missing or gives none."""
    excluded = os.path.realpath(exclude) if exclude is not None else None
    search = _Search(recursive, excluded, Counter())
    found: dict[str, str] = {}
    for given in inputs:
        for picture in _expand(given, search):
            found.setdefault(picture_key(picture), Path(picture).as_posix())
    return Inputs(tuple(found.values()), dict(search.left_out))


def natural_order(path: str) -> tuple[tuple[tuple[str | int, ...], ...], str]:
    """Sort key that puts `part_9` before `part_10`, folder by folder."""
    parts = re.split(r"[/\\]", path.casefold())
    return tuple(_digits_as_numbers(part) for part in parts), path


def _digits_as_numbers(part: str) -> tuple[str | int, ...]:
    pieces = re.split(r"([0-9]+)", part)
    return tuple(int(piece) if i % 2 else piece for i, piece in enumerate(pieces))


def picture_key(path: str) -> str:
    """Equal for two spellings of one picture."""
    return os.path.normcase(os.path.abspath(path))


def _expand(given: str, search: _Search) -> list[str]:
    """The pictures of one command-line argument."""
    path = os.path.normpath(given)
    if os.path.isdir(path):
        return _of_folder(path, given, search)
    if os.path.lexists(path):
        return [path]
    if glob.has_magic(given):
        return _of_glob(given, search)
    raise EnvironmentProblem(f"{given}: there is no such file or folder")


def _of_folder(folder: str, given: str, search: _Search) -> list[str]:
    if os.path.realpath(folder) == search.exclude:
        raise UsageProblem(f"{given}: results cannot go into the folder that is inspected")
    pictures = sorted(_walk(folder, search, set()), key=natural_order)
    if pictures:
        return pictures
    inner = search.left_out.get("sub-folders", 0)
    raise EnvironmentProblem(
        f"{given}: no pictures found in this folder (looked for {picture_suffixes()})",
        f"it has {inner} sub-folders: add --recursive" if inner else None,
    )


def _of_glob(pattern: str, search: _Search) -> list[str]:
    matches = glob.glob(os.path.normpath(pattern), recursive=True)
    pictures: list[str] = []
    for match in sorted(matches, key=natural_order):
        if not os.path.isdir(match):
            pictures += _if_picture(match, search)
        elif "**" not in pattern:
            pictures += sorted(_walk(match, search, set()), key=natural_order)
    if not pictures:
        raise EnvironmentProblem(
            f"{pattern}: no pictures match this pattern (looked for {picture_suffixes()})"
        )
    return pictures


def _walk(folder: str, search: _Search, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Pictures in a folder; `seen` stops links that lead back."""
    if _not_to_enter(folder, search, seen):
        return
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise EnvironmentProblem(
            f"{folder}: this folder cannot be read: {error.strerror or error}"
        ) from None
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if not os.path.isdir(entry.path) or suffix(entry.name) in PICTURES:  # links may loop
            yield from _if_picture(entry.path, search)
        elif search.recursive:
            yield from _walk(entry.path, search, seen)
        else:
            search.left_out["sub-folders"] += 1


def _not_to_enter(folder: str, search: _Search, seen: set[tuple[int, int]]) -> bool:
    status = os.stat(folder)
    identity = (status.st_dev, status.st_ino)
    if identity in seen or os.path.realpath(folder) == search.exclude:
        return True
    seen.add(identity)
    if all(os.path.isfile(os.path.join(folder, name)) for name in RESULTS_FILES):
        search.left_out["folders with results"] += 1
        return True
    return False


def _if_picture(path: str, search: _Search) -> list[str]:
    if is_picture(path):
        return [path]
    search.left_out[suffix(path) or "files without a suffix"] += 1
    return []
