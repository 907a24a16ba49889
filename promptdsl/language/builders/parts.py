"""From statements to the parts of an object: phrases, method, thresholds."""

from collections.abc import Sequence
from typing import Literal, cast

from lark import Token

from promptdsl.language.ast import (
    FieldLine,
    Limit,
    MethodBlock,
    PhraseBlock,
    PhraseKind,
    Reference,
    RemoveLine,
    ThresholdsBlock,
    Word,
)
from promptdsl.language.builders.fields import build_fields
from promptdsl.language.builders.lines import build_lines
from promptdsl.language.builders.names import base_only, name_of
from promptdsl.language.builders.rules import build_rule
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.misfits import misplaced, unknown
from promptdsl.language.recovery.wrong_rules import NO_RULE, without_verdict
from promptdsl.language.statements import Statement, each, is_broken
from promptdsl.language.vocabulary import FORMS, KEYWORDS, NAME

_LINES_ABOVE = 20  # threshold lines that a wrong one is compared with


def _no_name(desk: Desk, statement: Statement) -> None:
    """`normal`, `templates` and `thresholds` of an object carry no name and no colon."""
    word, *extra = statement.atoms
    if extra and not statement.is_broken:
        what = "colon" if extra[0] == ":" else "name"
        desk.stray(extra, f"{word} of an object takes no {what}", write="", help=f"write {word} {{")


def build_phrases(kind: PhraseKind, desk: Desk, statement: Statement) -> PhraseBlock | None:
    """`normal { ... }`, `defect NAME { ... }` or `templates { ... }` inside an object."""
    name = None
    if kind == "defect":
        name = name_of(desk, statement, "defect", statement.atoms[1:])
    else:
        _no_name(desk, statement)
    if not desk.needs_block(statement, kind):
        return None
    lines, broken = build_lines(desk, statement.block)
    if kind == "defect" and name is None:
        return None
    return PhraseBlock(kind, name, lines, desk.span_of(statement), broken)


def build_remove(desk: Desk, statement: Statement) -> RemoveLine | None:
    """`remove NAME`, `remove region NAME`, `remove ignore "why"`."""
    desk.no_block(statement)
    atoms = statement.atoms[1:]
    kind: Literal["defect", "region", "ignore"] | None = None
    if len(atoms) > 1 and str(atoms[0]) in ("defect", "region", "ignore"):
        kind = cast(Literal["defect", "region", "ignore"], str(atoms[0]))
        atoms = atoms[1:]
    elif [str(token) for token in atoms] == ["defect"]:
        atoms = []
    if kind == "ignore" and atoms[0].type == "STRING":
        text = desk.text(atoms[0])
        desk.nothing_behind(statement, atoms[1:])
        return RemoveLine(Word(text.value, text.span), desk.span_of(statement), kind)
    if atoms and (atoms[0].type == "NAME" or str(atoms[0]) in KEYWORDS):
        desk.nothing_behind(statement, atoms[1:])
        return RemoveLine(desk.word(atoms[0]), desk.span_of(statement), kind)
    name = str(atoms[0]).strip('"') if len(atoms) == 1 else ""
    if is_broken(atoms):
        pass
    elif NAME.fullmatch(name):
        desk.unquoted(atoms, f"the name of a {kind or 'defect'}", name, "remove")
    else:
        desk.malformed(statement, "remove needs the name of a defect", "for example remove bent")
    return None


def build_method(desk: Desk, statement: Statement) -> MethodBlock | None:
    """`method NAME { field lines }`; without braces every field has its default."""
    atoms = statement.atoms[1:]
    if is_broken(atoms):
        return None
    if not atoms or atoms[0].type == "COLON":
        desk.lacks(statement, "method needs a name", "method")
        return None
    desk.nothing_behind(statement, atoms[1:])
    span = desk.span(atoms[0])
    name = Word(desk.written(span).strip('"'), span)
    if atoms[0].type == "STRING":
        desk.unquoted(span, "the name of a method", name.value, "method")
    lines = list(each(statement.block))
    bases = [base_only(desk, line) for line in lines if line.kind == "include"]
    others = [line for line in lines if line.kind != "include"]
    fields, broken = build_fields(desk, others, f"method {name.value}")
    return MethodBlock(
        name, tuple(once_each(desk, fields)), desk.span_of(statement), desk.place(statement),
        next((base for base in bases if base), None), broken or None in bases,
    )  # fmt: skip


def once_each(desk: Desk, fields: list[FieldLine]) -> list[FieldLine]:
    """The fields, each name once; repetitions are reported."""
    kept: dict[str, FieldLine] = {}
    for line in fields:
        if kept.setdefault(line.name.value, line) is not line:
            desk.twice(line.name.value, line.span, kept[line.name.value].span)
    return list(kept.values())


def build_thresholds(desk: Desk, statement: Statement) -> ThresholdsBlock | None:
    """`thresholds { rule lines }`."""
    _no_name(desk, statement)
    if not desk.needs_block(statement, "thresholds"):
        return None
    rules: list[Limit | Reference] = []
    broken = statement.block is not None and statement.block.forced
    for line in each(statement.block):
        above = [each for each in rules[-_LINES_ABOVE:] if not isinstance(each, Reference)]
        rule = base_only(desk, line) if line.kind == "include" else _rule_line(desk, line, above)
        broken = broken or rule is None
        rules += [rule] if rule else []
    return ThresholdsBlock(tuple(rules), desk.span_of(statement), broken)


def _rule_line(desk: Desk, statement: Statement, above: Sequence[Limit]) -> Limit | None:
    if statement.kind == "rule":
        return build_rule(desk, statement, above)
    if statement.is_broken or without_verdict(desk, statement):
        return None
    if statement.atoms and statement.kind in ("loose", "field"):
        near = unknown(desk, statement, "thresholds", ("reject", "review"))
        if near is not None and statement.kind == "loose":
            statement.atoms[0] = Token.new_borrow_pos(near.upper(), near, statement.atoms[0])
            return build_rule(desk, statement, above)
    elif statement.first in KEYWORDS:
        misplaced(desk, statement, "thresholds")
    else:
        desk.error("I501", statement, NO_RULE, help=f"for example {FORMS['rule']}")
    return None
