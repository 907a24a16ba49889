"""From statements to threshold lines: what is measured, compared with >=, and the limit."""

import re
from collections.abc import Sequence
from typing import Literal, cast

from lark import Token

from promptdsl.language.ast import AreaLimit, Limit, ScoreLimit
from promptdsl.language.builders.fields import share
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.wrong_rules import NO_RULE, is_exact, wrong_rule
from promptdsl.language.statements import Statement, is_broken, said, shown
from promptdsl.language.vocabulary import FORMS
from promptdsl.source import Span

_NUMBER = re.compile(r"[01]?\.\d+|[01]")
_FORM = f"for example {FORMS['rule']}"


def build_rule(desk: Desk, statement: Statement, above: Sequence[Limit] = ()) -> Limit | None:
    """`reject when score >= 0.62` or an area rule, below others; None after a report."""
    desk.no_block(statement)
    verdict, rest = statement.atoms[0], statement.atoms[1:]
    if is_broken(rest):
        return None
    known = is_exact(rest) or _only_when_is_wrong(rest)
    if not known and wrong_rule(desk, statement, rest, above):
        return None
    rest = _mended_when(desk, verdict, rest)
    words = said(rest)
    if words[:2] == ["when", "score"]:
        return _finish_rule(desk, statement, None, rest[2:])
    numeric = len(rest) > 3 and rest[3].type in ("NUMBER", "PERCENT")
    if words[:3] == ["when", "area", "above"] and numeric:
        return _finish_rule(desk, statement, rest[3], rest[4:])
    desk.error("I501", statement, NO_RULE, help=_FORM)
    return None


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
    if len(words) == 2 and words[0] in ("score", "area") and words[1] == "when":
        desk.swapped(rest[:2], rest[0], "when")
        return [rest[1], rest[0], *rest[2:]]
    if words[:1] in (["score"], ["area"]):
        span = desk.span(verdict)
        desk.error(
            "I501", span, f"when is missing behind {verdict}", help=f"write {verdict} when",
            write=" when", at=Span(span.file, span.end, span.end),
        )  # fmt: skip
        return [Token.new_borrow_pos("NAME", "when", verdict), *rest]
    if len(words) == 2 and words[1] in ("score", "area") and words[0] != "when":
        when = " when" if rest[0].type == "COLON" else "when"
        message = f"a threshold line says when, not {rest[0]}"
        desk.error("I501", rest[0], message, help="write when", write=when)
        return [Token.new_borrow_pos("NAME", "when", rest[0]), *rest[1:]]
    return rest


def _finish_rule(
    desk: Desk, statement: Statement, above: Token | None, rest: list[Token]
) -> Limit | None:
    measure = "score" if above is None else "area"
    if len(rest) < 2 or rest[0].type != "COMPARISON":
        message = f"the condition on the {measure} is not complete: {_lacking(rest)} missing"
        desk.error("I501", statement, message, help=_FORM)
        return None
    compares = _check_comparison(desk, measure, rest[0])
    bound = _bound(desk, measure, rest[1], alone=len(rest) == 2)
    desk.nothing_behind(statement, rest[2:])
    level = _level(desk, above) if above is not None else None
    if bound == "broken" or level == "broken" or not compares:
        return None
    verdict = cast(Literal["reject", "review"], statement.first)
    text, span = " ".join(desk.written(statement).split()), desk.place(statement)
    if above is None:
        return ScoreLimit(verdict, cast("float | None", bound), text, span)
    return AreaLimit(verdict, cast(float, level), cast("float | None", bound), text, span)


def _lacking(rest: list[Token]) -> str:
    if len(rest) != 1:
        return ">= and a limit are"
    return "the limit is" if rest[0].type == "COMPARISON" else ">= is"


def _check_comparison(desk: Desk, measure: str, token: Token) -> bool:
    """Whether a wrong comparison can only have meant `>=`."""
    if token in ("<", "<=", "=<", "≤"):
        limit = "0.62" if measure == "score" else "0.5%"
        desk.error(
            "I505", token,
            f"a higher {measure} means more anomalous, so a rule cannot use {token}",
            label="a rule says from which value on",
            help=f"a part whose {measure} is low passes by itself; to catch the bad ones, "
            f"say from which {measure} on, for example >= {limit}",
        )  # fmt: skip
        return False
    if token not in (">=", "≥"):
        message = f"a rule compares with >=, and this is {token}"
        desk.error("I505", token, message, label="needs >=", write=">=")
    return True


def _bound(desk: Desk, measure: str, token: Token, *, alone: bool) -> float | str | None:
    """The limit; what is no limit is corrected only where nothing goes on behind."""
    written, kind = str(token), (measure, token.type)
    inner = written[1:-1]
    if written.lower() == "auto":
        return None
    if kind == ("score", "NUMBER"):
        value = float(written)
        if 0.0 <= value <= 1.0:
            return value
        _outside(desk, token, f"a score lies between 0 and 1, and {written} does not", alone)
    elif kind == ("area", "PERCENT"):
        value = share(written)
        if 0.0 < value <= 1.0:
            return value
        message = f"a share of the picture is more than 0% and at most 100%, not {written}"
        desk.error("I503", token, message, help="write for example 0.5%")
    elif kind == ("score", "PERCENT"):
        value = share(written)
        value = value if value >= 0.01 else value * 100  # 0.62% of a score means 0.62
        message = "a score is a plain number from 0 to 1, not a percentage"
        desk.error("I406", token, message, write=f"{value:g}")
    elif kind == ("area", "NUMBER"):
        _share_without_percent(desk, token)
    elif kind == ("score", "STRING") and _NUMBER.fullmatch(inner):
        desk.error("I501", token, "a limit is written without quotes", write=inner)
    else:
        help = f"a limit is a number, or auto; {_FORM}"
        desk.error("I501", token, f"{shown(written)} is not a limit", help=help)
    return "broken"


def _share_without_percent(desk: Desk, token: Token) -> None:
    """`>= 0.005` means 0.5% and `>= 2` means 2%; `>= 0.5` and `>= 50` could mean two things."""
    value = float(token)
    percent = f"{value * 100:g}%" if value < 0.05 else f"{value:g}%"
    certain = 0.0 < value < 0.05 or 1.0 < value <= 20.0
    desk.error(
        "I406", token, "the share of the picture is a percentage, and the % is missing",
        write=percent if certain else None,
        help=None if certain
        else f"say which: {percent} of the picture, or {value * 100:g}% of it"
        if 0.05 <= value <= 1.0
        else "say the share of the picture, for example 0.5%; a number of pixels is divided by "
        "the pixels of the whole picture",
    )  # fmt: skip


def _outside(desk: Desk, token: Token, message: str, alone: bool = True) -> None:
    """`62` is 62 of 100, and 0.62; what 1.2 means, nobody knows."""
    of_100 = f"{float(token) / 100:g}" if alone and 2 <= float(token) <= 100 else None
    help = None if of_100 else "write a number from 0 to 1, for example 0.62"
    desk.error("I503", token, message, write=of_100, help=help)


def _level(desk: Desk, token: Token) -> float | str:
    value = share(token) if token.type == "PERCENT" else float(token)
    inside = 0.0 <= value <= 1.0
    if token.type == "NUMBER" and inside:
        return value
    message = f"the local score behind above is a number from 0 to 1, and {token} is not"
    if token.type == "NUMBER":
        _outside(desk, token, message)
    else:
        help = None if inside else "write a number from 0 to 1, for example 0.62"
        desk.error("I406", token, message, write=f"{value:g}" if inside else None, help=help)
    return "broken"
