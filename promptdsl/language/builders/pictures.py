"""From statements to `picture { }` and `locate { }`: values of each field, units and ranges."""

import re
from collections.abc import Callable

from lark import Token

from promptdsl.language.ast import (
    LocateBlock,
    PictureBlock,
    PictureLine,
    PictureValue,
    Reference,
    Text,
)
from promptdsl.language.builders.fields import group_fields
from promptdsl.language.builders.names import base_only
from promptdsl.language.builders.shapes import tokens_of
from promptdsl.language.desk import Desk
from promptdsl.language.lengths import Measured, measured
from promptdsl.language.picture_words import (
    LARGEST_TILE,
    MOST_TILES,
    PictureField,
    picture_field,
    range_of,
)
from promptdsl.language.recovery.misfits import misplaced
from promptdsl.language.recovery.wrong_picture import (
    not_a_field,
    wrong_bound,
    wrong_choice,
    wrong_pattern,
    wrong_range,
    wrong_scale,
    wrong_share,
    wrong_text,
    wrong_tiles,
)
from promptdsl.language.statements import Statement, each, is_broken, quote, shown
from promptdsl.language.vocabulary import FORMS, KEYWORDS
from promptdsl.source import Span

_PART = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDERS = ("part", "view")


def build_picture(desk: Desk, statement: Statement) -> PictureBlock | None:
    """`picture { lines }`."""
    rest = statement.atoms[1:]
    if rest and not is_broken(rest):
        desk.stray(rest, "picture of an object takes no name", write="", help="write picture {")
    if not desk.needs_block(statement, "picture"):
        return None
    block = statement.block
    broken = block is not None and block.forced
    lines: list[PictureLine] = []
    fields: list[Statement] = []
    bases: list[Reference | None] = []
    for line in each(block):
        if line.kind == "locate" or (line.kind == "loose" and line.first == "locate"):
            located = _locate(desk, line)
            lines.append(PictureLine("locate", located, desk.place(line)))
        elif line.kind == "include":
            bases.append(base_only(desk, line))
        elif line.kind != "field" and line.first in KEYWORDS:
            misplaced(desk, line, "picture")
            broken = True
        else:
            fields.append(line)
    found, lost = _lines(desk, fields, "picture")
    lines = _once_each(desk, [*lines, *found])
    if block is not None and not block.statements:
        help = f"write for example {FORMS['picture']}, or remove the block"
        desk.error("I127", statement, "picture has no lines", help=help)
        broken = True
    return PictureBlock(
        tuple(lines), desk.span_of(statement), desk.place(statement),
        next((base for base in bases if base), None), broken or lost or None in bases,
    )  # fmt: skip


def _locate(desk: Desk, statement: Statement) -> LocateBlock | None:
    """`locate { like: ..., turn: ..., shift: ..., scale: ... }`."""
    rest = statement.atoms[1:]
    if rest and not is_broken(rest):
        desk.stray(rest, "locate takes no name", write="", help="write locate {")
    if not desk.needs_block(statement, "locate"):
        return None
    found, broken = _lines(desk, list(each(statement.block)), "locate")
    kept = _once_each(desk, found)
    broken = broken or (statement.block is not None and statement.block.forced)
    values = {line.name: line.value for line in kept}
    like = next((line for line in kept if line.name == "like"), None)
    if like is None and not broken:
        desk.lacks(statement, "locate needs the golden picture, like: with its path", "locate")
    path = Text(str(like.value), like.span) if like is not None and like.value else None
    bounds = {
        name: float(value) for name, value in values.items() if isinstance(value, int | float)
    }
    broken = broken or like is None or None in values.values()
    return LocateBlock(path, bounds, desk.span_of(statement), desk.place(statement), broken)


def _lines(desk: Desk, statements: list[Statement], home: str) -> tuple[list[PictureLine], bool]:
    """The lines of a block, and whether one was lost."""
    groups, broken = group_fields(desk, statements, home)
    found: list[PictureLine] = []
    for group in groups:
        name = str(group[0].atoms[0])
        field = picture_field(name, "locate" if home == "locate" else "picture")
        span = desk.span_of(group[0]).to(desk.span_of(group[-1]))
        if field is None:
            not_a_field(desk, group[0], home)
            broken = True
            continue
        if field.kind == "pattern" and group[0].block is not None:
            _bare_pattern(desk, group[0])
            found.append(PictureLine(name, None, span))
            broken = True
            continue
        tokens = tokens_of(desk, group)
        value = None if tokens is None else _Value(desk, field, span, tokens).read()
        found.append(PictureLine(name, value, span))
        broken = broken or value is None
    return found, broken


def _bare_pattern(desk: Desk, line: Statement) -> None:
    """`part: {part}_{view}.png`: its braces were read as blocks."""
    whole, colon = desk.span_of(line), desk.span(line.atoms[1])
    place = Span(whole.file, colon.end, whole.end)
    written = desk.written(place)
    if '"' in written:
        return  # a quote that never closes, which was told
    bare = written.strip("'` ")
    place = place._replace(start=place.end - len(written.lstrip()))
    quotes = "quotes" if bare == written.strip() else "double quotes"
    message = f"{shown(written.strip())} is not in {quotes}"
    label = "a pattern is written in quotes"
    desk.error("I125", place, message, label=label, write=quote(bare), help=f"write {quote(bare)}")


def _once_each(desk: Desk, lines: list[PictureLine]) -> list[PictureLine]:
    kept: dict[str, PictureLine] = {}
    for line in lines:
        if kept.setdefault(line.name, line) is not line:
            desk.twice(line.name, line.span, kept[line.name].span)
    return list(kept.values())


class _Value:
    """The words of one line while they are read; a reader gives None once it has told what is
    wrong."""

    def __init__(self, desk: Desk, field: PictureField, span: Span, tokens: list[Token]) -> None:
        self.desk, self.field, self.span, self.tokens = desk, field, span, tokens

    def read(self) -> PictureValue | None:
        """The value that the words mean."""
        if not self.tokens:
            example = f"{self.field.name}: {self.field.example}"
            self.desk.error(
                "I122", self.span, f"{self.field.name} has no value",
                label="a value is missing behind the colon", help=f"for example {example}",
            )  # fmt: skip
            return None
        readers: dict[str, Callable[[], PictureValue | None]] = {
            "choice": self._choice,
            "tiles": self._tiles,
            "share": self._share,
            "range": self._range,
            "scale": self._scale,
            "pattern": self._pattern,
            "file": self._text,
            "degrees": self._bound,
            "bound": self._bound,
        }
        return readers[self.field.kind]()

    def _choice(self) -> str | None:
        if len(self.tokens) == 1 and str(self.tokens[0]) in self.field.choices:
            return str(self.tokens[0])
        wrong_choice(self.desk, self.field, self.tokens)
        return None

    def _tiles(self) -> int | tuple[int, int] | None:
        if len(self.tokens) == 1 and self.tokens[0].type == "SIZE":
            rows, columns = re.split(r"\s*[x×]\s*", str(self.tokens[0]), flags=re.I)
            if len(rows) <= 9 and len(columns) <= 9:
                sides = int(rows), int(columns)
                if min(sides) >= 1 and max(sides) <= MOST_TILES and sides != (1, 1):
                    return sides
        side = self._alone("px")
        if side is not None and side.value % 1 == 0 and 1 <= side.value <= LARGEST_TILE:
            return int(side.value)
        wrong_tiles(self.desk, self.field, self.tokens)
        return None

    def _alone(self, unit: str) -> Measured | None:
        """The number of that unit, when the words are nothing else."""
        found = measured(self.tokens)
        if found is None or found.unit != unit or len(found.tokens) != len(self.tokens):
            return None
        return found

    def _in_range(self, value: float) -> bool:
        """Whether a value, of percent a share of 1, lies in the field's range."""
        low, high = self.field.minimum or 0.0, self.field.maximum
        below = high is None or value < high or (value == high and not self.field.maximum_excluded)
        return low <= value and below

    def _share(self) -> float | None:
        found = self._alone("%")
        if found is not None and self._in_range(found.value / 100):
            return round(found.value / 100, 12)
        wrong_share(self.desk, self.field, self.tokens, range_of(self.field))
        return None

    def _range(self) -> tuple[float, float] | None:
        kinds = [token.type for token in self.tokens]
        if kinds == ["NUMBER", "NAME", "NUMBER"] and self.tokens[1] == "to":
            low, high = float(self.tokens[0]), float(self.tokens[2])
            if low < high and max(abs(low), abs(high)) <= (self.field.maximum or 0.0):
                return low, high
        wrong_range(self.desk, self.field, self.tokens)
        return None

    def _scale(self) -> float | None:
        words = [str(token) for token in self.tokens]
        low, high = self.field.minimum or 0.0, self.field.maximum or 0.0
        if self.tokens[0].type == "NUMBER" and words[1:] == ["mm", "per", "px"]:
            value = float(words[0])
            if low <= value <= high:
                return value
        wrong_scale(self.desk, self.field, self.tokens, (low, high))
        return None

    def _bound(self) -> float | None:
        unit = "deg" if self.field.kind == "degrees" else "%"
        if [str(token) for token in self.tokens[:2]] == ["up", "to"] and len(self.tokens) > 2:
            found = measured(self.tokens, 2)
            if (
                found is not None
                and found.unit == unit
                and len(found.tokens) == len(self.tokens[2:])
            ):
                value = found.value if unit == "deg" else found.value / 100
                if self._in_range(value):
                    return round(value, 12)
        wrong_bound(self.desk, self.field, self.tokens, unit, range_of(self.field))
        return None

    def _text(self) -> str | None:
        if len(self.tokens) == 1 and self.tokens[0].type == "STRING":
            text = self.desk.text(self.tokens[0]).value
            if text.strip():
                return text
        wrong_text(self.desk, self.field, self.tokens)
        return None

    def _pattern(self) -> str | None:
        text = self._text()
        if text is None:
            return None
        names = _PART.findall(text)
        known = all(name in _PLACEHOLDERS and names.count(name) == 1 for name in names)
        rest = _PART.sub("", text)
        if known and "part" in names and "{" not in rest and "}" not in rest:
            return text
        wrong_pattern(self.desk, self.tokens[0], text, names)
        return None
