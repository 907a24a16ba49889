"""From statements to the parts of an object: phrases, method, thresholds, samples, tests."""

from typing import Literal, cast

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.source import Span
from promptdsl.syntax.ast import (
    DefectBlock,
    FieldLine,
    IncludeLine,
    MethodBlock,
    NormalBlock,
    RemoveLine,
    RuleLine,
    SamplesBlock,
    TemplatesBlock,
    TestBlock,
    Text,
    ThresholdsBlock,
    Word,
)
from promptdsl.syntax.build_fields import build_fields, share
from promptdsl.syntax.build_lines import build_include, build_lines
from promptdsl.syntax.build_rules import build_rule
from promptdsl.syntax.misfits import malformed, misplaced, unknown
from promptdsl.syntax.statements import Desk, Statement, each, quote, shown
from promptdsl.syntax.vocabulary import FORMS, KEYWORDS, NAME, snake_case

MAX_NAME = 80
_NOT_NAMES = {*KEYWORDS, "base", "good"}


def name_of(desk: Desk, statement: Statement, what: str, atoms: list[Token]) -> Word | None:
    """The name that a block's head must give; a wrong one is mended after its report."""
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms:
        malformed(desk, statement, f"{what} needs a name", f"write {FORMS[what]}")
        return None
    span = desk.span(*atoms)
    if span.start == span.end:  # put there by the brace repair, which has told the author
        return Word(str(atoms[0]), span)
    written = desk.written(span).strip('"')
    if len(atoms) == 1 and NAME.fullmatch(written) and atoms[0].type != "STRING":
        if written not in _NOT_NAMES and len(written) <= MAX_NAME:
            return Word(written, span)
        long = len(written) > MAX_NAME
        reason = (
            f"a name has at most {MAX_NAME} letters, and this one has {len(written):,}" if long
            else f"{written} is a word of the language and cannot be a name"
        )  # fmt: skip
        made = written[:20].rstrip("_") if long else f"{written}_{what}"
    else:
        made = snake_case(written[:MAX_NAME])
        reason = (
            "a name is written without quotes" if atoms[0].type == "STRING" and made == written
            else "a name is one word of small letters, digits and _, beginning with a letter"
        )  # fmt: skip
    desk.report.error(
        "I124", span, reason, label=f"cannot be a name: {shown(written)}",
        help=f"write {what} {made}", fix=Fix(span, made),
    )  # fmt: skip
    return Word(made, span)


def twice(desk: Desk, what: str, span: Span, first: Span) -> None:
    """The same thing said twice in one place."""
    desk.report.error(
        "I128", span, f"{what} stands twice", label="said before",
        help="keep one of them", related=((first, "the first one"),),
    )  # fmt: skip


def _needs_block(desk: Desk, statement: Statement, form: str) -> bool:
    if statement.block is not None:
        desk.nothing_behind(statement, [])
        return True
    if not any(token.type == "BROKEN" for token in statement.atoms):
        word = statement.atoms[0]
        malformed(desk, statement, f"{word} needs a block in braces", f"write {form}")
    return False


def _no_name(desk: Desk, statement: Statement) -> None:
    """`normal`, `templates` and `thresholds` of an object carry no name and no colon."""
    extra = statement.atoms[1:]
    if not extra or any(token.type == "BROKEN" for token in extra):
        return
    word, span = str(statement.atoms[0]), desk.span(*extra)
    what = "colon" if str(extra[0]) == ":" else "name"
    desk.report.error(
        "I129", span, f"{word} of an object takes no {what}", label="nothing belongs here",
        help=f"write {word} {{", fix=Fix(span, ""),
    )  # fmt: skip


def build_normal(desk: Desk, statement: Statement) -> NormalBlock | None:
    """`normal { ... }`."""
    _no_name(desk, statement)
    if not _needs_block(desk, statement, FORMS["normal"]):
        return None
    lines, broken = build_lines(desk, statement.block)
    return NormalBlock(lines, desk.span_of(statement), broken)


def build_templates(desk: Desk, statement: Statement) -> TemplatesBlock | None:
    """`templates { ... }` inside an object."""
    _no_name(desk, statement)
    if not _needs_block(desk, statement, FORMS["templates"]):
        return None
    lines, broken = build_lines(desk, statement.block)
    return TemplatesBlock(lines, desk.span_of(statement), broken)


def build_defect(desk: Desk, statement: Statement) -> DefectBlock | None:
    """`defect NAME { ... }`."""
    name = name_of(desk, statement, "defect", statement.atoms[1:])
    if not _needs_block(desk, statement, FORMS["defect"]):
        return None
    lines, broken = build_lines(desk, statement.block)
    if name is None:
        return None
    return DefectBlock(name, lines, desk.span_of(statement), broken)


def build_remove(desk: Desk, statement: Statement) -> RemoveLine | None:
    """`remove NAME`."""
    desk.no_block(statement)
    atoms = statement.atoms[1:]
    if atoms[:1] and str(atoms[0]) == "defect":
        atoms = atoms[1:]
    if not atoms or (atoms[0].type not in ("NAME",) and str(atoms[0]) not in KEYWORDS):
        if not any(token.type == "BROKEN" for token in atoms):
            malformed(desk, statement, "remove needs the name of a defect", "write remove bent")
        return None
    desk.nothing_behind(statement, atoms[1:])
    return RemoveLine(desk.word(atoms[0]), desk.span_of(statement))


def build_method(desk: Desk, statement: Statement) -> MethodBlock | None:
    """`method NAME { field lines }`; without braces every field has its default."""
    atoms = statement.atoms[1:]
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms or atoms[0].type == "COLON":
        malformed(desk, statement, "method needs a name", f"write {FORMS['method']}")
        return None
    desk.nothing_behind(statement, atoms[1:])
    span = desk.span(atoms[0])
    name = Word(desk.written(span).strip('"'), span)
    if atoms[0].type == "STRING":
        desk.report.error(
            "I124", span, "the name of a method is written without quotes",
            help=f"write method {name.value}", fix=Fix(span, name.value),
        )  # fmt: skip
    lines = list(each(statement.block))
    bases = [_base_only(desk, line) for line in lines if line.kind == "include"]
    lines = [line for line in lines if line.kind != "include"]
    fields, broken = build_fields(desk, lines, f"method {name.value}")
    return MethodBlock(
        name, tuple(_once(desk, fields)), desk.span_of(statement), desk.head(statement),
        next((base for base in bases if base), None), broken or None in bases,
    )  # fmt: skip


def _base_only(desk: Desk, statement: Statement) -> IncludeLine | None:
    """`include base`, the only include that makes sense outside of phrases."""
    include = build_include(desk, statement, statement.atoms[1:])
    if include is None or include.is_base:
        return include
    desk.report.error(
        "I307", include.span, "only include base can stand here: lists hold phrases",
        help="write include base to bring the lines of the parent object",
    )  # fmt: skip
    return None


def _once(desk: Desk, fields: list[FieldLine]) -> list[FieldLine]:
    """The fields, each name once; repetitions are reported."""
    kept: dict[str, FieldLine] = {}
    for line in fields:
        if line.name.value in kept:
            twice(desk, line.name.value, line.span, kept[line.name.value].span)
        else:
            kept[line.name.value] = line
    return list(kept.values())


def build_thresholds(desk: Desk, statement: Statement) -> ThresholdsBlock | None:
    """`thresholds { rule lines }`."""
    _no_name(desk, statement)
    if not _needs_block(desk, statement, FORMS["thresholds"]):
        return None
    rules: list[RuleLine | IncludeLine] = []
    broken = False
    for line in each(statement.block):
        rule = _base_only(desk, line) if line.kind == "include" else _rule_line(desk, line)
        broken = broken or rule is None
        rules += [rule] if rule else []
    broken = broken or (statement.block is not None and statement.block.forced)
    return ThresholdsBlock(tuple(rules), desk.span_of(statement), broken)


def _rule_line(desk: Desk, statement: Statement) -> RuleLine | None:
    if statement.kind == "rule":
        return build_rule(desk, statement)
    atoms = statement.atoms
    if any(token.type == "BROKEN" for token in atoms):
        return None
    words = [str(token) for token in atoms]
    verdict = next((word for word in words[1:] if word in ("reject", "review")), None)
    if statement.kind == "loose" and (verdict or set(words[:1]) & {"when", "if", "score", "area"}):
        rest = " ".join(word for word in words if word not in (verdict, "when", "if", "then"))
        desk.report.error(
            "I501", desk.head(statement), "a threshold line begins with reject or review",
            help=f"write {verdict or 'reject'} when {rest}",
        )  # fmt: skip
        return None
    if atoms and str(atoms[0]) == "pass":
        desk.report.error(
            "I501", desk.head(statement), "pass is what happens when no line holds",
            help="remove the line; write only when to reject and when to review",
        )  # fmt: skip
        return None
    if atoms and statement.kind in ("loose", "field"):
        near = unknown(desk, statement, "thresholds", ("reject", "review"))
        if near is not None and statement.kind == "loose":
            atoms[0] = Token.new_borrow_pos(near.upper(), near, atoms[0])
            return build_rule(desk, statement)
        return None
    if not atoms or str(atoms[0]) not in KEYWORDS:
        desk.report.error(
            "I501", desk.head(statement), "this is not a threshold line",
            help=f"write {FORMS['rule']}",
        )  # fmt: skip
        return None
    misplaced(desk, statement, "thresholds")
    return None


def build_samples(desk: Desk, statement: Statement) -> SamplesBlock | None:
    """`samples LABEL { images: ..., masks: ... }`."""
    atoms = statement.atoms[1:]
    if any(token.type == "BROKEN" for token in atoms):
        return None
    label = desk.word(atoms[0]) if atoms and atoms[0].type != "COLON" else None
    if label is None:
        malformed(
            desk, statement, "samples needs a label: good, or the name of a defect",
            f"write {FORMS['samples']}",
        )  # fmt: skip
    elif atoms[0].type == "STRING":
        bare = snake_case(label.value.strip('"'))
        desk.report.error(
            "I124", label.span, "the label of samples is written without quotes",
            help=f"write samples {bare}", fix=Fix(label.span, bare),
        )  # fmt: skip
        label = Word(bare, label.span)
    desk.nothing_behind(statement, [token for token in atoms[1:] if token.type != "COLON"])
    if not _needs_block(desk, statement, FORMS["samples"]) or label is None:
        return None
    home = f"samples {label.value}"
    fields, broken = build_fields(desk, each(statement.block), home)
    broken = broken or (statement.block is not None and statement.block.forced)
    paths: dict[str, tuple[Text, ...]] = {}
    for line in _once(desk, fields):
        broken = broken or line.broken
        paths |= _paths(desk, line, home)
    if "images" not in paths and not broken and not fields:
        malformed(desk, statement, f"{home} names no pictures", f"write {FORMS['samples']}")
    elif "images" not in paths and "masks" in paths and not broken:
        malformed(desk, statement, f"{home} has masks but no images", f"write {FORMS['samples']}")
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
        title = quote(desk.written(desk.span(*atoms))) if atoms else '"good parts pass"'
        malformed(
            desk, statement, "a test needs a title in quotes", f"write test {title} {{ ... }}"
        )
        return None
    desk.nothing_behind(statement, atoms[1:])
    if not _needs_block(desk, statement, FORMS["test"]):
        return None
    fields, expects, broken = [], [], False
    for line in each(statement.block):
        if line.kind == "expect" or (line.kind == "rule" and "expect" in line.atoms):
            found = _expectation(desk, line)
            broken = broken or found is None
            expects += [(line, found)] if found else []
        else:
            more, lost = build_fields(desk, [line], "a test")
            fields += more
            broken = broken or lost
    broken = broken or (statement.block is not None and statement.block.forced)
    on = _on(desk, fields)
    if len(expects) > 1:
        twice(desk, "expect", desk.head(expects[1][0]), desk.head(expects[0][0]))
    if broken or (on is None and fields):
        return None
    if on is None or not expects:
        lacks = "on: with the label of samples" if on is None else "a line that begins with expect"
        malformed(desk, statement, f"this test lacks {lacks}", f"write {FORMS['test']}")
        return None
    verdict, bound, part = expects[0][1]
    return TestBlock(desk.text(atoms[0]), on, verdict, bound, part, desk.span_of(statement))


def _on(desk: Desk, fields: list[FieldLine]) -> Word | None:
    found = None
    for line in _once(desk, fields):
        if line.name.value != "on":
            _unknown_field(desk, line, "a test", ("on",))
        elif len(line.values) == 1 and line.values[0].kind in ("word", "text"):
            found = Word(str(line.values[0].value), line.values[0].span)
        elif not line.broken:
            desk.report.error(
                "I404", line.span, "on takes one label of samples", help="write on: good"
            )
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
        desk.report.error(
            "I122", desk.head(statement), "this expectation is not complete",
            help="write expect VERDICT at least 95% (or at most 2%), "
            "where VERDICT is pass, review or reject",
        )  # fmt: skip
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
