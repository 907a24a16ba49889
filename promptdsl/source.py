"""Source text and places in it.

A `Span` is a pair of character offsets into one file; lines and columns are worked out only when
somebody looks. `Loader` is the single door to the disk for everything before the plan, so that an
editor can hand in unsaved text and a test can hand in a dictionary.
"""

import hashlib
import os
import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, Protocol

from promptdsl.files.advice import CHECK, instead_of
from promptdsl.files.find import Found, How, find
from promptdsl.files.header import stored_size
from promptdsl.files.opening import open_regular

MAX_BYTES = 1_000_000  # some 30,000 lines: more than the largest ensemble that is accepted
_LONE_RETURN = re.compile(r"\r(?!\n)")


class Span(NamedTuple):
    """Characters `start` (included) to `end` (excluded) of the file with that display name."""

    file: str
    start: int
    end: int

    def to(self, other: "Span") -> "Span":
        """From the start of this span to the end of the other."""
        return Span(self.file, self.start, other.end)


class Position(NamedTuple):
    """1-based line and column, counted in characters."""

    line: int
    column: int


@dataclass(frozen=True)
class SourceFile:
    """One file's text under the name that messages show."""

    name: str
    text: str
    path: Path | None = field(default=None, compare=False)
    sha256: str = field(default="", compare=False)  # of the bytes that were decoded, if any were

    @cached_property
    def _line_starts(self) -> list[int]:
        starts, at = [0], self.text.find("\n")
        while at >= 0:
            starts.append(at + 1)
            at = self.text.find("\n", at + 1)
        return starts

    def position(self, offset: int) -> Position:
        """Line and column of a character offset; offsets past the end count as the end."""
        offset = max(0, min(offset, len(self.text)))
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)

    def line(self, number: int) -> str:
        """The text of a 1-based line without its line ending."""
        if not 1 <= number <= len(self._line_starts):
            return ""
        start = self._line_starts[number - 1]
        end = self.text.find("\n", start)
        return self.text[start : None if end < 0 else end].rstrip("\r")

    @property
    def line_count(self) -> int:
        """How many lines the text has, an unfinished last one included."""
        return len(self._line_starts)


class UnreadableSource(Exception):
    """A file that cannot be taken as text: the code of the fault and one sentence."""

    def __init__(self, code: str, sentence: str, help: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.help = help


class Loader(Protocol):
    """Where text and file lists come from."""

    def read(self, path: Path) -> bytes:
        """The bytes of a file; OSError when it cannot be read."""
        ...

    def exists(self, path: Path) -> bool:
        """Whether there is a file of that path."""
        ...

    def resolve(self, path: Path) -> Path:
        """The absolute path with symbolic links followed."""
        ...

    def picture_size(self, path: Path) -> tuple[int, int] | None:
        """(width, height) of a picture by the head of its file; None where it does not tell."""
        ...

    def find(self, folder: Path, pattern: str, roots: tuple[Path, ...]) -> Found:
        """Files of a path or pattern in a spec of that folder; real folders that must hold them.

        Raises TooManyFiles.
        """
        ...


class DiskLoader:
    """The loader of the command line."""

    def read(self, path: Path) -> bytes:
        """Read at most one byte more than the limit, so that a huge file costs nothing.

        Only regular files are read: a pipe or a device could keep the reader waiting for ever.
        """
        with open_regular(path) as stream:
            return stream.read(MAX_BYTES + 1)

    def exists(self, path: Path) -> bool:
        """Whether there is a file of that path."""
        try:
            return path.is_file()
        except (OSError, ValueError):  # a name too long, a folder that may not be read
            return False

    def resolve(self, path: Path) -> Path:
        """The absolute path with symbolic links followed."""
        try:
            return path.resolve()
        except (OSError, RuntimeError, ValueError):  # links in a circle
            return path.absolute()

    def picture_size(self, path: Path) -> tuple[int, int] | None:
        """(width, height) of a picture by the head of its file; None where it does not tell."""
        try:
            with open_regular(path) as stream:
                return stored_size(stream)
        except (OSError, ValueError):
            return None

    def find(self, folder: Path, pattern: str, roots: tuple[Path, ...]) -> Found:
        """Files of a path or pattern in a spec of that folder, as every command finds them."""
        return find(folder, pattern, How(roots=tuple(map(os.fspath, roots))))


def decode(data: bytes, name: str) -> str:
    """Text of a spec: UTF-8 with or without a byte order mark; UnreadableSource otherwise."""
    if len(data) > MAX_BYTES:
        raise UnreadableSource(
            "I003",
            f"{name} is larger than {MAX_BYTES // 1_000_000} MB, which no spec needs",
            "check that this is the file you meant; split a very long spec with use",
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableSource(
            "I002",
            f"{name} is saved as UTF-16 text, and specs are UTF-8",
            'save it again with the encoding "UTF-8"',
        )
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise UnreadableSource(
            "I002",
            f"{name} is not UTF-8 text: line {line} holds a NUL character",
            'save it again with the encoding "UTF-8", or check that this is the file you meant',
        )
    try:
        return with_newlines(data.decode("utf-8-sig"))
    except UnicodeDecodeError as fault:
        line = data.count(b"\n", 0, fault.start) + 1
        raise UnreadableSource(
            "I002",
            f"{name} is not UTF-8 text: line {line} holds the byte 0x{data[fault.start]:02x}",
            'save it again with the encoding "UTF-8"',
        ) from None


def with_newlines(text: str) -> str:
    """The text with a newline for every lone carriage return; its length stays the same."""
    return _LONE_RETURN.sub("\n", text) if "\r" in text else text


def load(path: Path, name: str, loader: Loader) -> SourceFile:
    """Read one spec; UnreadableSource says in a sentence why it cannot be."""
    try:
        data = loader.read(path)
    except FileNotFoundError:
        help = instead_of(name) if isinstance(loader, DiskLoader) else CHECK
        raise UnreadableSource("I001", f"there is no file {name}", help) from None
    except IsADirectoryError:
        raise UnreadableSource(
            "I001", f"{name} is a folder, not a spec", "name a .inspect file inside it"
        ) from None
    except (OSError, ValueError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise UnreadableSource("I001", f"{name} cannot be read: {reason}") from None
    return SourceFile(name, decode(data, name), path, hashlib.sha256(data).hexdigest())
