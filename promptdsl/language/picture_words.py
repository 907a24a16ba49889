"""Fields of `picture` and `locate`, and the shapes of regions: what each takes and means.

The builders, the checker, `check --show-defaults` and the documentation read these tables.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

PictureKind = Literal[
    "choice",  # one bare word out of `choices`
    "tiles",  # a side in px, or rows x columns
    "share",  # a percentage, kept as a share of 1
    "range",  # two numbers: A to B
    "scale",  # millimetres per px
    "pattern",  # a text in quotes with {part} in it
    "file",  # one path in quotes, relative to the spec
    "degrees",  # an angle either way: up to N deg
    "bound",  # a share either way: up to P%
]


@dataclass(frozen=True, slots=True)
class PictureField:
    """One `name: value` line of a picture or locate block."""

    name: str
    kind: PictureKind
    default: str | float | None
    example: str  # a value as a spec writes it
    doc: str
    choices: tuple[str, ...] = ()
    minimum: float | None = None  # of shares and bounds: a share of 1
    maximum: float | None = None
    minimum_excluded: bool = False
    maximum_excluded: bool = False


class ShapeForm(NamedTuple):
    """How a shape is written."""

    form: str
    example: str
    doc: str


LARGEST_TILE = 100_000  # px
MOST_TILES = 100  # down or across
LARGEST_LENGTH = 1_000_000  # px, of a shape
LARGEST_VALUE = 1e9  # that a picture's file may hold

PICTURE_FIELDS: tuple[PictureField, ...] = (
    PictureField(
        "fit", "choice", "squeeze", "pad",
        "how a picture that is not square becomes what the model takes: squeezed; padded, and the "
        "padding is never scored; or cropped, and what is cut off is never seen",
        choices=("squeeze", "pad", "crop"),
    ),
    PictureField(
        "tiles", "tiles", None, "480 px",
        "pieces of the picture that are scored one by one, so that small defects stay visible: the "
        "side of a square in pixels of the picture, or so many down and across (3x2)",
        minimum=1, maximum=LARGEST_TILE,
    ),
    PictureField(
        "overlap", "share", 0.25, "25%",
        "how much of a tile's side it has in common with the next one",
        minimum=0.0, maximum=0.9, maximum_excluded=True,
    ),
    PictureField(
        "intensity", "range", None, "0 to 4095",
        "the values in the picture's file that become black and white, for cameras of 10, 12 or 16 "
        "bits and pictures of decimal numbers",
        minimum=-LARGEST_VALUE, maximum=LARGEST_VALUE,
    ),
    PictureField(
        "scale", "scale", None, "0.05 mm per px",
        "how large a pixel of the picture is on the part; rules may then say mm and mm2",
        minimum=1e-6, maximum=1000.0,
    ),
    PictureField(
        "part", "pattern", None, '"{part}_{view}.png"',
        "how the name of a part is read off the name of its picture's file, for the results",
    ),
)  # fmt: skip
LOCATE_FIELDS: tuple[PictureField, ...] = (
    PictureField(
        "like", "file", None, '"good/000.png"',
        "the golden picture, on which the part lies as the regions were drawn",
    ),
    PictureField(
        "turn", "degrees", 15.0, "up to 15 deg",
        "how far a part may be turned against the golden picture, either way",
        minimum=0.0, maximum=45.0,
    ),
    PictureField(
        "shift", "bound", 0.1, "up to 10%",
        "how far it may lie from its place, as a share of the picture's width and height",
        minimum=0.0, maximum=0.5,
    ),
    PictureField(
        "scale", "bound", 0.05, "up to 5%",
        "how much larger or smaller it may appear",
        minimum=0.0, maximum=0.3,
    ),
)  # fmt: skip
LOCATE_DOC = "brings each picture to a golden one before it is scored: turned, shifted, scaled back"
EXCEPT_DOC = "shapes that are taken out of the region around it"
SHAPES: dict[str, ShapeForm] = {
    "box": ShapeForm(
        "left top width height", "box: 10% 20% 60% 40%",
        "a rectangle: its upper left corner, its width and its height",
    ),
    "circle": ShapeForm(
        "x y, radius", "circle: 50% 50%, 30%",
        "a disk; a radius in percent is one of the picture's shorter side",
    ),
    "ring": ShapeForm(
        "x y, inner to outer", "ring: 50% 50%, 30% to 42%",
        "what lies between two circles around one point, given by their radii",
    ),
    "polygon": ShapeForm(
        "x y, x y, x y, ...", "polygon: 10% 10%, 90% 10%, 50% 80%",
        "the corners of any outline, in order around it",
    ),
    "mask": ShapeForm(
        '"file.png"', 'mask: "lip.png"',
        "a picture of the same shape as those that are inspected; its white pixels are inside",
    ),
}  # fmt: skip


def picture_field(name: str, inside: Literal["picture", "locate"]) -> PictureField | None:
    """The field of that name, or None."""
    fields = PICTURE_FIELDS if inside == "picture" else LOCATE_FIELDS
    return next((field for field in fields if field.name == name), None)


def home_of_line(name: str) -> str | None:
    """The block that a line of that name belongs into; None where there is none."""
    if name in SHAPES and name != "mask":  # which may be what is to be ignored
        return "a region"
    if picture_field(name, "picture") is not None:
        return "picture"
    return "locate" if picture_field(name, "locate") is not None else None


def range_of(field: PictureField) -> str:
    """`at least 0% and less than 90%`; "" for what has no range that needs saying."""
    if field.minimum is None or field.maximum is None or field.kind in ("tiles", "range", "scale"):
        return ""
    percent = field.kind in ("share", "bound")
    unit = "%" if percent else " deg"
    low, high = (100 * end if percent else end for end in (field.minimum, field.maximum))
    above = f"less than {high:g}{unit}" if field.maximum_excluded else f"at most {high:g}{unit}"
    return f"at least {low:g}{unit} and {above}"


def written_value(field: PictureField, value: object) -> str:
    """A value of a field as a spec writes it: `25%`, `up to 15 deg`, `0.05 mm per px`."""
    if isinstance(value, tuple):
        return (" to " if field.kind == "range" else "x").join(f"{end:.12g}" for end in value)
    if not isinstance(value, int | float):
        return f'"{value}"' if field.kind in ("pattern", "file") else str(value)
    if field.kind in ("share", "bound"):
        return f"{'up to ' if field.kind == 'bound' else ''}{100 * value:.12g}%"
    unit = {"tiles": " px", "scale": " mm per px", "degrees": " deg"}.get(field.kind, "")
    return f"{'up to ' if field.kind == 'degrees' else ''}{value:.12g}{unit}"
