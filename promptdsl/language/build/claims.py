"""From statements to labelled pictures and what a test claims of them."""

from typing import Literal, cast

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import FieldLine, SamplesBlock, TestBlock, Text, Word
from promptdsl.language.build.fields import SINGLE_QUOTES, build_fields, share
from promptdsl.language.build.parts import needs_block, once_each, twice
from promptdsl.language.recovery.misfits import malformed
from promptdsl.language.statements import Desk, Statement, each, quote, shown
from promptdsl.language.vocabulary import FORMS, snake_case
from promptdsl.language.recovery.wishes import wish
from promptdsl.language.recovery.wrong_claims import is_claim, without_expect, wrong_expectation, wrong_label


def build_samples(desk: Desk, statement: Statement) -> SamplesBlock | None:
    """`samples LABEL { images: ..., masks: ... }`."""
    atoms = statement.atoms[1:]
    if any(token.type == "BROKEN" for token in atoms):
        return None
    label = desk.word(atoms[0]) if atoms and atoms[0].type != "COLON" else None
    if label is None:
        malformed(
            desk, statement, "samples needs a label: good, or the name of a defect",
            f"for example {FORMS['samples']}",
        )  # fmt: skip
    elif atoms[0].type == "STRING":
        bare = snake_case(label.value.strip('"'))
        desk.report.error(
            "I124", label.span, "the label of samples is written without quotes",
            help=f"write samples {bare}", fix=Fix(label.span, bare),
        )  # fmt: skip
        label = Word(bare, label.span)
    desk.nothing_behind(statement, [token for token in atoms[1:] if token.type != "COLON"])
    if not needs_block(desk, statement, FORMS["samples"]) or label is None:
        return None
    home = f"samples {label.value}"
    fields, broken = build_fields(desk, each(statement.block), home)
    broken = broken or (statement.block is not None and statement.block.forced)
    paths: dict[str, tuple[Text, ...]] = {}
    for line in once_each(desk, fields):
        broken = broken or line.broken
        paths |= _paths(desk, line, home)
    if "images" not in paths and not broken and not fields:
        malformed(desk, statement, f"{home} names no pictures", f"for example {FORMS['samples']}")
    elif "images" not in paths and "masks" in paths and not broken:
        malformed(
            desk, statement, f"{home} has masks but no images", f"for example {FORMS['samples']}"
        )
    return SamplesBlock(
        label, paths.get("images", ()), paths.get("masks", ()),
        desk.span_of(statement), desk.head(statement), broken,
    )  # fmt: skip


def _paths(desk: Desk, line: FieldLine, home: str) -> dict[str, tuple[Text, ...]]:
    if line.name.value not in ("images", "masks"):
        _unknown_field(desk, line, home, ("images", "masks"))
        return {}
    wrong = [value for value in line.values if value.kind != "text"]
    for value in wrong:
        desk.report.error(
            "I404", value.span, f"{line.name.value} takes paths in quotes",
            help=f'write {line.name.value}: "good/*.png"',
        )  # fmt: skip
    texts = tuple(Text(str(v.value), v.span) for v in line.values if v.kind == "text")
    return {line.name.value: texts}


def _unknown_field(desk: Desk, line: FieldLine, home: str, names: tuple[str, ...]) -> None:
    near = nearest(line.name.value, names)
    if near is None and wish(desk.report, line.name.value, line.name.span):
        return
    desk.report.error(
        "I402", line.name.span, f"{line.name.value} is not a field of {home}",
        help=f"did you mean {near}?" if near else f"it takes {' and '.join(names)}",
        fix=Fix(line.name.span, near) if near else None,
    )  # fmt: skip


def build_test(desk: Desk, statement: Statement) -> TestBlock | None:
    """`test "title" { on: LABEL, expect VERDICT at least SHARE }`."""
    atoms = statement.atoms[1:]
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms or atoms[0].type != "STRING":
        bare = desk.written(desk.span(*atoms)).strip(SINGLE_QUOTES) if atoms else ""
        title = quote(bare or "good parts pass")
        desk.report.error(
            "I122", desk.head(statement), "a test needs a title in quotes",
            help=f"write test {title} {{ ... }}",
            fix=Fix(desk.span(*atoms), title) if bare else None,
        )  # fmt: skip
        return None
    desk.nothing_behind(statement, atoms[1:])
    if not needs_block(desk, statement, FORMS["test"]):
        return None
    expects, others, broken = [], [], False
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
    broken = broken or lost
    broken = broken or (statement.block is not None and statement.block.forced)
    on = _on(desk, fields)
    if len(expects) > 1:
        twice(desk, "expect", desk.head(expects[1][0]), desk.head(expects[0][0]))
    if broken or (on is None and fields):
        return None
    if on is None or not expects:
        lacks = "on: with the label of samples" if on is None else "a line that begins with expect"
        malformed(desk, statement, f"this test lacks {lacks}", f"for example {FORMS['test']}")
        return None
    verdict, bound, part = expects[0][1]
    return TestBlock(desk.text(atoms[0]), on, verdict, bound, part, desk.span_of(statement))


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
    if any(token.type == "BROKEN" for token in atoms):
        return None
    atoms = _in_order(desk, statement, atoms)
    words = [str(token).lower() for token in atoms]
    bound = " ".join(words[1:3])
    known = words[:1] and words[0] in ("pass", "review", "reject")
    if not known or bound not in ("at least", "at most") or len(atoms) < 4:
        wrong_expectation(desk, statement, atoms)
        return None
    if atoms[4:] and str(atoms[4]).lower() in ("of", "out", "/"):
        wrong_expectation(desk, statement, atoms)
        return None
    desk.nothing_behind(statement, atoms[4:])
    part = _expected_share(desk, atoms[3])
    if part is None:
        return None
    verdict = cast(Literal["pass", "review", "reject"], words[0])
    return verdict, cast(Literal["at least", "at most"], bound), part


def _in_order(desk: Desk, statement: Statement, atoms: list[Token]) -> list[Token]:
    """The words behind `expect`; when only their order is wrong, that is reported and mended."""
    every = {str(token).lower(): token for token in (*statement.atoms[:1], *atoms)}
    verdict = next((word for word in ("pass", "review", "reject") if word in every), None)
    bound = next((word for word in ("least", "most") if word in every), None)
    shares = [token for token in atoms if token.type == "PERCENT"]
    if verdict is None or bound is None or "at" not in every or len(shares) != 1:
        return atoms
    order = [every[verdict], every["at"], every[bound], shares[0]]
    if order == atoms[:4] or len(atoms) != 4:
        return atoms
    span, written = desk.head(statement), " ".join(["expect", *map(str, order)])
    desk.report.error(
        "I108", span, "the words of this expectation stand in the wrong order",
        help=f"write {written}", fix=Fix(span, written),
    )  # fmt: skip
    return order


def _expected_share(desk: Desk, token: Token) -> float | None:
    span, written = desk.span(token), str(token)
    if token.type == "PERCENT":
        value = share(written)
        if 0.0 <= value <= 1.0:
            return value
        desk.report.error(
            "I503", span, f"a share lies between 0% and 100%, and {written} does not",
            help="write for example 95%",
        )  # fmt: skip
    elif token.type == "NUMBER" and written == "1":
        desk.report.error(
            "I406", span, "the share is a percentage, and the % is missing",
            help="say which: 1%, or 100%",
        )  # fmt: skip
    elif token.type == "NUMBER":
        value = float(written)
        percent = f"{value * 100 if value < 1 else value:g}%"
        desk.report.error(
            "I406", span, "the share is a percentage, and the % is missing",
            help=f"write {percent}", fix=Fix(span, percent),
        )  # fmt: skip
    else:
        desk.report.error(
            "I122", span, f"{shown(written)} is not a percentage", help="write for example 95%"
        )
    return None
