"""What there is instead, where a path or a pattern gave no pictures."""

import os
import re
from collections import Counter
from itertools import islice
from pathlib import PurePath, PurePosixPath

from promptdsl.diagnostics.nearest import nearest
from promptdsl.files.naming import shown
from promptdsl.files.search import is_wild
from promptdsl.files.suffixes import is_picture

LOOKED_AT = 20_000  # entries of a folder
NAMED = 3
CHECK = "check the path"


def advice(folder: str | os.PathLike[str], pattern: str, called: str) -> str | None:
    """What stands where a pattern leads, and the pattern that takes it; one clause for people.

    `called`: what the reader calls the folder itself. None where nothing helps but a look.
    """
    parts = PurePosixPath(pattern).parts
    at = _existing(folder, parts)
    place = PurePosixPath(*parts[:at])
    pictures, others, folders = _content(os.path.join(folder, place))
    if at < len(parts) and not is_wild(parts[at]):
        names = [*folders, *pictures, *others]
        if parts[at] in names:  # a file, or a link that leads nowhere
            return f"{shown(place / parts[at])} is no folder"
        near = nearest(parts[at], names)
        if near is None:
            return None
        return f'did you mean "{shown(PurePosixPath(place, near, *parts[at + 1 :]))}"?'
    where = called if str(place) == "." else shown(place)
    if pictures and at >= len(parts) - 1:
        return f"{where} holds {_write(pictures, place)}"
    if folders:
        more = f" and {len(folders) - NAMED} more" if len(folders) > NAMED else ""
        noun, which = ("folder", "it") if len(folders) == 1 else ("folders", "one of them")
        return (
            f"{where} holds {'' if pictures else 'no pictures, but '}the {noun} "
            f"{', '.join(map(shown, folders[:NAMED]))}{more}: name {which}, as "
            f'"{shown(place / folders[0])}"'
        )
    if others:
        return f"{where} holds no pictures, but {_kinds(others)}"
    if at < len(parts) - 1:
        return None
    return f"{where} holds no pictures: put some into it, or name another folder"


def instead_of(missing: str | os.PathLike[str]) -> str:
    """What to do about a path that is not there: the name that was meant, if one is near."""
    found = advice("", PurePath(missing).as_posix(), "this folder")
    return found if found and found.startswith("did you mean") else CHECK


def _existing(folder: str | os.PathLike[str], parts: tuple[str, ...]) -> int:
    """How many leading parts name folders that are there."""
    at = 0
    while at < len(parts) and os.path.isdir(os.path.join(folder, *parts[: at + 1])):
        at += 1
    return at


def _content(folder: str) -> tuple[list[str], list[str], list[str]]:
    """Names of pictures, of other files and of folders, hidden ones left out."""
    pictures: list[str] = []
    others: list[str] = []
    folders: list[str] = []
    try:
        with os.scandir(folder or ".") as entries:
            for entry in islice(entries, LOOKED_AT):
                if entry.name.startswith("."):
                    continue
                kind = folders if os.path.isdir(entry.path) else others
                (pictures if is_picture(entry.name) else kind).append(entry.name)
    except OSError:  # the message is about the pattern; an unreadable folder has its own
        pass
    return sorted(pictures), sorted(others), sorted(folders)


def _write(pictures: list[str], place: PurePosixPath) -> str:
    """`12 .jpg files: write "scratch/*.jpg" or "scratch"`."""
    kinds = Counter(os.path.splitext(name)[1] for name in pictures)
    whole = f'"{shown(place)}"'
    if len(kinds) > 1:
        return f"{_kinds(pictures)}: write {whole}"
    # Within a pattern, brackets are a choice; a folder's own ones stand in brackets themselves.
    pattern = PurePosixPath(re.sub(r"[*?[]", r"[\g<0>]", str(place)), "*" + next(iter(kinds)))
    return f'{_kinds(pictures)}: write "{shown(pattern)}" or {whole}'


def _kinds(names: list[str]) -> str:
    """`12 .jpg and 1 .png files`."""
    kinds = Counter(os.path.splitext(name)[1] for name in names)
    told = [
        f"{count} {shown(kind)}" if kind else f"{count} without a suffix"
        for kind, count in kinds.most_common(NAMED)
    ]
    return f"{' and '.join(told)} {'file' if len(names) == 1 else 'files'}"
