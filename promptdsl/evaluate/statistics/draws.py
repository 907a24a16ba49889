"""How often each picture comes in each draw of a bootstrap, in little memory.

A draw is a row of small counts. All rows of a few thousand pictures are held, a byte each; those of
more lie in a temporary file. Metrics read them in blocks of rows, so that 100,000 pictures take no
more memory than 2,000 (as numbers of eight bytes, 2,000 draws of them would take 1.6 GB).

Shapes: R draws, N pictures, S pictures of one stratum.
"""

import tempfile
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
SEED = 20260101
HELD = 32_000_000  # bytes of counts that are held in memory
AT_ONCE = 4_000_000  # numbers of one block of draws
_MOST = np.iinfo(np.uint8).max

Floats = npt.NDArray[np.float64]


class Draws:
    """(R, N) counts, drawn within strata from a seed; `draws[a:b]` are rows as floats."""

    def __init__(self, strata: npt.ArrayLike, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        """Each stratum keeps its size in every draw."""
        names, group_N = np.unique(np.asarray(strata), return_inverse=True)
        self.shape = (resamples, len(group_N))
        self._members = [np.flatnonzero(group_N == index) for index in range(len(names))]
        self._store = _Store(held=resamples * len(group_N) <= HELD)
        random = np.random.default_rng(seed)
        for members in self._members:
            self._store.begin(len(members))
            for counts_RS in _drawn(random, len(members), resamples):
                self._store.add(counts_RS)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Floats:
        start, stop, _ = rows.indices(len(self))
        block = np.zeros((max(0, stop - start), self.shape[1]))
        for stratum, members in enumerate(self._members):
            block[:, members] = self._store.rows(stratum, start, stop)
        return block

    def blocks(self) -> Iterator[Floats]:
        """All rows, in blocks of bounded size."""
        rows = max(1, AT_ONCE // max(1, self.shape[1]))
        for start in range(0, len(self), rows):
            yield self[start : start + rows]


class _Store:
    """Counts of one stratum after the other, one byte each, in memory or in a temporary file."""

    def __init__(self, *, held: bool) -> None:
        self._file: Any = None if held else tempfile.TemporaryFile()  # noqa: SIM115
        if self._file is not None:
            weakref.finalize(self, self._file.close)
        self._held: list[list[npt.NDArray[np.uint8]]] = []
        self._places: list[tuple[int, int]] = []  # where a stratum begins, and its width
        self._end = 0

    def begin(self, width: int) -> None:
        """A new stratum."""
        self._places.append((self._end, width))
        self._held.append([])

    def add(self, counts_RS: npt.NDArray[np.int64]) -> None:
        """More rows of the stratum."""
        if counts_RS.size and counts_RS.max() > _MOST:
            raise OverflowError("one picture came more than 255 times in a draw")
        small = counts_RS.astype(np.uint8)
        if self._file is None:
            self._held[-1].append(small)
        else:
            self._file.seek(self._end)
            self._file.write(small.tobytes())
        self._end += small.size

    def rows(self, stratum: int, start: int, stop: int) -> npt.NDArray[np.uint8]:
        """Rows of a stratum."""
        first, width = self._places[stratum]
        if self._file is None:
            if len(self._held[stratum]) > 1:
                self._held[stratum] = [np.concatenate(self._held[stratum])]
            return self._held[stratum][0][start:stop]
        self._file.seek(first + start * width)
        content = self._file.read((stop - start) * width)
        return np.frombuffer(content, np.uint8).reshape(stop - start, width)


def _drawn(
    random: np.random.Generator, size: int, resamples: int
) -> Iterator[npt.NDArray[np.int64]]:
    """(R, S) counts in blocks of rows; the stream of numbers is that of one call for all rows."""
    share = np.full(size, 1 / size)
    rows = max(1, AT_ONCE // size)
    for start in range(0, resamples, rows):
        yield random.multinomial(size, share, size=min(rows, resamples - start))


def blocks_of(weights_RN: "Floats | Draws") -> Iterator[Floats]:
    """Rows of draws, or of an array, in blocks."""
    yield from weights_RN.blocks() if isinstance(weights_RN, Draws) else [weights_RN]


def weighted_sums(weights_RN: "Floats | Draws", values: npt.ArrayLike) -> Floats:
    """`weights_RN @ values` of (N) or (N, K) values."""
    each = np.asarray(values, np.float64)
    return np.concatenate([block @ each for block in blocks_of(weights_RN)])
