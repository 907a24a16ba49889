"""Threshold lines that are none: one message each, corrected only where that keeps the meaning.

`reject if score is above 0.62` says what `reject when score >= 0.62` says, and is corrected.
`review when score between 0.48 and 0.62`, `>= 50 px` and `and` say what one line cannot: there the
message names the choices.
"""

import re
from collections.abc import Sequence

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import Limit, ScoreLimit
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.rule_words import (
    AREA_WORDS,
    COUNT_WORDS,
    FILLERS,
    LENGTHS,
    SCORE_WORDS,
    SIZE_WORDS,
    comparison_in_words,
    joined,
    ranged,
    unit_behind,
)
from promptdsl.language.rule_form import LOCATED, MEASURES, is_exact, rule_form
from promptdsl.language.statements import Statement, is_word, said, shown
from promptdsl.source import Span

NO_RULE = "this is not a threshold line"
_MANY = 16  # words of a line that is still understood
_NUMBER = re.compile(r"[01]?\.\d+|[01]|0\.\d+")
_IS = r"(?:>=|>|=|=>|:|is|at least|is at least|greater than|more than|over|above|is above)"
_ABOVE = r"(?:above|over|>|>=)(?: the| a| local)*(?: score)?(?: of)? (\d*\.\d+)(?= |$)"
_SHARE = r"([\d.]+ ?%|auto)"
_AREA = re.compile(rf"(?:the )?area {_ABOVE} {_IS} {_SHARE}")
_AREA_TURNED = re.compile(rf"(?:the )?area (?:{_IS} )?{_SHARE} {_ABOVE}")
_LEVEL = re.compile(_ABOVE)
_STARTS = {"when", "if", "for", "where", "with", "at", "on", "as", "because"}
_PASSING = {"pass", "accept", "ok", "good", "passes", "approve", "accepted"}
_OTHERWISE = {"otherwise", "else", "default", "rest", "everything", "all", "any"}
_VERDICTS = {"reject", "review"}
_LOCATING = {"part", "is", "was", "the", "picture", "could", "be", "to", "it", "has", "been"}
_WHAT_THERE_IS = (
    "a rule looks at score, for the whole picture, or at area, spot, spots or a defect's name "
    "above a local score"
)
_WHAT = r"(?P<what>[a-z]\w*)"
_IN, _FROM = r"in (?:the )?(?:region )?(?P<region>[a-z]\w*)", r"above (?P<level>\d*\.?\d+)"
_UPTO = r">= (?P<limit>auto|[\d.]+ ?%|[\d.]+(?: (?!in )[a-z]\w*)?)"
_AT_LEAST = re.compile(
    r"(?<=[\w%]) (?:is |are )?(?:at least|more than|greater than|larger than|longer than|over|"
    r"exceeds?|=|>|=>|is) (?=[\d.]+(?: ?%| [a-z]|$)|auto)"
)
_LARGEST = {"largest", "longest", "biggest", "any", "one", "single", "every", "a", "the"}
_SIZE_OF_A_SPOT = re.compile(r"(?<=\bspot) (?:length|size|extent|diameter|area|width)(?= above )")
_OTHER_ORDERS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"{_WHAT} {_FROM}(?: {_IN})? {_UPTO}",
        rf"{_WHAT} {_IN} {_FROM} {_UPTO}",
        rf"{_WHAT} {_FROM} {_UPTO} {_IN}",
        rf"{_WHAT} {_UPTO} {_FROM}(?: {_IN})?",
        rf"{_WHAT} {_UPTO} {_IN}",
        rf"{_WHAT} (?:of|with|named) (?P<defect>[a-z]\w*) {_FROM}(?: {_IN})? {_UPTO}",
        rf"{_IN} {_WHAT}(?: {_FROM})? {_UPTO}",
    )
)


def without_verdict(desk: Desk, statement: Statement) -> bool:
    """Whether a line that does not begin with its verdict has been told of."""
    words = [str(token) for token in statement.atoms]
    first, every = set(words[:1]), set(words)
    verdict = next((word for word in words[1:] if word in _VERDICTS), None)
    conditional = verdict or first & {"when", "if", "part", *MEASURES}
    if statement.kind == "loose" and conditional and not every & {"otherwise", "else", "default"}:
        rest = _condition(statement.atoms, verdict)
        whole = f"{verdict} when {rest}"
        desk.error(
            "I501", statement, "a threshold line begins with reject or review",
            write=whole if verdict and rest else None,
            help=f"write {shown(whole, 200)}" if verdict
            else f"for example reject when {shown(rest, 80)}, or review when {shown(rest, 80)}",
        )  # fmt: skip
    elif (statement.kind == "loose" and conditional) or (first & _OTHERWISE and every & _VERDICTS):
        lower = "remove the line, and lower the limit "
        what = "from which on a part is sent to review" if verdict == "review" else "of reject"
        message = "a part that no threshold line holds for passes"
        desk.error("I501", statement, message, help=lower + what)
    elif first & _PASSING or (first & _OTHERWISE and every & _PASSING):
        limit = next((token for token in statement.atoms if token.type == "NUMBER"), None)
        desk.error(
            "I501", statement, "pass is what happens when no line holds",
            help="remove the line; write only when to reject and when to review" if limit is None
            else f"say which parts do not pass: for example reject when score >= {limit}, "
            f"or review when score >= {limit}",
            write="" if limit is None and statement.block is None else None,
        )  # fmt: skip
    else:
        return False
    return True


def _condition(atoms: list[Token], verdict: str | None) -> str:
    """The condition of a line that does not begin with its verdict: `if score >= 0.62: reject`."""
    dropped = {str(verdict), "when", "if", "then", ":", "->", "=>"}
    kept = [token for token in atoms if str(token).lower() not in dropped]
    limits = [i for i, token in enumerate(kept) if token.type in ("NUMBER", "PERCENT")]
    if limits and all(token.type in ("UNKNOWN", "COMPARISON") for token in kept[limits[-1] + 1 :]):
        kept = kept[: limits[-1] + 1]
    return " ".join(map(str, kept))


def wrong_rule(desk: Desk, statement: Statement, rest: list[Token], above: Sequence[Limit]) -> bool:
    """Whether a line that is no threshold line has been told of; `rest` follows its verdict."""
    if is_exact(rest):
        return False
    line = _Line(desk, statement, rest)
    if line.range(above) or line.two_conditions():
        return True
    if _has_form(rest) or said(rest[:4]) == LOCATED:
        return False  # something lacks, or stands behind its end
    if line.places() or line.located() or line.unit():
        return True
    if is_exact(rest[:4]) or is_exact(rest[:6]):
        return False
    return line.area() or line.subject()


def _has_form(rest: list[Token]) -> bool:
    """Whether a line has the form of one about places, as far as it goes."""
    form = rule_form(rest)
    if form is None or form.level is None:
        return False
    if not form.end:
        return str(form.subject) != "area"
    region_behind = len(form.end) > 2 and "in" in said(form.end[2:])
    return form.end[0].type == "COMPARISON" and not region_behind


class _Line:
    """One line while it is understood; each way of understanding it tells whether it fits."""

    def __init__(self, desk: Desk, statement: Statement, rest: list[Token]) -> None:
        self.desk, self.statement, self.rest = desk, statement, rest
        self.verdict = statement.first
        skipped = 1 if rest and str(rest[0]).lower() in _STARTS else 0
        skipped += len(rest) > skipped and rest[skipped].type == "COLON"
        self.condition = rest[skipped:]

    def _tell(self, message: str, help: str, corrected: str | None = None) -> bool:
        """One message for the whole line."""
        self.desk.error("I501", self.statement, message, help=help, write=corrected)
        return True

    def _correct(self, message: str, corrected: str) -> bool:
        return self._tell(message, f"write {shown(corrected, 200)}", corrected)

    def _score_line(self, limit: str) -> str:
        return f"{self.verdict} when score >= {limit}"

    def range(self, above: Sequence[Limit]) -> bool:
        """`review when score between 0.48 and 0.62`: a line has one limit, and its order."""
        limits = ranged(self.desk, self.condition)
        if limits is None:
            return False
        low, high = map(_as_score, limits)
        line, message = (
            self._score_line(low),
            "a threshold line has one limit, and this one has two",
        )
        if self.verdict != "review":
            help = f"a score above {high} is more anomalous still; {line} decides about it, too"
            return self._tell(message, help)
        for rule in above:
            limit = rule.at if isinstance(rule, ScoreLimit) and rule.verdict == "reject" else None
            if limit is not None and limit <= float(high) + 1e-9:
                return self._correct(f"{message}: the lines above it set the upper one", line)
        decides = "the first line that holds decides"
        return self._tell(message, f"{decides}: put reject when score >= {high} above {line}")

    def two_conditions(self) -> bool:
        """`reject when A or B` is two lines; `A and B` is none."""
        joint = joined(self.condition)
        if not joint:
            return False
        desk, word = self.desk, str(self.condition[joint])
        span = desk.span(*self.condition[joint:])
        message = f'a threshold line has one condition, and "{word}" would join two'
        behind = self.condition[joint + 1 :]
        if word.lower() not in ("or", "||", "|"):
            help = "this version cannot ask for both at once, and two lines would decide when "
            help += "either holds: keep the condition that matters more"
            desk.error("I129", span, message, help=help)
            return True
        if behind and str(behind[0]).lower() in (*_STARTS, self.verdict):
            behind = behind[1:]
        before = [t for t in self.condition[:joint] if str(t).lower() not in ("either", "both")]
        first = f"{self.verdict} when {desk.written(before) if before else ''}".rstrip()
        second = desk.written(behind) if behind else ""
        complete = bool(behind) and str(behind[0]).lower() == "area"
        desk.error(
            "I129", span, message,
            help="give each condition a line of its own: the first that holds decides",
            write=f"{first}\n    {self.verdict} when {second}" if complete else None,
            at=Span(span.file, desk.place(self.statement).start, span.end),
        )  # fmt: skip
        return True

    def places(self) -> bool:
        """`area in lip above 0.7 >= 1%`, `area above 0.7 >= 1% in lip`, `area of tear above 0.7`:
        the words of a line about places in another order.
        """
        if len(self.condition) > _MANY:
            return False
        words = " ".join(str(token) for token in self.condition if token not in _LARGEST)
        words = _SIZE_OF_A_SPOT.sub("", _AT_LEAST.sub(" >= ", words))
        for pattern in _OTHER_ORDERS:
            found = pattern.fullmatch(words)
            if found is None:
                continue
            parts = found.groupdict()
            subject = parts.get("defect") or parts["what"]
            if subject not in MEASURES and subject not in self.desk.defects:
                return False
            where = f" in {parts['region']}" if parts.get("region") else ""
            if subject != "score" and not parts.get("level"):
                return self._needs_level(subject, where, parts["limit"])
            level = f" above {parts['level']}" if parts.get("level") else ""
            whole = f"{self.verdict} when {subject}{level}{where} >= {parts['limit']}"
            if parts.get("defect") and parts["what"] == "area":  # of one, and not of all together
                message = f"a rule measures single spots of {subject}, not all of them together"
                return self._tell(message, f"for the largest one write {whole}")
            turned = pattern is not _OTHER_ORDERS[0]
            return self._correct(
                "the words of this line stand in another order" if turned else NO_RULE, whole
            )
        return False

    def _needs_level(self, subject: str, where: str, limit: str) -> bool:
        """`spot in lip >= 3 mm`: of which places?"""
        return self._tell(
            "a rule about places needs the local score from which on a place counts",
            f"for example {self.verdict} when {subject} above 0.70{where} >= {limit}",
        )

    def located(self) -> bool:
        """`when part is not located`, `when not found`, `when locate fails`."""
        words = set(said(self.condition[:_MANY]))
        looks_for = words & {"located", "found", "locate", "unlocated", "locating", "aligned"}
        refused = words & {
            "not",
            "unlocated",
            "fails",
            "failed",
            "cannot",
            "no",
            "without",
            "never",
        }
        others = words - looks_for - refused - _LOCATING
        if not looks_for or not refused or others:
            return False
        return self._correct(NO_RULE, f"{self.verdict} when part not located")

    def unit(self) -> bool:
        """`score >= 5 mm`, `length >= 3 mm`, `scratch >= 50 px`: a size, but not of what."""
        first = said(self.condition[:1])
        for at, token in enumerate(self.condition[:12]):
            unit = unit_behind(self.condition, at)
            if token.type not in ("NUMBER", "SIZE") or unit is None:
                continue
            given = f"{self.desk.written(self.condition[at : at + 2])} is {LENGTHS[unit]}"
            if first == ["score"]:
                return self._tell(
                    f"a score is a number from 0 to 1 without a unit, and {given}",
                    f"say from which score on, for example {self._score_line('0.62')}",
                )
            size = self.desk.written(self.condition[at : at + 2])
            named = next((word for word in said(self.condition) if word in self.desk.defects), None)
            line = f"{self.verdict} when {named or 'spot'} above 0.70 >= {size}"
            if first == ["area"]:
                return False
            if unit not in ("px", "mm", "px2", "mm2"):
                line = f"{self.verdict} when {named or 'spot'} above 0.70 >= 0.3 mm"
            return self._tell(
                "a rule about a size needs the local score from which on a place counts",
                f"for example {line}",
            )
        return False

    def area(self) -> bool:
        """`the area above 0.7 is at least 0.5%`, and area rules that lack a part."""
        words = said(self.condition[:_MANY])
        said_so = " ".join(words)
        if len(self.condition) > _MANY or not said_so.removeprefix("the ").startswith("area"):
            return False
        if any(word in self.desk.defects for word in words):
            return self._defect(words)
        for pattern, level, share in ((_AREA, 1, 2), (_AREA_TURNED, 2, 1)):
            found = pattern.fullmatch(said_so)
            if found is not None:
                whole = f"{self.verdict} when area above {found[level]} >= {found[share]}"
                return self._correct(NO_RULE, whole)
        found = _LEVEL.search(said_so)
        shares = [str(token) for token in self.condition if token.type == "PERCENT"]
        level_said = found[1] if found is not None else "0.70"
        return self._tell(
            "an area rule needs a local score from which on a place counts, and a share of the "
            "picture" if found is None
            else "the condition on the area is not complete: >= and a limit are missing",
            f"for example {self.verdict} when area above {level_said} >= {[*shares, '0.5%'][0]}",
        )  # fmt: skip

    def subject(self) -> bool:
        """What the rule looks at, and how: words for >=, words around score, other words."""
        cut = self._comparison()
        if cut is None:
            return self._incomplete()
        way, at, used = cut
        subject, limit = said(self.condition[:at]), self.condition[at + used :]
        if len(limit) != 1 or limit[0].type not in ("NUMBER", "PERCENT", "NAME"):
            return "area" not in subject and subject != ["score"] and self._defect(subject)
        bound = self.desk.written(limit)
        kept = [word for word in subject if word not in FILLERS]
        if kept in (["score"], []):
            return self._score(way, bound, limit[0], bare=not kept)
        if len(kept) == 1 and bound == "score" and _NUMBER.fullmatch(kept[0]):
            line = self._score_line(kept[0])
            message = "the score comes first, and its limit behind >="
            if way == "down":
                return self._correct(message, line)
            return self._tell(message, f"for example {line}: a higher score means more anomalous")
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
            return self._tell(
                "a higher score means more anomalous, so a rule cannot ask for low ones",
                "a part whose score is low passes by itself; say from which score on the bad ones "
                f"begin, for example {self._score_line('0.62')}",
            )
        inside = number and 0.0 <= float(_as_score(bound)) <= 1.0
        if not inside and str(limit).lower() != "auto":
            return False
        message = "a rule says when score >= and a limit" if bare else NO_RULE
        return self._correct(message, self._score_line(_as_score(bound) if number else bound))

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
            message = "a rule says from which value on it holds, and cannot say not"
            return self._tell(message, f"for example {self._score_line('0.62')}")
        if defect is not None:
            return self._tell(
                f"{defect} has no score of its own: a rule measures its spots above a local score",
                f"for example {self.verdict} when {defect} above 0.70 >= 0.3 mm, or >= 3 for how "
                "many",
            )
        if "spot" in kept or "spots" in kept:
            return self._other_word("spots" if "spots" in kept else "spot")
        return self._tell(
            "a rule needs a limit, and defect is none" if named
            else f"{shown(what)} is not something that a rule can look at",
            _WHAT_THERE_IS,
        )  # fmt: skip

    def _other_word(self, word: str) -> bool:
        """One word that a rule cannot look at: what is near, or what there is."""
        near = nearest(word, MEASURES)
        meant = near if near and near != word else "score" if word in SCORE_WORDS else None
        token = next(token for token in self.condition if str(token).lower() == word)
        if word in ("score", "area"):
            return False
        if word in ("spot", "spots"):
            limit = "3" if word == "spots" else "0.3 mm"
            return self._tell(
                f"a rule about {'spots' if word == 'spots' else 'a spot'} needs a local score from "
                "which on a place counts, and a limit",
                f"for example {self.verdict} when {word} above 0.70 >= {limit}",
            )
        message = f"{token} is not something that a rule can look at"
        fits = meant == "score" or (meant is not None and "above" in said(self.condition))
        if meant and fits and is_word(token):
            self.desk.error("I501", self.statement, message, near=meant, at=self.desk.span(token))
            return True
        if word in COUNT_WORDS:
            return self._tell(message, f"for example {self.verdict} when spots above 0.70 >= 3")
        if word in SIZE_WORDS:
            return self._tell(message, f"for example {self.verdict} when spot above 0.70 >= 0.3 mm")
        return self._tell(
            message,
            "say which share of the picture: for example when area above 0.70 >= 0.5%"
            if word in AREA_WORDS or meant == "area"
            else _WHAT_THERE_IS,
        )


def _as_score(written: str) -> str:
    """`62%` and `62` as the score that they mean: 0.62."""
    value = float(written.rstrip("% \t"))
    return f"{value / 100:g}" if value > 1 else written.rstrip("% \t")
