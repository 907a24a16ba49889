"""The user's cache folder: hashes of weight files and text embeddings live there."""

import os
import tempfile
from pathlib import Path

import platformdirs


def cache_folder() -> Path:
    """`$PROMPTDSL_CACHE`, or the place where this system keeps a user's caches."""
    chosen = os.environ.get("PROMPTDSL_CACHE")
    return Path(chosen) if chosen else Path(platformdirs.user_cache_dir("promptdsl"))


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one step, so that a reader never sees half of it. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
