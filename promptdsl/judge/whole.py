"""A scored picture at its own size: its map, what counts of it, and its spots, each made once."""

from collections.abc import Iterator, Sequence
from functools import cached_property

import numpy as np
from PIL import Image

from promptdsl.errors import SpecProblem
from promptdsl.judge.places import Layout, lying
from promptdsl.judge.shapes import Size, fit_nearest
from promptdsl.judge.spots import Spots, Words, spots_of
from promptdsl.plan.model import AreaRule, Rule, SpotRule
from promptdsl.results import BoolMap, FloatMap, PictureScore, Spot

Place = str | None  # a region; None: the whole picture


class Whole:
    """What threshold lines measure on: pixels of the picture itself, without what is ignored."""

    def __init__(self, score: PictureScore, layout: Layout | None) -> None:
        self.score, self._layout = score, lying(layout, score.pose)
        self._counted: dict[Place, BoolMap | None] = {}
        self._sizes: dict[Place, int] = {}
        self._spots: dict[tuple[float, Place], Spots] = {}

    @cached_property
    def size(self) -> Size:
        """(width, height); the map's own where the picture's is not known."""
        down, across = self.score.map.shape
        return self.score.size or (across, down)

    @cached_property
    def map(self) -> FloatMap:
        """(H, W) of the picture."""
        return at_size(self.score.map, self.size)

    @property
    def everything_counts(self) -> bool:
        """Whether no pixel is ignored or unseen."""
        ignores = self._layout is not None and self._layout.ignores
        return not ignores and self.score.seen is None

    def scale(self, rule: Rule) -> float:
        """Millimetres per pixel. SpecProblem where the spec does not say."""
        scale = self._layout.scale if self._layout else None
        if scale is None:
            raise SpecProblem(
                f"`{rule.text}` needs to know how large a pixel is",
                "write picture { scale: 0.05 mm per px }, with the right number",
            )
        return scale

    def counted(self, place: Place) -> BoolMap | None:
        """(H, W) of the picture, true where pixels count; None: everywhere."""
        if place not in self._counted:
            self._counted[place] = self._counting(place)
        return self._counted[place]

    def _counting(self, place: Place) -> BoolMap | None:
        inside = self._layout.counted(place, self.size) if self._layout else None
        seen = self.score.seen
        if seen is None or seen.all():
            return inside
        seen = fit_nearest(seen, self.size)
        return seen if inside is None else seen & inside

    def pixels(self, place: Place) -> int:
        """How many pixels count there. SpecProblem where none does."""
        if place not in self._sizes:
            inside = self.counted(place)
            width, height = self.size
            count = width * height if inside is None else int(np.count_nonzero(inside))
            if not count:
                what = "the picture" if place is None else f"region {place}"
                raise SpecProblem(
                    f"nothing of {what} was looked at in a picture of {width} x {height} px: it is "
                    "ignored, or cut off by `fit: crop`",
                    "write fit: pad, or correct the region",
                )
            self._sizes[place] = count
        return self._sizes[place]

    def highest(self, place: Place) -> float:
        """The highest local score there."""
        inside = self.counted(place)
        self.pixels(place)
        return float(self.map.max() if inside is None else self.map[inside].max())

    def pixels_above(self, above: float, place: Place) -> int:
        """How many pixels there score so much or more."""
        marked = self.map >= np.float32(above)
        inside = self.counted(place)
        return int(np.count_nonzero(marked if inside is None else marked & inside))

    def spots(self, above: float, place: Place) -> Spots:
        """Connected places of so much or more, with their names and regions."""
        key = above, place
        if key not in self._spots:
            self._spots[key] = spots_of(self.map, above, self.counted(place), self._words(place))
        return self._spots[key]

    def _words(self, place: Place) -> Words:
        layout = self._layout
        if layout is None:
            return Words()
        names = layout.regions if place is None else (place,)
        regions = {name: layout.mask(name, self.size) for name in names}
        return Words(self.score.kinds, layout.defects, regions)

    def listed(self, rules: Sequence[Rule]) -> tuple[Spot, ...]:
        """All spots that the lines look at, of the highest level first, then the longest first.

        Where a line looks at the whole picture, those of its regions are among them.
        """
        scale = self._layout.scale if self._layout else None
        return tuple(
            spot
            for above, place in _looked_at(rules, self._layout)
            for spot in self.spots(above, place).listed(scale, above)
        )


def _looked_at(rules: Sequence[Rule], layout: Layout | None) -> Iterator[tuple[float, Place]]:
    """Levels and places whose spots are told; of areas only where a spec says more than areas."""
    kinds = (SpotRule,) if layout is None or layout.is_plain else (SpotRule, AreaRule)
    asked = [(rule.above, rule.region) for rule in rules if isinstance(rule, kinds)]
    for above in sorted({above for above, _ in asked}, reverse=True):
        places = dict.fromkeys(place for level, place in asked if level == above)
        yield from ((above, place) for place in ([None] if None in places else places))


def at_size(anomaly_map: FloatMap, size: Size) -> FloatMap:
    """The map brought to (width, height) bilinearly; itself where it has that size."""
    if anomaly_map.shape == size[::-1]:
        return anomaly_map
    fitted = Image.fromarray(np.ascontiguousarray(anomaly_map, np.float32)).resize(
        size, Image.Resampling.BILINEAR
    )
    # Rounding must not carry it over a level that the map itself does not reach.
    found: FloatMap = np.clip(np.asarray(fitted), anomaly_map.min(), anomaly_map.max())
    return found
