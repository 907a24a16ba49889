"""From statements to threshold lines: what is measured, compared with >=, and the limit."""

import re
from collections.abc import Sequence
from typing import Literal, cast

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.source import Span
from promptdsl.language.ast import RuleLine
from promptdsl.language.build.fields import share
from promptdsl.language.statements import Desk, Statement, shown
from promptdsl.language.vocabulary import FORMS
from promptdsl.language.recovery.wrong_rules import is_exact, wrong_rule


def build_rule(desk: Desk, statement: Statement, above: Sequence[RuleLine] = ()) -> RuleLine | None:
    """`reject when score >= 0.62` or an area rule, below others; None after a report."""
    desk.no_block(statement)
    verdict, rest = statement.atoms[0], statement.atoms[1:]
    if any(token.type == "BROKEN" for token in rest):
        return None
    known = is_exact(rest) or _only_when_is_wrong(rest)
    if not known and wrong_rule(desk, statement, rest, above):
        return None
    rest = _mended_when(desk, verdict, rest)
    words = [str(token).lower() for token in rest]
    if words[:1] == ["when"] and words[1:2] == ["score"]:
        return _finish_rule(desk, statement, verdict, None, rest[2:])
    if words[:1] == ["when"] and words[1:3] == ["area", "above"]:
        level = rest[3] if len(rest) > 3 else None
        if level is not None and level.type in ("NUMBER", "PERCENT"):
            return _finish_rule(desk, statement, verdict, level, rest[4:])
    desk.report.error(
        "I501", desk.head(statement), "this is not a threshold line",
        help=f"for example {FORMS['rule']}",
    )  # fmt: skip
    return None


def _only_when_is_wrong(rest: list[Token]) -> bool:
    """Whether the line is right but for its `when`, which is told in its own words."""
    words = [str(token).lower() for token in rest[:2]]
    if words[1:] == ["when"]:
        return is_exact([rest[1], rest[0], *rest[2:]])
    when = Token("NAME", "when")
    return is_exact([when, *rest]) or is_exact([when, *rest[1:]])


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
            fix=Fix(span, " when" if rest[0].type == "COLON" else "when"),
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
            help=f"for example {FORMS['rule']}",
        )
        return None
    compares = _check_comparison(desk, measure, rest[0])
    bound, at = _bound(desk, measure, rest[1], alone=len(rest) == 2)
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


_NUMBER = re.compile(r"[01]?\.\d+|[01]")


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
        limit = "0.62" if measure == "score" else "0.5%"
        desk.report.error(
            "I505", desk.span(token),
            f"a higher {measure} means more anomalous, so a rule cannot use {written}",
            label="a rule says from which value on",
            help=f"a part whose {measure} is low passes by itself; to catch the bad ones, "
            f"say from which {measure} on, for example >= {limit}",
        )  # fmt: skip
        return False
    desk.report.error(
        "I505", desk.span(token), f"a rule compares with >=, and this is {written}",
        label="needs >=", help="write >=", fix=Fix(desk.span(token), ">="),
    )  # fmt: skip
    return True


def _bound(
    desk: Desk, measure: str, token: Token, *, alone: bool
) -> tuple[float | str | None, Span]:
    """The limit and its place; what is no limit is corrected only where nothing goes on behind."""
    span, written = desk.span(token), str(token)
    if written.lower() == "auto":
        return None, span
    if measure == "score" and token.type == "NUMBER":
        value = float(written)
        if 0.0 <= value <= 1.0:
            return value, span
        message = f"a score lies between 0 and 1, and {written} does not"
        _outside(desk, span, message, value, alone)
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
        value = value if value >= 0.01 else value * 100  # 0.62% of a score means 0.62
        desk.report.error(
            "I406", span, "a score is a plain number from 0 to 1, not a percentage",
            help=f"write {value:g}", fix=Fix(span, f"{value:g}"),
        )  # fmt: skip
    elif measure == "area" and token.type == "NUMBER":
        _share_without_percent(desk, span, written)
    elif measure == "score" and token.type == "STRING" and _NUMBER.fullmatch(written[1:-1]):
        desk.report.error(
            "I501", span, "a limit is written without quotes",
            help=f"write {written[1:-1]}", fix=Fix(span, written[1:-1]),
        )  # fmt: skip
    else:
        desk.report.error(
            "I501", span, f"{shown(written)} is not a limit",
            help=f"a limit is a number, or auto; for example {FORMS['rule']}",
        )  # fmt: skip
    return "broken", span


def _share_without_percent(desk: Desk, span: Span, written: str) -> None:
    """`>= 0.005` means 0.5% and `>= 2` means 2%; `>= 0.5` and `>= 50` could mean two things."""
    value = float(written)
    message = "the share of the picture is a percentage, and the % is missing"
    percent = f"{value * 100:g}%" if value < 0.05 else f"{value:g}%"
    if 0.0 < value < 0.05 or 1.0 < value <= 20.0:
        desk.report.error("I406", span, message, help=f"write {percent}", fix=Fix(span, percent))
    elif 0.05 <= value <= 1.0:
        desk.report.error(
            "I406", span, message,
            help=f"say which: {percent} of the picture, or {value * 100:g}% of it",
        )  # fmt: skip
    else:
        desk.report.error(
            "I406", span, message,
            help="say the share of the picture, for example 0.5%; a number of pixels is divided by "
            "the pixels of the whole picture",
        )  # fmt: skip


def _outside(desk: Desk, span: Span, message: str, value: float, alone: bool = True) -> None:
    """`62` is 62 of 100, and 0.62; what 1.2 means, nobody knows."""
    of_100 = f"{value / 100:g}" if alone and 2 <= value <= 100 else None
    desk.report.error(
        "I503", span, message,
        help=f"write {of_100}" if of_100 else "write a number from 0 to 1, for example 0.62",
        fix=Fix(span, of_100) if of_100 else None,
    )  # fmt: skip


def _level(desk: Desk, token: Token) -> float | str:
    span, written = desk.span(token), str(token)
    value = share(written) if token.type == "PERCENT" else float(written)
    if token.type == "NUMBER" and 0.0 <= value <= 1.0:
        return value
    message = f"the local score behind above is a number from 0 to 1, and {written} is not"
    if token.type == "NUMBER":
        _outside(desk, span, message, value)
    else:
        inside = 0.0 <= value <= 1.0
        desk.report.error(
            "I406", span, message,
            help=f"write {value:g}" if inside else "write a number from 0 to 1, for example 0.62",
            fix=Fix(span, f"{value:g}") if inside else None,
        )  # fmt: skip
    return "broken"
