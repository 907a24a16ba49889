"""Picture blocks, regions and ignored places: what a child writes over what its parent has."""

from dataclasses import replace
from pathlib import PurePosixPath

from promptdsl.language.ast import (
    LocateBlock,
    PictureBlock,
    PictureLine,
    PlaceBlock,
    Shape,
    Text,
)
from promptdsl.language.picture_words import LOCATE_FIELDS, PICTURE_FIELDS
from promptdsl.spec import Locate, PictureSpec, Region


def relocate(folder: PurePosixPath, path: str) -> str:
    """A path written in a file of `folder`, as seen from the spec's folder."""
    written = path.replace("\\", "/")
    return written if str(folder) == "." else str(folder / written)


def merged_picture(
    part: PictureBlock, parent: PictureBlock | None, folder: PurePosixPath
) -> PictureBlock:
    """The block with its parent's lines where it includes them; its paths as the spec sees them."""
    lines = {line.name: _relocated(line, folder) for line in part.lines}
    if part.base is not None and parent is not None:
        lines = {line.name: line for line in parent.lines} | lines
    return replace(part, lines=tuple(lines.values()))


def _relocated(line: PictureLine, folder: PurePosixPath) -> PictureLine:
    located = line.value
    if not isinstance(located, LocateBlock) or located.like is None:
        return line
    like = Text(relocate(folder, located.like.value), located.like.span)
    return replace(line, value=replace(located, like=like))


def merged_place(part: PlaceBlock, parent: PlaceBlock | None, folder: PurePosixPath) -> PlaceBlock:
    """The block with its parent's shapes where it includes them."""
    shapes = tuple(_moved(shape, folder) for shape in part.shapes)
    without = tuple(_moved(shape, folder) for shape in part.without)
    if part.base is not None and parent is not None:
        shapes, without = parent.shapes + shapes, parent.without + without
    return replace(part, shapes=shapes, without=without)


def _moved(shape: Shape, folder: PurePosixPath) -> Shape:
    return shape if shape.path is None else replace(shape, path=relocate(folder, shape.path))


def lower_picture(block: PictureBlock | None) -> PictureSpec | None:
    """The block with its defaults; a line that was reported has its default, too."""
    if block is None:
        return None
    values = {line.name: line.value for line in block.lines if line.value is not None}
    spans = {line.name: line.span for line in block.lines}
    filled = {field.name: values.get(field.name, field.default) for field in PICTURE_FIELDS}
    tiles, intensity, scale, part = (
        filled[name] for name in ("tiles", "intensity", "scale", "part")
    )
    fit, overlap = filled["fit"], filled["overlap"]
    assert fit in ("squeeze", "pad", "crop") and isinstance(overlap, float)
    return PictureSpec(
        fit=fit,  # type: ignore[arg-type]
        tile=tiles if isinstance(tiles, int) else None,
        tiles=(int(tiles[0]), int(tiles[1])) if isinstance(tiles, tuple) else None,
        overlap=overlap,
        intensity=intensity if isinstance(intensity, tuple) else None,
        scale=scale if isinstance(scale, float) else None,
        locate=_locate(values.get("locate")),
        part=part if isinstance(part, str) else None,
        spans=spans,
        span=block.head,
    )


def _locate(block: object) -> Locate | None:
    if not isinstance(block, LocateBlock) or block.like is None:
        return None
    bounds = {
        field.name: float(block.bounds.get(field.name, field.default))
        for field in LOCATE_FIELDS
        if isinstance(field.default, float)
    }
    return Locate(
        block.like.value, bounds["turn"], bounds["shift"], bounds["scale"], block.head,
        frozenset({"like", *block.bounds}),
    )  # fmt: skip


def lower_place(block: PlaceBlock) -> Region:
    """A region, or ignored places."""
    return Region(block.name.value, block.shapes, block.without, block.name.span)
