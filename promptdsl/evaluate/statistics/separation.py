"""Whether scores tell good parts from defective ones at all: one word and one sentence for it.

Everything else rests on this. Where good and defective parts score alike, no threshold helps, no
word can be called helpful or harmful, and a promise about good parts is kept by passing defects.
The word follows the interval of the image AUROC (A, 95 %), never the figure alone:

    well         A is 0.8 or more for certain
    somewhat     A is above 0.5 for certain
    not at all   A is below 0.7 for certain, and may be 0.5 or less
    cannot tell  anything from 0.5 or less to 0.7 or more is possible: too few pictures

A sample that is separated perfectly has bootstrap draws that are all perfect, too; its interval is
the score interval with the variance of Hanley and McNeil (Newcombe 2006, method 5), which knows how
few pictures there are. So it is under `LEAST` pictures of a kind, where draws repeat one another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy.optimize import brentq

from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.statistics.draws import Draws
from promptdsl.evaluate.statistics.intervals import Weights, bootstrap, weighted_auroc
from promptdsl.evaluate.statistics.metrics import auroc, checked
from promptdsl.judge.shares import Floats, Interval, Undefined

if TYPE_CHECKING:
    from promptdsl.evaluate.scored import Scored

Grade = Literal["well", "somewhat", "not at all", "cannot tell"]
WELL, POOR, CHANCE = 0.8, 0.7, 0.5
LEAST = 5  # pictures of a kind, below which nothing is called
_EDGE = 1e-9
_Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Separation:
    """How well scores tell good from defective; `auroc` is None where one kind is missing."""

    auroc: float | None
    interval: Interval | None
    good: int
    defective: int

    @property
    def grade(self) -> Grade:
        """The one word."""
        if self.interval is None or min(self.good, self.defective) < LEAST:
            return "cannot tell"
        low, high = self.interval.low, self.interval.high
        if low > CHANCE:
            return "well" if low >= WELL else "somewhat"
        return "not at all" if high < POOR else "cannot tell"

    @property
    def separates(self) -> bool:
        """Whether a judgement about words or thresholds can rest on these scores."""
        return self.grade in ("well", "somewhat")

    @property
    def inverted(self) -> bool:
        """Whether good parts score higher than defective ones, for certain."""
        return self.grade == "not at all" and self.interval is not None and (
            self.interval.high < CHANCE
        )  # fmt: skip

    @property
    def sentence(self) -> str:
        """`tells good from bad somewhat: AUROC 0.81, 0.72 to 0.90; 40 good, 30 defective`."""
        claim = f"tells good from bad {self.grade}"
        if self.grade == "cannot tell":
            claim = "cannot tell whether it tells good from bad"
        figure = "no AUROC"
        if self.auroc is not None and self.interval is not None:
            low, high = self.interval.low, self.interval.high
            figure = f"AUROC {self.auroc:.2f}, {low:.2f} to {high:.2f}"
        return f"{claim}: {figure}; {self.good:,} good, {self.defective:,} defective"

    @property
    def next(self) -> str:
        """What to do about it."""
        if self.auroc is None:
            kind = "defective" if self.good else "good"
            return f"add pictures of {kind} parts"
        if self.grade == "cannot tell":
            return f"take more pictures: {self._short_of()}"
        if self.inverted:
            return (
                "good parts score higher than defective ones, which usually means that the "
                "samples are swapped, that the words describe the good part, or that the model "
                "does not know this part; try reference pictures of good parts, or other words"
            )
        if self.grade == "not at all":
            return (
                "try reference pictures of good parts, other words or another model; no "
                "threshold and no single word helps before that"
            )
        if self.grade == "somewhat":
            return (
                "more pictures would say how well; reference pictures of good parts or better "
                "words may raise it"
            )
        return "choose thresholds by pictures that nobody has tuned on: promptdsl calibrate"

    @property
    def line(self) -> str:
        """The sentence and what to do next."""
        return f"{self.sentence}; next: {self.next}"

    def _short_of(self) -> str:
        fewer = "defective" if self.defective <= self.good else "good"
        number = min(self.good, self.defective)
        return f"{number} {fewer} {'one is' if number == 1 else 'ones are'} too few"


def separation(
    scores: Sequence[float] | Floats,
    labels: Sequence[str],
    good: str,
    weights_RN: Weights | None = None,
) -> Separation:
    """Of scores with what each picture shows; `good` is the label of good parts."""
    defective = np.array([label != good for label in labels], dtype=bool)
    bad = int(defective.sum())
    counts = len(labels) - bad, bad
    try:
        s, y = checked(scores, defective)
    except Undefined:
        return Separation(None, None, *counts)
    value = auroc(s, y)
    draws = Draws(labels) if weights_RN is None else weights_RN
    found = bootstrap(weighted_auroc, s, y, draws, value=value)
    return Separation(value, interval_of(value, found, *counts), *counts)


def separation_of(pictures: "Sequence[Scored]") -> Separation:
    """Of scored pictures."""
    return separation([s.score for s in pictures], [s.picture.label for s in pictures], GOOD)


def separation_from(total: Mapping[str, Any]) -> Separation:
    """The same from the figures of all pictures, whose interval has the same draws."""
    auroc, counts = total["auroc"], (total["good"], total["defective"])
    if auroc["value"] is None or auroc["interval"] is None:
        return Separation(None, None, *counts)
    interval = interval_of(auroc["value"], Interval(*auroc["interval"]), *counts)
    return Separation(auroc["value"], interval, *counts)


def interval_of(value: float, found: Interval, good: int, defective: int) -> Interval:
    """The bootstrap's interval; where it has no spread or too few pictures, the score interval."""
    if found.low < found.high and min(good, defective) >= LEAST:
        return found
    return score_interval(value, good, defective)


def score_interval(value: float, good: int, defective: int) -> Interval:
    """Newcombe's method 5: all A that are no further from `value` than their own spread."""
    half, pairs = (good + defective) / 2 - 1, good * defective

    def beyond(a: float, sign: float) -> float:
        spread = a * (1 - a) * (1 + half * ((1 - a) / (2 - a) + a / (1 + a))) / pairs
        return float(sign * (a - value) - _Z * np.sqrt(max(0.0, spread)))

    # At 0 and 1 there is no spread, so the ends lie inside of them.
    low = 0.0 if value <= 0 else brentq(lambda a: beyond(a, -1), 0.0, min(value, 1 - _EDGE))
    high = 1.0 if value >= 1 else brentq(lambda a: beyond(a, 1), max(value, _EDGE), 1.0)
    return Interval(min(float(low), value), max(float(high), value))


def describe_separation(found: Separation) -> dict[str, Any]:
    """For machines."""
    interval = found.interval
    return {
        "grade": found.grade,
        "auroc": found.auroc,
        "interval": [interval.low, interval.high] if interval else None,
        "good": found.good,
        "defective": found.defective,
        "good_scores_higher": found.inverted,
        "sentence": found.sentence,
        "next": found.next,
    }
