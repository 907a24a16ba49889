"""What the thresholds do to labelled pictures: escapes, false rejects, reviews; and the tests.

An escape is a defective part that passed, a false reject a good part that was rejected. A part sent
to review is neither. Pictures that could not be inspected are in no share.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.scored import Scored
from promptdsl.evaluate.statistics.figures import TOTAL
from promptdsl.judge.conformal import Promise, pictures_needed, supported
from promptdsl.judge.shares import CONFIDENCE, Interval, clopper_pearson
from promptdsl.judge.verdict import holding_rule
from promptdsl.plan.model import Expectation, Rule

Verdict = Literal["pass", "review", "reject"]
VERDICTS: tuple[Verdict, ...] = ("pass", "review", "reject")
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Judged:
    """A scored picture with its verdict and the line that decided (None: passed)."""

    scored: Scored
    verdict: Verdict
    rule: str | None

    @property
    def escaped(self) -> bool:
        """A defect that passed."""
        return not self.scored.picture.is_good and self.verdict == "pass"

    @property
    def falsely_rejected(self) -> bool:
        """A good part that was rejected."""
        return self.scored.picture.is_good and self.verdict == "reject"


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, with the exact 95 % interval."""

    count: int
    of: int
    interval: Interval

    @property
    def value(self) -> float | None:
        """The share; None of nothing."""
        return self.count / self.of if self.of else None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Verdicts of one label. `wrong` are false rejects of good parts, escapes of defective ones."""

    label: str
    pictures: int
    verdicts: Mapping[str, int]
    wrong: Share
    review: Share
    unreadable: int


@dataclass(frozen=True, slots=True)
class Confusion:
    """How often each defect (row) was named as each (column); `escaped` of each row passed."""

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    escaped: tuple[int, ...]
    right: Share  # of the pictures whose label is a defect of the spec


@dataclass(frozen=True, slots=True)
class ClaimResult:
    """A `test` block against its pictures."""

    name: str
    on: str
    verdict: str
    bound: str
    asked: float  # share in [0, 1]
    seen: Share
    passed: bool
    proven: bool  # whether so many pictures support the claim at 95 % confidence
    to_spare: int  # more pictures may go wrong before it fails; negative: so many too many did
    needed: int | None  # pictures in all that would prove it, the further ones all right
    unreadable: int


def judge(pictures: Sequence[Scored], rules: Sequence[Rule]) -> list[Judged]:
    """Verdicts under resolved rules."""
    judged = []
    for scored in pictures:
        rule = holding_rule(scored.score, scored.area, rules)
        judged.append(Judged(scored, rule.verdict if rule else "pass", rule.text if rule else None))
    return judged


def outcomes(
    judged: Sequence[Judged], labels: Sequence[str], unreadable: Mapping[str, int]
) -> list[Outcome]:
    """One for each label; with several defects, one more for all of them together."""
    found = [
        _outcome(label, [j for j in judged if _label(j) == label], unreadable) for label in labels
    ]
    defects = [label for label in labels if label != GOOD]
    if len(defects) > 1:
        bad = [one for one in judged if not one.scored.picture.is_good]
        lost = {TOTAL: sum(unreadable.get(label, 0) for label in defects)}
        found.append(_outcome(TOTAL, bad, lost))
    return found


def _label(judged: Judged) -> str:
    return judged.scored.picture.label


def _outcome(label: str, mine: Sequence[Judged], unreadable: Mapping[str, int]) -> Outcome:
    counts = Counter(one.verdict for one in mine)
    wrong = counts["reject" if label == GOOD else "pass"]
    return Outcome(
        label,
        len(mine),
        {verdict: counts[verdict] for verdict in VERDICTS},
        share(wrong, len(mine)),
        share(counts["review"], len(mine)),
        unreadable.get(label, 0),
    )


def share(count: int, of: int) -> Share:
    """With its Clopper-Pearson interval."""
    return Share(count, of, clopper_pearson(count, of))


def confusion(judged: Sequence[Judged], defects: Sequence[str]) -> Confusion:
    """Of the defective pictures; naming does not depend on the thresholds."""
    bad = [one for one in judged if not one.scored.picture.is_good]
    labels = dict.fromkeys(_label(one) for one in bad)
    rows = tuple(label for label in dict.fromkeys([*defects, *labels]) if label in labels)
    if bad and all(one.scored.named is None for one in bad):
        defects = ()  # a method whose prompts are learned names none, which is no wrong name
    cells = Counter((_label(one), one.scored.named) for one in bad)
    known = [one for one in bad if _label(one) in defects]
    return Confusion(
        rows,
        tuple(defects),
        tuple(tuple(cells[row, column] for column in defects) for row in rows),
        tuple(sum(one.escaped for one in bad if _label(one) == row) for row in rows),
        share(sum(one.scored.named == _label(one) for one in known), len(known)),
    )


def check_claims(
    tests: Sequence[Expectation], judged: Sequence[Judged], unreadable: Mapping[str, int]
) -> list[ClaimResult]:
    """Every `test` block."""
    return [
        _check_claim(test, [j for j in judged if _label(j) == test.on], unreadable.get(test.on, 0))
        for test in tests
    ]


def _check_claim(test: Expectation, mine: Sequence[Judged], unreadable: int) -> ClaimResult:
    count, of = sum(one.verdict == test.verdict for one in mine), len(mine)
    at_least = test.bound == "at least"
    wrong, allowed = (of - count, 1 - test.share) if at_least else (count, test.share)
    to_spare = math.floor(allowed * of + _ROUNDING) - wrong
    return ClaimResult(
        test.name,
        test.on,
        test.verdict,
        test.bound,
        test.share,
        share(count, of),
        passed=of > 0 and to_spare >= 0,
        proven=0 < allowed < 1 and supported(of, wrong, Promise(allowed, CONFIDENCE)),
        to_spare=to_spare,
        needed=pictures_needed(Promise(allowed, CONFIDENCE), wrong) if 0 < allowed < 1 else None,
        unreadable=unreadable,
    )


def explain(result: ClaimResult) -> str:
    """The result in one sentence or two, for people."""
    seen = result.seen
    if not seen.of:
        return remark(result)
    return (
        f"{result.verdict} {seen.count} of {seen.of} ({_percent(seen.count / seen.of)}), "
        f"asked {result.bound} {_percent(result.asked)}: {remark(result)}"
    )


def remark(result: ClaimResult) -> str:
    """What to think of the result, without the figures themselves."""
    seen = result.seen
    if not seen.of:
        return f"none of the pictures of {result.on} could be inspected"
    if not result.passed:
        return f"{_counted(-result.to_spare, 'picture')} too many went wrong"
    if result.proven:
        return f"supported at {CONFIDENCE:.0%} confidence"
    wrong = seen.of - seen.count if result.bound == "at least" else seen.count
    return _not_proven(result, wrong)


def _not_proven(result: ClaimResult, wrong: int) -> str:
    if result.needed is None:
        return (
            "true of these pictures, but no number of pictures can prove a claim without exception"
        )
    rest = "none wrong" if not wrong else "no more of them wrong"
    return (
        f"true of these pictures, but too few to support the claim: it takes {result.needed:,} "
        f"pictures, {rest}, for {CONFIDENCE:.0%} confidence"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
