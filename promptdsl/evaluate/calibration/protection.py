"""What calibrated thresholds mean for the pictures at hand, beside the promise that they keep.

"At most 2 % of good parts rejected" is easy to keep: reject nothing. So the defects that would pass
are told with every promise, and thresholds that pass most defects, or reject most good parts, for
certain, are refused: a lock with them would look like protection.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from promptdsl.errors import SpecProblem
from promptdsl.evaluate.validation.outcomes import Judged
from promptdsl.judge.shares import Interval, clopper_pearson

MOST = 0.5  # more than this share of defects passed, or of good parts rejected, protects nobody


@dataclass(frozen=True, slots=True)
class Protection:
    """Escapes and false rejects of the pictures that set the thresholds."""

    escapes: int
    defective: int
    false_rejects: int
    good: int

    @property
    def sentence(self) -> str:
        """`of the pictures here, 1 of 12 defective ones would pass (8.3 %, 0.2 to 38.5 %)`."""
        if not self.defective:
            return (
                "there are no defective pictures here, so nothing is known about escapes: name "
                "some with --defect NAME=DIR, or add samples of the defects to the spec"
            )
        passed = _share(self.escapes, self.defective)
        return f"{self.escapes} of {self.defective} defective pictures here would pass ({passed})"

    @property
    def doubtful(self) -> bool:
        """Whether most defects of the pictures here would pass, be they ever so few."""
        return self.escapes > MOST * self.defective

    @property
    def useless(self) -> str | None:
        """Why these thresholds protect nobody, for certain; None where they may."""
        if _low(self.escapes, self.defective) > MOST:
            return (
                f"these thresholds would pass {self.escapes} of {self.defective} defective "
                f"pictures ({_share(self.escapes, self.defective)})"
            )
        if _low(self.false_rejects, self.good) > MOST:
            return (
                f"these thresholds would reject {self.false_rejects} of {self.good} good pictures "
                f"({_share(self.false_rejects, self.good)})"
            )
        return None


def protection(judged: Sequence[Judged]) -> Protection:
    """Count."""
    bad = [one for one in judged if not one.scored.picture.is_good]
    return Protection(
        sum(one.escaped for one in bad),
        len(bad),
        sum(one.falsely_rejected for one in judged),
        len(judged) - len(bad),
    )


def refuse_useless(name: str, found: Protection, next: str) -> None:
    """SpecProblem for thresholds that protect nobody."""
    if found.useless is not None:
        raise SpecProblem(
            f"{name}: {found.useless}, so its numbers were not written",
            f"{next}; --force writes them all the same",
        )


def _low(count: int, of: int) -> float:
    return clopper_pearson(count, of).low if of else 0.0


def _share(count: int, of: int) -> str:
    interval: Interval = clopper_pearson(count, of)
    low, high = 100 * interval.low, 100 * interval.high
    return f"{100 * count / of:.1f} %, {low:.1f} to {high:.1f} %"
