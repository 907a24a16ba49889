"""Threshold lines that are none: one message each, corrected only where that keeps the meaning.

`reject if score is above 0.62` says what `reject when score >= 0.62` says, and is corrected.
`review when score between 0.48 and 0.62`, `>= 50 px` and `and` say what one line cannot: there the
message names the choices.
"""

import re
from collections.abc import Sequence

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import RuleLine
from promptdsl.language.recovery.rule_words import (
    AREA_WORDS,
    FILLERS,
    LENGTHS,
    SCORE_WORDS,
    comparison_in_words,
    joined,
    ranged,
    said,
    unit_behind,
)
from promptdsl.language.statements import Desk, Statement, is_word, shown
from promptdsl.source import Span

_MANY = 16  # words of a line that is still understood
_NUMBER = re.compile(r"[01]?\.\d+|[01]|0\.\d+")
_IS = r"(?:>=|>|=|=>|:|is|at least|is at least|greater than|more than|over|above|is above)"
_ABOVE = r"(?:above|over|>|>=)(?: the| a| local)*(?: score)?(?: of)? (\d*\.\d+)(?= |$)"
_SHARE = r"([\d.]+ ?%|auto)"
_AREA = re.compile(rf"(?:the )?area {_ABOVE} {_IS} {_SHARE}")
_AREA_TURNED = re.compile(rf"(?:the )?area (?:{_IS} )?{_SHARE} {_ABOVE}")
_LEVEL = re.compile(_ABOVE)
_STARTS = {"when", "if", "for", "where", "with", "at", "on", "as", "because"}


def wrong_rule(
    desk: Desk, statement: Statement, rest: list[Token], above: Sequence[RuleLine]
) -> bool:
    """Whether a line that is no threshold line has been told of; `rest` follows its verdict."""
    if is_exact(rest):
        return False
    line = _Line(desk, statement, rest)
    limits = ranged(desk, line.condition)
    if limits is not None:
        line.range(*limits, above)
        return True
    joint = joined(line.condition)
    if joint is not None and joint > 0:
        line.two_conditions(joint)
        return True
    if line.unit():
        return True
    if is_exact(rest[:4]) or is_exact(rest[:6]):
        return False  # something stands behind its end
    return line.area() or line.subject()


def is_exact(rest: Sequence[Token]) -> bool:
    """Whether the tokens have the form of a threshold line, whatever their values."""
    words, kinds = said(rest), [token.type for token in rest]
    if words[:2] == ["when", "score"]:
        return len(rest) == 4 and kinds[2] == "COMPARISON"
    area = words[:3] == ["when", "area", "above"] and len(rest) == 6
    return area and kinds[3] in ("NUMBER", "PERCENT") and kinds[4] == "COMPARISON"


class _Line:
    """One line while it is understood."""

    def __init__(self, desk: Desk, statement: Statement, rest: list[Token]) -> None:
        self.desk, self.statement, self.rest = desk, statement, rest
        self.verdict = str(statement.atoms[0])
        skipped = 1 if rest and str(rest[0]).lower() in _STARTS else 0
        skipped += len(rest) > skipped and rest[skipped].type == "COLON"
        self.condition = rest[skipped:]

    def _tell(self, message: str, help: str, corrected: str | None = None) -> None:
        """One message for the whole line."""
        span = self.desk.head(self.statement)
        self.desk.report.error(
            "I501", span, message, help=help,
            fix=Fix(span, corrected) if corrected is not None else None,
        )  # fmt: skip

    def _correct(self, message: str, corrected: str) -> bool:
        self._tell(message, f"write {shown(corrected, 200)}", corrected)
        return True

    def range(self, low: str, high: str, above: Sequence[RuleLine]) -> None:
        """`review when score between 0.48 and 0.62`: a line has one limit, and its order."""
        low, high = _as_score(low), _as_score(high)
        line = f"{self.verdict} when score >= {low}"
        message = "a threshold line has one limit, and this one has two"
        rejected = any(
            rule.verdict == "reject"
            and rule.measure == "score"
            and rule.bound is not None
            and rule.bound <= float(high) + 1e-9
            for rule in above
        )
        if self.verdict == "review" and rejected:
            self._correct(f"{message}: the lines above it set the upper one", line)
        elif self.verdict == "review":
            self._tell(
                message,
                f"the first line that holds decides: put reject when score >= {high} above {line}",
            )
        else:
            self._tell(
                message,
                f"a score above {high} is more anomalous still; {line} decides about it, too",
            )

    def two_conditions(self, joint: int) -> None:
        """`reject when A or B` is two lines; `A and B` is none."""
        word = str(self.condition[joint])
        span = self.desk.span(*self.condition[joint:])
        message = f'a threshold line has one condition, and "{word}" would join two'
        behind = self.condition[joint + 1 :]
        if word.lower() not in ("or", "||", "|"):
            self.desk.report.error(
                "I129", span, message,
                help="this version cannot ask for both at once, and two lines would decide when "
                "either holds: keep the condition that matters more",
            )  # fmt: skip
            return
        if behind and str(behind[0]).lower() in (*_STARTS, self.verdict):
            behind = behind[1:]
        before = [t for t in self.condition[:joint] if str(t).lower() not in ("either", "both")]
        first = f"{self.verdict} when "
        first += self.desk.written(self.desk.span(*before)) if before else ""
        second = self.desk.written(self.desk.span(*behind)) if behind else ""
        complete = str(behind[0]).lower() == "area" if behind else False
        whole = Span(span.file, self.desk.head(self.statement).start, span.end)
        corrected = f"{first.rstrip()}\n    {self.verdict} when {second}"
        self.desk.report.error(
            "I129", span, message,
            help="give each condition a line of its own: the first that holds decides",
            fix=Fix(whole, corrected) if complete else None,
        )  # fmt: skip

    def unit(self) -> bool:
        """`>= 50 px`, `>= 2 mm2`: a score has no unit, and an area is a share."""
        words = said(self.condition)
        for at, token in enumerate(self.condition[:12]):
            unit = unit_behind(self.condition, at)
            if token.type not in ("NUMBER", "SIZE") or unit is None:
                continue
            written = self.desk.written(self.desk.span(*self.condition[at : at + 2]))
            what = LENGTHS[unit]
            if words[:1] == ["score"]:
                self._tell(
                    f"a score is a number from 0 to 1 without a unit, and {written} is {what}",
                    f"say from which score on, for example {self.verdict} when score >= 0.62",
                )
            else:
                looks_at = (
                    "an area rule takes" if words[:1] == ["area"]
                    else "a rule looks at a score, or"
                )  # fmt: skip
                self._tell(
                    f"{looks_at} a share of the picture, and {written} is {what}",
                    "divide by the whole picture and say the share in percent"
                    + _example(token, unit),
                )
            return True
        return False

    def area(self) -> bool:
        """`the area above 0.7 is at least 0.5%`, and area rules that lack a part."""
        said_so = " ".join(said(self.condition[:_MANY]))
        if len(self.condition) > _MANY or not said_so.removeprefix("the ").startswith("area"):
            return False
        if any(word in self.desk.defects for word in said(self.condition)):
            return self._defect(said(self.condition[:_MANY]))
        for pattern, level, share in ((_AREA, 1, 2), (_AREA_TURNED, 2, 1)):
            found = pattern.fullmatch(said_so)
            if found is not None:
                return self._correct(
                    "this is not a threshold line",
                    f"{self.verdict} when area above {found.group(level)} >= {found.group(share)}",
                )
        found = _LEVEL.search(said_so)
        shares = [str(token) for token in self.condition if token.type == "PERCENT"]
        level_said = found.group(1) if found is not None else "0.70"
        self._tell(
            "an area rule needs a local score from which on a place counts, and a share of the "
            "picture" if found is None
            else "the condition on the area is not complete: >= and a limit are missing",
            f"for example {self.verdict} when area above {level_said} >= "
            f"{shares[0] if shares else '0.5%'}",
        )  # fmt: skip
        return True

    def subject(self) -> bool:
        """What the rule looks at, and how: words for >=, words around score, other words."""
        cut = self._comparison()
        if cut is None:
            return self._incomplete()
        way, at, used = cut
        subject, limit = said(self.condition[:at]), self.condition[at + used :]
        bound = self.desk.written(self.desk.span(*limit[:1])) if limit else ""
        if not limit or len(limit) > 1 or limit[0].type not in ("NUMBER", "PERCENT", "NAME"):
            return (
                self._defect(subject) if "area" not in subject and subject != ["score"] else False
            )
        kept = [word for word in subject if word not in FILLERS]
        if kept in (["score"], []):
            return self._score(way, bound, limit[0], bare=not kept)
        if len(kept) == 1 and bound == "score" and _NUMBER.fullmatch(kept[0]):
            return self._turned(way, kept[0])
        return self._defect(subject)

    def _comparison(self) -> tuple[str, int, int] | None:
        """Which way it compares, where, and with how many tokens."""
        for at, token in enumerate(self.condition[:12]):
            if token.type == "COMPARISON":
                return ("down" if token[0] in "<\u2264" or token == "=<" else "up"), at, 1
            in_words = comparison_in_words(self.condition[at:])
            level = at > 0 and str(self.condition[at - 1]).lower() == "area"
            if in_words is not None and not level:
                return in_words[0], at, in_words[1]
        return None

    def _incomplete(self) -> bool:
        """`reject 0.62`, `reject when score 0.62`."""
        words = said(self.condition)
        numbers = [token for token in self.condition if token.type in ("NUMBER", "PERCENT")]
        others = [word for word in words if word not in (*FILLERS, "score", "of", "=")]
        if len(numbers) == 1 and others == [str(numbers[0]).lower()]:
            return self._score("up", str(numbers[0]), numbers[0], bare="score" not in words)
        if words[:1] not in (["score"], ["area"], []):
            return self._defect([word for word in words if word.isalpha()])
        return False

    def _score(self, way: str, bound: str, limit: Token, bare: bool) -> bool:
        number = limit.type in ("NUMBER", "PERCENT")
        if way == "down" and number:
            self._tell(
                "a higher score means more anomalous, so a rule cannot ask for low ones",
                "a part whose score is low passes by itself; say from which score on the bad ones "
                f"begin, for example {self.verdict} when score >= 0.62",
            )
            return True
        inside = number and 0.0 <= float(_as_score(bound)) <= 1.0
        if not inside and str(limit).lower() != "auto":
            return False
        message = (
            "a rule says when score >= and a limit" if bare else "this is not a threshold line"
        )
        return self._correct(
            message, f"{self.verdict} when score >= {_as_score(bound) if number else bound}"
        )

    def _turned(self, way: str, limit: str) -> bool:
        """`reject when 0.62 <= score`."""
        line = f"{self.verdict} when score >= {limit}"
        message = "the score comes first, and its limit behind >="
        if way == "down":
            return self._correct(message, line)
        self._tell(message, f"for example {line}: a higher score means more anomalous")
        return True

    def _defect(self, subject: Sequence[str]) -> bool:
        """`reject when scratch >= 0.5`, `reject when probability >= 0.5`."""
        kept = [word for word in subject if word not in FILLERS]
        named = [word for word in kept if word in self.desk.defects or word == "defect"]
        if not named and len(kept) == 1:
            return self._other_word(kept[0])
        if not named and not kept:
            return False
        what = " ".join(word for word in kept[:5] if word != ":")
        defect = next((word for word in kept if word in self.desk.defects), None)
        if "not" in kept and not named:
            self._tell(
                "a rule says from which value on it holds, and cannot say not",
                f"for example {self.verdict} when score >= 0.62",
            )
            return True
        self._tell(
            f"a rule is about the whole part, and {defect} is one defect" if defect
            else "a rule needs a limit, and defect is none" if named
            else f"{shown(what)} is not something that a rule can look at",
            "score is the score of all defects together, area a share of the picture; for a limit "
            "of its own, give the defect an object of its own",
        )  # fmt: skip
        return True

    def _other_word(self, word: str) -> bool:
        """One word that a rule cannot look at: what is near, or what there is."""
        near = nearest(word, ("score", "area"))
        meant = near if near and near != word else "score" if word in SCORE_WORDS else None
        token = next(token for token in self.condition if str(token).lower() == word)
        if word in ("score", "area"):
            return False
        span = self.desk.span(token)
        fits = meant == "score" or (meant == "area" and "above" in said(self.condition))
        if meant and fits and is_word(token):
            self.desk.report.error(
                "I501", self.desk.head(self.statement),
                f"{token} is not something that a rule can look at",
                help=f"did you mean {meant}?", fix=Fix(span, meant),
            )  # fmt: skip
            return True
        self._tell(
            f"{token} is not something that a rule can look at",
            "say which share of the picture: for example when area above 0.70 >= 0.5%"
            if word in AREA_WORDS or meant == "area"
            else "a rule looks at score, for the whole picture, or at area above a local score",
        )
        return True


def _as_score(written: str) -> str:
    """`62%` and `62` as the score that they mean: 0.62."""
    value = float(written.rstrip("% \t"))
    return f"{value / 100:g}" if value > 1 else written.rstrip("% \t")


def _example(token: Token, unit: str) -> str:
    """What some pixels are in a picture of a usual size."""
    if unit not in ("px", "pixel", "pixels", "px2") or token.type != "NUMBER":
        return ", for example 0.5%"
    return f": {token} of 1000 x 1000 pixels are {float(token) / 10_000:g}%"
