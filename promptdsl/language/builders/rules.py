"""From statements to threshold lines: what is measured, compared with >=, and the limit."""

from collections.abc import Sequence
from typing import Literal, cast

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import AreaLimit, Limit, LocatedLimit, ScoreLimit, SpotLimit, Word
from promptdsl.language.builders.limits import (
    FORM,
    Lost,
    Subject,
    local_score,
    score_limit,
    size_limit,
)
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.wrong_rules import NO_RULE, wrong_rule
from promptdsl.language.rule_form import LOCATED, MEASURES, RuleForm, is_exact, rule_form
from promptdsl.language.statements import Statement, is_broken, said
from promptdsl.source import Span

_EXAMPLES = {"score": "0.62", "area": "0.5%", "spots": "3"}
_MEASURED = {"spot": "size of a spot", "spots": "number of spots", "defect": "size of a spot"}


def build_rule(desk: Desk, statement: Statement, above: Sequence[Limit] = ()) -> Limit | None:
    """One threshold line, below others; None after a report."""
    desk.no_block(statement)
    verdict, rest = statement.atoms[0], statement.atoms[1:]
    if is_broken(rest):
        return None
    known = is_exact(rest) or _only_when_is_wrong(rest)
    if not known and wrong_rule(desk, statement, rest, above):
        return None
    rest = _mended_when(desk, verdict, rest)
    if said(rest[:4]) == LOCATED:
        desk.nothing_behind(statement, rest[4:])
        return LocatedLimit(_verdict(statement), _text(desk, statement), desk.place(statement))
    form = rule_form(rest)
    if form is None:
        desk.error("I501", statement, NO_RULE, help=FORM)
        return None
    if _other_subject(desk, statement, form):
        return None
    return _finish_rule(desk, statement, form)


def _only_when_is_wrong(rest: list[Token]) -> bool:
    """Whether the line is right but for its `when`, which is told in its own words."""
    words = said(rest[:2])
    if words[1:] == ["when"]:
        return is_exact([rest[1], rest[0], *rest[2:]])
    when = Token("NAME", "when")
    return is_exact([when, *rest]) or is_exact([when, *rest[1:]])


def _mended_when(desk: Desk, verdict: Token, rest: list[Token]) -> list[Token]:
    """The words behind the verdict with `when` in its place; a slip is reported once."""
    words = said(rest[:2])
    if words[:1] == ["when"] or not rest:
        return rest
    starts = {*MEASURES, "part"}
    when = Token("NAME", "when")
    if words[1:] == ["when"] and (words[0] in starts or is_exact([when, rest[0], *rest[2:]])):
        desk.swapped(rest[:2], rest[0], "when")
        return [rest[1], rest[0], *rest[2:]]
    if words[0] in starts or is_exact([when, *rest]):
        span = desk.span(verdict)
        desk.error(
            "I501", span, f"when is missing behind {verdict}", help=f"write {verdict} when",
            write=" when", at=Span(span.file, span.end, span.end),
        )  # fmt: skip
        return [Token.new_borrow_pos("NAME", "when", verdict), *rest]
    if len(words) == 2 and (words[1] in starts or is_exact([when, *rest[1:]])):
        write = " when" if rest[0].type == "COLON" else "when"
        message = f"a threshold line says when, not {rest[0]}"
        desk.error("I501", rest[0], message, help="write when", write=write)
        return [Token.new_borrow_pos("NAME", "when", rest[0]), *rest[1:]]
    return rest


def _other_subject(desk: Desk, statement: Statement, form: RuleForm) -> bool:
    """Whether `aera above 0.7` was written for `area`: no defect has that name, and it is near."""
    word = str(form.subject)
    lowered = word.lower()
    near = lowered if lowered in MEASURES and lowered != word else None
    unknown = lowered not in MEASURES and word not in desk.defects and not desk.inherits
    if unknown and nearest(word, desk.defects) is None:
        near = nearest(word, MEASURES[1:])
    if near is None:
        return False
    message = f"{word} is not something that a rule can look at"
    desk.error("I501", statement, message, near=near, at=desk.span(form.subject))
    return True


def _verdict(statement: Statement) -> Literal["reject", "review"]:
    return cast(Literal["reject", "review"], statement.first)


def _text(desk: Desk, statement: Statement) -> str:
    return " ".join(desk.written(statement).split())


def _finish_rule(desk: Desk, statement: Statement, form: RuleForm) -> Limit | None:
    word = str(form.subject)
    subject = cast(Subject, word if word in MEASURES else "defect")
    measured = _MEASURED.get(subject, subject)
    if len(form.end) < 2 or form.end[0].type != "COMPARISON":
        message = f"the condition on the {measured} is not complete: {_lacking(form.end)} missing"
        desk.error("I501", statement, message, help=_example(statement, form, subject))
        return None
    compares = _check_comparison(desk, subject, form.end[0])
    limit, region = form.limit, desk.word(form.region) if form.region is not None else None
    verdict, text, span = _verdict(statement), _text(desk, statement), desk.place(statement)
    found: Limit | None = None
    try:
        if form.level is None:
            at = score_limit(desk, limit[0], alone=len(form.end) == 2)
            found = ScoreLimit(verdict, at, text, span, region)
        else:
            found = _map_rule(desk, form, subject, (verdict, text, span, region))
    except Lost:
        pass
    desk.nothing_behind(statement, form.end[1 + len(limit) :])
    return found if compares else None


_Head = tuple[Literal["reject", "review"], str, Span, Word | None]


def _map_rule(desk: Desk, form: RuleForm, subject: Subject, head: _Head) -> Limit:
    """A line about places of the map. Raises Lost, with every wrong number reported."""
    verdict, text, span, region = head
    assert form.level is not None
    line = f"{form.subject} above {form.level}"
    lost = False
    bound, unit, level = None, "%", 0.0
    try:
        bound, unit = size_limit(desk, subject, form.limit, line)
    except Lost:
        lost = True
    try:
        level = local_score(desk, form.level)
    except Lost:
        lost = True
    if lost:
        raise Lost
    if subject == "area":
        counted = cast(Literal["%", "px2", "mm2"], unit)
        return AreaLimit(verdict, level, bound, text, span, region, counted)
    of: Literal["extent", "area", "number"] = (
        "number" if unit == "" else "extent" if unit in ("px", "mm") else "area"
    )
    return SpotLimit(
        verdict, of, desk.word(form.subject) if subject == "defect" else None, level, bound,
        cast(Literal["px", "mm", "px2", "mm2", "%", ""], unit), text, span, region,
        any_unit=bound is None and of == "extent" and len(form.limit) == 1,
    )  # fmt: skip


def _example(statement: Statement, form: RuleForm, subject: Subject) -> str:
    """The line as it might go on."""
    if subject == "score" and form.region is None:
        return FORM
    level = f" above {form.level}" if form.level is not None else ""
    region = f" in {form.region}" if form.region is not None else ""
    limit = _EXAMPLES.get(subject, "0.3 mm")
    return f"for example {statement.first} when {form.subject}{level}{region} >= {limit}"


def _lacking(rest: Sequence[Token]) -> str:
    if len(rest) != 1:
        return ">= and a limit are"
    return "the limit is" if rest[0].type == "COMPARISON" else ">= is"


def _check_comparison(desk: Desk, subject: Subject, token: Token) -> bool:
    """Whether a wrong comparison can only have meant `>=`."""
    if token in ("<", "<=", "=<", "≤"):
        limit = _EXAMPLES.get(subject, "0.3 mm")
        if subject in ("score", "area"):
            message = f"a higher {subject} means more anomalous, so a rule cannot use {token}"
            help = f"a part whose {subject} is low passes by itself; to catch the bad ones, "
            help += f"say from which {subject} on, for example >= {limit}"
        else:
            message = f"larger and more spots are worse, so a rule cannot use {token}"
            help = "a part with small or few spots passes by itself; to catch the bad ones, say "
            help += f"from which size or number on, for example >= {limit}"
        desk.error(
            "I505", token, message, label="a rule says from which value on", help=help
        )  # fmt: skip
        return False
    if token not in (">=", "≥"):
        message = f"a rule compares with >=, and this is {token}"
        desk.error("I505", token, message, label="needs >=", write=">=")
    return True
