"""Frozen features of the examples: each picture passes the image tower once.

They lie in one file beside the result, in float16, mapped into memory, so that the system keeps in
memory what fits. A second file counts the rows that are whole; a training that was killed goes on
from there. Without room on the disk, pictures are encoded again in every epoch, with the same
rounding.

Rows are encoded in the same groups whatever happened before, because a group's size may change the
last bit of a result.
"""

import json
import math
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from promptdsl.files.writing import write_atomically

GROUP = 4
ROOM_TO_LEAVE = 2 * 2**30  # bytes of the disk that a training does not touch
Encode = Callable[[Sequence[int]], Mapping[str, Tensor]]  # examples -> features, first dimension B
Rows = Mapping[str, npt.NDArray[np.float16]]


@dataclass(frozen=True, slots=True)
class StoredFeatures:
    """`rows` is None where every look-up encodes."""

    encode: Encode
    rows: Rows | None
    count: int

    def take(self, numbers: Sequence[int]) -> dict[str, Tensor]:
        """Features of some examples, in float32 after rounding to float16."""
        if self.rows is not None:
            return {
                name: torch.from_numpy(values[list(numbers)].astype(np.float32))
                for name, values in self.rows.items()
            }
        groups = {number // GROUP: None for number in numbers}
        found = {g: rounded(self.encode(members(g, self.count))) for g in groups}
        return {
            name: torch.stack([found[n // GROUP][name][n % GROUP] for n in numbers]).float()
            for name in next(iter(found.values()))
        }


def members(group: int, count: int) -> list[int]:
    """The examples of one group."""
    return list(range(group * GROUP, min((group + 1) * GROUP, count)))


def rounded(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In float16, on the CPU; beyond its range at its limit."""
    most = torch.finfo(torch.float16).max
    return {name: tensor.clamp(-most, most).half().cpu() for name, tensor in features.items()}


def store(
    path: Path, key: str, count: int, encode: Encode, progress: Callable[[int, int], None]
) -> StoredFeatures:
    """Encode all examples into the file, going on where a killed training stopped."""
    first = rounded(encode(members(0, count)))
    shapes = {name: tuple(tensor.shape[1:]) for name, tensor in first.items()}
    size = 2 * count * sum(math.prod(shape) for shape in shapes.values())
    if not _has_room(path, size):
        return StoredFeatures(encode, None, count)
    done = _whole_rows(path, key, size)
    rows = _mapped(path, shapes, count)
    for group in range(done // GROUP, -(-count // GROUP)):
        numbers = members(group, count)
        features = first if group == 0 else rounded(encode(numbers))
        for name, tensor in features.items():
            rows[name][numbers[0] : numbers[-1] + 1] = tensor.numpy()
        _note(path, key, numbers[-1] + 1)
        progress(numbers[-1] + 1, count)
    return StoredFeatures(encode, rows, count)


def remove(path: Path) -> None:
    """Drop the file and its count."""
    path.unlink(missing_ok=True)
    _counter(path).unlink(missing_ok=True)


def _has_room(path: Path, size: int) -> bool:
    present = path.stat().st_size if path.exists() else 0
    return shutil.disk_usage(path.parent).free + present - size > ROOM_TO_LEAVE


def _mapped(path: Path, shapes: Mapping[str, tuple[int, ...]], count: int) -> Rows:
    total = count * sum(math.prod(shape) for shape in shapes.values())
    if not path.exists() or path.stat().st_size != 2 * total:
        with path.open("wb") as file:
            os.truncate(file.fileno(), 2 * total)
    whole = np.memmap(path, np.float16, "r+", shape=(total,))
    rows, start = {}, 0
    for name, shape in _ordered(shapes):
        size = count * math.prod(shape)
        rows[name] = whole[start : start + size].reshape(count, *shape)
        start += size
    return rows


def _ordered(shapes: Mapping[str, tuple[int, ...]]) -> Iterator[tuple[str, tuple[int, ...]]]:
    yield from sorted(shapes.items())


def _counter(path: Path) -> Path:
    return path.with_name(f"{path.name}.rows")


def _note(path: Path, key: str, done: int) -> None:
    _counter(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(_counter(path), json.dumps({"key": key, "rows": done}).encode())


def _whole_rows(path: Path, key: str, size: int) -> int:
    """How many rows an earlier training left; 0 when they are another's."""
    try:
        note = json.loads(_counter(path).read_text("utf-8"))
        whole = note["key"] == key and path.stat().st_size == size
        return int(note["rows"]) // GROUP * GROUP if whole else 0
    except (OSError, ValueError, KeyError, TypeError):
        return 0
