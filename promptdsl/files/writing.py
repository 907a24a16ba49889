"""Files are written whole or not at all, and disk failures are told in one sentence."""

import errno
import json
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from promptdsl.errors import EnvironmentProblem, UsageProblem

NEW_FILE_MODE = 0o666
TEMPORARY_SUFFIX = ".tmp"
Move = Callable[[Path, Path], object]
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_told_plainly(folder: Path) -> Iterator[None]:
    """Turns an OSError while writing into `folder` into one sentence with the fix."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise EnvironmentProblem(
                f"{folder}: the disk is full",
                "free some space, then give the same command again; `promptdsl run --resume` goes "
                "on where a run has stopped",
            ) from error
        reason = error.strerror or str(error)
        raise EnvironmentProblem(f"{folder}: cannot write here: {reason}") from error


def refuse_unwritable(folder: Path) -> None:
    """The Problem that writing there would meet, before the work whose result is to be written."""
    with disk_told_plainly(folder), tempfile.TemporaryFile(dir=folder):
        pass


def write_into(folder: Path, files: Mapping[str, bytes]) -> None:
    """Files by name, in a folder that is made; a Problem says what stood in the way."""
    with disk_told_plainly(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            write_atomically(folder / name, content)


def write_whole(path: Path, content: bytes) -> None:
    """One file, in a folder that is made; a Problem says what stood in the way."""
    with disk_told_plainly(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)


def as_json(described: Mapping[str, Any]) -> bytes:
    """Plain values for machines; names of files need not be UTF-8."""
    return (json.dumps(described, indent=2) + "\n").encode("utf-8", "backslashreplace")


def write_file(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write a user's file, through symbolic links; a Problem says what stood in the way."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise UsageProblem(f"{path} is a folder", f"name a file in it: {path / 'NAME'}")
    try:
        if not overwrite and target.exists():
            raise FileExistsError
        write_atomically(target, content, move=os.replace if overwrite else _move_to_new)
    except FileExistsError:
        raise UsageProblem(f"{path} exists already", "use another name, or --force") from None
    except OSError as fault:
        raise EnvironmentProblem(
            f"{path} cannot be written: {fault.strerror or fault}",
            "nothing was changed; check the folder and the space on the disk",
        ) from None


def write_atomically(
    path: Path, content: bytes, *, durable: bool = True, move: Move = os.replace
) -> None:
    """The whole new content or the old file, never a part. Raises OSError.

    `durable`: on the disk when it returns; a cache can do without. The temporary name is new for
    every call, so threads and processes that write one file never meet.
    """
    _refuse_special(path)
    short = path.name if len(os.fsencode(path.name)) <= 200 else path.name[:40]
    handle, name = tempfile.mkstemp(prefix=f".{short}.", suffix=TEMPORARY_SUFFIX, dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            if durable:
                os.fsync(stream.fileno())
        temporary.chmod(_mode(path))
        move(temporary, path)
    finally:
        with suppress(OSError):
            temporary.unlink()
    if durable:
        _sync_folder(path.parent)


def _refuse_special(path: Path) -> None:
    """A device or a pipe is not replaced by a file: it would be gone for every other program."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return
    if not (stat.S_ISREG(kind) or stat.S_ISLNK(kind) or stat.S_ISDIR(kind)):
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def _move_to_new(temporary: Path, target: Path) -> None:
    """A hard link fails where a file has appeared meanwhile; some file systems have none."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        os.replace(temporary, target)


def _mode(target: Path) -> int:
    """Permissions of the file that is replaced, or those that a new file gets."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except OSError:
        return NEW_FILE_MODE & ~_UMASK


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


_UMASK = _umask()  # once, on import: reading it changes it for a moment, for all threads


def _sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system can."""
    with suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
