"""SHA-256 of files, remembered between runs as long as the file is certainly the same one.

Size and time of change alone are not proof: a file replaced within the clock's resolution, or by a
tool that keeps times, looks unchanged. A note also holds the inode and the status-change time,
which no program can set, and is only believed when the file had been at rest for some seconds
before it was hashed. A note carries a checksum of itself, so a damaged one is never believed.
"""

import hashlib
import json
import os
import re
import time
from contextlib import suppress
from io import BufferedReader
from pathlib import Path

from promptdsl.files.cache import cache_folder
from promptdsl.files.opening import open_regular, read_regular
from promptdsl.files.writing import write_atomically

REST_SECONDS = 5.0
MAX_NOTES = 2_000
_NOTE_BYTES = 4_096
_NAME = re.compile(r"[0-9a-f]{32}\.json")


def hash_bytes(content: bytes) -> str:
    """SHA-256 of bytes at hand."""
    return hashlib.sha256(content).hexdigest()


def hash_stream(stream: BufferedReader) -> str:
    """SHA-256 of an open file from where it stands to its end."""
    return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_now(path: str | Path) -> str:
    """SHA-256 of a regular file's bytes as they are now. Raises OSError."""
    with open_regular(path) as stream:
        return hash_stream(stream)


def hash_file(path: Path) -> str:
    """SHA-256 of a large file; remembered while the file is certainly unchanged. Raises OSError."""
    resolved = Path(os.path.realpath(path))
    with open_regular(resolved) as stream:
        stamp = _stamp(os.fstat(stream.fileno()))
        note = _note(resolved)
        known = _read_note(note, stamp)
        if known is not None:
            return known
        at_rest = time.time_ns() - max(stamp["modified"], stamp["changed"]) > REST_SECONDS * 1e9
        sha256 = hash_stream(stream)
        unchanged = _stamp(os.fstat(stream.fileno())) == stamp
    if at_rest and unchanged:
        _write_note(note, {**stamp, "sha256": sha256})
    return sha256


def _stamp(status: os.stat_result) -> dict[str, int]:
    return {
        "size": status.st_size,
        "modified": status.st_mtime_ns,
        "changed": status.st_ctime_ns,
        "inode": status.st_ino,
        "device": status.st_dev,
    }


def _note(resolved: Path) -> Path:
    key = hashlib.sha256(os.fsencode(resolved)).hexdigest()[:32]
    return cache_folder() / "hashes" / f"{key}.json"


def _read_note(note: Path, stamp: dict[str, int]) -> str | None:
    try:
        entry = json.loads(read_regular(note, _NOTE_BYTES))
        if entry == _sealed({**stamp, "sha256": entry["sha256"]}):
            return str(entry["sha256"])
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass  # not hashed yet, or the note is damaged: hash again
    return None


def _sealed(entry: dict[str, object]) -> dict[str, object]:
    """What a note says, with a checksum of it: one wrong digit would be a wrong hash."""
    return {**entry, "check": hash_bytes(json.dumps(entry).encode())[:16]}


def _write_note(note: Path, entry: dict[str, object]) -> None:
    with suppress(OSError):  # a cache that cannot be written only costs time
        note.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(note, json.dumps(_sealed(entry)).encode(), durable=False)
        _bound(note.parent)


def _bound(folder: Path) -> None:
    """Keep the newest notes: beyond MAX_NOTES, half of them go, the oldest first."""
    notes = [path for path in folder.iterdir() if _NAME.fullmatch(path.name)]
    if len(notes) <= MAX_NOTES:
        return
    aged = []
    for path in notes:
        with suppress(OSError):
            aged.append((path.stat().st_mtime, path))
    for _, path in sorted(aged)[: len(aged) // 2]:
        with suppress(OSError):
            path.unlink()
