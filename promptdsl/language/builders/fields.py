"""From statements to `name: value, ...` lines, their values and units."""

import re
from collections.abc import Iterable, Sequence

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import FieldLine, Value, Word
from promptdsl.language.desk import Desk, Where
from promptdsl.language.picture_words import LOCATE_FIELDS, PICTURE_FIELDS, SHAPES
from promptdsl.language.recovery.misfits import misplaced
from promptdsl.language.recovery.signs import BULLETS
from promptdsl.language.statements import (
    Statement,
    is_broken,
    is_word,
    quote,
    said,
    shown,
    touching,
)
from promptdsl.language.vocabulary import BLOCK_NAMES, KEYWORDS, TEXT_FIELDS
from promptdsl.methods import known_fields
from promptdsl.source import Span

# What may stand around a text that lost its quotes.
SINGLE_QUOTES = " ,'`\u00b4\u2018\u2019\u201a\u2039\u203a"
_FIELDS_OUTSIDE = {  # of methods
    "called", "images", "masks", "on",
    *SHAPES, *(field.name for field in (*PICTURE_FIELDS, *LOCATE_FIELDS)),
}  # fmt: skip
_PIXELS = ("px", "pixel", "pixels")
_UNITS = {"mm", "cm", "m", "in", "inch", "inches", "pt", "deg", "patch", "patches"}
_COMMA_WORDS = {"and", "or", "&", "+", ";", "/", "|", "plus"}
_UP_TO = {"to", "-", "\u2013", "\u2014", "..", "...", "\u2026", "until", "through"}
_NEVER_VALUES = {"UNKNOWN", "DOT", "COLON", "COMPARISON", "PLACEHOLDER"}
_COMPLETE = {"STRING", "NUMBER", "SIZE", "PERCENT"}


def build_fields(
    desk: Desk, statements: Iterable[Statement], home: str
) -> tuple[list[FieldLine], bool]:
    """The `name: value, ...` lines of a block; values go on behind a comma."""
    groups, broken = group_fields(desk, statements, home)
    return [_field(desk, group) for group in groups], broken


def group_fields(
    desk: Desk, statements: Iterable[Statement], home: str
) -> tuple[list[list[Statement]], bool]:
    """The lines of a block, each with its values behind commas, and whether one was lost."""
    groups: list[list[Statement]] = []
    broken = False
    for statement in statements:
        if statement.kind == "field":
            groups.append([statement])
        elif _joined_name(desk, statement) or _mended_colon(desk, statement):
            broken = True
            groups.append([statement])
        elif groups and statement.goes_on:
            groups[-1].append(statement)
        else:
            broken = True
            _not_a_field(desk, statement, home)
    return groups, broken


def _field(desk: Desk, group: list[Statement]) -> FieldLine:
    first = group[0]
    name = desk.word(first.atoms[0])
    span = desk.span_of(first).to(desk.span_of(group[-1]))
    values: list[Value] = []
    broken = False
    for statement in group:
        desk.no_block(statement)
        found = _values(desk, name, statement.atoms[2 if statement is first else 0 :])
        broken = broken or found is None
        values += found or []
    if not values and not broken:
        desk.error(
            "I122", span, f"{name.value} has no value",
            label="a value is missing behind the colon",
            help=f"put the value behind {name.value}:, or remove the line",
        )  # fmt: skip
        broken = True
    return FieldLine(name, tuple(values), span, broken)


def _values(desk: Desk, name: Word, atoms: list[Token]) -> list[Value] | None:
    """Values between two commas: one, or several that lack commas; None when it is beyond us."""
    if is_broken(atoms):
        return None
    if not atoms:
        return []
    behind = _behind_value(name, atoms)
    if behind:
        message = f"{shown(desk.written(behind))} stands behind the end of this value"
        desk.stray(behind, message, help="remove it, or write # before it to make it a comment")
        return None
    if _joined_values(desk, name, atoms):
        return None
    if _is_bare_text(name, atoms):
        label = "texts, names of models and paths are written in quotes"
        not_quoted(desk, atoms, desk.written(atoms), label)
        return None
    if _other_unit(desk, name, atoms):
        return None
    if name.value == "on" and len(atoms) > 1:
        return [_value(desk, [token])[0] for token in atoms]  # one label: its owner says so
    values, at = [], 0
    while at < len(atoms):
        value, used = _value(desk, atoms[at : at + 2])
        values.append(value)
        at += used
    if len(values) > 1:
        listed = ", ".join(desk.written(value.span) for value in values)
        message = "values need commas between them"
        desk.error("I126", atoms, message, write=listed, help=f"write {name.value}: {listed}")
        return None
    return values


def not_quoted(desk: Desk, where: Where, written: str, label: str) -> None:
    """Report a text that has no quotes, or other ones."""
    bare = written.strip(SINGLE_QUOTES)
    desk.error(
        "I125", where,
        f"{shown(written)} is not in {'quotes' if bare == written else 'double quotes'}",
        label=label, write=quote(bare), help=f"write {quote(shown(bare, 200))}",
    )  # fmt: skip


def _other_unit(desk: Desk, name: Word, atoms: list[Token]) -> bool:
    """Whether a number has a unit that the language does not know, which is reported."""
    if len(atoms) != 2:
        return False
    if atoms[0].type == "SIZE" and atoms[1] == "px":
        return _size_in_pixels(desk, name, atoms)
    if atoms[0].type != "NUMBER" or str(atoms[1]).lower() not in _UNITS:
        return False
    help = f"pictures are measured in pixels ({atoms[0]} px), windows in patches (2x2)"
    desk.error("I406", atoms, f"{atoms[1]} is not a unit of this language", help=help)
    return True


def _size_in_pixels(desk: Desk, name: Word, atoms: list[Token]) -> bool:
    """`image_size: 240x240 px`, `windows: 2x2 px`."""
    if name.value == "windows":
        message = "windows are measured in patches, and have no unit"
        desk.error("I406", atoms, message, write=str(atoms[0]))
    elif name.value == "image_size":
        side, other = re.split(r"\s*[x×]\s*", str(atoms[0]), flags=re.I)
        message = "one number says the size: the model sees every picture as a square"
        even = f"{side} px" if side == other else None
        help = None if even else "write one side, for example 240 px"
        desk.error("I406", atoms, message, write=even, help=help)
    else:
        return False
    return True


def _joined_values(desk: Desk, name: Word, atoms: list[Token]) -> bool:
    """`6 and 12`, `"a" and "b"`, `6 to 12`: values with a word where a comma belongs."""
    values, between = atoms[::2], said(atoms[1::2])
    complete = all(token.type in _COMPLETE or token == "image" for token in values)
    if [token.type for token in atoms] == ["NUMBER", "NUMBER"] and touching(*atoms):  # `6-12`
        values, between = atoms, ["-"]
    if not between or len(values) == len(between) or not complete:
        return False
    if name.value == "called":
        message = "called takes one text in quotes, and these are more"
        help = f"keep one, for example called: {desk.written(atoms[0])}"
        desk.error("I404", atoms, message, help=help)
    elif set(between) <= _COMMA_WORDS:
        listed = ", ".join(desk.written(token) for token in values)
        message = f'values have commas between them, and not "{shown(between[0])}"'
        desk.error("I126", atoms, message, write=listed, help=f"write {shown(listed, 200)}")
    elif set(between) <= _COMMA_WORDS | _UP_TO:
        message = f"{shown(desk.written(atoms))} is no list of values"
        help = f"name every value, with commas between them, after {name.value}:"
        desk.error("I126", atoms, message, help=help)
    else:
        return False
    return True


def is_field(word: str) -> bool:
    """Whether some block has a field of that name."""
    return word in _FIELDS_OUTSIDE or any(field.name == word for field in known_fields())


def _behind_value(name: Word, atoms: list[Token]) -> list[Token]:
    """What stands behind a value that is complete: `"metal nut" please`, `240 px (as agreed)`."""
    if is_word(atoms[0]) and any(
        field.name == name.value and field.kind == "choice" for field in known_fields()
    ):
        return atoms[1:]
    if name.value == "on" and len(atoms) > 1 and atoms[1] in ("(", "["):
        return atoms[1:]
    if atoms[0].type not in _COMPLETE or any(token.type in _COMPLETE for token in atoms[1:]):
        return []
    unit = len(atoms) > 1 and str(atoms[1]).lower() in {*_PIXELS, *_UNITS}
    rest = atoms[2:] if unit else atoms[1:]
    return [] if any(token == "image" or token.type == "COLON" for token in rest) else rest


def _is_bare_text(name: Word, atoms: list[Token]) -> bool:
    """Whether the author left out the quotes of a text."""
    if any(token.type in _NEVER_VALUES for token in atoms):
        return True
    if len(atoms) == 1 and atoms[0] == "none":
        return False  # the field's own message says what to do
    return name.value in TEXT_FIELDS and any(is_word(token) for token in atoms)


def _value(desk: Desk, atoms: Sequence[Token]) -> tuple[Value, int]:
    """The value at the head of one or two words, and how many of them it takes."""
    token, written = atoms[0], str(atoms[0])
    span = desk.span(token)
    if token.type == "NUMBER":
        if len(atoms) > 1 and str(atoms[1]).lower() in _PIXELS:
            return Value("pixels", number(written), desk.span(*atoms)), 2
        return Value("number", number(written), span), 1
    if token.type == "STRING":
        return Value("text", desk.text(token).value, span), 1
    if token.type == "PERCENT":
        return Value("percent", share(written), span), 1
    if token.type == "SIZE":
        return Value("size", written.lower().replace("×", "x").replace(" ", ""), span), 1
    return Value("word", written, span), 1


def number(written: str) -> int | float:
    """A number as its author wrote it: whole unless it has a point."""
    return float(written) if "." in written or len(written) > 18 else int(written)


def share(percent: str) -> float:
    """`0.5%` as a share of 1, rounded so that 95% is exactly 0.95."""
    return round(float(percent.rstrip("% \t")) / 100.0, 12)


def _joined_name(desk: Desk, statement: Statement) -> bool:
    """Whether a name was written in several words, `image size: 240`; it is reported and joined."""
    atoms = statement.atoms
    colon = next((at for at, token in enumerate(atoms) if token.type == "COLON"), 0)
    if statement.kind != "loose" or colon < 2 or not all(map(is_word, atoms[:colon])):
        return False
    joined = "_".join(map(str, atoms[:colon])).lower()
    parted = [field.name for field in known_fields() if "_" in field.name]
    last = str(atoms[colon - 1])
    meant = nearest(joined, parted) or (last if is_field(last) else None)
    if meant is None or statement.is_broken:
        return False
    rest = atoms[colon + 1 :]
    value = f" {shown(desk.written(rest))}" if rest else ""
    name = shown(desk.written(atoms[:colon]))
    desk.error(
        "I402", atoms[:colon], f"{name} is not a setting: the name of one holds no spaces",
        help=f"write {meant}:{value}", write=meant,
    )  # fmt: skip
    atoms[:colon] = [Token.new_borrow_pos(atoms[0].type, meant, atoms[0])]
    return True


def _mended_colon(desk: Desk, statement: Statement) -> bool:
    """Whether only the colon lacks in `stride 1` or `stride = 1`; it is reported and added."""
    atoms = statement.atoms
    if statement.kind != "loose" or len(atoms) < 2:
        return False
    if statement.after_comma and not is_field(statement.first):
        return False  # it may be one more value
    if not is_word(atoms[0]) or any(token.type in ("BROKEN", "COLON") for token in atoms):
        return False
    equals = len(atoms) > 2 and (str(atoms[1]) in ("=", "->", "=>") or set(atoms[1]) <= BULLETS)
    behind = 2 if equals else 1
    name = desk.span(atoms[0])
    end = desk.span(atoms[1]).end if equals else name.end
    desk.error(
        "I122", statement, f"{atoms[0]} needs a colon before its value",
        label="a colon is missing", help=f"write {atoms[0]}: {shown(desk.written(atoms[behind:]))}",
        write=":", at=Span(name.file, name.end, end),
    )  # fmt: skip
    atoms[1:behind] = [Token.new_borrow_pos("COLON", ":", atoms[1])]
    return True


def _not_a_field(desk: Desk, statement: Statement, home: str) -> None:
    if statement.is_broken:
        return
    if statement.kind == "phrase":
        message = f"a text stands alone in {home}, where lines have the form name: value"
        help = "put the name of the field and a colon before it"
        desk.error("I121", statement, message, help=help)
    elif statement.first in KEYWORDS or statement.kind in BLOCK_NAMES:
        misplaced(desk, statement, home)
    else:
        message = f"{shown(desk.written(statement))} says nothing in {home}"
        desk.error("I120", statement, message, help="lines here have the form name: value")
