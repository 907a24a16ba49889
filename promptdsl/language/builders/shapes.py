"""From one line of a region to a shape: `box`, `circle`, `ring`, `polygon` or `mask`."""

from collections.abc import Sequence
from typing import cast

from lark import Token

from promptdsl.language.ast import Length, Shape, ShapeKind
from promptdsl.language.desk import Desk
from promptdsl.language.lengths import Measured, canonical, measured, without_sign
from promptdsl.language.picture_words import SHAPES
from promptdsl.language.recovery.wrong_shapes import (
    not_a_shape,
    wrong_count,
    wrong_lengths,
    wrong_mask,
    wrong_unit,
)
from promptdsl.language.statements import Statement, is_broken, touching
from promptdsl.source import Span

COUNTS = {"box": 4, "circle": 3, "ring": 4}


def build_shape(
    desk: Desk, group: list[Statement], home: str, *, excepted: bool = False
) -> Shape | None:
    """One shape; None after a report. What is `excepted` may reach out of the picture."""
    first = group[0]
    kind = str(first.atoms[0])
    tokens = tokens_of(desk, group)
    if kind not in SHAPES:
        not_a_shape(desk, first, home)
        return None
    if tokens is None:
        return None
    span = desk.span_of(first).to(desk.span_of(group[-1]))
    if kind == "mask":
        path = _mask(desk, span, tokens)
        return Shape("mask", (), path, span) if path is not None else None
    lengths = _lengths(desk, kind, span, tokens)
    if lengths is None:
        return None
    found = tuple(Length(each.value, "%" if each.unit == "%" else "px") for each in lengths)
    shape = Shape(cast(ShapeKind, kind), found, None, span)
    return None if wrong_lengths(desk, shape, lengths, excepted) else shape


def tokens_of(desk: Desk, group: list[Statement]) -> list[Token] | None:
    """The words of a line behind its colon, commas included; None where something was lost."""
    found: list[Token] = []
    for index, statement in enumerate(group):
        desk.no_block(statement)
        atoms = statement.atoms[0 if index else 2 :]
        if is_broken(atoms) or statement.block is not None:
            return None
        if index:
            found.append(Token.new_borrow_pos("COMMA", ",", atoms[0]))
        found += atoms
    return found


def _mask(desk: Desk, span: Span, tokens: list[Token]) -> str | None:
    if len(tokens) == 1 and tokens[0].type == "STRING":
        path = desk.text(tokens[0]).value
        if path.strip():
            return path
    wrong_mask(desk, span, tokens)
    return None


def _lengths(desk: Desk, kind: str, span: Span, tokens: list[Token]) -> list[Measured] | None:
    """The numbers of a shape, in its form; None after a report."""
    found: list[Measured] = []
    signs, doubled, at = "", False, 0
    while at < len(tokens):
        each = measured(tokens, at)
        if each is not None:
            signed = bool(found) and each.value < 0
            joined = signed and touching(found[-1].tokens[-1], each.tokens[0])
            found.append(without_sign(each) if joined else each)
            signs += "?N" if joined else "N"
            at += len(each.tokens)
            continue
        if tokens[at] == "%" and at and touching(tokens[at - 1], tokens[at]):
            desk.stray(tokens[at], "% stands twice", write="")
            doubled = True
            at += 1
            continue
        sign = _SIGNS.get(str(tokens[at]).lower())
        if sign is None:
            _not_a_length(desk, kind, tokens[at:])
            return None
        signs += sign
        at += 1
    if wrong_unit(desk, kind, span, found) or wrong_count(desk, kind, span, found):
        return None
    if signs != _form(kind, len(found)):
        line = f"{kind}: {canonical(kind, found)}"
        message = f"the numbers of a {kind} have the form {SHAPES[kind].form}"
        if kind == "polygon":
            message = "the corners of a polygon have commas between them, and their numbers none"
        desk.error(
            "I126", span, message,
            write=line, help=f"write {line}" if len(line) <= 120 else "put commas between corners",
        )  # fmt: skip
        return None
    return None if doubled else found


# What may stand between two numbers, in the right place or in another.
_SIGNS = {
    ",": ",", "to": "t", "-": "?", "\u2013": "?", "..": "?", "until": "?",
    "x": ",", "\u00d7": ",", "and": ",", "/": ",", ";": ",", "by": ",", "at": ",",
}  # fmt: skip


def _not_a_length(desk: Desk, kind: str, rest: Sequence[Token]) -> None:
    token, example = rest[0], SHAPES[kind].example
    if token.type == "STRING":
        message = f"the numbers of a {kind} are written without quotes"
        desk.error("I404", token, message, help=f"for example {example}")
    elif token in ("(", "["):
        message = f"a {kind} needs no brackets around its numbers"
        desk.error("I129", token, message, help=f"for example {example}")
    else:
        message = f"{token} is not a length of a {kind}"
        desk.error("I404", token, message, help=f"for example {example}")


def _form(kind: str, count: int) -> str:
    """What stands between the numbers: N for a number, t for `to`."""
    if kind == "polygon":
        return ",".join(["NN"] * (count // 2))
    return {"box": "NNNN", "circle": "NN,N", "ring": "NN,NtN"}[kind]
