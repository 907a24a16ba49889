"""What the thresholds do to labelled pictures: escapes, false rejects, reviews; and the tests.

An escape is a defective part that passed, a false reject a good part that was rejected. A part sent
to review is neither. Pictures that could not be inspected are in no share.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.scored import Scored
from promptdsl.evaluate.statistics.figures import TOTAL
from promptdsl.judge.conformal import Promise, pictures_needed, supported
from promptdsl.judge.shares import CONFIDENCE, clopper_pearson
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
    def label(self) -> str:
        """What the picture shows."""
        return self.scored.picture.label

    @property
    def escaped(self) -> bool:
        """A defect that passed."""
        return not self.scored.picture.is_good and self.verdict == "pass"

    @property
    def falsely_rejected(self) -> bool:
        """A good part that was rejected."""
        return self.scored.picture.is_good and self.verdict == "reject"


def judge(pictures: Sequence[Scored], rules: Sequence[Rule]) -> list[Judged]:
    """Verdicts under resolved rules."""
    judged = []
    for scored in pictures:
        rule = holding_rule(scored.measures, rules)
        judged.append(Judged(scored, rule.verdict if rule else "pass", rule.text if rule else None))
    return judged


def outcomes(
    judged: Sequence[Judged], labels: Sequence[str], unreadable: Mapping[str, int]
) -> list[dict[str, Any]]:
    """One for each label; with several defects, one more for all of them together."""
    found = [
        _outcome(label, [j for j in judged if j.label == label], unreadable.get(label, 0))
        for label in labels
    ]
    defects = [label for label in labels if label != GOOD]
    if len(defects) > 1:
        bad = [one for one in judged if one.label != GOOD]
        found.append(_outcome(TOTAL, bad, sum(unreadable.get(label, 0) for label in defects)))
    return found


def _outcome(label: str, mine: Sequence[Judged], unreadable: int) -> dict[str, Any]:
    counts: Counter[str] = Counter(one.verdict for one in mine)
    wrong = ("false_rejects", "reject") if label == GOOD else ("escapes", "pass")
    return {
        "label": label,
        "pictures": len(mine),
        "unreadable": unreadable,
        **{verdict: counts[verdict] for verdict in VERDICTS},
        wrong[0]: share(counts[wrong[1]], len(mine)),
        "reviews": share(counts["review"], len(mine)),
    }


def share(count: int, of: int) -> dict[str, Any]:
    """So many of so many, with the exact 95 % interval."""
    interval = clopper_pearson(count, of)
    return {
        "count": count,
        "of": of,
        "share": count / of if of else None,
        "interval": [interval.low, interval.high],
    }


def confusion(judged: Sequence[Judged], defects: Sequence[str]) -> dict[str, Any]:
    """How often each label of a defective picture (row) was named as each defect (column).

    Naming does not depend on the thresholds; `escaped` of each row passed, and `right` are those
    with the right name, of the pictures whose label is a defect of the spec.
    """
    bad = [one for one in judged if one.label != GOOD]
    labels = dict.fromkeys(one.label for one in bad)
    rows = [label for label in dict.fromkeys([*defects, *labels]) if label in labels]
    if bad and all(one.scored.named is None for one in bad):
        defects = ()  # a method whose prompts are learned names none, which is no wrong name
    cells = Counter((one.label, one.scored.named) for one in bad)
    known = [one for one in bad if one.label in defects]
    return {
        "labels": rows,
        "named": list(defects),
        "counts": [[cells[row, column] for column in defects] for row in rows],
        "escaped": [sum(one.escaped for one in bad if one.label == row) for row in rows],
        "right": share(sum(one.scored.named == one.label for one in known), len(known)),
    }


def check_claim(test: Expectation, judged: Sequence[Judged], unreadable: int) -> dict[str, Any]:
    """A `test` block against its pictures.

    `proven`: so many pictures support it at 95 % confidence. So many more may go wrong before it
    fails (negative: too many did), and so many in all would prove it, the further ones all right.
    """
    mine = [one for one in judged if one.label == test.on]
    count, of = sum(one.verdict == test.verdict for one in mine), len(mine)
    at_least = test.bound == "at least"
    wrong, allowed = (of - count, 1 - test.share) if at_least else (count, test.share)
    to_spare = math.floor(allowed * of + _ROUNDING) - wrong
    provable, promise = 0 < allowed < 1, Promise(allowed, CONFIDENCE)
    found = {
        "name": test.name,
        "on": test.on,
        "expect": f"{test.verdict} {test.bound} {_percent(test.share)}",
        "verdict": test.verdict,
        "bound": test.bound,
        "asked": test.share,
        "passed": of > 0 and to_spare >= 0,
        "proven": provable and supported(of, wrong, promise),
        "seen": share(count, of),
        "pictures_to_spare": to_spare,
        "pictures_needed": pictures_needed(promise, wrong) if provable else None,
        "unreadable": unreadable,
    }
    remark = _remark(found, wrong)
    seen = f"{test.verdict} {count} of {of} ({_percent(count / of)})" if of else ""
    asked = f"asked {test.bound} {_percent(test.share)}"
    explanation = f"{seen}, {asked}: {remark}" if of else remark
    return {**found, "explanation": explanation, "remark": remark}


def _remark(found: Mapping[str, Any], wrong: int) -> str:
    """What to think of the result, without the figures themselves."""
    if not found["seen"]["of"]:
        return f"none of the pictures of {found['on']} could be inspected"
    if not found["passed"]:
        many = -found["pictures_to_spare"]
        return f"{many} picture{'' if many == 1 else 's'} too many went wrong"
    if found["proven"]:
        return f"supported at {CONFIDENCE:.0%} confidence"
    if found["pictures_needed"] is None:
        return (
            "true of these pictures, but no number of pictures can prove a claim without exception"
        )
    rest = "no more of them wrong" if wrong else "none wrong"
    return (
        f"true of these pictures, but too few to support the claim: it takes "
        f"{found['pictures_needed']:,} pictures, {rest}, for {CONFIDENCE:.0%} confidence"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.4g}%"
