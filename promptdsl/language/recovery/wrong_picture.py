"""Values of `picture` and `locate` in other words and units: corrected where one thing is meant."""

import math
import re
from collections.abc import Sequence

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.desk import Desk
from promptdsl.language.lengths import IN_MILLIMETRES, measured, plain_unit
from promptdsl.language.picture_words import (
    LARGEST_TILE,
    LOCATE_FIELDS,
    MOST_TILES,
    PICTURE_FIELDS,
    PictureField,
    picture_field,
)
from promptdsl.language.recovery.misfits import wish
from promptdsl.language.statements import Statement, is_word, quote, said, shown
from promptdsl.language.vocabulary import FORMS
from promptdsl.methods import known_methods

_SYNONYMS: dict[str, dict[str, str]] = {
    "picture": {
        "tile": "tiles", "tiling": "tiles", "tile_size": "tiles", "patches": "tiles",
        "resize": "fit", "padding": "fit", "aspect": "fit", "mm_per_px": "scale",
        "mm_per_pixel": "scale", "pixel_size": "scale", "resolution": "scale",
        "range": "intensity", "depth": "intensity", "bits": "intensity", "name": "part",
        "names": "part", "pattern": "part", "stride": "overlap",
    },
    "locate": {
        "golden": "like", "reference": "like", "template": "like", "image": "like",
        "rotate": "turn", "rotation": "turn", "angle": "turn", "move": "shift",
        "translation": "shift", "offset": "shift", "size": "scale", "zoom": "scale",
    },
}  # fmt: skip
_CHOICES = {
    "stretch": "squeeze", "resize": "squeeze", "scale": "squeeze", "squash": "squeeze",
    "letterbox": "pad", "padding": "pad", "contain": "pad", "border": "pad", "cover": "crop",
    "center_crop": "crop", "centre": "crop", "center": "crop", "cut": "crop", "cropping": "crop",
}  # fmt: skip
_UP_TO = ("up", "to", "max", "maximum", "at", "most", "<=", "±", "+/-", "+-", "≤", "-", "+", "<")
_ROUNDED = 6  # digits of a converted number


def not_a_field(desk: Desk, statement: Statement, home: str) -> None:
    """A line with the name of no field of the block."""
    word, token = statement.first, statement.atoms[0]
    fields = LOCATE_FIELDS if home == "locate" else PICTURE_FIELDS
    names = [field.name for field in fields] + ([] if home == "locate" else ["locate"])
    near = _SYNONYMS[home].get(word.lower()) or nearest(word, names)
    other = "locate" if home == "picture" else "picture"
    if word == "locate":
        text = next((str(each) for each in statement.atoms[2:] if each.type == "STRING"), None)
        made = f"locate {{ like: {text} }}" if text and len(statement.atoms) == 3 else None
        desk.error(
            "I122", statement, "locate has its lines in braces, and no colon",
            write=made, help=f"write {made or FORMS['locate']}",
        )  # fmt: skip
    elif picture_field(word, "locate" if other == "locate" else "picture") is not None:
        message = f"{word} is a line of {other}, and this is {home}"
        example = 'locate { like: "good/000.png", ... }' if other == "locate" else "picture"
        help = f"put it into {example}" if other == "locate" else "put it behind locate { ... }"
        desk.error("I121", token, message, label="not here", help=help)
    elif any(method.field(word) is not None for method in known_methods().values()):
        message, help = f"{word} is a setting of the method", "put it inside method winclip { ... }"
        desk.error("I121", token, message, label="not here", help=help)
    elif near is not None or not wish(desk.report, word, desk.span(token)):
        message, help = f"{word} is not a line of {home}", f"it takes {', '.join(names)}"
        desk.error("I402", token, message, near=near, help=help)


def wrong_choice(desk: Desk, field: PictureField, tokens: Sequence[Token]) -> None:
    """`fit: padding`, `fit: "pad"`."""
    listed = f"{', '.join(field.choices[:-1])} or {field.choices[-1]}"
    written = desk.written(tokens)
    bare = written.strip("\"' ")
    meant = bare if bare in field.choices else _CHOICES.get(bare.lower())
    near = meant or nearest(bare, field.choices)
    message = f"{field.name} is {listed}, not {shown(written)}"
    if bare == meant:
        message = f"{field.name} takes a bare word, without quotes"
    help = f"for example {field.name}: {field.example}"
    desk.error("I404", tokens, message, write=near, help=f"write {field.name}: {near}"
               if near else help)  # fmt: skip


def wrong_tiles(desk: Desk, field: PictureField, tokens: Sequence[Token]) -> None:
    """`tiles: 480`, `tiles: 480x480 px`, `tiles: 480 px, 3x2`, `tiles: 0 px`."""
    kinds = [token.type for token in tokens]
    found = measured(tokens)
    size = str(tokens[0]).lower().replace("×", "x").replace(" ", "") if kinds[0] == "SIZE" else ""
    sides = [int(side) for side in size.split("x") if side.isdigit() and len(side) <= 9]
    message, help, write, code = "", "for example tiles: 480 px, or tiles: 3x2", None, "I404"
    if "SIZE" in kinds and "NUMBER" in kinds:
        message = "tiles are given by their side, or by how many there are, and not by both"
        help = "keep one: tiles: 480 px, or tiles: 3x2"
    elif size and len(sides) != 2:
        message, code = "so many tiles fit no picture", "I405"
    elif size and (len(tokens) == 2 and plain_unit(str(tokens[1])) == "px"):
        code, message = "I406", "tiles are squares, and one number says their side"
        write = f"{sides[0]} px" if sides[0] == sides[1] else None
        help = f"write tiles: {sides[0]} px" if write else "write one side, for example 480 px"
    elif size and len(tokens) > 1:
        desk.stray(tokens[1:], f"{shown(desk.written(tokens[1:]))} stands behind the end of this "
                   "value", help="remove it")  # fmt: skip
        return
    elif size:
        code = "I405"
        if sides == [1, 1]:
            message, help = "tiles: 1x1 is the whole picture", "remove the line"
        elif min(sides) < 1:
            message = f"{size} tiles are none"
        else:
            message = f"there are at most {MOST_TILES} tiles down or across, and {size} are more"
            if sides[0] == sides[1]:
                help = f"if pixels are meant, tiles: {sides[0]} px"
    elif found is None or len(found.tokens) < len(tokens):
        message = "tiles takes a side in pixels or how many down and across, not "
        message += shown(desk.written(tokens))
    elif not found.unit and found.value % 1 == 0 and found.value >= 16:
        code, message = "I406", "the side of a tile is measured in pixels, and the unit is missing"
        write, help = f"{found.written} px", f"write tiles: {found.written} px"
    elif not found.unit:
        code, message = "I406", f"{found.written} has no unit, and is not a number down and across"
        help = f"tiles: {found.written}x{found.written} says so many down and across, and "
        help += "tiles: 480 px their side"
    elif found.unit != "px":
        code = "I406"
        message = f"the side of a tile is measured in pixels, and {found} is not"
        help = "for example tiles: 480 px" + (
            "; divide by the scale: at 0.05 mm per px, 24 mm are 480 px"
            if found.unit == "mm" else ""
        )  # fmt: skip
    else:
        code = "I405"
        message = f"a tile has a side of 1 to {LARGEST_TILE:,} whole pixels, and {found} is not one"
    desk.error(code, tokens, message, write=write, help=help)


def wrong_share(desk: Desk, field: PictureField, tokens: Sequence[Token], allowed: str) -> None:
    """`overlap: 0.25`, `overlap: 100%`, `overlap: 64 px`."""
    found = measured(tokens)
    name, example = field.name, f"for example {field.name}: {field.example}"
    if found is None or len(found.tokens) < len(tokens):
        desk.error("I404", tokens, f"{name} takes a percentage, not {shown(desk.written(tokens))}",
                   help=example)  # fmt: skip
    elif found.unit == "%":
        message = f"{name} must be {allowed}, and {found} is not"
        desk.error("I405", tokens, message, help=example)
    elif found.unit:
        message = f"{name} is a share of a tile's side in percent, and {found} is not"
        help = f"divide by the side of the tiles; {example}"
        desk.error("I406", tokens, message, help=help)
    else:
        value = found.value
        percent = f"{100 * value:.10g}%" if 0 < value < 1 else f"{value:g}%"
        message = f"{name} is a percentage, and the % is missing"
        certain = value == 0 or 0 < value < 0.9 or 1 < value < 90
        desk.error(
            "I406", tokens, message, write=percent if certain else None,
            help=f"write {name}: {percent}" if certain else example,
        )  # fmt: skip


def wrong_range(desk: Desk, field: PictureField, tokens: Sequence[Token]) -> None:
    """`intensity: 0-4095`, `intensity: 4095`, `intensity: 12 bit`, `intensity: 4095 to 0`."""
    numbers = [token for token in tokens if token.type == "NUMBER"]
    words, name = said(tokens), field.name
    example = f"for example {name}: {field.example}"
    rest = [word for word in words if word not in {str(number) for number in numbers}]
    values = [float(number) for number in numbers]
    if len(values) == 2 and tokens[0].type == "NUMBER" and not set(rest) - _BETWEEN:
        first, second = str(numbers[0]), str(numbers[1])
        if "to" not in rest and first.isdigit():
            second = second.lstrip("-") if "-" in second and not rest else second
        low, high = float(first), float(second)
        limit = field.maximum or 0.0
        if max(abs(low), abs(high)) > limit:
            message = f"{name} holds values up to {limit:,.0f} in size"
            desk.error("I405", tokens, message, help=example)
        elif low == high:
            message = f"{name} goes from one value to a higher one, and both are {first}"
            desk.error("I405", tokens, message, help=example)
        elif low > high:
            message = f"{name} goes from the value for black to a higher one for white"
            desk.error("I405", tokens, message, write=f"{second} to {first}")
        else:
            message = f"{name} takes two numbers with the word to between them"
            desk.error("I404", tokens, message, write=f"{first} to {second}")
        return
    bits = re.fullmatch(r"(\d+)[ -]?bits?", " ".join(words))
    one = len(values) == 1 and not rest and values[0] > 0 and len(tokens) == 1
    if bits is not None and 8 < int(bits[1][:3]) <= 32:
        write = f"0 to {2 ** int(bits[1]) - 1}"
        message = f"{name} names the values that become black and white"
        desk.error("I404", tokens, message, write=write, help=f"write {name}: {write}")
    elif one:
        message = f"{name} takes two values, the one for black and the one for white"
        write = f"0 to {numbers[0]}"
        desk.error("I122", tokens, message, write=write, help=f"write {name}: {write}")
    else:
        message = f"{name} takes two numbers, not {shown(desk.written(tokens))}"
        desk.error("I404", tokens, message, help=example)


_BETWEEN = {",", "to", "-", "\u2013", "..", "...", "and", "until", ".", "from"}


def wrong_scale(
    desk: Desk, field: PictureField, tokens: Sequence[Token], allowed: tuple[float, float]
) -> None:
    """`scale: 0.05`, `scale: 20 px per mm`, `scale: 50 um per px`."""
    name, example = field.name, f"for example {field.name}: {field.example}"
    words = [plain_unit(word) for word in said(tokens)]
    number = tokens[0] if tokens[0].type == "NUMBER" else None
    value = float(number) if number is not None else math.nan
    rest = [word for word in words[1:] if word not in ("per", "/", "a", "each", "pro", "=", "1")]
    if number is None or not value > 0:
        message = f"{name} says how many millimetres a pixel is, and "
        message += "must be more than 0" if number is not None else (
            f"{shown(desk.written(tokens))} does not"
        )  # fmt: skip
        desk.error("I405" if number is not None else "I404", tokens, message, help=example)
        return
    millimetres = _millimetres(value, rest)
    if millimetres is not None:
        low, high = allowed
        number_said = f"{millimetres:.{_ROUNDED}g}"
        written = f"{number_said} mm per px"
        if not low <= millimetres <= high:
            message = f"a pixel of {written.removesuffix(' per px')} is beyond any camera"
            help = f"{name} lies between {low:.6f} and {high:g} mm per px"
            desk.error("I405", tokens, message, help=help)
            return
        message = f"{name} is written in mm per px"
        write = written if "e" not in number_said else None
        help = f"write {name}: {written}" if write else example
        desk.error("I406", tokens, message, write=write, help=help)
    elif not rest:
        message = f"{name} has no unit: it says how many mm a px is"
        write = f"{number} mm per px" if value < 1 else None
        inverse = f"{1 / value:.{_ROUNDED}g}" if value < 1e6 else "0.05"
        help = (
            f"say which: {name}: {number} mm per px, or {inverse} mm per px for {number} px per mm"
        )
        desk.error("I406", tokens, message, write=write, help=f"write {name}: {write}"
                   if write else help)  # fmt: skip
    else:
        message = f"{name} is a length per px, and {shown(desk.written(tokens))} is not"
        desk.error("I406", tokens, message, help=example)


def _millimetres(value: float, units: list[str]) -> float | None:
    """Millimetres per pixel out of `20 px mm`, `50 um px`, `0.05 mm`; None for other words."""
    if units == ["mm"]:
        return value
    if units == ["px", "mm"]:
        return 1 / value
    if units == ["px", "cm"]:
        return 10 / value
    if units in (["px", "in"], ["px", "inch"], ["dpi"]):
        return 25.4 / value
    if units[1:] in (["px"], []) and units[:1] and units[0] in {"mm", *IN_MILLIMETRES}:
        return value * IN_MILLIMETRES.get(units[0], 1.0)
    return None


def wrong_bound(
    desk: Desk, field: PictureField, tokens: Sequence[Token], unit: str, allowed: str
) -> None:
    """`turn: 15`, `turn: ±15 deg`, `shift: 0.1`, `turn: up to 200 deg`."""
    name, example = field.name, f"for example {field.name}: {field.example}"
    at = 0
    while at < len(tokens) and str(tokens[at]).lower() in _UP_TO:
        at += 1
    found = measured(tokens, at) if at < len(tokens) else None
    rest = [str(token).lower() for token in tokens[at + (len(found.tokens) if found else 0) :]]
    sign = rest in (["°"], ["\u00ba"])
    if found is None or (rest and not sign):
        what = "an angle" if unit == "deg" else "a percentage"
        message = f"{name} takes up to and {what}, not {shown(desk.written(tokens))}"
        desk.error("I404", tokens, message, help=example)
        return
    value, given = abs(found.value), found.unit
    if unit == "deg" and given in ("rad", "radian", "radians"):
        value = math.degrees(value)
    wrong_kind = given not in ("", "deg", "degree", "degrees", "rad", "radian", "radians") if (
        unit == "deg"
    ) else given not in ("", "%")  # fmt: skip
    if wrong_kind or (sign and unit != "deg"):
        takes = "degrees" if unit == "deg" else "percent of the picture"
        message = f"{name} is measured in {takes}, and {found} is not"
        desk.error("I406", tokens, message, help=example)
        return
    if unit == "%" and not given and value < 1:
        value *= 100
    made = f"{value:.{_ROUNDED}g}" + ("%" if unit == "%" else " deg")
    inside = value / (100 if unit == "%" else 1) <= (field.maximum or 0.0) + 1e-12
    if not inside:
        message = f"{name} must be {allowed}, and {made} is not: locating goes no further"
        desk.error("I405", tokens, message, help=example)
        return
    written = f"up to {made}"
    message = f"{name} says how far at most, in {'degrees' if unit == 'deg' else 'percent'}"
    if not given and not sign:
        unsure = "the unit is missing"
        message = f"{name} is measured in {'degrees' if unit == 'deg' else 'percent'}, and {unsure}"
    desk.error("I406", tokens, message, write=written, help=f"write {name}: {written}")


def wrong_text(desk: Desk, field: PictureField, tokens: Sequence[Token]) -> None:
    """`like: good/000.png`, `like: "a.png", "b.png"`, `part: ""`."""
    texts = [token for token in tokens if token.type == "STRING"]
    name, example = field.name, f"for example {field.name}: {field.example}"
    what = "path" if field.kind == "file" else "pattern"
    if len(texts) > 1:
        message = f"{name} takes one {what}, and these are more"
        desk.error("I404", tokens, message, help=f"keep one: {name}: {texts[0]}")
    elif texts and len(tokens) == 1:
        desk.error("I404", tokens, f"this {what} is empty", help=example)
    elif texts:
        rest = [token for token in tokens if token.type != "STRING"]
        message = f"{shown(desk.written(rest))} stands behind the end of this value"
        desk.stray(rest, message, help="remove it")
    elif any(is_word(token) for token in tokens):
        bare = desk.written(tokens).strip("'` ")
        desk.error(
            "I125", tokens, f"{shown(bare)} is not in quotes",
            label=f"a {what} is written in quotes", write=quote(bare),
        )  # fmt: skip
    else:
        desk.error("I404", tokens, f"{name} takes a {what} in quotes", help=example)


def wrong_pattern(desk: Desk, token: Token, text: str, names: Sequence[str]) -> None:
    """A pattern of names without {part}, or with something else in braces."""
    unknown = next((name for name in names if name not in ("part", "view")), None)
    twice = next((name for name in ("part", "view") if list(names).count(name) > 1), None)
    if unknown is not None:
        word = unknown.strip()
        meant = word.lower() if word.lower() in ("part", "view") else nearest(
            word.lower(), ("part", "view")
        )  # fmt: skip
        meant = meant or ("part" if "part" not in names else None)
        message = f"{{{shown(unknown)}}} means nothing here: there are {{part}} and {{view}}"
        made = quote(text.replace(f"{{{unknown}}}", f"{{{meant}}}")) if meant else None
        help = None if made else "remove it; * stands for any letters"
        desk.error("I620", token, message, write=made, help=f"write part: {made}" if made else help)
    elif twice is not None:
        message = f"{{{twice}}} stands twice in this pattern"
        desk.error("I620", token, message, help="name it once; * stands for any letters")
    elif "part" not in names and text.count("{") == text.count("}") == len(names):
        message = "this pattern never says where the name of the part is"
        desk.error(
            "I620", token, message, help='put {part} into it, for example "{part}_{view}.png"'
        )
    else:
        message = "the braces of this pattern do not match"
        desk.error("I620", token, message, help='for example "{part}_{view}.png"')
