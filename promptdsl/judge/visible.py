"""The smallest defect that a model can see: one of its patches, in the picture's own pixels.

A picture is brought to the model's size, whole or tile by tile, and the model looks at it patch by
patch. What is smaller than a patch is blurred into what lies around it:

    smallest = patch * (what is seen at once) / (the model's size)

It is a rule of thumb: a bright speck of half a patch may still be found, a faint one of two patches
may not. Lengths are in pixels of the picture, sizes are (width, height).
"""

from collections.abc import Mapping
from typing import Protocol

Size = tuple[int, int]
MATTERS = 2.0  # times the model's size from which pictures lose so much that it is told
_TILE = 2  # tiles of so many times the model's size are a fair beginning


class Facts(Protocol):
    """What is known of a model: its size and that of its patches."""

    @property
    def image_size(self) -> int:
        """Side of the picture that it takes."""

    @property
    def patch(self) -> int:
        """Side of a patch."""


class Framing(Protocol):
    """`picture { }`, of a spec or of a plan."""

    @property
    def fit(self) -> str:
        """`squeeze`, `pad` or `crop`."""

    @property
    def tile(self) -> int | None:
        """Side of a square tile."""

    @property
    def tiles(self) -> tuple[int, int] | None:
        """Tiles down and across."""

    @property
    def overlap(self) -> float:
        """Share of a tile's side."""

    @property
    def scale(self) -> float | None:
        """Millimetres per pixel."""


class Method(Protocol):
    """The settings of a method, of a spec or of a plan."""

    @property
    def settings(self) -> Mapping[str, object]:
        """By name."""


class Object(Protocol):
    """An object of a spec or of a plan."""

    @property
    def method(self) -> Method:
        """Its method."""

    @property
    def picture(self) -> Framing | None:
        """How its pictures become what the model sees."""


def model_side(item: Object, facts: Facts) -> int:
    """Side of the square that the model takes, in its own pixels."""
    written = item.method.settings.get("image_size")
    return written if isinstance(written, int) else facts.image_size


def seen_at_once(picture: Framing | None, size: Size) -> Size:
    """What the model is shown at once: a tile, or the whole picture."""
    if picture is None:
        return size
    if picture.fit == "crop":
        size = min(size), min(size)
    if picture.tile is not None:
        return min(picture.tile, size[0]), min(picture.tile, size[1])
    if picture.tiles is not None:
        down, across = picture.tiles
        return _part(size[0], across, picture.overlap), _part(size[1], down, picture.overlap)
    return size


def is_tiled(picture: Framing | None) -> bool:
    """Whether pictures are looked at tile by tile."""
    return picture is not None and (picture.tile is not None or picture.tiles is not None)


def _part(side: int, count: int, overlap: float) -> int:
    """One of `count` equal parts that overlap by a share of their length."""
    return min(side, round(side / (count - (count - 1) * overlap)))


def patch_size(item: Object, facts: Facts, size: Size) -> tuple[float, float]:
    """(across, down): one patch of the model in pixels of a picture of that size."""
    width, height = seen_at_once(item.picture, size)
    if item.picture is not None and item.picture.fit == "pad":
        width = height = max(width, height)
    share = facts.patch / model_side(item, facts)
    return width * share, height * share


def least_region(item: Object, facts: Facts, size: Size) -> tuple[float, float]:
    """(across, down) that a method looks at at least: its smallest window, or a patch."""
    windows = item.method.settings.get("windows")
    sides = [
        int(side)
        for window in (windows if isinstance(windows, tuple) else ())
        if window != "image"
        for side in str(window).split("x")
    ]
    across, down = patch_size(item, facts, size)
    return across * min(sides, default=1), down * min(sides, default=1)


def smallest_defect(item: Object, facts: Facts, size: Size) -> float:
    """Pixels of the picture under which a defect is smaller than what the model tells apart."""
    return max(patch_size(item, facts, size))


def loses_much(item: Object, facts: Facts, size: Size) -> bool:
    """Whether what is seen at once is more than MATTERS times as large as the model's size."""
    return smallest_defect(item, facts, size) > MATTERS * facts.patch


def what_is_seen(item: Object, facts: Facts, size: Size) -> str:
    """`the smallest defect that 240 px can show of a 4,000 px picture is about 270 px (13 mm)`."""
    smallest, picture = smallest_defect(item, facts, size), item.picture
    what = "tile" if is_tiled(picture) else "picture"
    shown = f"a {max(seen_at_once(picture, size)):,} px {what}"
    side, scale = model_side(item, facts), None if picture is None else picture.scale
    return f"the smallest defect that {side} px can show of {shown} is {about(smallest, scale)}"


def how_to_see_more(item: Object, facts: Facts) -> str:
    """`tiles show smaller ones: picture { tiles: 480 px }`."""
    tiles, smaller = _TILE * model_side(item, facts), "smaller " if is_tiled(item.picture) else ""
    return f"{smaller}tiles show smaller ones: picture {{ tiles: {tiles} px }}"


def about(length: float, scale: float | None = None) -> str:
    """`about 270 px`, and in millimetres where the scale is known; two digits say enough."""
    told = f"about {_two_digits(length)} px"
    return told if scale is None else f"{told} ({_two_digits(length * scale)} mm)"


def _two_digits(value: float) -> str:
    rounded = float(f"{value:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:g}"
