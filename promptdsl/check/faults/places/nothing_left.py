"""I610: a region of which nothing is left: all of it is excepted, or ignored.

Why: a line about it would never hold, and every part would pass.
"""

from collections.abc import Sequence

from promptdsl.check.context import Context
from promptdsl.check.faults.places.shapes import holds
from promptdsl.language.ast import Shape
from promptdsl.source import Span
from promptdsl.spec import Length, ObjectSpec, Region

_MOST = 2_500  # pairs of shapes that are compared
_ALL = tuple(Length(at, "%") for at in (0.0, 0.0, 100.0, 100.0))


def nothing_left(context: Context, item: ObjectSpec) -> None:
    """Told where it is certain without a picture; runs tell the rest."""
    ignored = [shape for place in item.ignored if not place.without for shape in place.shapes]
    whole = Shape("box", _ALL, None, item.head)
    for place in item.ignored:
        if _gone([whole], place.shapes) and not place.without:
            _tell(context, place.span, f'ignore "{place.name}" leaves nothing of the picture',
                  "ignore less of it")  # fmt: skip
    titled = [(f"region {region.name}", region) for region in item.regions]
    titled += [(f'ignore "{place.name}"', place) for place in item.ignored]
    for what, place in titled:
        if place.shapes and _gone(place.shapes, place.without):
            _tell(context, place.span, f"nothing is left of {what}: all of it is excepted",
                  "make what is excepted smaller")  # fmt: skip
    if len(ignored) * sum(len(region.shapes) for region in item.regions) > _MOST:
        return
    for region in item.regions:
        if region.shapes and not _gone(region.shapes, region.without) and _ignored(region, ignored):
            _tell(context, region.span, f"all of region {region.name} is ignored",
                  "make the ignored places smaller, or remove the region")  # fmt: skip


def _ignored(region: Region, ignored: Sequence[Shape]) -> bool:
    return bool(ignored) and _gone(region.shapes, ignored)


def _gone(shapes: Sequence[Shape], without: Sequence[Shape]) -> bool:
    """Whether each shape lies wholly in one of the others, whatever the picture's size."""
    if len(shapes) * len(without) > _MOST or not without:
        return False
    return all(any(holds(outer, shape) for outer in without) for shape in shapes)


def _tell(context: Context, place: Span, message: str, help: str) -> None:
    if context.once("I610", place):
        context.report.error("I610", place, message, help=help)
