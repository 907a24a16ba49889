"""The pictures that the page shows: of each object the defects nearest to escaping and the good
parts nearest to rejection, with heat map and mask.

They are chosen by score and by what happened to them, not by the thresholds alone, because the page
lets its reader move those.
"""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets.masks import read_mask
from promptdsl.evaluate.outcomes import Judged
from promptdsl.evaluate.run import ObjectResult
from promptdsl.evaluate.scored import Scored, ScoredSample
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import PREVIEW_SIDE, read_rgb
from promptdsl.report.previews import Preview, parse_preview, preview_line

MOST = 24  # of each kind and object
MOST_OF_MANY = 8  # where there are more objects than `MANY`
MANY = 4
LARGEST = 4_000_000  # pixels that are decoded for a preview
OUTLINE = (255, 255, 255, 255)
SHADOW = (20, 20, 20, 170)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture for the page; `outline` is a PNG in base 64 with the mask's border, or None."""

    preview: Preview
    outline: str | None


@dataclass(slots=True)
class Gallery:
    """Collects pictures object by object, while the maps are there. Keys: (object, image)."""

    most: int = MOST
    shown: dict[tuple[str, str], Shown] = field(default_factory=dict)

    def take(self, result: ObjectResult) -> None:
        """Draw what the page will show of this object."""
        for judged in nearest_to_wrong(result.judged, self.most):
            scored = judged.scored
            drawn = _draw(scored, result.sample, result.job.name)
            if drawn is not None:
                self.shown[result.job.name, scored.picture.name] = drawn


def gallery_for(objects: int) -> Gallery:
    """A gallery that keeps the page small however many objects there are."""
    return Gallery(MOST if objects <= MANY else MOST_OF_MANY)


def nearest_to_wrong(judged: Sequence[Judged], most: int) -> list[Judged]:
    """Escapes and the lowest defective scores; false rejects and the highest good scores."""
    bad = [one for one in judged if not one.scored.picture.is_good]
    good = [one for one in judged if one.scored.picture.is_good]
    return [
        *sorted(bad, key=lambda one: (not one.escaped, one.scored.score))[:most],
        *sorted(good, key=lambda one: (not one.falsely_rejected, -one.scored.score))[:most],
    ]


def _draw(scored: Scored, sample: ScoredSample, name: str) -> Shown | None:
    picture = scored.picture
    try:
        image = read_rgb(picture.path, LARGEST)
    except PictureError:
        return None
    image.thumbnail((PREVIEW_SIDE, PREVIEW_SIDE), Image.Resampling.BICUBIC)
    line = preview_line(picture.name, name, image, sample.map_of(scored))
    outline = picture.mask if scored.regions is not None else None
    return Shown(parse_preview(line), _outline(outline, image.size) if outline else None)


def _outline(path: Path, size: tuple[int, int]) -> str | None:
    """The mask's border at the size (width, height) of a preview."""
    try:
        mask = read_mask(path)
    except EnvironmentProblem:
        return None
    grey = Image.fromarray(mask.astype(np.uint8) * 255)
    inside = np.asarray(grey.resize(size, Image.Resampling.BOX)) > 0
    pixels = np.zeros((*inside.shape, 4), np.uint8)
    near = _grown(inside) & ~inside
    pixels[_grown(near | inside) & ~inside & ~near] = SHADOW
    pixels[near] = OUTLINE
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _grown(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    grown = mask.copy()
    grown[1:] |= mask[:-1]
    grown[:-1] |= mask[1:]
    grown[:, 1:] |= mask[:, :-1]
    grown[:, :-1] |= mask[:, 1:]
    return grown
