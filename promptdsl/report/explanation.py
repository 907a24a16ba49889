"""One annotated picture that says why: highest windows drawn over the part, heat map beside it.

Both halves are one size; colours mean scores from 0 to 1, the same for every picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw
from PIL.Image import Resampling

from promptdsl.report.colors import TABLE
from promptdsl.report.heatmap import overlay
from promptdsl.results import FloatMap

HEIGHT = 640  # of each half; larger pictures are reduced, smaller ones enlarged
GAP, STRIP = 12, 62
LETTERS, LINE = 12, 16  # size of the labels' letters, and of a line of them
PAPER, INK, SOFT = (245, 246, 248), (23, 27, 34), (92, 102, 117)
VERDICTS = {"reject": (199, 54, 47), "review": (185, 122, 6), "pass": (31, 138, 85)}


@dataclass(frozen=True, slots=True)
class Mark:
    """A place to draw: shares of the picture (left, top, right, bottom), its score, its scale.

    The score is the heat map's, so that a frame has the colour of the map below it; a window's own
    score by words, which the map fuses with other scales, may be another.
    """

    box: tuple[float, float, float, float]
    score: float
    name: str


def annotated(
    picture: Image.Image,
    anomaly_map: FloatMap,
    marks: Sequence[Mark],
    title: str,
    verdict: str,
    subtitle: str,
    contours: Sequence[float] = (),
) -> Image.Image:
    """The whole picture: marks on the left, heat map on the right, a line of words above."""
    scale = HEIGHT / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    part = picture.resize(size, Resampling.BICUBIC)
    heat = overlay(part, anomaly_map, contours)
    _draw_marks(part, marks)
    sheet = Image.new("RGB", (2 * size[0] + 3 * GAP, size[1] + STRIP + GAP), PAPER)
    sheet.paste(part, (GAP, STRIP))
    sheet.paste(heat, (size[0] + 2 * GAP, STRIP))
    draw = ImageDraw.Draw(sheet)
    draw.text((GAP, 10), title, fill=VERDICTS.get(verdict, INK), font_size=20)
    draw.text((GAP, 37), _cut(draw, subtitle, sheet.width - 2 * GAP), fill=SOFT, font_size=14)
    return sheet


def _cut(draw: ImageDraw.ImageDraw, text: str, width: int) -> str:
    """As much of the text as fits."""
    if draw.textlength(text, font_size=14) <= width:
        return text
    while text and draw.textlength(text + "...", font_size=14) > width:
        text = text[:-1]
    return text + "..."


def _draw_marks(image: Image.Image, marks: Sequence[Mark]) -> None:
    """Frames in the colour of their score, the highest drawn last, with a number at each corner."""
    draw = ImageDraw.Draw(image)
    width = max(2, min(image.size) // 160)
    for mark in sorted(marks, key=lambda mark: mark.score):
        left, right = (round(x * (image.width - 1)) for x in mark.box[::2])
        top, bottom = (round(y * (image.height - 1)) for y in mark.box[1::2])
        level = int(np.clip(round(mark.score * 255), 0, 255))
        red, green, blue = (int(channel) for channel in TABLE[level])
        draw.rectangle((left - 1, top - 1, right + 1, bottom + 1), outline=INK, width=width + 2)
        draw.rectangle((left, top, right, bottom), outline=(red, green, blue), width=width)
    taken: list[tuple[float, float, float]] = []  # left, right and top of the labels so far
    for number, mark in enumerate(marks, 1):
        text = f"{number}: {mark.name} {mark.score:.2f}"
        place = _free(image, mark, draw.textlength(text, font_size=LETTERS), taken)
        draw.text(
            place, text, fill=(255, 255, 255), font_size=LETTERS, stroke_width=2, stroke_fill=INK
        )  # fmt: skip


def _free(
    image: Image.Image, mark: Mark, width: float, taken: list[tuple[float, float, float]]
) -> tuple[float, float]:
    """Where a label covers no other: in its frame's corner, or the next free line below."""
    left = min(round(mark.box[0] * image.width) + 5, max(0, image.width - width - 6))
    top = max(0, round(mark.box[1] * image.height) + 3)
    while any(
        left < right and start < left + width and abs(top - other) < LINE
        for start, right, other in taken
    ):
        top += 1
    top = min(top, max(0, image.height - LINE))
    taken.append((left, left + width, top))
    return left, top
