"""How often each picture comes in each draw of a bootstrap, in little memory.

A draw is a row of small counts. All rows of a few thousand pictures are held, a byte each; those of
more lie in a temporary file. Metrics read them in blocks of rows, so that 100,000 pictures take no
more memory than 2,000 (as numbers of eight bytes, 2,000 draws of them would take 1.6 GB).

Shapes: R draws, N pictures, S pictures of one stratum.
"""

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from promptdsl.evaluate.array_store import ArrayStore

RESAMPLES = 2000
SEED = 20260101
HELD = 32_000_000  # bytes of counts that are held in memory
AT_ONCE = 4_000_000  # numbers of one block of draws
_MOST = np.iinfo(np.uint8).max

Floats = npt.NDArray[np.float64]
Small = npt.NDArray[np.uint8]


class Draws:
    """(R, N) counts, drawn within strata from a seed; `draws[a:b]` are rows as floats."""

    def __init__(self, strata: npt.ArrayLike, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        """Each stratum keeps its size in every draw."""
        names, group_N = np.unique(np.asarray(strata), return_inverse=True)
        self.shape = (resamples, len(group_N))
        self._members = [np.flatnonzero(group_N == index) for index in range(len(names))]
        random = np.random.default_rng(seed)
        held = resamples * len(group_N) <= HELD
        self._counts = [  # of each stratum
            _kept(map(_small, _drawn(random, len(members), resamples)), len(members), held)
            for members in self._members
        ]

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Floats:
        start, stop, _ = rows.indices(len(self))
        stop = max(start, stop)
        block = np.zeros((stop - start, self.shape[1]))
        for counts, members in zip(self._counts, self._members, strict=True):
            block[:, members] = counts[start:stop]
        return block

    def blocks(self) -> Iterator[Floats]:
        """All rows, in blocks of bounded size."""
        rows = max(1, AT_ONCE // max(1, self.shape[1]))
        for start in range(0, len(self), rows):
            yield self[start : start + rows]


def _kept(blocks: Iterable[Small], width: int, held: bool) -> Small | ArrayStore:
    """All rows of one stratum, in memory or in a temporary file."""
    if held:
        return np.concatenate(list(blocks))
    store = ArrayStore((width,), np.uint8)
    for counts_RS in blocks:
        store.extend(counts_RS)
    return store


def _small(counts_RS: npt.NDArray[np.int64]) -> Small:
    if counts_RS.size and counts_RS.max() > _MOST:
        raise OverflowError("one picture came more than 255 times in a draw")
    return counts_RS.astype(np.uint8)


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
