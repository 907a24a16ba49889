"""Opening files that somebody else made: only regular ones, never waiting, never without end.

A pipe or a terminal that carries a picture's name would keep a reader waiting for ever, and
`/dev/zero` would fill the memory. Everything that promptdsl reads by name comes through here, so
that each of these is an `OSError` with a sentence, at once.
"""

import os
import stat
from io import BufferedReader
from pathlib import Path

NOT_REGULAR = "it is not a regular file"


class TooLarge(OSError):
    """A file of more bytes than anything of its kind can have."""


def open_regular(path: str | Path) -> BufferedReader:
    """The file's bytes, without ever waiting; OSError for a folder, a pipe, a device, a socket."""
    stream = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 - the caller closes it
    try:
        refuse_other_kinds(os.fstat(stream.fileno()).st_mode)
    except BaseException:
        stream.close()
        raise
    return stream


def read_regular(path: str | Path, limit: int) -> bytes:
    """All bytes of a regular file; TooLarge above `limit`, without having read much more."""
    with open_regular(path) as stream:
        content = stream.read(limit + 1)
    if len(content) > limit:
        raise TooLarge(None, f"it is larger than {in_words(limit)}")
    return content


def refuse_other_kinds(mode: int) -> None:
    """OSError unless the mode of a status is that of a regular file."""
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(None, "it is a folder")
    if not stat.S_ISREG(mode):
        raise OSError(None, NOT_REGULAR)


def reason(error: BaseException) -> str:
    """Why a file could not be used, as the end of a sentence: `permission denied`."""
    if isinstance(error, FileNotFoundError):
        return "it is not there"
    if isinstance(error, PermissionError):
        return "it may not be read: permission denied"
    text = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return str(text).strip().splitlines()[0] if str(text).strip() else type(error).__name__


def in_words(size: int) -> str:
    """A number of bytes for people: `1 MB`, `2.5 GB`."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if size >= unit:
            return f"{size / unit:.3g} {name}"
    return f"{size} bytes"


def _without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
