"""The walk behind `find`: which folders a pattern leads through, each visited once.

A state is a folder and the number of parts of the pattern that are used up; at the end of the
pattern the folder stands for the pictures in it. A state that was visited before, by whatever way,
is not visited again, so that links in a circle cost nothing and the work is at most folders times
parts.
"""

import errno
import os
import re
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import translate
from typing import NamedTuple

from promptdsl.files.found import HERE, HIDDEN, LINKS, NO_SUFFIX, RESULTS, SUB_FOLDERS, Found
from promptdsl.files.opening import reason
from promptdsl.files.suffixes import is_picture, suffix

MAX_ENTRIES = 200_000
MAX_SECONDS = 60.0
RESULTS_FILES = ("run.json", "results.jsonl")
ANY_FOLDERS = "**"
MAPS = "maps"  # the folder of pictures in the results of a run
Entry = os.DirEntry[str]
_NOT_THERE = {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EINVAL}


class TooManyFiles(OSError):
    """A pattern that leads through more files and folders than anybody can have meant."""


@dataclass(frozen=True, slots=True)
class How:
    """How far a search goes."""

    roots: tuple[str, ...] | None = None  # real folders that hold all that is found; None: any
    command_line: bool = False  # `**` follows links, a matched folder stands for its pictures
    recursive: bool = False  # a folder means its sub-folders, too
    exclude: str | None = None  # the real path of a folder not to look into
    wanted: Callable[[str], bool] = is_picture  # what a folder or a wildcard gives, by its name
    most: int = MAX_ENTRIES  # entries to look at
    seconds: float = MAX_SECONDS


class _Outside(Exception):
    """The search has come to a place where it may not look."""


class _State(NamedTuple):
    path: str
    real: str
    at: int  # parts that are used up


def is_wild(part: str) -> bool:
    """Whether a part of a path has a wildcard in it."""
    return any(sign in part for sign in "*?[")


class Search:
    """One pattern's walk; what it meets and does not take goes into `found`."""

    def __init__(self, parts: Sequence[str], found: Found, how: How) -> None:
        any_depth = tuple(parts[-1:]) == (ANY_FOLDERS,)
        self.deep = how.recursive or any_depth
        self.parts = tuple(parts[:-1] if any_depth else parts)
        self.found, self.how = found, how
        self.strange: set[str] = set()
        self._next: deque[_State] = deque()
        self._links: deque[_State] = deque()  # the real way to a folder goes first
        self._not_followed: list[tuple[str, str]] = []  # links below `**`, and what they lead to
        self._visited: set[tuple[str, int]] = set()
        self._patterns = [re.compile(translate(os.path.normcase(part))) for part in self.parts]
        self._into_matches = how.command_line and ANY_FOLDERS not in self.parts
        self._until = time.monotonic() + how.seconds

    def go(self, start: str) -> None:
        """Everything from a path that exists: a file is itself, a folder begins the pattern."""
        try:
            if not os.path.isdir(start):
                if not self.parts:
                    self._take(start, place_of(start), regular=os.path.isfile(start))
                return
            real = os.path.realpath(start)
            self._refuse_outside(start, real)
            self._next.append(_State(start, real, 0))
            self._follow()
        except _Outside:
            pass

    def _follow(self) -> None:
        while self._next or self._links:
            state = (self._next or self._links).popleft()
            if (state.real, state.at) in self._visited:
                continue
            self._visited.add((state.real, state.at))
            part = self.parts[state.at] if state.at < len(self.parts) else None
            if part is None:
                self._pictures_in(state)
            elif part == ANY_FOLDERS:
                self._any_folders(state)
            elif is_wild(part):
                self._matching(state)
            else:
                self._step(state, part)
        reals = {real for real, _ in self._visited}
        for path, real in self._not_followed:
            if real not in reals:  # one that leads back hides nothing
                self.found.leave_out(LINKS, path)

    def _pictures_in(self, state: _State) -> None:
        """The folder at the end of a pattern: its pictures, and if deep those below it."""
        if self._not_to_enter(state):
            return
        for entry in self._entries(state):
            if entry.name.startswith("."):
                self._hidden(entry)
            elif self._taken(entry, state):
                pass
            elif self.deep:
                self._below(entry, state)
            else:
                self.found.leave_out(SUB_FOLDERS, entry.path)

    def _any_folders(self, state: _State) -> None:
        """`**`: this folder and every one below it."""
        if self._not_to_enter(state):
            return
        self._next.append(state._replace(at=state.at + 1))
        for entry in self._entries(state):
            if not entry.name.startswith(".") and _is(entry.is_dir):
                self._below(entry, state)

    def _below(self, entry: Entry, state: _State) -> None:
        """A sub-folder, at the same part of the pattern."""
        if not entry.is_symlink():
            self._next.append(_State(entry.path, os.path.join(state.real, entry.name), state.at))
        elif self.how.command_line:
            self._links.append(_State(entry.path, os.path.realpath(entry.path), state.at))
        else:
            self._not_followed.append((entry.path, os.path.realpath(entry.path)))

    def _matching(self, state: _State) -> None:
        """Entries that a part with a wildcard matches."""
        if self._is_excluded(state):
            return
        last = state.at == len(self.parts) - 1
        matches = self._patterns[state.at].match
        dotted = self.parts[state.at].startswith(".")
        for entry in self._entries(state):
            if not matches(os.path.normcase(entry.name)):
                continue
            if entry.name.startswith(".") and not dotted:
                if last:
                    self._hidden(entry)
            elif last and self._taken(entry, state):
                pass
            elif last and not self._into_matches:
                self.found.leave_out(SUB_FOLDERS, entry.path)
            elif _is(entry.is_dir):
                self._enter(entry, state)

    def _enter(self, entry: Entry, state: _State) -> None:
        """A folder that a wildcard matched."""
        link = entry.is_symlink()
        real = os.path.realpath(entry.path) if link else os.path.join(state.real, entry.name)
        after = _State(entry.path, real, state.at + 1)
        if not self._not_to_enter(after):
            (self._links if link else self._next).append(after)

    def _step(self, state: _State, part: str) -> None:
        """A part without wildcards, behind one; `..` is what the system makes of it."""
        path = os.path.join(state.path, part)
        if not is_there(path, self.found):
            return
        if os.path.isdir(path):
            self._next.append(_State(path, os.path.realpath(path), state.at + 1))
        elif state.at == len(self.parts) - 1:
            self._if_picture(path, os.path.join(state.real, part), regular=os.path.isfile(path))

    def _not_to_enter(self, state: _State) -> bool:
        """Folders of results, which neither a wildcard nor a folder's name means."""
        if self._is_excluded(state):
            return True
        if all(os.path.isfile(os.path.join(state.path, name)) for name in RESULTS_FILES):
            if (state.real, -1) not in self._visited:
                self._visited.add((state.real, -1))
                self.found.leave_out(RESULTS, state.path)
            return True
        return False

    def _is_excluded(self, state: _State) -> bool:
        exclude = self.how.exclude
        return exclude is not None and state.real in (exclude, os.path.join(exclude, MAPS))

    def _taken(self, entry: Entry, state: _State) -> bool:
        """Take a file if it is a picture by its ending; False for a folder.

        A folder with a picture's ending is taken, too: it becomes an error and is not lost.
        """
        if _is(entry.is_dir) and not self.how.wanted(entry.name):
            return False
        self._if_picture(entry.path, os.path.join(state.real, entry.name), _is(entry.is_file))
        return True

    def _if_picture(self, path: str, real: str, regular: bool) -> None:
        if self.how.wanted(path):
            self._take(path, real, regular)
        else:
            self.found.leave_out(suffix(path) or NO_SUFFIX, path)

    def _take(self, path: str, real: str, regular: bool) -> None:
        self._refuse_outside(path, os.path.realpath(real) if os.path.islink(path) else real)
        name = path.removeprefix(HERE)
        self.found.places[name] = os.path.normcase(real)
        if not regular:
            self.strange.add(name)

    def _hidden(self, entry: Entry) -> None:
        if self.how.wanted(entry.name):
            self.found.leave_out(HIDDEN, entry.path)

    def _refuse_outside(self, path: str, real: str) -> None:
        roots = self.how.roots
        if roots is not None and not any(_lies_in(real, root) for root in roots):
            self.found.outside = path
            raise _Outside

    def _entries(self, state: _State) -> list[Entry]:
        """What a folder holds, by name; one that cannot be listed to its end is remembered."""
        entries: list[Entry] = []
        try:
            with os.scandir(state.path) as listing:
                for entry in listing:
                    entries.append(entry)
                    self.found.entries += 1
                    if self.found.entries > self.how.most:
                        raise TooManyFiles(None, f"more than {self.how.most:,} files and folders")
                    if time.monotonic() > self._until:
                        seconds = f"{self.how.seconds:.0f} seconds"
                        raise TooManyFiles(None, f"more than {seconds} of looking")
        except TooManyFiles:
            raise
        except OSError as error:
            self.found.unreadable[state.path.removeprefix(HERE)] = reason(error)
        return sorted(entries, key=lambda entry: entry.name)


def place_of(path: str) -> str:
    """Equal for two spellings of one file: its folder's real path and its own name.

    Two links to one file are two places. `..` behind a link is where the link leads.
    """
    folder, name = os.path.split(path)
    if name in ("", ".", ".."):
        return os.path.normcase(os.path.realpath(path))
    return os.path.normcase(os.path.join(os.path.realpath(folder or "."), name))


def is_there(path: str, found: Found) -> bool:
    """Whether a path exists; where that cannot be known, the result says why."""
    try:
        os.lstat(path)
    except OSError as error:
        if error.errno not in _NOT_THERE:
            found.unreadable[path.removeprefix(HERE)] = reason(error)
        return False
    return True


def _lies_in(real: str, root: str) -> bool:
    return real == root or real.startswith(os.path.join(root, ""))


def _is(question: Callable[[], bool]) -> bool:
    """The answer; no for a link that leads to itself."""
    try:
        return question()
    except OSError:
        return False
