"""The forms of a threshold line behind its verdict, whatever the values in it.

`when score [in R] >= X`, `when area|spot|spots|DEFECT above L [in R] >= X [UNIT]`,
`when part not located`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from lark import Token

from promptdsl.language.lengths import is_unit
from promptdsl.language.statements import is_word, said

MEASURES = ("score", "area", "spot", "spots")
LOCATED = ["when", "part", "not", "located"]
_NOT_DEFECTS = {
    "when", "if", "the", "a", "an", "not", "is", "score", "part", "in", "above", "local", "for",
    "anomaly", "image", "picture", "surface", "share", "fraction", "it", "value", "areas", "region",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RuleForm:
    """A line that has its form: what it measures, from which local score on, where, and its end."""

    subject: Token  # score, area, spot, spots, or the name of a defect
    level: Token | None  # the local score behind `above`
    region: Token | None
    end: tuple[Token, ...]  # from the comparison on

    @property
    def limit(self) -> tuple[Token, ...]:
        """The words of the limit: a number or `auto`, and its unit, known or not."""
        unit = self.end[2] if len(self.end) > 2 else None
        if unit is None or str(self.subject).lower() == "score":
            return self.end[1:2]
        number = self.end[1].type == "NUMBER" or self.end[1] == "auto"
        last = len(self.end) == 3
        place = unit == "in" and not last  # `>= 3 in lip`: no inches
        is_one = is_limit_unit(unit) or (last and is_word(unit) and self.end[1].type == "NUMBER")
        return self.end[1 : 3 if number and is_one and not place else 2]

    @property
    def complete(self) -> bool:
        """Whether nothing lacks and nothing stands behind."""
        compares = bool(self.end) and self.end[0].type == "COMPARISON"
        return compares and len(self.end) > 1 and len(self.end) == 1 + len(self.limit)


def is_limit_unit(token: Token) -> bool:
    """Whether a word may be the unit of a limit; behind `auto`, a lone % is one."""
    return token == "%" or (is_word(token) and is_unit(str(token)))


def rule_form(rest: Sequence[Token]) -> RuleForm | None:
    """The form of the words behind a verdict, as far as it goes; None for another one."""
    words = said(rest[:6])
    if words[:1] != ["when"] or len(rest) < 2 or not is_word(rest[1]):
        return None
    subject, at, level = rest[1], 2, None
    if words[1] != "score":
        numeric = len(rest) > 3 and rest[3].type in ("NUMBER", "PERCENT")
        if words[2:3] != ["above"] or not numeric:
            return None
        if words[1] not in MEASURES and words[1] in _NOT_DEFECTS:
            return None
        level, at = rest[3], 4
    region = None
    if len(rest) > at + 1 and str(rest[at]).lower() == "in" and is_word(rest[at + 1]):
        region, at = rest[at + 1], at + 2
    return RuleForm(subject, level, region, tuple(rest[at:]))


def is_exact(rest: Sequence[Token]) -> bool:
    """Whether the tokens have the form of a threshold line, whatever their values."""
    if said(rest) == LOCATED:
        return True
    form = rule_form(rest)
    return form is not None and form.complete
