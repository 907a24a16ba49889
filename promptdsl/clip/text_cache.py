"""Text embeddings on disk, per user: one SQLite file for each model, one row for each prompt.

SQLite gives atomic writes and safety between processes. A row carries its checksum; a damaged row
is ignored and written again, a damaged file is dropped. The least recently written rows go first
when the file outgrows its bound, the least recently written files when there are many. A cache that
cannot be used only costs time, and little: a file that another process holds is waited for once.
"""

import hashlib
import os
import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import numpy as np
import numpy.typing as npt

from promptdsl.files.cache import cache_folder

MAX_BYTES = 64 * 2**20
MAX_MODELS = 40  # files
WAIT_SECONDS = 2.0  # for another process that holds a file; encoding takes hardly longer
_NAME = re.compile(r"[0-9a-f]{32}\.sqlite")
Row = npt.NDArray[np.float32]
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS embeddings "
    "(prompt TEXT PRIMARY KEY, embedding BLOB NOT NULL, checksum BLOB NOT NULL) "
)
# Views and triggers are never ours, and may compute for ever.
_FOREIGN = "SELECT name FROM sqlite_master WHERE type NOT IN ('table', 'index')"
_BESIDE = ("", "-journal", "-wal", "-shm")  # the files that SQLite opens for one database
# sqlite3 reports damage with an error of its own, or fails to decode the damaged words in it.
_ERRORS = (sqlite3.DatabaseError, UnicodeDecodeError)
_given_up: set[Path] = set()  # files that were held for too long: this process waits no more


def cache_file(model: str) -> Path:
    """The file of the model with that identity."""
    return cache_folder() / "text" / f"{model[:32]}.sqlite"


def load_embeddings(model: str, prompts: Sequence[str], width: int) -> dict[str, Row]:
    """Those of the prompts that are in the cache, whole and of the right width."""
    found: dict[str, Row] = {}
    path = cache_file(model)
    if not os.path.isfile(path):  # unlike Path.is_file, False where the folder may not be entered
        return found
    with _database(path) as database:
        if database is None:
            return found
        for prompt in prompts:
            row = database.execute(
                "SELECT embedding, checksum FROM embeddings WHERE prompt = ?", (prompt,)
            ).fetchone()
            if row is not None and _is_whole(prompt, row[0], row[1], width):
                found[prompt] = np.frombuffer(row[0], np.float32)
    return found


def store_embeddings(model: str, embeddings: Mapping[str, Row]) -> None:
    """Add rows, replacing damaged ones, and drop the oldest beyond the bound."""
    if not embeddings:
        return
    rows = [
        (prompt, blob := row.astype(np.float32).tobytes(), _checksum(prompt, blob))
        for prompt, row in embeddings.items()
    ]
    path = cache_file(model)
    if not os.path.lexists(path):
        _make_room(path.parent)
    with _database(path) as database:
        if database is not None:
            database.executemany("INSERT OR REPLACE INTO embeddings VALUES (?, ?, ?)", rows)
            most = max(len(rows), MAX_BYTES // (len(rows[0][1]) + 256))
            database.execute(
                "DELETE FROM embeddings WHERE rowid <= (SELECT max(rowid) FROM embeddings) - ?",
                (most,),
            )


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection | None]:
    """An open transaction, or None where there can be no cache; a damaged file is dropped."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        for beside in _BESIDE:
            if os.path.lexists(f"{path}{beside}") and not os.path.isfile(f"{path}{beside}"):
                raise OSError(None, "it is not a regular file")  # SQLite would wait for a pipe
        wait = 0.0 if path in _given_up else WAIT_SECONDS
        connection = sqlite3.connect(path, timeout=wait)
    except (OSError, sqlite3.Error):
        yield None
        return
    with closing(connection):
        try:
            connection.execute(_SCHEMA)
            if connection.execute(_FOREIGN).fetchone():
                raise sqlite3.DatabaseError("it holds more than our table")
        except _ERRORS as error:
            _after_failure(path, error)
            yield None
            return
        try:
            with connection:
                yield connection
        except _ERRORS as error:
            _after_failure(path, error)


def _after_failure(path: Path, error: Exception) -> None:
    """Drop a damaged file. Most operational errors mean no damage: read-only, disk full, held."""
    code = getattr(error, "sqlite_errorcode", None) or 0
    if code & 0xFF == sqlite3.SQLITE_BUSY:  # the upper bits say why
        _given_up.add(path)
        return
    foreign = code == sqlite3.SQLITE_ERROR  # a table of other columns
    if foreign or not isinstance(error, sqlite3.OperationalError):
        with suppress(OSError):  # its folder may be read-only
            path.unlink(missing_ok=True)


def _make_room(folder: Path) -> None:
    """Before a new file: beyond MAX_MODELS, half of the files go, the least recently written."""
    aged = []
    with suppress(OSError):
        for path in folder.iterdir():
            if _NAME.fullmatch(path.name):
                aged.append((path.stat().st_mtime, path))
    if len(aged) >= MAX_MODELS:
        for _, path in sorted(aged)[: len(aged) - MAX_MODELS // 2]:
            with suppress(OSError):
                path.unlink()


def _checksum(prompt: str, blob: bytes) -> bytes:
    return hashlib.sha256(prompt.encode() + b"\0" + blob).digest()[:16]


def _is_whole(prompt: str, blob: object, checksum: object, width: int) -> bool:
    return (
        isinstance(blob, bytes) and len(blob) == 4 * width and checksum == _checksum(prompt, blob)
    )
