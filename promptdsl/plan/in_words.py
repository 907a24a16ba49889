"""How an object's pictures are looked at, in the words of a spec."""

from collections.abc import Iterator, Sequence

from promptdsl.plan.model import Length, Locate, ObjectPlan, PictureSettings, Region, Shape


def picture_in_words(picture: PictureSettings) -> dict[str, str]:
    """The fields of `picture { }` that scores and measures depend on."""
    return dict(_fields(picture))


def _fields(picture: PictureSettings) -> Iterator[tuple[str, str]]:
    yield "fit", picture.fit
    if picture.tile is not None:
        yield "tiles", f"{picture.tile} px"
    if picture.tiles is not None:
        yield "tiles", f"{picture.tiles[0]}x{picture.tiles[1]}"
    if picture.tile is not None or picture.tiles is not None:
        yield "overlap", f"{100 * picture.overlap:.6g}%"
    if picture.intensity is not None:
        yield "intensity", f"{picture.intensity[0]:.6g} to {picture.intensity[1]:.6g}"
    if picture.scale is not None:
        yield "scale", f"{picture.scale:.6g} mm per px"
    if picture.locate is not None:
        yield "locate", _locate(picture.locate)


def _locate(locate: Locate) -> str:
    bounds = (
        f"turn: up to {locate.turn:.6g} deg",
        f"shift: up to {100 * locate.shift:.6g}%",
        f"scale: up to {100 * locate.scale:.6g}%",
    )
    return f'{{ like: "{locate.like}", {", ".join(bounds)} }}'


def region_in_words(region: Region) -> str:
    """`ring: 50% 50%, 30% to 42%; except box: 0 px 0 px 10 px 10 px`."""
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
    return f"{length.value:.6g}{'%' if length.unit == '%' else ' px'}"


def places_in_words(item: ObjectPlan) -> dict[str, str]:
    """Every region and ignored place: `region lip`, `ignore "serial number"`."""
    return {
        **{f"region {region.name}": region_in_words(region) for region in item.regions},
        **{f'ignore "{region.name}"': region_in_words(region) for region in item.ignored},
    }
