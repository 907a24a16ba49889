"""Files are written whole or not at all: beside the old one first, then moved into its place."""

import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from promptdsl.errors import EnvironmentProblem, UsageProblem

NEW_FILE_MODE = 0o666


def write_file(path: Path, content: bytes, *, overwrite: bool = True) -> None:
    """Write through symbolic links and keep the permissions; Problem says what stood in the way."""
    target = Path(os.path.realpath(path))
    if target.is_dir():
        raise UsageProblem(f"{path} is a folder", f"name a file in it: {path / 'NAME'}")
    try:
        _write(target, content, overwrite)
    except FileExistsError:
        raise UsageProblem(f"{path} exists already", "use another name, or --force") from None
    except OSError as fault:
        raise EnvironmentProblem(
            f"{path} cannot be written: {fault.strerror or fault}",
            "nothing was changed; check the folder and the space on the disk",
        ) from None


def _write(target: Path, content: bytes, overwrite: bool) -> None:
    if not overwrite and target.exists():
        raise FileExistsError
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", suffix=".tmp", dir=target.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(_mode(target))
        if overwrite:
            os.replace(temporary, target)
        else:
            _move_to_new(temporary, target)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()
    _sync_folder(target.parent)


def _move_to_new(temporary: Path, target: Path) -> None:
    """A hard link fails where a file has appeared meanwhile; some file systems have none."""
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        os.replace(temporary, target)


def _mode(target: Path) -> int:
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return NEW_FILE_MODE & ~mask


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
