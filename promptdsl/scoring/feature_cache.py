"""Features of pictures on disk, per user: what the image tower said, so that it is asked once.

One file for each picture, under `features/` of the cache folder:

    promptdsl-features 1\\n  SHA-256 of the rest  safetensors

The name is a hash of the picture's bytes and of everything that changes its encoding (`Encoding`).
Files are replaced in one step and deleted without asking, so two processes never see half of one;
a damaged file counts as absent and is written again. Beyond the bound the least recently used go
first. A cache that cannot be read or written only costs time.
"""

import hashlib
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from promptdsl.errors import UsageProblem
from promptdsl.files.cache import cache_folder
from promptdsl.files.opening import read_regular
from promptdsl.files.writing import write_atomically

LIMIT_VARIABLE = "PROMPTDSL_CACHE_LIMIT"
DEFAULT_LIMIT = 2 * 10**9
MAGIC = b"promptdsl-features 1\n"
SUFFIX = ".features"
_NAME = re.compile(r"[0-9a-f]{40}\.features")
_UNFINISHED = re.compile(r"\.[0-9a-f]{40}\.features\.[a-z0-9_]+\.tmp")
_ROOM = 0.9  # share of the bound that is left after clearing
_STALE_SECONDS = 3600  # after which another process's unfinished file is taken for abandoned
_UNITS = {"": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}


@dataclass(frozen=True, slots=True)
class Encoding:
    """What decides the features of a picture, and the tensors that are wanted of them."""

    key: str  # hash of weights, sizes, method settings, number type
    names: frozenset[str] | None  # None: all that the method gives


@dataclass(slots=True)
class FeatureCache:
    """Features by picture and encoding; `hits` and `misses` count what was asked for."""

    folder: Path
    limit: int
    hits: int = 0
    misses: int = 0
    _bytes: int | None = field(default=None)  # in the folder, as far as this process knows

    def get(self, picture: str, encoding: Encoding) -> dict[str, Tensor] | None:
        """The tensors of a picture (named by its SHA-256), or None where one of them is absent."""
        tensors = self._read(self._path(picture, encoding))
        if tensors is None or not (encoding.names or tensors.keys()) <= tensors.keys():
            self.misses += 1
            return None
        self.hits += 1
        with suppress(OSError):
            os.utime(self._path(picture, encoding))
        return {name: tensors[name] for name in encoding.names or tensors}

    def has(self, picture: str, encoding: Encoding) -> bool:
        """Whether there is a file for a picture; reading it may still find it damaged."""
        return self._path(picture, encoding).is_file()

    def put(self, picture: str, encoding: Encoding, tensors: Mapping[str, Tensor]) -> None:
        """Keep the tensors of a picture, besides others that are kept of it already."""
        path = self._path(picture, encoding)
        known = self._read(path) or {} if encoding.names is not None else {}
        payload = save({n: t.contiguous().cpu() for n, t in {**known, **tensors}.items()})
        content = sealed(MAGIC, payload)
        if len(content) > self.limit * _ROOM:
            return
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, content, durable=False)
            self._grown(len(content))

    def clear_to(self, most: int) -> None:
        """Delete the least recently used files until at most so many bytes are left."""
        files = sorted(self._files(), key=lambda entry: entry[0])
        left = sum(size for _, size, _ in files)
        for _, size, path in files:
            if left <= most:
                break
            with suppress(OSError):
                path.unlink()
            left -= size
        self._bytes = left

    def _grown(self, size: int) -> None:
        if self._bytes is None:
            self._bytes = sum(size for _, size, _ in self._files())
        else:
            self._bytes += size
        if self._bytes > self.limit:
            self.clear_to(int(self.limit * _ROOM))

    def _files(self) -> list[tuple[float, int, Path]]:
        """(last use, bytes, path) of each; unfinished files that nobody writes are deleted.

        Whatever else lies in the folder is somebody else's and stays.
        """
        found: list[tuple[float, int, Path]] = []
        for entry in _entries(self.folder):
            with suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if _NAME.fullmatch(entry.name):
                    found.append((status.st_mtime, status.st_size, Path(entry.path)))
                elif _UNFINISHED.fullmatch(entry.name) and _is_stale(status):
                    os.unlink(entry.path)
        return found

    def _path(self, picture: str, encoding: Encoding) -> Path:
        name = hashlib.sha256(f"{picture} {encoding.key}".encode()).hexdigest()[:40]
        return self.folder / name[:2] / f"{name}{SUFFIX}"

    def _read(self, path: Path) -> dict[str, Tensor] | None:
        try:
            content = read_regular(path, self.limit)
        except OSError:
            return None
        payload = unsealed(MAGIC, content)
        if payload is None:
            return None
        try:
            tensors = load(payload)
        except (SafetensorError, ValueError, KeyError, TypeError):  # sealed by another hand
            return None
        return tensors if all(map(_is_of_one_picture, tensors.values())) else None


def sealed(magic: bytes, payload: bytes) -> bytes:
    """The payload behind its kind and its hash, so that no damaged byte of it is believed."""
    return magic + hashlib.sha256(payload).digest() + payload


def unsealed(magic: bytes, content: bytes) -> bytes | None:
    """The payload; None for what is of another kind, or damaged."""
    start = len(magic) + hashlib.sha256().digest_size
    payload = content[start:]
    return payload if content[:start] == magic + hashlib.sha256(payload).digest() else None


def _entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What lies in the sub-folders; nothing of a folder that cannot be read."""
    with suppress(OSError):
        for inner in list(os.scandir(folder)):
            with suppress(OSError):
                if inner.is_dir(follow_symlinks=False):
                    yield from list(os.scandir(inner.path))


def _is_stale(status: os.stat_result) -> bool:
    return time.time() - status.st_mtime > _STALE_SECONDS


def _is_of_one_picture(tensor: Tensor) -> bool:
    return tensor.dim() > 0 and len(tensor) == 1 and bool(torch.isfinite(tensor).all())


def open_feature_cache() -> FeatureCache | None:
    """The user's cache; None where `PROMPTDSL_CACHE_LIMIT` is 0."""
    limit = read_limit(os.environ.get(LIMIT_VARIABLE, ""))
    return FeatureCache(cache_folder() / "features", limit) if limit else None


def read_limit(text: str) -> int:
    """`2 GB` -> bytes; nothing means the default. Raises UsageProblem."""
    if not text.strip():
        return DEFAULT_LIMIT
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kmgt]b)?\s*", text.lower())
    if match is None:
        raise UsageProblem(
            f'{LIMIT_VARIABLE}: "{text}" is no size', "write it like 2 GB or 500 MB; 0 for no cache"
        )
    return int(float(match[1]) * _UNITS[match[2] or ""])


def encoding_key(parts: Iterable[object]) -> str:
    """One hash for everything that changes an encoding."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()
