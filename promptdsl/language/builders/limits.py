"""The numbers of threshold lines: limits with their units, and the local score behind `above`."""

import re
from typing import Literal, cast

from lark import Token

from promptdsl.language.builders.fields import share
from promptdsl.language.desk import Desk
from promptdsl.language.lengths import IN_MILLIMETRES, plain_unit
from promptdsl.language.statements import shown
from promptdsl.language.vocabulary import FORMS

_NUMBER = re.compile(r"[01]?\.\d+|[01]")
FORM = f"for example {FORMS['rule']}"
Subject = Literal["score", "area", "spot", "spots", "defect"]
Unit = Literal["px", "mm", "px2", "mm2", "%", ""]
_LARGEST = 1e12  # of lengths and areas: more than any picture has
_AREA_UNITS = {"px": "px2", "px2": "px2", "mm2": "mm2"}
_SPOT_UNITS = {"px", "mm", "px2", "mm2"}


class Lost(Exception):
    """A value was wrong, and is reported."""


def score_limit(desk: Desk, token: Token, alone: bool) -> float | None:
    """The limit of a score; None is `auto`. Raises Lost."""
    written, kind = str(token), token.type
    if written.lower() == "auto":
        return None
    if kind == "NUMBER":
        value = float(written)
        if 0.0 <= value <= 1.0:
            return value
        _outside(desk, token, f"a score lies between 0 and 1, and {written} does not", alone)
    elif kind == "PERCENT":
        value = share(written)
        value = value if value >= 0.01 else value * 100  # 0.62% of a score means 0.62
        message = "a score is a plain number from 0 to 1, not a percentage"
        desk.error("I406", token, message, write=f"{value:g}")
    elif kind == "STRING" and _NUMBER.fullmatch(written[1:-1]):
        desk.error("I501", token, "a limit is written without quotes", write=written[1:-1])
    else:
        _no_limit(desk, token)
    raise Lost


def size_limit(
    desk: Desk, subject: Subject, limit: tuple[Token, ...], line: str
) -> tuple[float | None, Unit]:
    """The limit of an area, of spots or of their number, with its unit. Raises Lost.

    `line` is what stands before the comparison.
    """
    token, unit = limit[0], plain_unit(str(limit[1])) if len(limit) > 1 else ""
    if str(token).lower() == "auto":
        return None, _known_unit(desk, subject, limit, unit)
    if token.type == "PERCENT" and not unit:
        if subject == "spots":
            _not_a_number(desk, limit)
        return _percent(desk, subject, token), "%"
    if token.type != "NUMBER":
        _no_limit(desk, token)
        raise Lost
    if not unit:
        return _bare(desk, subject, token, line)
    known = _known_unit(desk, subject, limit, unit)
    value = float(token)
    if not 0 < value <= _LARGEST:
        what = "a length" if known in ("px", "mm") else "an area"
        message = f"{what} is more than 0 {unit}, and {shown(str(token))} {unit} is not"
        if value > 0:
            message = f"{shown(str(token))} {unit} is beyond any picture"
        desk.error("I503", limit, message, help=f"write for example 2 {unit}")
        raise Lost
    return value, known


def _percent(desk: Desk, subject: Subject, token: Token) -> float:
    value = share(str(token))
    if 0.0 < value <= 1.0:
        return value
    message = f"a share of the picture is more than 0% and at most 100%, not {token}"
    desk.error("I503", token, message, help="write for example 0.5%")
    raise Lost


def _known_unit(desk: Desk, subject: Subject, limit: tuple[Token, ...], unit: str) -> Unit:
    """The unit that a line counts in; another one is reported, with the number in a known one."""
    if subject == "spots" and unit:
        _not_a_number(desk, limit)
    if unit == "%" and limit[0].type == "NAME":
        return "%"
    if subject == "area":
        if unit in _AREA_UNITS:
            return _plainly(desk, limit, unit, _AREA_UNITS[unit])
        if not unit:
            return "%"
    elif unit in _SPOT_UNITS:
        return _plainly(desk, limit, unit, unit)
    elif not unit:
        return "" if subject == "spots" else "px"
    _other_unit(desk, subject, limit, unit)
    raise Lost


def _plainly(desk: Desk, limit: tuple[Token, ...], unit: str, known: str) -> Unit:
    """A known unit, written as the language writes it."""
    written = str(limit[1])
    if written != unit and written.lower() not in ("pixel", "pixels"):
        desk.error("I406", limit[1], f"this unit is written {unit}", write=unit)
    return cast(Unit, known)


def _other_unit(desk: Desk, subject: Subject, limit: tuple[Token, ...], unit: str) -> None:
    token, square = limit[0], unit.endswith("2")
    factor = IN_MILLIMETRES.get(unit.removesuffix("2"))
    made = None
    if unit == "mm":
        message = "an area is measured in mm2, and mm is a length"
        help = f"{token} mm2 is an area; spot in the place of area measures a length"
        desk.error("I406", limit, message, help=help)
        return
    if factor is not None and (square or subject != "area") and token.type == "NUMBER":
        made = f"{float(token) * factor ** (2 if square else 1):.10g} mm{'2' if square else ''}"
        made = None if "e" in made else made
    takes = "%, px2 or mm2" if subject == "area" else "px, mm, px2, mm2 or %"
    what = "an area" if subject == "area" else "a spot"
    message = f"{what} is measured in {takes}, and not in {shown(str(limit[1]))}"
    help = f"for example {'2 mm2' if subject == 'area' else '0.3 mm'}"
    desk.error("I406", limit, message, write=made, help=None if made else help)


def _not_a_number(desk: Desk, limit: tuple[Token, ...]) -> None:
    written = desk.written(limit)
    message = f"spots says how many there are, and {shown(written)} is a size"
    help = f"spot in the place of spots measures a size: spot above 0.70 >= {shown(written)}"
    desk.error("I406", limit, message, help=help)
    raise Lost


def _bare(desk: Desk, subject: Subject, token: Token, line: str) -> tuple[float, Unit]:
    """A number without a unit: how many spots there are, or a unit that lacks."""
    value = float(token)
    whole = value % 1 == 0
    if subject == "area":
        _share_without_percent(desk, token)
        raise Lost
    if subject in ("spots", "defect") and whole:
        if 1 <= value <= 1_000_000:
            return value, ""
        message = f"a number of spots is 1 or more, and {shown(str(token))} is not"
        if value > 1:
            message = f"so many spots are in no picture: {shown(str(token))}"
        desk.error("I503", token, message, help=f"for example {line} >= 3")
    elif subject == "spots":
        message = f"spots are counted in whole numbers, and {token} is none"
        help = f"for example {line} >= {max(1, round(value)) if value < 1e6 else 3}"
        desk.error("I503", token, message, help=help)
    else:
        message = f"{token} has no unit: a spot is measured in px, mm, px2, mm2 or %"
        help = f"say which: {token} px or {token} mm for its length, {token} px2, {token} mm2 or "
        help += f"{token}% for its area"
        if subject == "spot" and whole:
            help += f"; spots above 0.70 >= {token} counts them"
        desk.error("I406", token, message, help=help)
    raise Lost


def _no_limit(desk: Desk, token: Token) -> None:
    help = f"a limit is a number, or auto; {FORM}"
    desk.error("I501", token, f"{shown(str(token))} is not a limit", help=help)


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
        else f"say the share of the picture, for example 0.5%, or its area: {shown(str(token))} "
        "px2, or in mm2",
    )  # fmt: skip


def _outside(desk: Desk, token: Token, message: str, alone: bool = True) -> None:
    """`62` is 62 of 100, and 0.62; what 1.2 means, nobody knows."""
    of_100 = f"{float(token) / 100:g}" if alone and 2 <= float(token) <= 100 else None
    help = None if of_100 else "write a number from 0 to 1, for example 0.62"
    desk.error("I503", token, message, write=of_100, help=help)


def local_score(desk: Desk, token: Token) -> float:
    """The number behind `above`. Raises Lost."""
    value = share(str(token)) if token.type == "PERCENT" else float(token)
    inside = 0.0 <= value <= 1.0
    if token.type == "NUMBER" and inside:
        return value
    message = f"the local score behind above is a number from 0 to 1, and {token} is not"
    if token.type == "NUMBER":
        _outside(desk, token, message)
    else:
        help = None if inside else "write a number from 0 to 1, for example 0.62"
        desk.error("I406", token, message, write=f"{value:g}" if inside else None, help=help)
    raise Lost
