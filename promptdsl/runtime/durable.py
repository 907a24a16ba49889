"""Files that survive a power cut: atomic replacement, and disk failures told in one sentence."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from promptdsl.errors import EnvironmentProblem

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def disk_told_plainly(folder: Path) -> Iterator[None]:
    """Turns an OSError while writing into `folder` into one sentence with the fix."""
    try:
        yield
    except OSError as error:
        raise disk_problem(folder, error) from error


def disk_problem(folder: Path, error: OSError) -> EnvironmentProblem:
    """The sentence for a failed write."""
    if error.errno in _FULL:
        return EnvironmentProblem(
            f"{folder}: the disk is full",
            "free some space, then run the same command with --resume",
        )
    reason = error.strerror or str(error)
    return EnvironmentProblem(f"{folder}: cannot write here: {reason}")


def write_atomically(path: Path, content: bytes) -> None:
    """The whole new content or the old file, never a part; on the disk when it returns."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames in a folder durable, where the system can."""
    with suppress(OSError, AttributeError):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
