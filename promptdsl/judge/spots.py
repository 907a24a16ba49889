"""Spots: connected places of a map, each with its box, area, extent, peak and likeliest name.

Pixels that touch at an edge or a corner belong together (8 neighbours). The extent is the longest
diameter (Feret) of the spot's pixels, taken as squares: a single pixel has sqrt(2), its diagonal.
Both ends of the longest diameter are corners at the left or right end of some row of pixels, so for
every spot the outermost corners of its rows are held against those of its rows further down.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from promptdsl.results import BoolMap, FloatMap, Spot

Ints = npt.NDArray[np.intp]
Floats = npt.NDArray[np.float64]
_ROWS = 256  # of a mask that are counted at once
_TOUCHING = np.ones((3, 3), np.bool_)


@dataclass(frozen=True, slots=True)
class Spots:
    """N spots in reading order, as columns; lengths in pixels of the map."""

    boxes_N4: Ints  # x, y, width, height
    areas_N: Ints
    extents_N: Floats
    peaks_N: Floats
    defects: tuple[str | None, ...]
    regions: tuple[str | None, ...]

    def __len__(self) -> int:
        return len(self.areas_N)

    def called(self, defect: str | None) -> npt.NDArray[np.bool_]:
        """(N) which of them the words call so; None: all."""
        if defect is None:
            return np.ones(len(self), np.bool_)
        return np.array([name == defect for name in self.defects], np.bool_)

    def listed(self, scale: float | None = None, above: float | None = None) -> list[Spot]:
        """One value for each, the longest first; `scale` in mm per px, `above` their level."""
        order = np.lexsort((np.arange(len(self)), -self.areas_N, -self.extents_N))
        return [self._one(place, scale, above) for place in order.tolist()]

    def _one(self, place: int, scale: float | None, above: float | None) -> Spot:
        x, y, width, height = self.boxes_N4[place].tolist()
        area, extent = float(self.areas_N[place]), float(self.extents_N[place])
        return Spot(
            (x, y, width, height), area, extent, float(self.peaks_N[place]),
            self.defects[place], self.regions[place],
            None if scale is None else area * scale**2, None if scale is None else extent * scale,
            above,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Words:
    """What spots are called: `kinds` (K, h, w) of the whole picture, the name of each of the K."""

    kinds: FloatMap | None = None
    names: Sequence[str] = ()
    regions: dict[str, BoolMap] = field(default_factory=dict)  # (H, W) by name


def find_spots(
    anomaly_map: FloatMap,
    above: float,
    inside: BoolMap | None = None,
    kinds: FloatMap | None = None,
    names: Sequence[str] = (),
    scale: float | None = None,
) -> list[Spot]:
    """The spots of a map that score `above` or more, the longest first.

    `inside` (H, W): what counts. `kinds` (K, h, w): the probability of each of the `names`.
    """
    return spots_of(anomaly_map, above, inside, Words(kinds, names)).listed(scale, above)


def spots_of(
    anomaly_map: FloatMap, above: float, inside: BoolMap | None = None, words: Words | None = None
) -> Spots:
    """The same as columns, in reading order."""
    marked = anomaly_map >= np.float32(above)
    if inside is not None:
        marked &= inside
    runs = _runs(marked)
    if runs is None:
        return _none()
    words = words or Words()
    areas = runs.total(runs.ends_R - runs.starts_R)
    return Spots(
        _boxes(runs),
        areas,
        _extents(runs),
        runs.highest(anomaly_map),
        _called(words, runs, marked.shape),
        _placed(words, runs, areas),
    )


def _none() -> Spots:
    empty, nothing = np.zeros(0, np.intp), np.zeros(0, np.float64)
    return Spots(np.zeros((0, 4), np.intp), empty, nothing, nothing, (), ())


@dataclass(frozen=True, slots=True)
class _Runs:
    """R runs of marked pixels that follow one another in a row, in reading order."""

    labels_R: Ints  # the number of its spot, from 0
    rows_R: Ints
    starts_R: Ints  # first column
    ends_R: Ints  # column behind the last
    spots: int

    def total(self, values_R: npt.NDArray[np.number]) -> Ints:
        """(N) the sum of a whole number over the runs of each spot."""
        return np.bincount(self.labels_R, values_R, self.spots).astype(np.intp)

    def highest(self, anomaly_map: FloatMap) -> Floats:
        """(N) the highest value of each spot."""
        highest = np.zeros(self.spots, np.float64)
        np.maximum.at(highest, self.labels_R, self._along(np.maximum, anomaly_map))
        return highest

    def marked_in(self, mask: BoolMap) -> Ints:
        """(N) how many pixels of each spot lie in a mask."""
        return self.total(self._along(np.add, mask.view(np.uint8), np.intp))

    def _along(
        self, what: np.ufunc, values: npt.NDArray[np.number], dtype: type | None = None
    ) -> npt.NDArray[np.number]:
        """(R) values put together along each run; what lies between two runs is left out.

        Some rows at a time: with another type than theirs numpy copies the values.
        """
        blocks = range(int(self.rows_R[0]), int(self.rows_R[-1]) + 1, _ROWS)
        found = [self._along_rows(what, values[top : top + _ROWS], top, dtype) for top in blocks]
        return np.concatenate(found)

    def _along_rows(
        self,
        what: np.ufunc,
        values: npt.NDArray[np.number],
        top: int,
        dtype: type | None,
    ) -> npt.NDArray[np.number]:
        mine = slice(*np.searchsorted(self.rows_R, (top, top + len(values))))
        first = (self.rows_R[mine] - top) * values.shape[1]
        bounds = np.stack([first + self.starts_R[mine], first + self.ends_R[mine]], axis=1).ravel()
        if not len(bounds):
            return np.zeros(0, dtype or values.dtype)
        if bounds[-1] == values.size:
            bounds = bounds[:-1]
        return np.asarray(what.reduceat(values.ravel(), bounds, dtype=dtype)[::2])


def _runs(marked: BoolMap) -> _Runs | None:
    padded = np.pad(marked, ((0, 0), (1, 1)))
    changes = np.flatnonzero(padded[:, 1:] != padded[:, :-1])
    if not len(changes):
        return None
    rows, columns = np.divmod(changes, padded.shape[1] - 1)
    del padded  # large pictures need the room
    rows, starts, ends = rows[::2], columns[::2], columns[1::2]
    top, left = rows[0], starts.min()
    labels, count = ndimage.label(marked[top : rows[-1] + 1, left : ends.max()], _TOUCHING)
    return _Runs(labels[rows - top, starts - left].astype(np.intp) - 1, rows, starts, ends, count)


def _boxes(runs: _Runs) -> Ints:
    """(N, 4) x, y, width and height."""
    ends = np.zeros((4, runs.spots), np.intp)
    ends[:2] = np.iinfo(np.intp).max
    for place, values in ((0, runs.starts_R), (1, runs.rows_R)):
        np.minimum.at(ends[place], runs.labels_R, values)
    for place, values in ((2, runs.ends_R), (3, runs.rows_R + 1)):
        np.maximum.at(ends[place], runs.labels_R, values)
    return np.concatenate([ends[:2], ends[2:] - ends[:2]]).T


def _extents(runs: _Runs) -> Floats:
    """(N) longest diameters, exact: the largest distance of any two corners of pixels."""
    labels, lefts, rights = _corners(runs)
    longest = np.zeros(runs.spots, np.intp)
    for down, upper, lower in _pairs_of_rows(labels):
        across = np.maximum(rights[lower] - lefts[upper], rights[upper] - lefts[lower])
        np.maximum.at(longest, labels[upper], across**2 + down**2)
    return np.sqrt(longest.astype(np.float64))


def _corners(runs: _Runs) -> tuple[Ints, Ints, Ints]:
    """Spot, outermost left and right corner of each line between rows of pixels; a spot of h rows
    has h + 1 such lines, which follow one another."""
    order = np.lexsort((runs.rows_R, runs.labels_R))
    labels, rows = runs.labels_R[order], runs.rows_R[order]
    new_row = (np.diff(labels, prepend=-1) != 0) | (np.diff(rows, prepend=-1) != 0)
    upper = np.cumsum(new_row) - 1 + labels  # one line more for each spot before
    lines = upper[-1] + 2
    lefts, rights = np.full(lines, np.iinfo(np.intp).max), np.full(lines, -1)
    of_lines = np.zeros(lines, np.intp)
    for line in (upper, upper + 1):
        np.minimum.at(lefts, line, runs.starts_R[order])
        np.maximum.at(rights, line, runs.ends_R[order])
        of_lines[line] = labels
    return of_lines, lefts, rights


def _pairs_of_rows(labels: Ints) -> Iterator[tuple[int, Ints, Ints]]:
    """For every distance: the lines of one spot that lie so far apart."""
    upper = np.arange(len(labels))
    ends = np.searchsorted(labels, labels, side="right")
    down = 0
    while len(upper):
        yield down, upper, upper + down
        down += 1
        upper = upper[upper + down < ends[upper]]


def _called(words: Words, runs: _Runs, shape: tuple[int, ...]) -> tuple[str | None, ...]:
    """The name of each spot: the kind with the highest mean over its pixels."""
    if words.kinds is None or not len(words.names):
        return (None,) * runs.spots
    _, down, across = words.kinds.shape
    rows = runs.rows_R * down // shape[0]
    columns = np.arange(shape[1]) * across // shape[1]
    sums_KN = []
    for kind in words.kinds.astype(np.float64):
        so_far = np.pad(np.cumsum(kind[:, columns], axis=1), ((0, 0), (1, 0)))
        along = so_far[rows, runs.ends_R] - so_far[rows, runs.starts_R]
        sums_KN.append(np.bincount(runs.labels_R, along, runs.spots))
    return tuple(words.names[kind] for kind in np.argmax(sums_KN, axis=0).tolist())


def _placed(words: Words, runs: _Runs, areas: Ints) -> tuple[str | None, ...]:
    """The first region that holds most of each spot."""
    found: list[str | None] = [None] * runs.spots
    for name, mask in reversed(words.regions.items()):
        for spot in np.flatnonzero(2 * runs.marked_in(mask) > areas).tolist():
            found[spot] = name
    return tuple(found)
