"""A spec's picture, regions and ignored places in words, as a spec writes them."""

from collections.abc import Sequence
from typing import Any

from promptdsl.plan.model import Length, Locate, ObjectPlan, PictureSettings, Region, Shape


def places_in_words(item: ObjectPlan) -> dict[str, Any]:
    """`picture`, `regions` and `ignored`; only those that the object has."""
    found: dict[str, Any] = {}
    if item.picture is not None:
        found["picture"] = picture_in_words(item.picture)
    if item.regions:
        found["regions"] = {region.name: region_in_words(region) for region in item.regions}
    if item.ignored:
        found["ignored"] = {region.name: region_in_words(region) for region in item.ignored}
    return found


def picture_in_words(settings: PictureSettings) -> str:
    """`fit: pad, tiles: 480 px, overlap: 25%, scale: 0.05 mm per px`."""
    words = [f"fit: {settings.fit}"]
    if settings.tile is not None:
        words.append(f"tiles: {settings.tile} px")
    if settings.tiles is not None:
        words.append(f"tiles: {settings.tiles[0]}x{settings.tiles[1]}")
    if settings.tile is not None or settings.tiles is not None:
        words.append(f"overlap: {100 * settings.overlap:.6g}%")
    if settings.intensity is not None:
        words.append(f"intensity: {settings.intensity[0]:.6g} to {settings.intensity[1]:.6g}")
    if settings.scale is not None:
        words.append(f"scale: {settings.scale:.6g} mm per px")
    if settings.part is not None:
        words.append(f'part: "{settings.part}"')
    if settings.locate is not None:
        words.append(_located(settings.locate))
    return ", ".join(words)


def _located(locate: Locate) -> str:
    bounds = (
        f"turn: up to {locate.turn:.6g} deg",
        f"shift: up to {100 * locate.shift:.6g}%",
        f"scale: up to {100 * locate.scale:.6g}%",
    )
    return f'locate {{ like: "{locate.like}", {", ".join(bounds)} }}'


def region_in_words(region: Region) -> str:
    """`ring: 50% 50%, 30% to 42%; except box: 0 0 10 10`."""
    shapes = _shapes(region.shapes)
    return f"{shapes}; except {_shapes(region.without)}" if region.without else shapes


def _shapes(shapes: Sequence[Shape]) -> str:
    return ", ".join(map(_shape, shapes))


def _shape(shape: Shape) -> str:
    sides = [_length(length) for length in shape.lengths]
    if shape.kind == "mask":
        return f'mask: "{shape.path}"'
    if shape.kind == "circle":
        return f"circle: {' '.join(sides[:2])}, {sides[2]}"
    if shape.kind == "ring":
        return f"ring: {' '.join(sides[:2])}, {sides[2]} to {sides[3]}"
    if shape.kind == "polygon":
        corners = zip(sides[::2], sides[1::2], strict=True)
        return f"polygon: {', '.join(' '.join(corner) for corner in corners)}"
    return f"box: {' '.join(sides)}"


def _length(length: Length) -> str:
    return f"{length.value:.6g}{'%' if length.unit == '%' else ''}"
