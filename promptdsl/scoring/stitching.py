"""From the scores of a picture's views to that of the picture.

A tile's map is brought to its box and weighed; the weights of all tiles over a pixel add up to 1:

    map(y, x) = sum over tiles of v_i(y) u_j(x) m_ij(y, x),   sum_i v_i = sum_j u_j = 1

so that one array is enough, whatever the number of tiles. The weights of a tile rise smoothly from
its edge to where the overlap ends. A picture's score is that of its worst tile.

Shapes: K defects, H and W pixels, h and w cells of a coarse map.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.pictures.geometry import resized as between
from promptdsl.pictures.geometry import square, unwarp
from promptdsl.results import NO_MAP, BoolMap, FloatMap, PictureScore
from promptdsl.scoring.views import Box, Cut, Lies, View

Weights = npt.NDArray[np.float32]
MOST_CELLS = 4_000_000  # of a coarse map, all defects together


@dataclass
class Stitcher:
    """Takes the scores of all views of one picture, in whatever order."""

    cut: Cut
    worst: View | None = None  # the view whose score is the picture's
    _score: PictureScore | None = None
    _map: FloatMap | None = None
    _kinds: FloatMap | None = None
    _left: int = field(init=False)

    def __post_init__(self) -> None:
        self._left = len(self.cut.views)

    @property
    def complete(self) -> bool:
        """Whether all views were added."""
        return self._left == 0

    def add(self, view: View, score: PictureScore) -> None:
        """The score of one view."""
        self._left -= 1
        if self._is_worse(view, score):
            self._score, self.worst = replace(score, map=NO_MAP, kinds=None), view
        if not score.map.size:  # nobody asks for maps
            self._map = score.map
        elif self.cut.tiled:
            self._map = self._added(self._map, self.cut.size[::-1], view, score.map)
        else:
            self._map = self._alone(view, score.map)
        if score.kinds is None:
            return
        if self.cut.tiled:
            self._kinds = self._added(self._kinds, self._coarse(score.kinds), view, score.kinds)
        else:
            self._kinds = np.stack([self._alone(view, kind) for kind in score.kinds])

    def finished(self) -> PictureScore:
        """The whole picture's score."""
        assert self._score is not None and self._map is not None and self.complete
        lies = self.cut.lies
        if not self._map.size:
            return replace(self._score, map=self._map, size=lies.size if lies else self.cut.size)
        if self.cut.tiled:
            np.clip(self._map, 0, 1, out=self._map)
        anomaly_map, self._map = self._map, None  # it may be large: whoever asked has it alone
        score = replace(
            self._score,
            map=anomaly_map,
            size=self.cut.size,
            seen=_within(self.cut, (anomaly_map.shape[0], anomaly_map.shape[1])),
            kinds=self._kinds,
        )
        return score if lies is None else _lying(score, lies)

    def _is_worse(self, view: View, score: PictureScore) -> bool:
        """Of equal scores the first tile's counts, in whatever order they come."""
        if self._score is None or self.worst is None or math.isnan(score.score):
            return True  # what is no number must not be lost
        known = self._score.score
        before = (view.row, view.column) < (self.worst.row, self.worst.column)
        return score.score > known or (score.score == known and before)

    def _alone(self, view: View, values_HW: FloatMap) -> FloatMap:
        """The map of a single view: of what it shows, or with what it leaves out around it."""
        left, top, right, bottom = _in_cells(view.inside, self.cut.model, values_HW.shape)
        if (left, top, right, bottom) == (0, 0, values_HW.shape[1], values_HW.shape[0]):
            shown = values_HW
        else:
            shape = max(1, round(right - left)), max(1, round(bottom - top))
            shown = resized(values_HW, shape, (left, top, right, bottom))
        if self.cut.area == (0, 0, *self.cut.size):
            return shown
        return _surrounded(shown, self.cut)

    def _coarse(self, kinds_KHW: FloatMap) -> tuple[int, ...]:
        """(K, h, w) of the whole picture: about one cell for a patch of a tile."""
        count, down, across = kinds_KHW.shape
        cells = [
            max(1, round(side * cells / tile))
            for side, cells, tile in zip(
                self.cut.size[::-1], (down, across), self.cut.tile[::-1], strict=True
            )
        ]
        shrink = max(1.0, math.sqrt(count * cells[0] * cells[1] / MOST_CELLS))
        return (count, *(max(1, round(side / shrink)) for side in cells))

    def _added(
        self, total: FloatMap | None, shape: tuple[int, ...], view: View, values: FloatMap
    ) -> FloatMap:
        """The sum so far and one tile's map, or its maps, weighed."""
        if total is None:
            total = np.zeros(shape, np.float32)
        rows, down = _placed(self.cut.rows, self.cut.tile[1], self.cut.size[1], shape[-2], view.row)
        columns, across = _placed(
            self.cut.columns, self.cut.tile[0], self.cut.size[0], shape[-1], view.column
        )
        cells = _in_cells(view.inside, self.cut.model, values.shape)
        for part, target in zip(
            values.reshape(-1, *values.shape[-2:]), total.reshape(-1, *shape[-2:]), strict=True
        ):
            weighed = resized(part, (columns.stop - columns.start, rows.stop - rows.start), cells)
            weighed *= down[:, None]
            weighed *= across
            target[rows, columns] += weighed
        return total


def _lying(score: PictureScore, lies: Lies) -> PictureScore:
    """The score of a picture that was located, its maps as it lies."""
    score = replace(score, size=lies.size, unlocated=lies.located.reason, pose=lies.pose)
    if lies.pose is None:
        return score
    matrix, golden = lies.located.matrix, lies.golden
    anomaly_map, seen = unwarp(score.map, matrix, golden, lies.size)
    if score.seen is not None:
        seen &= unwarp(score.seen.astype(np.float32), matrix, golden, lies.size)[0] > 0.5
        anomaly_map *= seen
    kinds = score.kinds
    if kinds is not None:
        coarse = (
            max(1, round(kinds.shape[2] * lies.size[0] / golden[0])),
            max(1, round(kinds.shape[1] * lies.size[1] / golden[1])),
        )
        there = (square(matrix) @ between(coarse, lies.size))[:2]
        kinds = np.stack([unwarp(kind, there, golden, coarse)[0] for kind in kinds])
    shown = None if seen.all() else seen
    found = float(lies.located.residual)
    return replace(score, map=anomaly_map, seen=shown, kinds=kinds, residual=found)


def resized(values_HW: FloatMap, size: tuple[int, int], box: Sequence[float]) -> FloatMap:
    """Part of a map (left, top, right, bottom in its cells) brought to (width, height)."""
    image = Image.fromarray(np.ascontiguousarray(values_HW, np.float32))
    found = image.resize(size, Resampling.BILINEAR, box=(box[0], box[1], box[2], box[3]))
    return np.array(found, np.float32)


def _in_cells(inside: Box, model: tuple[int, int], shape: Sequence[int]) -> tuple[float, ...]:
    """A box of a view in cells of a map that covers the view."""
    across, down = shape[-1] / model[1], shape[-2] / model[0]
    return inside[0] * across, inside[1] * down, inside[2] * across, inside[3] * down


def _surrounded(shown_HW: FloatMap, cut: Cut) -> FloatMap:
    """A map of the area alone, with zeros for what was not looked at."""
    wide, high = cut.area[2] - cut.area[0], cut.area[3] - cut.area[1]
    shape = (
        min(cut.size[1], max(1, round(cut.size[1] * shown_HW.shape[0] / high))),
        min(cut.size[0], max(1, round(cut.size[0] * shown_HW.shape[1] / wide))),
    )
    rows, columns = _area(cut, shape)
    down, across = rows.stop - rows.start, columns.stop - columns.start
    found = np.zeros(shape, np.float32)
    whole = (0, 0, shown_HW.shape[1], shown_HW.shape[0])
    found[rows, columns] = resized(shown_HW, (across, down), whole)
    return found


def _area(cut: Cut, shape: tuple[int, int]) -> tuple[slice, slice]:
    """Rows and columns of the area in a map of the whole picture."""
    left, top, right, bottom = cut.area
    down, across = shape[0] / cut.size[1], shape[1] / cut.size[0]
    first, start = round(top * down), round(left * across)
    return (
        slice(first, max(first + 1, round(bottom * down))),
        slice(start, max(start + 1, round(right * across))),
    )


def _within(cut: Cut, shape: tuple[int, int]) -> BoolMap | None:
    """Where a map of the whole picture shows what was looked at; None: everywhere."""
    if cut.area == (0, 0, *cut.size):
        return None
    seen = np.zeros(shape, np.bool_)
    seen[_area(cut, shape)] = True
    return seen


def _placed(
    starts: tuple[int, ...], tile: int, length: int, cells: int, number: int
) -> tuple[slice, Weights]:
    """The cells of one tile along a side of so many cells, and its weights there."""
    return _weights(starts, tile, length, cells)[number]


@lru_cache(maxsize=32)
def _weights(
    starts: tuple[int, ...], tile: int, length: int, cells: int
) -> tuple[tuple[slice, Weights], ...]:
    """Of all tiles along a side of `length` pixels, in `cells`; they add up to 1 in each cell."""
    overlap = tile - max((b - a for a, b in pairwise(starts)), default=tile)
    scale = cells / length
    places = [
        slice(math.floor(start * scale), min(cells, math.ceil((start + tile) * scale)))
        for start in starts
    ]
    total = np.zeros(cells)
    found = []
    for start, place in zip(starts, places, strict=True):
        centre = (np.arange(place.start, place.stop) + 0.5) / scale - start
        away = np.minimum(centre, tile - centre).clip(0.5)  # from the nearer edge, in pixels
        rise = (away / overlap).clip(0, 1) if overlap > 0 else np.ones(len(away))
        found.append(rise * rise * (3 - 2 * rise))
        total[place] += found[-1]
    return tuple(
        (place, (weight / total[place]).astype(np.float32))
        for place, weight in zip(places, found, strict=True)
    )
