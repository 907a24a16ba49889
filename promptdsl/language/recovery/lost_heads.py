"""Heads of blocks that got lost or stand twice, told from the tokens around them.

A deleted line such as `defect scratch {` leaves its phrases and a closing brace behind; a line that
was pasted twice opens a block that nobody closes. Either is one mistake and costs one message.
"""

from collections.abc import Sequence

from lark import Token

from promptdsl.language.picture_words import PICTURE_FIELDS, SHAPES
from promptdsl.language.recovery.token_pass import BLOCK_WORDS, INNER_KINDS, TOP_WORDS

_SECTIONS = BLOCK_WORDS | {"INSPECT", "USE", "REMOVE"}
_HEADS = {
    "REJECT": "thresholds {",
    "REVIEW": "thresholds {",
    "EXPECT": 'test "title" {',
    "images": "samples good {",
    "masks": "samples good {",
    "on": 'test "title" {',
    **dict.fromkeys(SHAPES, "region NAME {"),
    **dict.fromkeys((field.name for field in PICTURE_FIELDS), "picture {"),
    **dict.fromkeys(("like", "turn", "shift"), "locate {"),
    "NAME": "method winclip {",
}


def orphans_end(tokens: Sequence[Token], at: int, depth: int) -> tuple[int | None, int]:
    """Index of the brace that closes a block without head, when the statement at `at` is in one.

    `depth` is the number of open blocks: 0 at the top of the file, 1 directly in an object. The
    second index says how far the search went: no line before it can give another answer.
    """
    token, *behind = tokens[at : at + 2]
    field = token.type == "NAME" and token != "called" and any(t.type == "COLON" for t in behind)
    if token.type not in INNER_KINDS and not field:
        return None, at
    starting = False
    for index in range(at, len(tokens)):
        kind = tokens[index].type
        if kind == "RBRACE":
            found = depth == 0 or _object_goes_on(tokens, index + 1)
            return index if found else None, index
        if kind == "LBRACE" or (starting and (kind in _SECTIONS or tokens[index] == "called")):
            return None, index
        starting = kind in ("_NEWLINE", "COMMA")
    return None, len(tokens)


def _object_goes_on(tokens: Sequence[Token], at: int) -> bool:
    """Whether what follows a closing brace shows that it did not close the object."""
    while at < len(tokens) and tokens[at].type in ("_NEWLINE", "COMMA"):
        at += 1
    return at < len(tokens) and tokens[at].type not in TOP_WORDS


def likely_head(first: Token) -> str:
    """The head that the block of a line most likely had."""
    known = _HEADS.get(str(first)) or _HEADS.get(first.type)
    return known or "defect NAME { (or normal {, or templates {)"


def doubled_head(tokens: Sequence[Token], at: int) -> int | None:
    """Index behind a head and its brace at `at`, when the next line repeats them word for word."""
    end = at
    while end < len(tokens) and tokens[end].type not in ("LBRACE", "RBRACE", "_NEWLINE", "COMMA"):
        end += 1
    if end >= len(tokens) or tokens[end].type != "LBRACE":
        return None
    head = [str(token) for token in tokens[at : end + 1]]
    again = end + 1
    while again < len(tokens) and tokens[again].type == "_NEWLINE":
        again += 1
    repeated = [str(token) for token in tokens[again : again + len(head)]]
    return again if again > end + 1 and repeated == head else None
