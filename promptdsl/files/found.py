"""What a path, a folder or a pattern gave, and what it left out and why."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from promptdsl.files.naming import shown

NAMED = 3  # names that a sentence lists before it only counts
KEPT = 1000  # names that are remembered, so that what two searches leave out counts once

HERE = os.path.join(".", "")  # before the names in the current folder
NO_SUFFIX = "files without a suffix"
HIDDEN = "hidden pictures"
SUB_FOLDERS = "sub-folders"
LINKS = "links to folders"
RESULTS = "folders with results"
_ONE = {
    NO_SUFFIX: "file without a suffix",
    HIDDEN: "hidden picture",
    SUB_FOLDERS: "sub-folder",
    LINKS: "link to a folder",
    RESULTS: "folder with results",
}


@dataclass(slots=True)
class LeftOut:
    """Files or folders that were not taken for one reason: how many, and the first names."""

    count: int = 0
    names: list[str] = field(default_factory=list)

    @property
    def first(self) -> list[str]:
        """The names for a sentence."""
        return self.names[:NAMED]


@dataclass(slots=True)
class Found:
    """Files in natural order, each once, and everything that was met and is not among them."""

    files: tuple[str, ...] = ()  # the folder's name joined with the way to the file
    left_out: dict[str, LeftOut] = field(default_factory=dict)  # why -> which
    unreadable: dict[str, str] = field(default_factory=dict)  # folder -> reason
    outside: str | None = None  # the first that lies outside of the allowed folders
    places: dict[str, str] = field(default_factory=dict)  # file -> equal for all its spellings
    strange: tuple[str, ...] = ()  # of the files, those that are no regular files
    entries: int = 0  # files and folders that were looked at

    def leave_out(self, why: str, name: str) -> None:
        """Count something that was not taken."""
        one = self.left_out.setdefault(why, LeftOut())
        one.count += 1
        if len(one.names) < KEPT:
            one.names.append(name.removeprefix(HERE))

    @property
    def pictures(self) -> tuple[str, ...]:
        """The files as results name them: as given, with `/`."""
        return tuple(Path(file).as_posix() for file in self.files)

    @property
    def problems(self) -> list[str]:
        """A sentence for each folder whose files are missing."""
        return [
            f"{shown(folder)}: this folder was not looked at: {why}"
            for folder, why in self.unreadable.items()
        ]

    @property
    def told(self) -> str:
        """`2 .csv (a.csv, b.csv)`, safe for a terminal; empty for nothing."""
        return what_was_left_out(self.left_out)


def together(searches: Iterable[Found]) -> Found:
    """Several searches as one; a file that two of them found is kept once, where it came first."""
    parts, whole = list(searches), Found()
    files: dict[str, str] = {}
    strange: dict[str, None] = {}
    for part in parts:
        for file in part.files:
            files.setdefault(part.places[file], file)
        strange |= dict.fromkeys(part.strange)
        whole.unreadable |= part.unreadable
        whole.outside = whole.outside or part.outside
        whole.entries += part.entries
    whole.left_out = _together([part.left_out for part in parts], set(files))
    whole.places = {file: place for place, file in files.items()}
    whole.files = tuple(files.values())
    whole.strange = tuple(strange)
    return whole


def _together(parts: Sequence[dict[str, LeftOut]], places: set[str]) -> dict[str, LeftOut]:
    """What nobody took: not the folders that another search looked into, and each name once."""
    if len(parts) < 2:
        return dict(*parts)
    looked_into = {os.path.dirname(place) for place in places}
    whole: dict[str, LeftOut] = {}
    for why in dict.fromkeys(why for part in parts for why in part):
        ones = [part[why] for part in parts if why in part]
        names = list(dict.fromkeys(name for one in ones for name in one.names))
        if why in (SUB_FOLDERS, LINKS):
            names = [n for n in names if os.path.normcase(os.path.realpath(n)) not in looked_into]
        uncounted = sum(one.count - len(one.names) for one in ones)
        if names:
            whole[why] = LeftOut(len(names) + uncounted, names[:KEPT])
    return whole


def what_was_left_out(left_out: Mapping[str, LeftOut]) -> str:
    """`2 .csv (a.csv, b.csv), 1 sub-folder (old)`; names are safe for a terminal."""
    return ", ".join(
        f"{one.count} {shown(_ONE.get(why, why) if one.count == 1 else why)} ({_first(one)})"
        for why, one in left_out.items()
    )


def _first(one: LeftOut) -> str:
    more = one.count - len(one.first)
    return ", ".join(map(shown, one.first)) + (f" and {more} more" if more else "")
