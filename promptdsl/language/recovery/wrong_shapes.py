"""Shapes that are none: other words, units that lack, numbers too few, outlines that hold nothing.

A correction is offered only where it keeps the place that was meant.
"""

from collections.abc import Sequence

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import Shape
from promptdsl.language.desk import Desk
from promptdsl.language.geometry import crossing, doubled_area
from promptdsl.language.lengths import IN_MILLIMETRES, Measured
from promptdsl.language.picture_words import LARGEST_LENGTH, SHAPES
from promptdsl.language.statements import Statement, is_word, quote, shown
from promptdsl.source import Span

_SYNONYMS: dict[str, str] = {
    **dict.fromkeys("rect rectangle square roi bbox rechteck frame".split(), "box"),
    **dict.fromkeys("disk disc round kreis circles".split(), "circle"),
    **dict.fromkeys("annulus donut doughnut torus rings".split(), "ring"),
    **dict.fromkeys("points outline contour poly triangle path polyline".split(), "polygon"),
    **dict.fromkeys("image picture file masks png bitmap".split(), "mask"),
}
_CORNERS = "0% 0% is the upper left corner, 100% 100% the lower right one"
_LARGEST_SHARE = 1_000.0  # percent: a slip of the finger, whatever was meant


def not_a_shape(desk: Desk, statement: Statement, home: str) -> None:
    """A line with a word that no shape has."""
    word = statement.first
    desk.error(
        "I402", statement.atoms[0], f"{shown(word)} is not a shape of a {home.split()[0]}",
        near=_SYNONYMS.get(word.lower()) or nearest(word, SHAPES),
        help="a shape is a box, circle, ring, polygon or mask",
    )  # fmt: skip


def wrong_mask(desk: Desk, span: Span, tokens: Sequence[Token]) -> None:
    """`mask: lip.png`, `mask: "a.png", "b.png"`, `mask: ""`."""
    example = f"for example {SHAPES['mask'].example}"
    texts = [token for token in tokens if token.type == "STRING"]
    if not tokens:
        desk.error("I122", span, "mask has no value", help=example)
    elif len(texts) > 1:
        help = "put mask: before each: several masks of a region are joined"
        desk.error("I404", span, "mask takes one path, and these are more", help=help)
    elif len(tokens) == 1 and texts:
        desk.error("I404", tokens[0], "this path is empty", help=example)
    elif texts:
        rest = [token for token in tokens if token.type != "STRING"]
        message = f"{shown(desk.written(rest))} stands behind the end of this value"
        desk.stray(rest, message, help="remove it")
    elif any(is_word(token) for token in tokens):
        bare = desk.written(tokens).strip("'` ")
        message = f"{shown(bare)} is not in quotes"
        label = "paths are written in quotes"
        desk.error("I125", tokens, message, label=label, write=quote(bare))
    else:
        desk.error("I404", tokens, "mask takes a path in quotes", help=example)


def wrong_unit(desk: Desk, kind: str, span: Span, found: Sequence[Measured]) -> bool:
    """Whether a unit lacks, is not one of pictures, or two are mixed; that is told."""
    units = {each.unit for each in found}
    foreign = next((each for each in found if each.unit not in ("px", "%", "")), None)
    if foreign is not None:
        unit = foreign.unit
        length = unit == "mm" or unit in IN_MILLIMETRES
        desk.error(
            "I406", foreign.tokens, f"a {kind} is measured in px or %, and {foreign} is neither",
            help=f"divide by the scale: at 0.05 mm per px, 3 mm are 60 px ({unit} to mm first)"
            if length and unit != "mm"
            else "divide by the scale: at 0.05 mm per px, 3 mm are 60 px" if length
            else f"for example {SHAPES[kind].example}",
        )  # fmt: skip
        return True
    if "" in units:
        _unit_missing(desk, kind, span, found, units - {""})
        return True
    if len(units) > 1:
        desk.error(
            "I406", span, f"this {kind} mixes px and %, and changes with the picture's size",
            help="say all of its numbers in px, or all in %",
        )  # fmt: skip
        return True
    return False


def _unit_missing(
    desk: Desk, kind: str, span: Span, found: Sequence[Measured], others: set[str]
) -> None:
    unit = next(iter(others)) if len(others) == 1 else None
    if not others and any(abs(each.value) > 100 for each in found):
        unit = "px"  # more than all of a picture
    bare = next(each for each in found if not each.unit)
    message = f"{bare.written} has no unit: every number of a {kind} is in px or in %"
    if unit is None:
        pixels, percent = (
            " ".join(each.with_unit(unit) for each in found[:2]) for unit in ("px", "%")
        )
        more = " ..." if len(found) > 2 else ""
        help = f"say which: {pixels}{more}, or {percent}{more}"
        desk.error("I406", bare.tokens, message, help=help)
        return
    name = desk.source.name
    start, last = desk.span(*found[0].tokens).start, desk.span(*found[-1].tokens).end
    pieces, at = [], start
    for each in found:
        place = desk.span(*each.tokens)
        pieces += [desk.source.text[at : place.start], each.with_unit(unit)]
        at = place.end
    line = "".join(pieces)
    desk.error(
        "I406", bare.tokens, message, write=line, at=Span(name, start, last),
        help=f"write {kind}: {shown(line, 200)}",
    )  # fmt: skip


def wrong_count(desk: Desk, kind: str, span: Span, found: Sequence[Measured]) -> bool:
    """Whether the numbers are too few or too many, which is told."""
    count, form, example = len(found), SHAPES[kind].form, SHAPES[kind].example
    if kind == "polygon":
        if count % 2 == 0 and count >= 6:
            return False
        if count % 2:
            message = f"a polygon has two numbers for each corner, and {count} are odd"
        else:
            message = f"a polygon has three corners or more, and this one has {count // 2}"
        code = "I122" if count % 2 or count < 2 else "I608"
    else:
        wanted = 3 if kind == "circle" else 4
        if count == wanted:
            return False
        message, code = f"a {kind} has {wanted} numbers ({form}), and this one has {count}", "I122"
    desk.error(code, span, message, help=f"for example {example}")
    return True


def wrong_lengths(desk: Desk, shape: Shape, found: Sequence[Measured], excepted: bool) -> bool:
    """Whether no place of a picture lies in a shape, or not all of it in the picture; told.

    What is `excepted` may reach out of the picture.
    """
    percent = found[0].unit == "%"
    largest = _LARGEST_SHARE if percent else LARGEST_LENGTH
    wild = next((each for each in found if not abs(each.value) <= largest), None)
    if wild is not None:
        limit = f"{largest:,.0f}%" if percent else f"{largest:,} px"
        message = f"{shown(wild.written)} is beyond any picture: lengths go up to {limit}"
        desk.error("I405", wild.tokens, message, help=f"for example {SHAPES[shape.kind].example}")
        return True
    problem = _nothing_in(shape.kind, found) or _outside(shape.kind, found, percent, excepted)
    if problem is None:
        return False
    code, message, help = problem
    turned = _turned(shape.kind, found)
    at = desk.span(*found[2].tokens).to(desk.span(*found[3].tokens)) if turned else None
    desk.error(code, shape.span, message, help=help, write=turned, at=at)
    return True


def _turned(kind: str, found: Sequence[Measured]) -> str | None:
    """The radii of a ring in their right order, where only that was wrong."""
    if kind != "ring" or not 0 <= found[3].value < found[2].value:
        return None
    return f"{found[3]} to {found[2]}"


_Problem = tuple[str, str, str]


def _nothing_in(kind: str, found: Sequence[Measured]) -> _Problem | None:
    """What makes a shape hold no place at all."""
    numbers = [each.value for each in found]
    if kind == "box":
        for number, name in ((numbers[2], "width"), (numbers[3], "height")):
            if number <= 0:
                help = "the numbers are left, top, width and height"
                return "I608", f"this box holds nothing: its {name} is {number:g}", help
    elif kind == "circle" and numbers[2] <= 0:
        help = "a radius is more than 0"
        return "I608", f"this circle holds nothing: its radius is {found[2]}", help
    elif kind == "ring" and (numbers[2] < 0 or numbers[2] >= numbers[3]):
        inner, outer = found[2], found[3]
        message = f"this ring holds nothing: its inner radius {inner} is not below {outer}"
        if numbers[2] < 0:
            message = f"the inner radius of a ring is 0 or more, and {inner} is not"
        turned = _turned(kind, found)
        help = f"write {turned}" if turned else "the inner radius comes first: 30% to 42%"
        return "I608", message, help
    elif kind == "polygon":
        points = list(zip(numbers[::2], numbers[1::2], strict=True))
        cut = crossing(points)
        if cut is not None:
            first, second = (f"{found[2 * at]} {found[2 * at + 1]}" for at in cut)
            message = "this polygon crosses itself: the edges that begin at "
            message += f"{first} and at {second} cut each other"
            return "I619", message, "name the corners in order around the outline"
        if doubled_area(points) == 0:
            message = "this polygon holds nothing: all its corners lie on one line"
            return "I608", message, "name the corners in order around the outline"
    return None


def _outside(
    kind: str, found: Sequence[Measured], percent: bool, excepted: bool
) -> _Problem | None:
    """What lies outside of any picture, whatever its size."""
    numbers = [each.value for each in found]
    end = 100.0 if percent else float("inf")
    if kind in ("circle", "ring"):
        return _round_outside(kind, found, end, excepted)
    if excepted:
        across, down = numbers[::2], numbers[1::2]
        if kind == "box":
            across, down = [numbers[0], numbers[0] + numbers[2]], [numbers[1], sum(numbers[1::2])]
        if min(*across) < end and min(*down) < end and max(*across) > 0 < max(*down):
            return None
        return "I609", f"this {kind} lies wholly outside of the picture", _CORNERS
    if kind == "box":
        return _box_outside(found, end)
    beyond = next((each for each in found if not 0 <= each.value <= end), None)
    if beyond is None:
        return None
    message = f"this polygon leaves the picture: {beyond} is outside of it"
    help = "corners lie between 0% and 100%" if percent else "corners have 0 px or more"
    return "I609", message, help


def _round_outside(
    kind: str, found: Sequence[Measured], end: float, excepted: bool
) -> _Problem | None:
    """A circle or ring that certainly leaves the picture: its radius is of the shorter side."""
    numbers = [each.value for each in found]
    reach, places = numbers[-1], numbers[:2]
    if any(at + reach <= 0 or at - reach >= end for at in places):
        return "I609", f"this {kind} lies wholly outside of the picture", _CORNERS
    out = [at - reach < -1e-9 or at + reach > end + 1e-9 for at in places]
    if excepted or not (all(out) if end == 100 else any(out)):
        return None
    message = f"this {kind} leaves the picture: its radius of {found[-1]} is more than there is "
    message += f"around {found[0]} {found[1]}"
    return "I609", message, "make it smaller, or put it further inside"


def _box_outside(found: Sequence[Measured], end: float) -> _Problem | None:
    left, top, width, height = (each.value for each in found)
    if left < 0 or top < 0:
        beyond = found[0] if left < 0 else found[1]
        message = f"this box leaves the picture: it begins at {beyond}"
        return "I609", message, "left and top are 0 or more"
    for start, length, axis in ((left, width, "right"), (top, height, "lower")):
        if start + length > end + 1e-9:
            edges = f"{found[0]} {found[1]} {width - left:g}% {height - top:g}%"
            corner = width > left and height > top and max(width, height) <= end
            message = f"this box leaves the picture: its {axis} edge lies at {start + length:g}%"
            help = f"if these are the right and the lower edge, write box: {edges}" if corner else (
                "the last two numbers are the width and the height, from the left and the top on"
            )  # fmt: skip
            return "I609", message, help
    return None
