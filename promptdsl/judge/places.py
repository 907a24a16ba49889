"""The places of an object: its regions and what it ignores, on a picture of any size.

Regions lie on the picture as it is scored: on the located one where the spec has `locate`. What is
ignored belongs to no region.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence

import numpy as np
from scipy.ndimage import affine_transform

from promptdsl.errors import SpecProblem
from promptdsl.judge.shapes import Misplaced, Size, fill
from promptdsl.plan.model import AreaRule, ObjectPlan, Origin, Region, Rule, ScoreRule, Shape
from promptdsl.results import BoolMap, Pose

MOST_KEPT = 256_000_000  # bytes of masks that one object keeps


class Layout:
    """All that an object says of places; any number of threads may ask it."""

    def __init__(self, item: ObjectPlan, masks: Mapping[str, BoolMap]) -> None:
        """`masks`: the masks of its shapes by path, each at its own size."""
        self.object = item.name
        self.defects = item.defects  # the names of `PictureScore.kinds`, in their order
        self.scale = item.picture.scale if item.picture else None  # mm per px
        self.locates = bool(item.picture and item.picture.locate)
        self.is_plain = is_plain(item)
        self._regions = {region.name: region for region in item.regions}
        self._ignored = item.ignored
        self._masks = masks
        self._kept: OrderedDict[tuple[str | None, Size], BoolMap] = OrderedDict()
        self._keeping = threading.Lock()

    @property
    def regions(self) -> tuple[str, ...]:
        """The names of the regions, in the order of the spec."""
        return tuple(self._regions)

    @property
    def ignores(self) -> bool:
        """Whether anything is ignored."""
        return bool(self._ignored)

    def mask(self, name: str, size: Size) -> BoolMap:
        """(H, W) of a picture of (width, height): true in the region, and not ignored.

        Raises SpecProblem where the region does not fit on such a picture, or nothing is left.
        """
        return self._known(name, size)

    def ignored(self, size: Size) -> BoolMap | None:
        """(H, W), true where nothing counts; None where nothing is ignored.

        Raises SpecProblem where it does not fit on such a picture, or nothing is left.
        """
        return self._known(None, size) if self._ignored else None

    def counted(self, name: str | None, size: Size) -> BoolMap | None:
        """What counts in a region, or in the whole picture; None: all of it."""
        if name is not None:
            return self.mask(name, size)
        ignored = self.ignored(size)
        return None if ignored is None else ~ignored

    def _known(self, name: str | None, size: Size) -> BoolMap:
        key = name, size
        with self._keeping:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        made = self._all_ignored(size) if name is None else self._in_region(name, size)
        made.setflags(write=False)
        with self._keeping:
            self._kept[key] = made
            while len(self._kept) > 1 and sum(m.nbytes for m in self._kept.values()) > MOST_KEPT:
                self._kept.popitem(last=False)
        return made

    def _in_region(self, name: str, size: Size) -> BoolMap:
        region = self._regions[name]
        title = f"region {name}"
        inside = _filled(region, title, size, self._masks)
        ignored = self.ignored(size)
        if ignored is not None:
            inside &= ~ignored
            if not inside.any():
                raise _problem(
                    region.origin, f"{title} lies wholly in what is ignored",
                    "make the ignored places smaller, or leave the region out",
                )  # fmt: skip
        return inside

    def _all_ignored(self, size: Size) -> BoolMap:
        found = np.zeros(size[::-1], np.bool_)
        for region in self._ignored:
            found |= _filled(region, f'ignore "{region.name}"', size, self._masks)
        if found.all():
            raise _problem(
                self._ignored[-1].origin, "the whole picture is ignored, so nothing can be found",
                "ignore less of it",
            )  # fmt: skip
        return found


class _Lying(Layout):
    """The places on one picture that lies otherwise than the golden one."""

    def __init__(self, upright: Layout, pose: Pose) -> None:
        vars(self).update(vars(upright))
        self._upright, self._pose = upright, pose
        self._kept = OrderedDict()
        self._keeping = threading.Lock()

    def _known(self, name: str | None, size: Size) -> BoolMap:
        key = name, size
        if key not in self._kept:
            upright = self._upright._known(name, self._pose.golden)
            self._kept[key] = _turned(upright, self._pose, size)
        return self._kept[key]


def lying(layout: Layout | None, pose: Pose | None) -> Layout | None:
    """The same places where a picture has them; `pose`: how it lies on the golden one."""
    return layout if layout is None or pose is None else _Lying(layout, pose)


def _turned(upright: BoolMap, pose: Pose, size: Size) -> BoolMap:
    """(H, W) of the picture: each pixel asks the nearest one of the golden picture."""
    (a, b, c), (d, e, f) = pose.matrix
    found = affine_transform(
        upright.view(np.uint8), np.array([[e, d], [b, a]]), offset=(f, c),
        output_shape=size[::-1], order=0, mode="constant", cval=0,
    )  # fmt: skip
    return np.asarray(found, np.bool_)


def layout_of(item: ObjectPlan, masks: Mapping[str, BoolMap] | None = None) -> Layout:
    """The places of an object; `masks` as `promptdsl.pictures.spec_masks.read_masks` gives them."""
    return Layout(item, masks or {})


def is_plain(item: ObjectPlan) -> bool:
    """Whether pictures, places and threshold lines are of the plainest kind."""
    if item.picture is not None or item.regions or item.ignored:
        return False
    return all(is_plain_rule(rule) for rule in item.thresholds)


def is_plain_rule(rule: Rule) -> bool:
    """Whether a line measures the score or a share of the whole map."""
    if isinstance(rule, AreaRule):
        return rule.region is None and rule.unit == "%"
    return isinstance(rule, ScoreRule) and rule.region is None


def _filled(region: Region, title: str, size: Size, masks: Mapping[str, BoolMap]) -> BoolMap:
    inside = _union(region.shapes, region.origin, title, size, masks)
    if region.without:
        inside &= ~_union(region.without, region.origin, f"except in {title}", size, masks)
    if not inside.any():
        raise _problem(
            region.origin,
            f"{title} holds not one pixel of a picture of {size[0]} x {size[1]} px",
            "make it larger" if not region.without else "make it larger, or except less of it",
        )
    return inside


def _union(
    shapes: Sequence[Shape], origin: Origin, title: str, size: Size, masks: Mapping[str, BoolMap]
) -> BoolMap:
    found: BoolMap | None = None
    for shape in shapes:
        try:
            mine = fill(shape, size, masks, may_reach_out=title.startswith("except"))
        except Misplaced as wrong:
            raise _problem(origin, f"{title} {wrong.why}", wrong.help) from None
        if found is None:
            found = mine
        else:
            found |= mine
    return np.zeros(size[::-1], np.bool_) if found is None else found


def _problem(origin: Origin, sentence: str, help: str) -> SpecProblem:
    return SpecProblem(f"{origin.file}:{origin.line}: {sentence}", help)
