"""From statements to threshold lines: what is measured, compared with >=, and the limit."""

from typing import Literal, cast

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.source import Span
from promptdsl.syntax.ast import RuleLine
from promptdsl.syntax.build_fields import share
from promptdsl.syntax.statements import Desk, Statement, shown
from promptdsl.syntax.vocabulary import FORMS


def build_rule(desk: Desk, statement: Statement) -> RuleLine | None:
    """`reject when score >= 0.62` or an area rule; None after a report."""
    desk.no_block(statement)
    verdict, rest = statement.atoms[0], statement.atoms[1:]
    if any(token.type == "BROKEN" for token in rest):
        return None
    rest = _mended_when(desk, verdict, rest)
    words = [str(token).lower() for token in rest]
    if words[:1] == ["when"] and words[1:2] == ["score"]:
        return _finish_rule(desk, statement, verdict, None, rest[2:])
    if words[:1] == ["when"] and words[1:3] == ["area", "above"]:
        above = rest[3] if len(rest) > 3 else None
        if above is not None and above.type in ("NUMBER", "PERCENT"):
            return _finish_rule(desk, statement, verdict, above, rest[4:])
    message, help = "this is not a threshold line", f"write {FORMS['rule']}"
    if words[:2] == ["when", "area"]:
        message = "a rule on the area needs a local score: area above 0.70"
        help = f"write {verdict} when area above 0.70 >= 0.5%"
    elif words[:1] == ["when"] and len(rest) > 1:
        near = nearest(words[1], ("score", "area"))
        if near and near != words[1]:
            message = f"{rest[1]} is not something that a rule can look at"
            help = f"did you mean {near}?"
    desk.report.error("I501", desk.head(statement), message, help=help)
    return None


def _mended_when(desk: Desk, verdict: Token, rest: list[Token]) -> list[Token]:
    """The words behind the verdict with `when` in its place; a slip is reported once."""
    words = [str(token).lower() for token in rest[:2]]
    if len(words) == 2 and words[0] in ("score", "area") and words[1] == "when":
        span, swapped = desk.span(*rest[:2]), f"when {rest[0]}"
        desk.report.error(
            "I108", span, f"{rest[0]} and when stand in the wrong order",
            help=f"write {swapped}", fix=Fix(span, swapped),
        )  # fmt: skip
        return [rest[1], rest[0], *rest[2:]]
    if words[:1] in (["score"], ["area"]):
        span = desk.span(verdict)
        desk.report.error(
            "I501", span, f"when is missing behind {verdict}", help=f"write {verdict} when",
            fix=Fix(Span(span.file, span.end, span.end), " when"),
        )  # fmt: skip
        return [Token.new_borrow_pos("NAME", "when", verdict), *rest]
    if len(words) == 2 and words[1] in ("score", "area") and words[0] != "when":
        span = desk.span(rest[0])
        desk.report.error(
            "I501", span, f"a threshold line says when, not {rest[0]}", help="write when",
            fix=Fix(span, "when"),
        )  # fmt: skip
        return [Token.new_borrow_pos("NAME", "when", rest[0]), *rest[1:]]
    return rest


def _finish_rule(
    desk: Desk, statement: Statement, verdict: Token, above: Token | None, rest: list[Token]
) -> RuleLine | None:
    measure: Literal["score", "area"] = "score" if above is None else "area"
    if not rest or rest[0].type != "COMPARISON" or len(rest) < 2:
        desk.report.error(
            "I501",
            desk.head(statement),
            f"the condition on the {measure} is not complete: {_lacking(rest)} missing",
            help=f"write {FORMS['rule']}",
        )
        return None
    compares = _check_comparison(desk, measure, rest[0])
    bound, at = _bound(desk, measure, rest[1])
    if len(rest) > 2 and str(rest[2]).lower() in ("and", "or"):
        desk.report.error(
            "I129",
            desk.span(*rest[2:]),
            f"a threshold line has one condition, and {rest[2]} would join two",
            help="write one line for each condition: the first that holds decides",
        )
    else:
        desk.nothing_behind(statement, rest[2:])
    level = _level(desk, above) if above is not None else None
    if bound == "broken" or level == "broken" or not compares:
        return None
    span = desk.span(*statement.atoms)
    text = " ".join(desk.written(span).split())
    return RuleLine(
        cast(Literal["reject", "review"], str(verdict)),
        measure,
        cast("float | None", level),
        cast("float | None", bound),
        text,
        span,
        at,
    )


def _lacking(rest: list[Token]) -> str:
    if len(rest) != 1:
        return ">= and a limit are"
    return "the limit is" if rest[0].type == "COMPARISON" else ">= is"


def _check_comparison(desk: Desk, measure: str, token: Token) -> bool:
    """Whether a wrong comparison can only have meant `>=`."""
    written = str(token)
    if written in (">=", "≥"):
        return True
    if written in ("<", "<=", "=<", "≤"):
        message = f"a higher {measure} means more anomalous, so a rule cannot use {written}"
    else:
        message = f"a rule compares with >=, and this is {written}"
    desk.report.error(
        "I505", desk.span(token), message, label="needs >=", help="write >=",
        fix=Fix(desk.span(token), ">="),
    )  # fmt: skip
    return "<" not in written and written != "≤"


def _bound(desk: Desk, measure: str, token: Token) -> tuple[float | str | None, Span]:
    span, written = desk.span(token), str(token)
    if written.lower() == "auto":
        return None, span
    if measure == "score" and token.type == "NUMBER":
        value = float(written)
        if 0.0 <= value <= 1.0:
            return value, span
        desk.report.error(
            "I503", span, f"a score lies between 0 and 1, and {written} does not",
            help=f"write {value / 100:g}" if 2 <= value <= 100 else "write a number from 0 to 1",
            fix=Fix(span, f"{value / 100:g}") if 2 <= value <= 100 else None,
        )  # fmt: skip
        return "broken", span
    if measure == "area" and token.type == "PERCENT":
        value = share(written)
        if 0.0 < value <= 1.0:
            return value, span
        desk.report.error(
            "I503", span, f"a share of the picture is more than 0% and at most 100%, not {written}",
            help="write for example 0.5%",
        )  # fmt: skip
        return "broken", span
    if measure == "score" and token.type == "PERCENT":
        value = share(written)
        desk.report.error(
            "I406", span, "a score is a plain number from 0 to 1, not a percentage",
            help=f"write {value:g}", fix=Fix(span, f"{value:g}"),
        )  # fmt: skip
    elif measure == "area" and token.type == "NUMBER":
        percent = written if float(written) >= 0.05 else f"{float(written) * 100:g}"
        desk.report.error(
            "I406", span, "the share of the picture is a percentage, and the % is missing",
            help=f"write {percent}%", fix=Fix(span, f"{percent}%"),
        )  # fmt: skip
    else:
        desk.report.error(
            "I501", span, f"{shown(written)} is not a limit",
            help=f"write a number or auto; {FORMS['rule']}",
        )  # fmt: skip
    return "broken", span


def _level(desk: Desk, token: Token) -> float | str:
    span, written = desk.span(token), str(token)
    value = share(written) if token.type == "PERCENT" else float(written)
    if token.type == "NUMBER" and 0.0 <= value <= 1.0:
        return value
    desk.report.error(
        "I503" if token.type == "NUMBER" else "I406",
        span,
        f"the local score behind above is a number from 0 to 1, and {written} is not",
        help=f"write {value / 100 if value > 1 else value:g}",
    )
    return "broken"
