"""What a wrong threshold line most likely says: comparisons in words, ranges, units, defects.

A correction is offered only where it keeps the meaning; elsewhere the choices are named.
"""

import re
from collections.abc import Sequence

from lark import Token

from promptdsl.language.desk import Desk
from promptdsl.language.lengths import plain_unit
from promptdsl.language.statements import said

_NUMBERS = {"NUMBER", "PERCENT"}
_DOTTED = re.compile(r"(\d+(?:\.\d+)?%?)\s*(?:\.\.+|\u2026|to|[-\u2013\u2014])\s*(\d*\.?\d+%?)")
# Ways to say >= in words, and those that ask for low scores.
_UPWARDS = (
    "greater than or equal to", "is greater than", "is more than", "is at least", "is above",
    "greater than", "more than", "higher than", "larger than", "bigger than", "at least",
    "is over", "exceeds", "above", "over", "reaches", "from", "is", "min", "minimum",
)  # fmt: skip
_DOWNWARDS = (
    "less than", "lower than", "smaller than", "is below", "is under", "is less than", "at most",
    "below", "under", "max", "maximum",
)  # fmt: skip
LENGTHS = {
    **dict.fromkeys(("px", "pixel", "pixels"), "a length in pixels"),
    "px2": "an area in pixels",
    **dict.fromkeys(("mm2", "cm2", "sqmm"), "an area"),
    **dict.fromkeys(
        "mm cm um µm μm in inch inches m mil millimeter millimeters millimetre millimetres micron "
        "microns".split(),
        "a length",
    ),
}
SCORE_WORDS = {
    "probability", "confidence", "likelihood", "anomaly", "anomaly_score", "anomalyscore", "scores",
    "image_score", "likeness", "value", "result", "threshold", "rating",
}  # fmt: skip
AREA_WORDS = {"surface", "share", "fraction", "region", "areas", "coverage"}
COUNT_WORDS = {"count", "counts", "number", "quantity", "defects", "blobs", "many"}
SIZE_WORDS = {
    "length", "width", "height", "size", "diameter", "extent", "blob", "largest", "longest",
    "biggest",
}  # fmt: skip
FILLERS = {"the", "a", "an", "its", "anomaly", "image", "picture", "total", "overall", "whole"}


def comparison_in_words(tokens: Sequence[Token]) -> tuple[str, int] | None:
    """`up` or `down` and how many words say it: `is greater than`, `below`."""
    words = said(tokens[:6])
    for way, phrases in (("down", _DOWNWARDS), ("up", _UPWARDS)):
        for phrase in sorted(phrases, key=len, reverse=True):
            parts = phrase.split()
            if words[: len(parts)] == parts and len(tokens) > len(parts):
                return way, len(parts)
    return None


def ranged(desk: Desk, tokens: Sequence[Token]) -> tuple[str, str] | None:
    """The lower and the upper limit of `between 0.48 and 0.62` and its like."""
    if len(tokens) > 16:
        return None
    words = said(tokens)
    numbers = [str(token) for token in tokens if token.type in _NUMBERS]
    dotted = _DOTTED.search(desk.written(tokens) if tokens else "")
    if "or" in words or (len(numbers) != 2 and dotted is None):
        return None
    limits: tuple[str, ...] = (numbers[0], numbers[1].lstrip("-")) if len(numbers) == 2 else ()
    if not limits and dotted is not None:
        limits = dotted.groups()
    between = "between" in words or (words[:1] in (["in"], ["from"], ["within"]) and len(words) > 2)
    signs = "".join(token[:1] for token in tokens if token.type == "COMPARISON")
    both = signs in ("><", "<>", "<<", "\u2265<", "<\u2265", "\u2265\u2264", "\u2264\u2265")
    plain = dotted is not None and not signs and "above" not in words
    if not (between or both or plain) or "area" in words[3:]:
        return None
    try:
        low, high = sorted(limits, key=lambda each: float(each.rstrip("% \t")))
    except ValueError:
        return None
    return low, high


def joined(tokens: Sequence[Token]) -> int | None:
    """Where a word joins two conditions: `and`, `or`, `but`, `unless`."""
    for index, token in enumerate(tokens[:60]):
        if str(token).lower() in ("and", "or", "but", "unless", "except", "&&", "||", "&", "|"):
            return index
    return None


def unit_behind(tokens: Sequence[Token], number: int) -> str | None:
    """The unit of length or area behind a number, in small letters, when it is one."""
    if number + 1 >= len(tokens):
        return None
    unit = plain_unit(str(tokens[number + 1]))
    place = unit == "in" and number + 2 < len(tokens)  # `above 0.7 in lip`
    return unit if unit in LENGTHS and not place else None
