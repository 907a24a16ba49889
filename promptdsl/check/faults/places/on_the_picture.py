"""I609, I617, I618: places that do not fit the pictures at hand.

Why: a region drawn for another camera's picture, or smaller than the least that the model sees,
would be inspected in the wrong place, or not at all.
"""

from pathlib import Path

from promptdsl.check.context import Context
from promptdsl.check.faults.places.shapes import Bounds, Size, bounds
from promptdsl.files.naming import shown
from promptdsl.judge.visible import is_tiled, least_region
from promptdsl.language.ast import Shape
from promptdsl.spec import ObjectSpec, Region

_LIKE = 0.01  # by so much may the shape of a mask differ from that of the picture
_ROUNDING = 0.5  # of a pixel, which a shape may reach out of the picture


def on_the_picture(context: Context, item: ObjectSpec) -> None:
    """Compare with the first picture that is at hand; the head of its file says its size."""
    if not item.regions and not item.ignored:
        return
    known = _picture(context, item)
    if known is None:
        return
    name, size = known
    for at, region in enumerate((*item.regions, *item.ignored)):
        fits = True
        for shape in region.shapes:
            fits = _fits(context, shape, name, size, excepted=False) and fits
        for shape in region.without:
            fits = _fits(context, shape, name, size, excepted=True) and fits
        if fits and at < len(item.regions):
            _large_enough(context, item, region, name, size)


def _picture(context: Context, item: ObjectSpec) -> tuple[str, Size] | None:
    """The name and size of the picture that places lie on."""
    from promptdsl.pictures.opening import size_in_header  # only where there are places

    candidates: list[Path] = []
    locate = item.picture.locate if item.picture is not None else None
    if locate is not None:
        found = context.file(locate.like)
        candidates = [found] if found is not None else []
    else:
        references = item.method.settings.get("references")
        patterns = list(references) if isinstance(references, tuple) else []
        patterns += [path for sample in item.samples for path in sample.images]
        for pattern in patterns:
            candidates = [Path(name) for name in context.find(str(pattern)).files[:1]]
            if candidates:
                break
    for path in candidates:
        if context.library.inside(context.library.loader.resolve(path)):
            size = size_in_header(path)
            if size is not None:
                return path.name, size
    return None


def _fits(context: Context, shape: Shape, name: str, size: Size, excepted: bool) -> bool:
    if shape.kind == "mask":
        return _mask_fits(context, shape, name, size)
    found = bounds(shape, size)
    beyond = _outside(found, size) if excepted else _reaches_out(found, size)
    if beyond is not None and context.once("I609", shape.span):
        context.report.error(
            "I609", shape.span,
            f"this {shape.kind} {beyond} of {shown(name)}, which has {size[0]} x {size[1]} px",
            help="correct its numbers; in % they fit pictures of every size",
        )  # fmt: skip
    return beyond is None


def _reaches_out(found: Bounds, size: Size) -> str | None:
    width, height = size
    edges = (
        (-found.left, found.left, "left"), (-found.top, found.top, "upper"),
        (found.right - width, found.right, "right"), (found.bottom - height, found.bottom, "lower"),
    )  # fmt: skip
    out = next(((end, edge) for by, end, edge in edges if by > _ROUNDING), None)
    return None if out is None else f"goes to {out[0]:.6g} px, over the {out[1]} edge"


def _outside(found: Bounds, size: Size) -> str | None:
    touches = found.left < size[0] and found.top < size[1] and found.right > 0 < found.bottom
    return None if touches else "lies wholly outside"


def _mask_fits(context: Context, shape: Shape, name: str, size: Size) -> bool:
    from promptdsl.pictures.opening import size_in_header

    path = context.file(shape.path or "")
    if path is None or not context.library.inside(context.library.loader.resolve(path)):
        return True  # which is told elsewhere
    mask = size_in_header(path)
    if mask is None or abs(mask[0] * size[1] / (mask[1] * size[0]) - 1) <= _LIKE:
        return True
    if context.once("I617", shape.span):
        context.report.error(
            "I617", shape.span,
            f"this mask has {mask[0]} x {mask[1]} px, and {shown(name)} has {size[0]} x {size[1]}: "
            "they are of another shape",
            help="draw the mask on a picture of this camera",
        )  # fmt: skip
    return False


def _large_enough(
    context: Context, item: ObjectSpec, region: Region, name: str, size: Size
) -> None:
    """Whether a region is as large as the least that the model tells apart."""
    facts = item.method.facts
    if facts is None or not region.shapes or any(shape.kind == "mask" for shape in region.shapes):
        return
    or_tiles = "" if is_tiled(item.picture) else ", or add picture { tiles: 480 px }"
    cell = least_region(item, facts, size)
    found = [bounds(shape, size) for shape in region.shapes]
    width = max(each.right for each in found) - min(each.left for each in found)
    height = max(each.bottom for each in found) - min(each.top for each in found)
    if width >= cell[0] or height >= cell[1] or not context.once("I618", region.span):
        return
    context.report.error(
        "I618", region.span,
        f"region {region.name} is {width:.0f} x {height:.0f} px of {shown(name)}, and the least "
        f"that the model tells apart there is {cell[0]:.0f} x {cell[1]:.0f} px",
        help=f"make it larger{or_tiles}",
    )  # fmt: skip
