"""How the words of one statement are written, and what stands between two of them."""

import re

from lark import Token

from promptdsl.language.statements import is_word
from promptdsl.language.tokens import begin, finish

_SIZE_SPACES = re.compile(r"[ \t]")


def written(token: Token, text: str) -> str:
    """A token in its canonical form: `0.5%`, `3x3`, `>=`; anything else as its author wrote it."""
    own = text[begin(token) : finish(token)]
    if token.type == "PERCENT":
        return own[:-1].rstrip() + "%"
    if token.type == "SIZE":
        return _SIZE_SPACES.sub("", own).replace("×", "x").replace("X", "x")
    return ">=" if own == "≥" else own


def gap(left: Token, right: Token, text: str) -> str:
    """What to write between two words of a statement."""
    between = text[finish(left) : begin(right)]
    if right.type == "COLON":
        return ""
    if "DOT" in (left.type, right.type):
        other = left if right.type == "DOT" else right
        return "" if is_word(other) or not between else " "
    if "UNKNOWN" in (left.type, right.type):
        return " " if between else ""
    return " "


def could_merge(left: Token, right: Token) -> bool:
    """Whether another gap near the pair could make a size or a percentage: `3  x  3`, `3x3mm`."""
    first = right[:1]
    return (left.type == "NUMBER" and first in "xX×%") or (
        right.type in ("NUMBER", "PERCENT", "SIZE") and left[-1:] in "xX×"
    )
