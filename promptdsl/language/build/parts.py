"""From statements to the parts of an object: phrases, method, thresholds."""

from collections.abc import Sequence

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.source import Span
from promptdsl.language.ast import (
    DefectBlock,
    FieldLine,
    IncludeLine,
    MethodBlock,
    NormalBlock,
    RemoveLine,
    RuleLine,
    TemplatesBlock,
    ThresholdsBlock,
    Word,
)
from promptdsl.language.build.fields import build_fields
from promptdsl.language.build.lines import build_include, build_lines
from promptdsl.language.build.rules import build_rule
from promptdsl.language.recovery.misfits import malformed, misplaced, unknown
from promptdsl.language.statements import Desk, Statement, each, shown
from promptdsl.language.vocabulary import FORMS, KEYWORDS, NAME, snake_case

MAX_NAME = 80
_LINES_ABOVE = 20  # threshold lines that a wrong one is compared with
_NOT_NAMES = {*KEYWORDS, "base", "good"}


def name_of(desk: Desk, statement: Statement, what: str, atoms: list[Token]) -> Word | None:
    """The name that a block's head must give; a wrong one is mended after its report."""
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms:
        malformed(desk, statement, f"{what} needs a name", f"for example {FORMS[what]}")
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


def needs_block(desk: Desk, statement: Statement, form: str) -> bool:
    """Whether the statement has its block, and nothing behind it; reported where it has not."""
    if statement.block is not None:
        desk.nothing_behind(statement, [])
        return True
    if not any(token.type == "BROKEN" for token in statement.atoms):
        word = statement.atoms[0]
        malformed(desk, statement, f"{word} needs a block in braces", f"for example {form}")
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
    if not needs_block(desk, statement, FORMS["normal"]):
        return None
    lines, broken = build_lines(desk, statement.block)
    return NormalBlock(lines, desk.span_of(statement), broken)


def build_templates(desk: Desk, statement: Statement) -> TemplatesBlock | None:
    """`templates { ... }` inside an object."""
    _no_name(desk, statement)
    if not needs_block(desk, statement, FORMS["templates"]):
        return None
    lines, broken = build_lines(desk, statement.block)
    return TemplatesBlock(lines, desk.span_of(statement), broken)


def build_defect(desk: Desk, statement: Statement) -> DefectBlock | None:
    """`defect NAME { ... }`."""
    name = name_of(desk, statement, "defect", statement.atoms[1:])
    if not needs_block(desk, statement, FORMS["defect"]):
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
            _no_defect_name(desk, statement, atoms)
        return None
    desk.nothing_behind(statement, atoms[1:])
    return RemoveLine(desk.word(atoms[0]), desk.span_of(statement))


def _no_defect_name(desk: Desk, statement: Statement, atoms: list[Token]) -> None:
    """`remove`, `remove "bent"`."""
    name = str(atoms[0]).strip('"') if len(atoms) == 1 else ""
    if NAME.fullmatch(name):
        desk.report.error(
            "I124", desk.span(*atoms), "the name of a defect is written without quotes",
            help=f"write remove {name}", fix=Fix(desk.span(*atoms), name),
        )  # fmt: skip
    else:
        malformed(desk, statement, "remove needs the name of a defect", "for example remove bent")


def build_method(desk: Desk, statement: Statement) -> MethodBlock | None:
    """`method NAME { field lines }`; without braces every field has its default."""
    atoms = statement.atoms[1:]
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms or atoms[0].type == "COLON":
        malformed(desk, statement, "method needs a name", f"for example {FORMS['method']}")
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
        name, tuple(once_each(desk, fields)), desk.span_of(statement), desk.head(statement),
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


def once_each(desk: Desk, fields: list[FieldLine]) -> list[FieldLine]:
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
    if not needs_block(desk, statement, FORMS["thresholds"]):
        return None
    rules: list[RuleLine | IncludeLine] = []
    broken = False
    for line in each(statement.block):
        above = [each for each in rules[-_LINES_ABOVE:] if isinstance(each, RuleLine)]
        rule = _base_only(desk, line) if line.kind == "include" else _rule_line(desk, line, above)
        broken = broken or rule is None
        rules += [rule] if rule else []
    broken = broken or (statement.block is not None and statement.block.forced)
    return ThresholdsBlock(tuple(rules), desk.span_of(statement), broken)


_PASSING = {"pass", "accept", "ok", "good", "passes", "approve", "accepted"}
_OTHERWISE = {"otherwise", "else", "default", "rest", "everything", "all", "any"}


def _passing(desk: Desk, statement: Statement) -> None:
    """`pass when score < 0.5`, `otherwise pass`: what happens without a line."""
    span = desk.head(statement)
    limit = next((token for token in statement.atoms if token.type == "NUMBER"), None)
    desk.report.error(
        "I501", span, "pass is what happens when no line holds",
        help="remove the line; write only when to reject and when to review" if limit is None
        else f"say which parts do not pass: for example reject when score >= {limit}, "
        f"or review when score >= {limit}",
        fix=Fix(span, "") if limit is None and statement.block is None else None,
    )  # fmt: skip


def _otherwise(desk: Desk, statement: Statement, verdict: str) -> None:
    """`otherwise review`: every part that no line holds for passes."""
    desk.report.error(
        "I501", desk.head(statement), "a part that no threshold line holds for passes",
        help=f"remove the line, and lower the limit from which on a part is sent to {verdict}"
        if verdict == "review" else "remove the line, and lower the limit of reject",
    )  # fmt: skip


def _condition(desk: Desk, atoms: list[Token], verdict: str | None) -> str:
    """The condition of a line that does not begin with its verdict: `if score >= 0.62: reject`."""
    dropped = {str(verdict), "when", "if", "then", ":", "->", "=>"}
    kept = [token for token in atoms if str(token).lower() not in dropped]
    limits = [i for i, token in enumerate(kept) if token.type in ("NUMBER", "PERCENT")]
    if limits and all(token.type in ("UNKNOWN", "COMPARISON") for token in kept[limits[-1] + 1 :]):
        kept = kept[: limits[-1] + 1]
    return " ".join(map(str, kept))


def _rule_line(desk: Desk, statement: Statement, above: Sequence[RuleLine]) -> RuleLine | None:
    if statement.kind == "rule":
        return build_rule(desk, statement, above)
    atoms = statement.atoms
    if any(token.type == "BROKEN" for token in atoms):
        return None
    words = [str(token) for token in atoms]
    verdict = next((word for word in words[1:] if word in ("reject", "review")), None)
    if statement.kind == "loose" and (verdict or set(words[:1]) & {"when", "if", "score", "area"}):
        if set(words) & {"otherwise", "else", "default"}:
            _otherwise(desk, statement, str(verdict))
            return None
        rest = _condition(desk, atoms, verdict)
        whole = f"{verdict} when {rest}"
        desk.report.error(
            "I501", desk.head(statement), "a threshold line begins with reject or review",
            help=f"write {shown(whole, 200)}" if verdict
            else f"for example reject when {shown(rest, 80)}, or review when {shown(rest, 80)}",
            fix=Fix(desk.head(statement), whole) if verdict and rest else None,
        )  # fmt: skip
        return None
    if set(words[:1]) & _OTHERWISE and set(words) & {"reject", "review"}:
        _otherwise(desk, statement, str(verdict))
        return None
    if set(words[:1]) & _PASSING or (set(words[:1]) & _OTHERWISE and set(words) & _PASSING):
        _passing(desk, statement)
        return None
    if atoms and statement.kind in ("loose", "field"):
        near = unknown(desk, statement, "thresholds", ("reject", "review"))
        if near is not None and statement.kind == "loose":
            atoms[0] = Token.new_borrow_pos(near.upper(), near, atoms[0])
            return build_rule(desk, statement, above)
        return None
    if not atoms or str(atoms[0]) not in KEYWORDS:
        desk.report.error(
            "I501", desk.head(statement), "this is not a threshold line",
            help=f"for example {FORMS['rule']}",
        )  # fmt: skip
        return None
    misplaced(desk, statement, "thresholds")
    return None
