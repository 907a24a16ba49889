"""From statements to `name: value, ...` lines, their values and units."""

import re
from collections.abc import Iterable

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.methods import known_fields
from promptdsl.source import Span
from promptdsl.language.ast import FieldLine, Value, Word
from promptdsl.language.recovery.misfits import misplaced
from promptdsl.language.recovery.rule_words import touching
from promptdsl.language.recovery.signs import BULLETS
from promptdsl.language.statements import Desk, Statement, is_word, quote, shown
from promptdsl.language.vocabulary import KEYWORDS

# What may stand around a text that lost its quotes.
SINGLE_QUOTES = " ,'`\u00b4\u2018\u2019\u201a\u2039\u203a"


def build_fields(
    desk: Desk, statements: Iterable[Statement], home: str
) -> tuple[list[FieldLine], bool]:
    """The `name: value, ...` lines of a block; values go on behind a comma."""
    groups: list[list[Statement]] = []
    broken = False
    for statement in statements:
        if statement.kind == "field":
            groups.append([statement])
        elif _joined_name(desk, statement) or _mended_colon(desk, statement):
            broken = True
            groups.append([statement])
        elif groups and statement.after_comma and statement.kind in ("loose", "phrase"):
            groups[-1].append(statement)
        else:
            broken = True
            _not_a_field(desk, statement, home)
    return [_field(desk, group) for group in groups], broken


def _field(desk: Desk, group: list[Statement]) -> FieldLine:
    first = group[0]
    name = desk.word(first.atoms[0])
    span = desk.span_of(first).to(desk.span_of(group[-1]))
    values: list[Value] = []
    broken = False
    for index, statement in enumerate(group):
        desk.no_block(statement)
        atoms = statement.atoms[2:] if index == 0 else statement.atoms
        found = _values(desk, name, atoms)
        broken = broken or found is None
        values += found or []
    if not values and not broken:
        desk.report.error(
            "I122",
            span,
            f"{name.value} has no value",
            label="a value is missing behind the colon",
            help=f"put the value behind {name.value}:, or remove the line",
        )
        broken = True
    return FieldLine(name, tuple(values), span, broken)


def _values(desk: Desk, name: Word, atoms: list[Token]) -> list[Value] | None:
    """Values between two commas: one, or several that lack commas; None when it is beyond us."""
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms:
        return []
    behind = _behind_value(name, atoms)
    if behind:
        _tell_behind(desk, behind)
        return None
    if _joined_values(desk, name, atoms):
        return None
    if _is_bare_text(name, atoms):
        span = desk.span(*atoms)
        written = desk.written(span)
        bare = written.strip(SINGLE_QUOTES)
        desk.report.error(
            "I125",
            span,
            f"{shown(written)} is not in {'quotes' if bare == written else 'double quotes'}",
            label="texts, names of models and paths are written in quotes",
            help=f"write {quote(shown(bare, 200))}",
            fix=Fix(span, quote(bare)),
        )
        return None
    if _other_unit(desk, name, atoms):
        return None
    if name.value == "on" and len(atoms) > 1:
        return [_value(desk, [token], 0)[0] for token in atoms]  # one label: its owner says so
    values, at = [], 0
    while at < len(atoms):
        value, used = _value(desk, atoms, at)
        values.append(value)
        at += used
    if len(values) > 1:
        listed = ", ".join(desk.written(value.span) for value in values)
        span = desk.span(*atoms)
        desk.report.error(
            "I126",
            span,
            "values need commas between them",
            help=f"write {name.value}: {listed}",
            fix=Fix(span, listed),
        )
        return None
    return values


_FIELDS_OUTSIDE = ("called", "images", "masks", "on")  # of methods
_PIXELS = ("px", "pixel", "pixels")
_UNITS = {"mm", "cm", "m", "in", "inch", "inches", "pt", "deg", "patch", "patches"}


def _other_unit(desk: Desk, name: Word, atoms: list[Token]) -> bool:
    """Whether a number has a unit that the language does not know, which is reported."""
    if len(atoms) != 2:
        return False
    if atoms[0].type == "SIZE" and atoms[1] == "px":
        return _size_in_pixels(desk, name, atoms)
    if atoms[0].type != "NUMBER" or str(atoms[1]).lower() not in _UNITS:
        return False
    desk.report.error(
        "I406", desk.span(*atoms), f"{atoms[1]} is not a unit of this language",
        help=f"pictures are measured in pixels ({atoms[0]} px), windows in patches (2x2)",
    )  # fmt: skip
    return True


def _size_in_pixels(desk: Desk, name: Word, atoms: list[Token]) -> bool:
    """`image_size: 240x240 px`, `windows: 2x2 px`."""
    span, sides = desk.span(*atoms), re.split(r"\s*[x×]\s*", str(atoms[0]), flags=re.I)
    if name.value == "windows":
        desk.report.error(
            "I406", span, "windows are measured in patches, and have no unit",
            help=f"write {atoms[0]}", fix=Fix(span, str(atoms[0])),
        )  # fmt: skip
    elif name.value == "image_size":
        even = sides[0] == sides[1]
        desk.report.error(
            "I406", span, "one number says the size: the model sees every picture as a square",
            help=f"write {sides[0]} px" if even else "write one side, for example 240 px",
            fix=Fix(span, f"{sides[0]} px") if even else None,
        )  # fmt: skip
    else:
        return False
    return True


_COMMA_WORDS = {"and", "or", "&", "+", ";", "/", "|", "plus"}
_UP_TO = {"to", "-", "\u2013", "\u2014", "..", "...", "\u2026", "until", "through"}


def _joined_values(desk: Desk, name: Word, atoms: list[Token]) -> bool:
    """`6 and 12`, `"a" and "b"`, `6 to 12`: values with a word where a comma belongs."""
    values, between = atoms[::2], [str(token).lower() for token in atoms[1::2]]
    complete = all(token.type in _COMPLETE or token == "image" for token in values)
    if [token.type for token in atoms] == ["NUMBER", "NUMBER"] and touching(*atoms):  # `6-12`
        values, between = atoms, ["-"]
    if not between or len(values) == len(between) or not complete:
        return False
    span = desk.span(*atoms)
    if name.value == "called":
        desk.report.error(
            "I404", span, "called takes one text in quotes, and these are more",
            help=f"keep one, for example called: {desk.written(desk.span(atoms[0]))}",
        )  # fmt: skip
        return True
    if set(between) <= _COMMA_WORDS:
        listed = ", ".join(desk.written(desk.span(token)) for token in values)
        desk.report.error(
            "I126", span, f'values have commas between them, and not "{shown(between[0])}"',
            help=f"write {shown(listed, 200)}", fix=Fix(span, listed),
        )  # fmt: skip
        return True
    if set(between) <= _COMMA_WORDS | _UP_TO:
        desk.report.error(
            "I126", span, f"{shown(desk.written(span))} is no list of values",
            help=f"name every value, with commas between them, after {name.value}:",
        )  # fmt: skip
        return True
    return False


_TEXT_FIELDS = {"called", "model", "weights", "references", "images", "masks"}
_NEVER_VALUES = {"UNKNOWN", "DOT", "COLON", "COMPARISON", "PLACEHOLDER"}


_COMPLETE = {"STRING", "NUMBER", "SIZE", "PERCENT"}


def is_field(word: str) -> bool:
    """Whether some block has a field of that name."""
    return word in _FIELDS_OUTSIDE or any(field.name == word for field in known_fields())


def _is_choice(word: str) -> bool:
    return any(field.name == word and field.kind == "choice" for field in known_fields())


def _behind_value(name: Word, atoms: list[Token]) -> list[Token]:
    """What stands behind a value that is complete: `"metal nut" please`, `240 px (as agreed)`."""
    if is_word(atoms[0]) and _is_choice(name.value):
        return atoms[1:]
    if name.value == "on" and len(atoms) > 1 and atoms[1] in ("(", "["):
        return atoms[1:]
    if atoms[0].type not in _COMPLETE or any(token.type in _COMPLETE for token in atoms[1:]):
        return []
    unit = len(atoms) > 1 and str(atoms[1]).lower() in {*_PIXELS, *_UNITS}
    rest = atoms[2:] if unit else atoms[1:]
    return [] if any(token == "image" or token.type == "COLON" for token in rest) else rest


def _tell_behind(desk: Desk, rest: list[Token]) -> None:
    span = desk.span(*rest)
    desk.report.error(
        "I129", span, f"{shown(desk.written(span))} stands behind the end of this value",
        label="nothing belongs here",
        help="remove it, or write # before it to make it a comment",
    )  # fmt: skip


def _is_bare_text(name: Word, atoms: list[Token]) -> bool:
    """Whether the author left out the quotes of a text."""
    if any(token.type in _NEVER_VALUES for token in atoms):
        return True
    if len(atoms) == 1 and atoms[0] == "none":
        return False  # the field's own message says what to do
    return name.value in _TEXT_FIELDS and any(is_word(token) for token in atoms)


def _value(desk: Desk, atoms: list[Token], at: int) -> tuple[Value, int]:
    token = atoms[at]
    span, written = desk.span(token), str(token)
    if token.type == "STRING":
        return Value("text", desk.text(token).value, span), 1
    if token.type == "NUMBER":
        follower = atoms[at + 1] if at + 1 < len(atoms) else None
        if follower is not None and str(follower).lower() in _PIXELS:
            return Value("pixels", number(written), desk.span(token, follower)), 2
        return Value("number", number(written), span), 1
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
    if meant is None or any(token.type == "BROKEN" for token in atoms):
        return False
    span, rest = desk.span(*atoms[:colon]), atoms[colon + 1 :]
    value = f" {shown(desk.written(desk.span(*rest)))}" if rest else ""
    desk.report.error(
        "I402",
        span,
        f"{shown(desk.written(span))} is not a setting: the name of one holds no spaces",
        help=f"write {meant}:{value}",
        fix=Fix(span, meant),
    )
    atoms[:colon] = [Token.new_borrow_pos(atoms[0].type, meant, atoms[0])]
    return True


def _mended_colon(desk: Desk, statement: Statement) -> bool:
    """Whether only the colon lacks in `stride 1` or `stride = 1`; it is reported and added."""
    atoms = statement.atoms
    if statement.kind != "loose" or len(atoms) < 2:
        return False
    if statement.after_comma and not is_field(str(atoms[0])):
        return False  # it may be one more value
    if not is_word(atoms[0]) or any(token.type in ("BROKEN", "COLON") for token in atoms):
        return False
    equals = len(atoms) > 2 and (str(atoms[1]) in ("=", "->", "=>") or set(atoms[1]) <= BULLETS)
    name, value = desk.span(atoms[0]), atoms[2 if equals else 1]
    rest = desk.written(desk.span(value).to(desk.span(atoms[-1])))
    desk.report.error(
        "I122",
        desk.head(statement),
        f"{atoms[0]} needs a colon before its value",
        label="a colon is missing",
        help=f"write {atoms[0]}: {shown(rest)}",
        fix=Fix(Span(name.file, name.end, desk.span(atoms[1]).end if equals else name.end), ":"),
    )
    atoms[1 : 2 if equals else 1] = [Token.new_borrow_pos("COLON", ":", atoms[1])]
    return True


def _not_a_field(desk: Desk, statement: Statement, home: str) -> None:
    atoms = statement.atoms
    if any(token.type == "BROKEN" for token in atoms):
        return
    span = desk.head(statement)
    if statement.kind == "phrase":
        desk.report.error(
            "I121",
            span,
            f"a text stands alone in {home}, where lines have the form name: value",
            help="put the name of the field and a colon before it",
        )
        return
    word = str(atoms[0]) if atoms else "{"
    if word in KEYWORDS:
        misplaced(desk, statement, home)
    else:
        desk.report.error(
            "I120",
            span,
            f"{shown(desk.written(span))} says nothing in {home}",
            help="lines here have the form name: value",
        )
