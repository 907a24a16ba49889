"""Arrays on disk, so that a large data set needs no more memory than a small one."""

import tempfile
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt


class ArrayStore:
    """Arrays of one shape and type in a temporary file, by number."""

    def __init__(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> None:
        """An empty store."""
        self._shape, self._dtype = shape, np.dtype(dtype)
        self._bytes = int(np.prod(shape)) * self._dtype.itemsize
        self._file = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the store
        weakref.finalize(self, self._file.close)
        self._count = 0

    def add(self, array: npt.NDArray[Any]) -> int:
        """Keep an array; gives its number."""
        return self.extend(array[None])

    def extend(self, arrays: npt.NDArray[Any]) -> int:
        """Keep several, stacked; gives the number of the first."""
        first, self._count = self._count, self._count + len(arrays)
        self._file.seek(first * self._bytes)
        self._file.write(np.ascontiguousarray(arrays, self._dtype).tobytes())
        return first

    def close(self) -> None:
        """Give the space back."""
        self._file.close()

    def __getitem__(self, which: int | slice) -> npt.NDArray[Any]:
        """One of them, or some that follow one another, stacked."""
        wanted = which if isinstance(which, slice) else slice(which, which + 1)
        start, stop, _ = wanted.indices(self._count)
        self._file.seek(start * self._bytes)
        content = self._file.read(max(0, stop - start) * self._bytes)
        found = np.frombuffer(content, self._dtype).reshape(-1, *self._shape)
        return found if isinstance(which, slice) else found[0]
