"""The pictures that the page shows: of each object the defects nearest to escaping and the good
parts nearest to rejection, with heat map and mask.

They are chosen by score and by what happened to them, not by the thresholds alone, because the page
lets its reader move those.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets.masks import read_mask
from promptdsl.evaluate.scored import Scored, ScoredSample
from promptdsl.evaluate.validation.outcomes import Judged
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import PREVIEW_SIDE, read_rgb
from promptdsl.report.previews import Shown, outline, preview

MOST = 24  # of each kind and object
MOST_OF_MANY = 8  # where there are more objects than `MANY`, so that the page stays small
MANY = 4
LARGEST = 4_000_000  # pixels that are decoded for a preview


@dataclass(slots=True)
class Gallery:
    """Collects pictures object by object, while the maps are there. Keys: (object, image)."""

    objects: int
    shown: dict[tuple[str, str], Shown] = field(default_factory=dict)

    def take(self, name: str, sample: ScoredSample, judged: Sequence[Judged]) -> None:
        """Draw what the page will show of this object."""
        most = MOST if self.objects <= MANY else MOST_OF_MANY
        for one in _nearest_to_wrong(judged, most):
            drawn = _draw(one.scored, sample, name)
            if drawn is not None:
                self.shown[name, one.scored.picture.name] = drawn


def _nearest_to_wrong(judged: Sequence[Judged], most: int) -> list[Judged]:
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
    small = preview(picture.name, name, image, sample.map_of(scored))
    if picture.mask is None or scored.regions is None:
        return Shown(small, None)
    try:
        return Shown(small, outline(read_mask(picture.mask), image.size))
    except EnvironmentProblem:  # it was readable when the picture was scored
        return Shown(small, None)
