"""What is drawn over a heat map: spots with name and size, regions, places that do not count.

A place that does not count is grey and hatched. Regions have a thin line. A spot has a line around
it, or a frame where it is too small for one, and its name and size beside it; of labels that find
no room, those of the smaller spots are left away.
"""

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw

from promptdsl.judge.places import Layout
from promptdsl.judge.shapes import Size, fit_nearest
from promptdsl.results import BoolMap, FloatMap, PictureScore, Spot

MOST_LABELS = 40
SMALLEST = 10  # pixels of letters
REGION = (150, 232, 255)
WHITE, DARK = (255, 255, 255), (20, 20, 20)
GREY, HATCH = 0.62, (96, 100, 106)
NAMED_FROM = 160  # no words on pictures with a shorter side than this
Box = tuple[int, int, int, int]  # left, top, right, bottom


@dataclass(frozen=True, eq=False)
class Marks:
    """What to draw; masks have the size that is drawn, spots the picture's own."""

    size: Size  # (width, height) of the picture itself
    spots: tuple[Spot, ...] = ()
    regions: Mapping[str, BoolMap] = field(default_factory=dict)
    left_out: BoolMap | None = None  # ignored, or never looked at


def marks_of(
    score: PictureScore, spots: Iterable[Spot], layout: Layout | None, size: Size, drawn: Size
) -> Marks | None:
    """The marks of a picture of `size` that is `drawn` at another; None for the plainest specs."""
    if layout is None or layout.is_plain:
        return None
    ignored, seen = layout.ignored(size), score.seen
    left_out = None if ignored is None else fit_nearest(ignored, drawn)
    if seen is not None and not seen.all():
        unseen = ~fit_nearest(seen, drawn)
        left_out = unseen if left_out is None else left_out | unseen
    regions = {name: fit_nearest(layout.mask(name, size), drawn) for name in layout.regions}
    return Marks(size, tuple(spots), regions, left_out)


def size_in_words(spot: Spot) -> str:
    """`0.42 mm`, or `12 px` without a scale."""
    if spot.extent_mm is not None:
        return f"{spot.extent_mm:.3g} mm" if spot.extent_mm < 1000 else f"{spot.extent_mm:.0f} mm"
    return f"{spot.extent:.0f} px"


def draw_left_out(image: Image.Image, picture: Image.Image, left_out: BoolMap) -> None:
    """The places as photographed, but grey and hatched."""
    if not left_out.any():
        return
    left, top, right, bottom = _bounds(left_out)
    unit = _unit(image)
    mask = left_out[top:bottom, left:right]
    grey = picture.crop((left, top, right, bottom)).convert("L").convert("RGB")
    grey = Image.blend(grey, Image.new("RGB", grey.size, (150, 153, 158)), GREY)
    rows, columns = np.arange(top, bottom)[:, None], np.arange(left, right)[None, :]
    stripes = (rows + columns) % (9 * unit) < max(1, unit)
    grey.paste(HATCH, mask=Image.fromarray(stripes))
    image.paste(grey, (left, top), Image.fromarray(mask))


def draw_marks(
    image: Image.Image,
    anomaly_map: FloatMap,
    marks: Marks,
    outline: Callable[[Image.Image, BoolMap], None],
    taken: Iterable[Box] = (),
) -> None:
    """Regions, then spots, then words, none of which lies on a box that is `taken`.

    `anomaly_map` has the size of the image; `outline` draws the line around what is marked.
    """
    places = boxes_of(marks, image.size)
    for mask in marks.regions.values():
        _draw_region(image, mask)
    unit = _unit(image)
    small = [min(right - left, bottom - top) < 5 * unit for left, top, right, bottom in places]
    large = [(s, p) for s, p, tiny in zip(marks.spots, places, small, strict=True) if not tiny]
    outline(image, _marked(anomaly_map, large, marks.left_out))
    frames = [_grown(place, 2 * unit) if tiny else place
              for place, tiny in zip(places, small, strict=True)]  # fmt: skip
    for frame, tiny in zip(frames, small, strict=True):
        if tiny:
            _draw_frame(image, frame, unit)
    if min(image.size) >= NAMED_FROM:
        _draw_words(image, marks, frames, [*taken])


def _marked(
    anomaly_map: FloatMap, spots: Iterable[tuple[Spot, Box]], left_out: BoolMap | None
) -> BoolMap:
    """(H, W) true in the spots."""
    found = np.zeros(anomaly_map.shape, np.bool_)
    for spot, (left, top, right, bottom) in spots:
        part = np.s_[top:bottom, left:right]
        found[part] |= anomaly_map[part] >= np.float32(spot.above or 0.0)
    return found if left_out is None else found & ~left_out


def _draw_region(image: Image.Image, mask: BoolMap) -> None:
    """A thin line along the inner edge."""
    if not mask.any():
        return
    left, top, right, bottom = _bounds(mask)
    inside = np.pad(mask[top:bottom, left:right], 1)
    inner = inside.copy()
    for _ in range(max(1, _unit(image) // 2)):
        around = np.pad(inner, 1)
        inner = inner & around[2:, 1:-1] & around[:-2, 1:-1] & around[1:-1, 2:] & around[1:-1, :-2]
    edge = (inside & ~inner)[1:-1, 1:-1]
    image.paste(REGION, (left, top, right, bottom), Image.fromarray(edge))


def _draw_frame(image: Image.Image, frame: Box, unit: int) -> None:
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = frame
    draw.rectangle((left - unit, top - unit, right + unit - 1, bottom + unit - 1), None, DARK, unit)
    draw.rectangle((left, top, right - 1, bottom - 1), None, WHITE, unit)


def _draw_words(image: Image.Image, marks: Marks, frames: list[Box], taken: list[Box]) -> None:
    """Of the largest spots first, then of regions; each where it covers nothing that matters."""
    unit = _unit(image)
    draw = ImageDraw.Draw(image)
    words = [
        (f"{spot.defect or ''} {size_in_words(spot)}".strip(), [frame], WHITE)
        for spot, frame in list(zip(marks.spots, frames, strict=True))[:MOST_LABELS]
    ]
    names = [(name, _ends_of(mask), REGION) for name, mask in marks.regions.items() if mask.any()]
    for text, near, color in [*words, *names]:
        size = max(SMALLEST, 8 * unit if color == WHITE else 7 * unit)
        width, height = _extent_of(draw, text, size, unit)
        candidates = [place for frame in near for place in _beside(frame, width, height, 2 * unit)]
        others = [*taken, *(frame for frame in frames if frame not in near)]
        place = _free(candidates, others, image.size) or _free(candidates, taken, image.size)
        if place is None:
            continue
        taken.append(place)
        at = (place[0] + unit, place[1] + unit)
        draw.text(at, text, color, font_size=size, stroke_width=unit, stroke_fill=DARK, anchor="lt")


def _extent_of(draw: ImageDraw.ImageDraw, text: str, size: int, unit: int) -> tuple[int, int]:
    left, top, right, bottom = draw.textbbox(
        (0, 0), text, font_size=size, stroke_width=unit, anchor="lt"
    )
    return round(right - left), round(bottom - top)


def _beside(frame: Box, width: int, height: int, gap: int) -> list[Box]:
    """Places for a text near a frame, the best first: above, below, right, left, inside."""
    left, top, right, bottom = frame
    middle = (top + bottom - height) // 2
    corners = [
        (left, top - gap - height),
        (left, bottom + gap),
        (right - width, top - gap - height),
        (right - width, bottom + gap),
        (right + gap, middle),
        (left - gap - width, middle),
        (left + gap, top + gap),
        ((left + right - width) // 2, middle),
    ]
    return [(x, y, x + width, y + height) for x, y in corners]


def _free(candidates: Iterable[Box], taken: Iterable[Box], size: Size) -> Box | None:
    """The first that lies on the picture and on nothing that is taken."""
    boxes = list(taken)
    for place in candidates:
        left, top, right, bottom = place
        within = left >= 0 and top >= 0 and right <= size[0] and bottom <= size[1]
        if within and not any(_meet(place, other) for other in boxes):
            return place
    return None


def _meet(one: Box, other: Box) -> bool:
    return (
        one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    )  # fmt: skip


def boxes_of(marks: Marks, drawn: Size) -> list[Box]:
    """Where the spots lie on a picture that is drawn at this size."""
    return [_scaled(spot.box, marks.size, drawn) for spot in marks.spots]


def free_corner(boxes: Iterable[Box], width: int, height: int, size: Size) -> Box:
    """The corner for a legend: the first on which no spot lies, from the lower right one on."""
    right, bottom = size[0] - width, size[1] - height
    corners = [(x, y, x + width, y + height) for y in (bottom, 0) for x in (right, 0)]
    return _free(corners, boxes, size) or corners[0]


def _scaled(box: tuple[int, int, int, int], size: Size, drawn: Size) -> Box:
    """x, y, width, height in a picture of `size` as a box in the one that is drawn."""
    x, y, width, height = box
    across, down = drawn[0] / size[0], drawn[1] / size[1]
    left, top = int(x * across), int(y * down)
    right, bottom = math.ceil((x + width) * across), math.ceil((y + height) * down)
    return left, top, min(drawn[0], max(right, left + 1)), min(drawn[1], max(bottom, top + 1))


def _grown(box: Box, by: int) -> Box:
    return box[0] - by, box[1] - by, box[2] + by, box[3] + by


def _bounds(mask: BoolMap) -> Box:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _ends_of(mask: BoolMap) -> list[Box]:
    """The middles of its first and last row and column, as boxes of one pixel."""
    left, top, right, bottom = _bounds(mask)
    ends = [(_middle(mask[row]), row) for row in (top, bottom - 1)]
    ends += [(column, _middle(mask[:, column])) for column in (left, right - 1)]
    return [(x, y, x + 1, y + 1) for x, y in ends]


def _middle(line: BoolMap) -> int:
    inside = np.flatnonzero(line)
    return int(inside[len(inside) // 2])


def _unit(image: Image.Image) -> int:
    """The width of lines; words are some units high."""
    return max(1, min(image.size) // 240)
