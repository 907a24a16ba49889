"""From statements to labelled pictures and what a test claims of them."""

from typing import Literal, cast

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import Claim, FieldLine, SamplesBlock, Text, Word
from promptdsl.language.builders.fields import SINGLE_QUOTES, build_fields, share
from promptdsl.language.builders.parts import once_each
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.misfits import wish
from promptdsl.language.recovery.wrong_claims import (
    in_order,
    is_claim,
    without_expect,
    wrong_expectation,
    wrong_label,
)
from promptdsl.language.statements import Statement, each, is_broken, quote, said, shown, unquote
from promptdsl.language.vocabulary import snake_case


def build_samples(desk: Desk, statement: Statement) -> SamplesBlock | None:
    """`samples LABEL { images: ..., masks: ... }`."""
    atoms = statement.atoms[1:]
    if is_broken(atoms):
        return None
    label = desk.word(atoms[0]) if atoms and atoms[0].type != "COLON" else None
    if label is None:
        desk.lacks(statement, "samples needs a label: good, or the name of a defect", "samples")
    elif atoms[0].type == "STRING":
        bare = snake_case(label.value.strip('"'))
        desk.unquoted(label.span, "the label of samples", bare, "samples")
        label = Word(bare, label.span)
    desk.nothing_behind(statement, [token for token in atoms[1:] if token.type != "COLON"])
    if not desk.needs_block(statement, "samples") or label is None:
        return None
    home = f"samples {label.value}"
    fields, broken = build_fields(desk, each(statement.block), home)
    broken = broken or (statement.block is not None and statement.block.forced)
    paths: dict[str, tuple[Text, ...]] = {}
    for line in once_each(desk, fields):
        broken = broken or line.broken
        paths |= _paths(desk, line, home)
    if "images" not in paths and not broken and (not fields or "masks" in paths):
        what = "has masks but no images" if fields else "names no pictures"
        desk.lacks(statement, f"{home} {what}", "samples")
    return SamplesBlock(
        label, paths.get("images", ()), paths.get("masks", ()),
        desk.span_of(statement), desk.place(statement), broken,
    )  # fmt: skip


def _paths(desk: Desk, line: FieldLine, home: str) -> dict[str, tuple[Text, ...]]:
    name = line.name.value
    if name not in ("images", "masks"):
        _unknown_field(desk, line, home, ("images", "masks"))
        return {}
    for value in line.values:
        if value.kind != "text":
            message, help = f"{name} takes paths in quotes", f'write {name}: "good/*.png"'
            desk.error("I404", value.span, message, help=help)
    return {name: tuple(Text(str(v.value), v.span) for v in line.values if v.kind == "text")}


def _unknown_field(desk: Desk, line: FieldLine, home: str, names: tuple[str, ...]) -> None:
    name, span = line.name.value, line.name.span
    near = nearest(name, names)
    if near is not None or not wish(desk.report, name, span):
        message, help = f"{name} is not a field of {home}", f"it takes {' and '.join(names)}"
        desk.error("I402", span, message, near=near, help=help)


def build_test(desk: Desk, statement: Statement) -> Claim | None:
    """`test "title" { on: LABEL, expect VERDICT at least SHARE }`."""
    atoms = statement.atoms[1:]
    if is_broken(atoms):
        return None
    if not atoms or atoms[0].type != "STRING":
        bare = desk.written(atoms).strip(SINGLE_QUOTES) if atoms else ""
        title = quote(bare or "good parts pass")
        desk.error(
            "I122", statement, "a test needs a title in quotes",
            help=f"write test {title} {{ ... }}",
            write=title if bare else None, at=desk.place(atoms or statement),
        )  # fmt: skip
        return None
    desk.nothing_behind(statement, atoms[1:])
    if not desk.needs_block(statement, "test"):
        return None
    expects, others, broken = [], [], statement.block is not None and statement.block.forced
    for line in each(statement.block):
        if line.kind == "rule" and "expect" not in line.atoms:
            without_expect(desk, line)
            broken = True
        elif line.kind == "expect" or line.kind == "rule":
            found = _expectation(desk, line)
            broken = broken or found is None
            expects += [(line, found)] if found else []
        elif is_claim(line):
            wrong_expectation(desk, line, line.atoms)
            broken = True
        else:
            others.append(line)
    fields, lost = build_fields(desk, others, "a test")
    on = _on(desk, fields)
    if len(expects) > 1:
        desk.twice("expect", expects[1][0], expects[0][0])
    if broken or lost or (on is None and fields):
        return None
    if on is None or not expects:
        lacks = "on: with the label of samples" if on is None else "a line that begins with expect"
        desk.lacks(statement, f"this test lacks {lacks}", "test")
        return None
    verdict, bound, part = expects[0][1]
    title = unquote(str(atoms[0]))
    return Claim(title, on.value, verdict, bound, part, desk.span_of(statement), on.span)


def _on(desk: Desk, fields: list[FieldLine]) -> Word | None:
    found = None
    for line in once_each(desk, fields):
        if line.name.value != "on":
            _unknown_field(desk, line, "a test", ("on",))
        elif len(line.values) == 1 and line.values[0].kind in ("word", "text"):
            found = Word(str(line.values[0].value), line.values[0].span)
        elif not line.broken:
            wrong_label(desk, line)
    return found


_Expectation = tuple[Literal["pass", "review", "reject"], Literal["at least", "at most"], float]


def _expectation(desk: Desk, statement: Statement) -> _Expectation | None:
    desk.no_block(statement)
    atoms = statement.atoms[1:]
    if is_broken(atoms):
        return None
    atoms = in_order(desk, statement, atoms)
    words = said(atoms)
    bound = " ".join(words[1:3])
    known = words[:1] and words[0] in ("pass", "review", "reject")
    count = words[4:5] and words[4] in ("of", "out", "/")
    if not known or bound not in ("at least", "at most") or len(atoms) < 4 or count:
        wrong_expectation(desk, statement, atoms)
        return None
    desk.nothing_behind(statement, atoms[4:])
    part = _expected_share(desk, atoms[3])
    if part is None:
        return None
    verdict = cast(Literal["pass", "review", "reject"], words[0])
    return verdict, cast(Literal["at least", "at most"], bound), part


def _expected_share(desk: Desk, token: Token) -> float | None:
    written = str(token)
    missing = "the share is a percentage, and the % is missing"
    if token.type == "PERCENT":
        value = share(written)
        if 0.0 <= value <= 1.0:
            return value
        message = f"a share lies between 0% and 100%, and {written} does not"
        desk.error("I503", token, message, help="write for example 95%")
    elif token.type == "NUMBER" and written == "1":
        desk.error("I406", token, missing, help="say which: 1%, or 100%")
    elif token.type == "NUMBER":
        value = float(written)
        desk.error("I406", token, missing, write=f"{value * 100 if value < 1 else value:g}%")
    else:
        message = f"{shown(written)} is not a percentage"
        desk.error("I122", token, message, help="write for example 95%")
    return None
