"""I622, and a note: a defect that is smaller than what the model can see of a picture.

Why: a picture of 4,000 px that is squeezed to 240 px shows no scratch of 20 px, whatever the rule
says. How large pictures are is read from the head of one of the object's own; with tiles of a
written size it needs none.
"""

import math
from pathlib import Path

from promptdsl.check.context import Context
from promptdsl.judge.visible import (
    Size,
    about,
    how_to_see_more,
    loses_much,
    model_side,
    smallest_defect,
    what_is_seen,
)
from promptdsl.spec import AreaLimit, Limit, ModelFacts, ObjectSpec, SpotLimit


def too_small_to_see(context: Context, item: ObjectSpec) -> None:
    """Warn of limits below the smallest visible defect; a note where pictures lose much."""
    facts, size = item.method.facts, _size(context, item)
    if facts is None or size is None:
        return
    for limit in item.limits:
        _tell(context, item, facts, size, limit)
    if loses_much(item, facts, size):
        told = f"{what_is_seen(item, facts, size)}; {how_to_see_more(item, facts)}"
        several = f"{item.name}: " if len(context.spec.objects) > 1 else ""
        context.library.notes.append(several + told)


def _size(context: Context, item: ObjectSpec) -> Size | None:
    """(width, height) of the object's first picture; without one, of a tile."""
    references = item.method.settings.get("references")
    patterns = [path for sample in item.samples for path in sample.images]
    patterns += [str(path) for path in references] if isinstance(references, tuple) else []
    for pattern in patterns:
        found = context.searched.get(pattern)
        if found is not None and found.files:
            return context.library.loader.picture_size(Path(found.files[0]))
    tile = None if item.picture is None else item.picture.tile
    return None if tile is None else (tile, tile)


def _tell(context: Context, item: ObjectSpec, facts: ModelFacts, size: Size, limit: Limit) -> None:
    asked = _length(item, limit)
    smallest = smallest_defect(item, facts, size)
    if asked is None or limit.span is None or asked >= 0.95 * smallest:
        return
    scale = None if item.picture is None else item.picture.scale
    context.report.warning(
        "I622",
        limit.span,
        f"this asks for a defect of {about(asked, scale)}, and the smallest that "
        f"{model_side(item, facts)} px can show here is {about(smallest, scale)}",
        help=_help(item, facts, asked),
    )


def _length(item: ObjectSpec, limit: Limit) -> float | None:
    """Pixels across of the defect that a line asks for; None where it asks for none in a unit."""
    scale = None if item.picture is None else item.picture.scale
    if isinstance(limit, SpotLimit) and limit.of != "number":
        at = limit.at
    elif isinstance(limit, AreaLimit):
        at = limit.share
    else:
        return None
    if at is None:
        return None
    match limit.unit:
        case "px":
            return at
        case "px2":
            return _across(at)
        case "mm":
            return None if scale is None else at / scale
        case "mm2":
            return None if scale is None else _across(at) / scale
        case _:
            return None


def _across(area: float) -> float:
    """The diameter of a round place of that area."""
    return 2 * math.sqrt(area / math.pi)


def _help(item: ObjectSpec, facts: ModelFacts, asked: float) -> str:
    """Tiles in which such a defect fills a patch, where they do not only magnify."""
    side = model_side(item, facts)
    tile = int(asked * side / facts.patch / 10) * 10
    if tile >= side / 2:
        return f"write picture {{ tiles: {tile} px }}, which makes it as large as a patch"
    return "a nearer camera, or one with more pixels, makes it larger on the picture"
