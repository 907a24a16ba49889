"""How an object's pictures are looked at, in the words of a spec."""

from collections.abc import Iterator

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
        yield "overlap", f"{100 * picture.overlap:g}%"
    if picture.intensity is not None:
        yield "intensity", f"{picture.intensity[0]:g} to {picture.intensity[1]:g}"
    if picture.scale is not None:
        yield "scale", f"{picture.scale:g} mm per px"
    if picture.locate is not None:
        yield "locate", _locate(picture.locate)


def _locate(locate: Locate) -> str:
    shares = f"shift {100 * locate.shift:g}%, scale {100 * locate.scale:g}%"
    return f"like {locate.like}, turn {locate.turn:g} deg, {shares}"


def region_in_words(region: Region) -> str:
    """`ring 50% 50% 30% 42%; mask lip.png; except box 0px 0px 10px 10px`."""
    words = [_shape(shape) for shape in region.shapes]
    return "; ".join([*words, *(f"except {_shape(shape)}" for shape in region.without)])


def _shape(shape: Shape) -> str:
    if shape.path is not None:
        return f"{shape.kind} {shape.path}"
    return " ".join([shape.kind, *(_length(length) for length in shape.lengths)])


def _length(length: Length) -> str:
    return f"{length.value:g}{length.unit}" if length.unit == "%" else f"{length.value:g} px"


def places_in_words(item: ObjectPlan) -> dict[str, str]:
    """Every region and ignored place: `region lip`, `ignore "serial number"`."""
    return {
        **{f"region {region.name}": region_in_words(region) for region in item.regions},
        **{f'ignore "{region.name}"': region_in_words(region) for region in item.ignored},
    }
