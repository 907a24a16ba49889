"""Heat maps over pictures, on a fixed colour scale from 0 to 1.

A good part must look calm, so the scale is never stretched per picture. Quiet places stay nearly as
photographed, anomalous ones are covered more. A white line goes around what an area rule counts;
where a spec says more of places, `marks` draws spots, regions and what does not count.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw
from PIL.Image import Resampling

from promptdsl.report.colors import TABLE, levels
from promptdsl.report.marks import Box, Marks, boxes_of, draw_left_out, draw_marks, free_corner
from promptdsl.results import FloatMap

QUIET, HOT, BEND = 0.12, 0.72, 1.5  # cover at score 0 and 1; above 1, doubtful places stay clear
VERY_LARGE = 16_000_000  # values of a map
LEGEND_FROM = 160  # no legend on pictures with a shorter side than this
COVER = [round(255 * (QUIET + (HOT - QUIET) * (i / 255) ** BEND)) for i in range(256)]


def at_size(anomaly_map: FloatMap, size: tuple[int, int]) -> FloatMap:
    """The map resized bilinearly to (width, height), as float32."""
    factor = min(anomaly_map.shape[0] // size[1], anomaly_map.shape[1] // size[0])
    if factor > 1 and anomaly_map.size > VERY_LARGE:  # no copy of it is made
        anomaly_map = _reduced(anomaly_map, factor)
    image = Image.fromarray(np.ascontiguousarray(anomaly_map, dtype=np.float32))
    return np.asarray(image.resize(size, Resampling.BILINEAR), dtype=np.float32)


def _reduced(anomaly_map: FloatMap, factor: int) -> FloatMap:
    """The means of squares; what is left over at the right and lower edge is a square, too."""
    rows = np.arange(0, anomaly_map.shape[0], factor)
    columns = np.arange(0, anomaly_map.shape[1], factor)
    sums = np.empty((len(rows), len(columns)), np.float32)
    for number, row in enumerate(rows):
        strip = anomaly_map[row : row + factor].mean(axis=0)
        sums[number] = np.add.reduceat(strip, columns)
    sums /= np.diff(np.append(columns, anomaly_map.shape[1]))
    return sums


def overlay(
    picture: Image.Image,
    anomaly_map: FloatMap,
    contours: Sequence[float] = (),
    marks: Marks | None = None,
) -> Image.Image:
    """The picture with the map over it, at the picture's size; a line at each of `contours`.

    `marks`: spots, regions and what does not count, drawn at this size.
    """
    large = at_size(anomaly_map, picture.size)
    image = _blend(picture, levels(large))
    left_out = marks.left_out if marks else None
    if left_out is not None:
        draw_left_out(image, picture, left_out)
    for above in contours:
        inside = large >= np.float32(above)
        _draw_contour(image, inside if left_out is None else inside & ~left_out)
    legend = _legend_place(image.size, marks)
    if marks is not None:
        draw_marks(image, large, marks, _draw_contour, [legend] if legend else ())
    if legend:
        _draw_legend(image, contours, legend)
    return image


def _blend(picture: Image.Image, level: npt.NDArray[np.uint8]) -> Image.Image:
    """picture * (1 - cover) + colour * cover."""
    scores = Image.fromarray(level)
    colors = Image.fromarray(level)
    colors.putpalette(TABLE.tobytes())
    return Image.composite(colors.convert("RGB"), picture, scores.point(COVER))


def _draw_contour(image: Image.Image, inside: npt.NDArray[np.bool_]) -> None:
    """White line along the inner edge, dark line along the outer one."""
    if not inside.any() or inside.all():
        return
    width = max(1, round(min(image.size) / 320))
    image.paste((20, 20, 20), mask=Image.fromarray(grown(inside, width) & ~inside))
    image.paste((255, 255, 255), mask=Image.fromarray(grown(~inside, width) & inside))


def grown(mask: npt.NDArray[np.bool_], by: int = 1) -> npt.NDArray[np.bool_]:
    """The mask, `by` pixels larger in the four directions."""
    grown = mask.copy()
    grown[by:] |= mask[:-by]
    grown[:-by] |= mask[by:]
    grown[:, by:] |= mask[:, :-by]
    grown[:, :-by] |= mask[:, by:]
    return grown


def _legend_place(size: tuple[int, int], marks: Marks | None) -> Box | None:
    """What the bar and its numbers cover: the lower right corner, or one without spots."""
    if min(size) < LEGEND_FROM:
        return None
    unit = max(1, min(size) // 240)
    spots = boxes_of(marks, size) if marks else ()
    return free_corner(spots, 66 * unit, 24 * unit, size)


def _draw_legend(image: Image.Image, contours: Sequence[float], place: Box) -> None:
    """A small bar from 0 to 1 in the lower right of its place."""
    unit = max(1, min(image.size) // 240)
    width, height, margin = 56 * unit, 5 * unit, 5 * unit
    left, top = place[2] - width - margin, place[3] - height - margin
    draw = ImageDraw.Draw(image)
    draw.rectangle(
        (left - unit, top - unit, left + width + unit - 1, top + height + unit - 1),
        fill=(255, 255, 255),
    )
    bar = np.broadcast_to(TABLE[np.linspace(0, 255, width).astype(int)], (height, width, 3))
    image.paste(Image.fromarray(np.ascontiguousarray(bar)), (left, top))
    for above in contours:
        x = left + round(above * (width - 1))
        draw.rectangle((x, top - 2 * unit, x + unit - 1, top + height + unit), fill=(0, 0, 0))
    for text, x, anchor in (("0", left, "lb"), ("1", left + width, "rb")):
        draw.text(
            (x, top - unit),
            text,
            fill=(255, 255, 255),
            anchor=anchor,
            font_size=8 * unit,
            stroke_width=unit,
            stroke_fill=(0, 0, 0),
        )
