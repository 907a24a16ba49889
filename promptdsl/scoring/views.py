"""What of a picture a model sees: the whole of it squeezed, padded or cropped, or tile by tile.

Without `picture { }` a picture is squeezed whole into the model's size. With tiles it is cut into
boxes, evenly spread, the last one flush with the edge; each is brought to the model's size. `crop`
first takes the largest box of the model's shape out of the middle, `pad` keeps the shape of each
view and fills up.

A patch is seen unless all of it is padding or ignored; a view without a seen patch is left out.
"""

import math
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.files.hashing import hash_bytes
from promptdsl.pictures.geometry import seen_on, warp
from promptdsl.pictures.locate import Located, Locator
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import MIN_SIDE
from promptdsl.plan.model import ObjectPlan, PictureSettings
from promptdsl.results import BoolMap, Pose
from promptdsl.scoring.filling import painted_over

Box = tuple[int, int, int, int]  # left, top, right, bottom in pixels
Pixels = npt.NDArray[np.uint8]
MOST_TILES = 10_000  # of one picture
KEPT_SIZES = 8  # of pictures, whose cut is remembered


class Layout(Protocol):
    """The places of an object, as far as views need them."""

    def ignored(self, size: tuple[int, int]) -> BoolMap | None:
        """(H, W) of a picture of (width, height): where nothing counts; None: nowhere."""


class Golden(NamedTuple):
    """The picture that others are brought to: a copy that is large enough, and its own size."""

    image: Image.Image
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class View:
    """One view of a picture: where it lies, and how it lies in what the model gets."""

    box: Box  # in the picture
    inside: Box  # where the box lies in the view; around it is padding
    row: int  # of the tiles
    column: int
    seen: BoolMap | None = None  # (rows, columns) of patches; None: all
    paints: str = ""  # where some of it is ignored, the hash of what is

    @property
    def key(self) -> str:
        """What of a picture is shown, and how, in a model's size."""
        return f"{self.box} {self.inside} {self.paints}".rstrip()


@dataclass(frozen=True, slots=True)
class Lies:
    """How one picture lies on the golden one, whose size its views are cut from."""

    size: tuple[int, int]  # (width, height) of the picture itself
    located: Located
    golden: tuple[int, int]

    @property
    def pose(self) -> Pose | None:
        """None where it could not be located: then it is seen as it lies."""
        if self.located.reason is not None:
            return None
        (a, b, c), (d, e, f) = self.located.matrix.tolist()
        return Pose(((a, b, c), (d, e, f)), self.golden)


@dataclass(frozen=True, slots=True)
class Cut:
    """How pictures of one size are seen."""

    size: tuple[int, int]  # (width, height) of the picture
    model: tuple[int, int]  # (height, width) of a view
    area: Box  # what is looked at
    rows: tuple[int, ...]  # tops of the tiles
    columns: tuple[int, ...]  # lefts
    tile: tuple[int, int]  # (width, height) of each
    views: tuple[View, ...]
    lies: "Lies | None" = None  # where pictures are located

    @property
    def tiled(self) -> bool:
        """Whether there are several views, or could have been."""
        return len(self.rows) * len(self.columns) > 1


@dataclass
class Viewing:
    """How the pictures of one object are seen by a model of (height, width) and a patch grid."""

    settings: PictureSettings | None
    layout: Layout | None
    size: tuple[int, int]
    grid: tuple[int, int] | None
    ignores: bool = False
    locator: Locator | None = None
    _cuts: dict[tuple[int, int], Cut] = field(default_factory=dict)

    @cached_property
    def is_plain(self) -> bool:
        """Whether pictures are squeezed whole, and nothing of them is ignored."""
        chosen = self.settings
        changed = chosen is not None and (chosen.fit != "squeeze" or chosen.locate or self.tiles)
        return not changed and not self.ignores

    @property
    def intensity(self) -> tuple[float, float] | None:
        """Stored values that become black and white."""
        return self.settings.intensity if self.settings is not None else None

    @property
    def tiles(self) -> bool:
        """Whether pictures are cut into tiles."""
        return self.settings is not None and _tiled(self.settings)

    @property
    def masks(self) -> bool:
        """Whether some patches may not be seen, so that features tell which are."""
        pads = self.settings is not None and self.settings.fit == "pad"
        return self.grid is not None and (pads or self.ignores or self.locator is not None)

    def cut(self, size: tuple[int, int]) -> Cut:
        """Of a picture of (width, height). PictureError for too many tiles, or none that counts."""
        known = self._cuts.get(size)
        if known is None:
            known = self._made(size)
            if len(self._cuts) >= KEPT_SIZES:
                self._cuts.pop(next(iter(self._cuts)), None)
            self._cuts[size] = known
        return known

    def located(self, image: Image.Image) -> tuple[Image.Image, Cut]:
        """The picture as it is cut: brought to the golden one where the object has one."""
        if self.locator is None:
            return image, self.cut(image.size)
        found, golden = self.locator.locate(image), self.locator.size
        lies = Lies(image.size, found, golden)
        if found.reason is not None:
            return image, replace(self.cut(image.size), lies=lies)
        outside = ~seen_on(found.matrix, image.size, golden)
        cut = self._made(golden, outside if outside.any() else None)
        return warp(image, found.matrix, golden), replace(cut, lies=lies)

    def pixels(self, image: Image.Image, view: View) -> Pixels:
        """(H, W, 3) at the model's size, of an RGB picture at its own size."""
        left, top, right, bottom = view.inside
        size = right - left, bottom - top
        if view.paints:
            shown = painted_over(image.crop(view.box), self._ignored(image.size, view.box), size)
            found = np.asarray(shown.resize(size, Resampling.BICUBIC))
        else:
            found = np.asarray(image.resize(size, Resampling.BICUBIC, box=view.box))
        height, width = self.size
        if found.shape[:2] != self.size:
            around = ((top, height - bottom), (left, width - right), (0, 0))
            found = np.pad(found, around, mode="edge")
        return found

    def _ignored(self, size: tuple[int, int], box: Box) -> BoolMap:
        """(H, W) of a box."""
        ignored = self.layout.ignored(size) if self.layout is not None else None
        assert ignored is not None
        return ignored[box[1] : box[3], box[0] : box[2]]

    def _made(self, size: tuple[int, int], outside: BoolMap | None = None) -> Cut:
        """`outside`: what of a located picture it does not show."""
        area = self._area(size)
        wide, high = area[2] - area[0], area[3] - area[1]
        (columns, across), (rows, down) = self._tiles(wide, high)
        if len(columns) * len(rows) > MOST_TILES:
            raise PictureError(
                f"with {size[0]} x {size[1]} pixels it would be cut into "
                f"{len(columns) * len(rows):,} tiles, more than {MOST_TILES:,}: make them larger"
            )
        columns, rows = [area[0] + x for x in columns], [area[1] + y for y in rows]
        ignored = self.layout.ignored(size) if self.ignores and self.layout is not None else None
        views = tuple(
            view
            for row, top in enumerate(rows)
            for column, left in enumerate(columns)
            if (
                view := self._view(
                    (left, top, left + across, top + down), (row, column), ignored, outside
                )
            )
        )
        if not views:
            raise PictureError("all of it is ignored, so nothing can be found on it")
        return Cut(size, self.size, area, tuple(rows), tuple(columns), (across, down), views)

    def _area(self, size: tuple[int, int]) -> Box:
        """All of the picture; with `crop`, the largest box of the model's shape in its middle."""
        if self.settings is None or self.settings.fit != "crop":
            return (0, 0, *size)
        height, width = self.size
        scale = min(size[0] / width, size[1] / height)
        across, down = (
            min(side, max(1, round(model * scale)))
            for side, model in zip(size, (width, height), strict=True)
        )
        left, top = (size[0] - across) // 2, (size[1] - down) // 2
        return left, top, left + across, top + down

    def _tiles(self, wide: int, high: int) -> tuple[tuple[list[int], int], tuple[list[int], int]]:
        """Starts and side of the tiles, across and down."""
        chosen = self.settings
        if chosen is not None and chosen.tile is not None:
            tile, overlap = chosen.tile, chosen.overlap
            return spread(wide, tile, overlap), spread(high, tile, overlap)
        if chosen is not None and chosen.tiles is not None:
            rows, columns = chosen.tiles
            return divided(wide, columns, chosen.overlap), divided(high, rows, chosen.overlap)
        return ([0], wide), ([0], high)

    def _view(
        self, box: Box, place: tuple[int, int], ignored: BoolMap | None, outside: BoolMap | None
    ) -> View | None:
        """None for a view of which nothing counts."""
        inside = self._inside(box[2] - box[0], box[3] - box[1])
        rows, columns = slice(box[1], box[3]), slice(box[0], box[2])
        part = None if ignored is None else ignored[rows, columns]
        hidden = part
        if outside is not None:
            hidden = outside[rows, columns] if part is None else part | outside[rows, columns]
        if hidden is not None and hidden.all():
            return None
        paints = "" if part is None or not part.any() else _hash(part)
        seen = self._seen(box, inside, hidden) if self.masks else None
        return View(box, inside, *place, seen, paints)

    def _inside(self, wide: int, high: int) -> Box:
        """Where a box of this shape lies in a view."""
        height, width = self.size
        if self.settings is None or self.settings.fit != "pad":
            return 0, 0, width, height
        scale = min(width / wide, height / high)
        across, down = max(1, round(wide * scale)), max(1, round(high * scale))
        left, top = (width - across) // 2, (height - down) // 2
        return left, top, left + across, top + down

    def _seen(self, box: Box, inside: Box, ignored: BoolMap | None) -> BoolMap:
        """(rows, columns): patches that are neither all padding nor all ignored."""
        assert self.grid is not None
        spans = []
        for axis in (1, 0):  # down, across
            cells, model = self.grid[1 - axis], self.size[1 - axis]
            span = (inside[axis], inside[axis + 2], box[axis + 2] - box[axis])
            spans.append(_patch_spans(cells, model, *span))
        (tops, bottoms), (lefts, rights) = spans
        if ignored is None:
            return (bottoms > tops)[:, None] & (rights > lefts)
        counted = np.zeros((ignored.shape[0] + 1, ignored.shape[1] + 1), np.int64)
        np.cumsum(np.cumsum(~ignored, axis=0), axis=1, out=counted[1:, 1:])
        lower, upper = counted[bottoms], counted[tops]
        total = lower[:, rights] - lower[:, lefts] - upper[:, rights] + upper[:, lefts]
        return np.asarray(total > 0)


def _hash(mask: BoolMap) -> str:
    return hash_bytes(np.packbits(mask).tobytes() + repr(mask.shape).encode())


def _patch_spans(
    cells: int, model: int, start: int, end: int, side: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """First and last pixel of the box, exclusive, that each patch touches along one side.

    `start` and `end`: where the box of `side` pixels lies in a view of `model` pixels.
    """
    edges = np.arange(cells + 1) * (model / cells)
    lows = np.clip((edges[:-1] - start) * side / (end - start), 0, side)
    highs = np.clip((edges[1:] - start) * side / (end - start), 0, side)
    firsts, lasts = np.floor(lows + 1e-6), np.ceil(highs - 1e-6)
    return firsts.astype(np.int64), np.maximum(firsts, lasts).astype(np.int64)


def spread(length: int, tile: int, overlap: float) -> tuple[list[int], int]:
    """Starts of tiles along a side, evenly spread, and their own side; one where all fits in."""
    if tile >= length:
        return [0], length
    step = max(1.0, tile * (1 - overlap))
    count = math.ceil((length - tile) / step) + 1
    return [round(i * (length - tile) / (count - 1)) for i in range(count)], tile


def divided(length: int, count: int, overlap: float) -> tuple[list[int], int]:
    """Starts and side of `count` tiles along a side; fewer where they would show nothing."""
    while count > 1:
        tile = min(length, math.ceil(length / (count - (count - 1) * overlap)))
        if tile >= MIN_SIDE and tile < length:
            return [round(i * (length - tile) / (count - 1)) for i in range(count)], tile
        count -= 1
    return [0], length


def seen_whole(item: ObjectPlan) -> bool:
    """Whether an object's pictures are squeezed whole, and nothing of them is ignored."""
    chosen = item.picture
    if chosen is not None and (chosen.fit != "squeeze" or chosen.locate or _tiled(chosen)):
        return False
    return not item.ignored


def _tiled(chosen: PictureSettings) -> bool:
    return chosen.tile is not None or chosen.tiles is not None


def viewing_of(
    item: ObjectPlan,
    detector: object,
    layout: Layout | None = None,
    golden: Golden | None = None,
) -> Viewing:
    """How an object's pictures are seen by its detector; `layout` says what is ignored."""
    size, grid = getattr(detector, "size"), getattr(detector, "grid", None)  # noqa: B009
    locator, locate = None, item.picture.locate if item.picture else None
    if locate is not None and golden is not None:
        bounds = locate.turn, locate.shift, locate.scale
        locator = Locator(golden.image, *bounds, golden.size)
    ignores = bool(item.ignored) and layout is not None
    return Viewing(item.picture, layout, size, grid, ignores, locator)
