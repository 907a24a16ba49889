"""What leaving something out does: changes with paired bootstrap intervals, and one word for them.

    change = figure without the unit - figure with it

on the same pictures and the same draws of them. A unit is `helpful` when things get worse without
it, `harmful` when they get better, `inert` when no figure moves. The figures are asked in this
order, and the first that moves decides:

1. for the words of a defect that is in the samples: image AUROC of that defect against good parts,
2. image AUROC of all pictures,
3. the margin (for the words of a defect in the samples: of that defect's pictures),
4. pixel AUROC, where there are masks.

The margin is the mean log-odds, log(score / (1 - score)), of defective pictures minus that of good
ones. In log-odds, because a word that moves all pictures alike, which a threshold would follow,
then changes nothing, and because scores near 0 and 1 do not hide what happens there. The plain
difference of mean scores is kept beside it.

A figure moves when its 95 % interval excludes 0 and the change itself is not below `LEAST` (of the
margin: below `LEAST_OF_MARGIN` of the whole spec's margin). With hundreds of pictures the margin's
interval is so narrow that without this floor every word would be called something.

Shapes: R draws, N pictures, K bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from promptdsl.datasets.model import GOOD
from promptdsl.experiments.evidence import Judgement, PixelTable
from promptdsl.experiments.units import Unit
from promptdsl.validation.intervals import (
    Interval,
    counted_auroc,
    draw_weights,
    percentile_interval,
    weighted_auroc,
    weighted_mean,
)
from promptdsl.validation.metrics import Bools, Floats, auroc

LEAST = 0.001
LEAST_OF_MARGIN = 0.02
PIXEL_DRAWS = 500
Call = Literal["helpful", "harmful", "inert", "needed"]
FIGURES = {
    "own_auroc": "image AUROC of its defect",
    "auroc": "image AUROC",
    "own_margin": "margin of its defect",
    "margin": "margin",
    "pixel_auroc": "pixel AUROC",
}
_CLIPPED = 1e-6  # scores nearer to 0 or 1 than this count as this near


@dataclass(frozen=True, slots=True)
class Change:
    """A change with its 95 % interval."""

    value: float
    interval: Interval

    def moves(self, least: float) -> bool:
        """Whether it has a sign, and a size that matters."""
        return self.interval.excludes_zero and abs(self.value) >= least


@dataclass(frozen=True, slots=True)
class Effect:
    """Leaving one unit out."""

    unit: Unit
    changes: dict[str, Change]  # by the names of FIGURES; also `score_margin` and `wrong`
    verdicts: int  # pictures whose verdict changes
    escapes: int  # more of them
    false_rejects: int
    call: Call
    because: str  # the figure that decided, or why it cannot be left out


@dataclass(frozen=True, slots=True)
class Whole:
    """The figures of the unmodified spec."""

    auroc: float
    margin: float  # in log-odds
    score_margin: float
    pixel_auroc: float | None
    escapes: int
    false_rejects: int


@dataclass(slots=True)
class Comparer:
    """Compares judgements of variants with that of the whole spec."""

    base: Judgement
    labels: Sequence[str]
    weights_RN: Floats
    _draws: dict[str | None, dict[str, Floats]] = field(default_factory=dict)
    _pixels_R: Floats | None = None

    @property
    def defective_N(self) -> Bools:
        """Which pictures show a defect."""
        return np.array([label != GOOD for label in self.labels], dtype=bool)

    def whole(self) -> Whole:
        """The unmodified spec."""
        bad, pixels = self.defective_N, self.base.pixels
        wrong = wrong_verdicts(self.base, bad)
        return Whole(
            auroc(self.base.scores_N, bad),
            margin(self.base.scores_N, bad),
            score_margin(self.base.scores_N, bad),
            None if pixels is None else _pixel_auroc(pixels),
            int((wrong & bad).sum()),
            int((wrong & ~bad).sum()),
        )

    def effect(self, unit: Unit, without: Judgement) -> Effect:
        """What leaving the unit out does."""
        bad = self.defective_N
        changes = self.changes(without, unit.defect)
        call, because = name_it(changes, margin(self.base.scores_N, bad))
        before, after = wrong_verdicts(self.base, bad), wrong_verdicts(without, bad)
        return Effect(
            unit,
            changes,
            sum(a != b for a, b in zip(self.base.verdicts, without.verdicts, strict=True)),
            int((after & bad).sum()) - int((before & bad).sum()),
            int((after & ~bad).sum()) - int((before & ~bad).sum()),
            call,
            because,
        )

    def changes(self, without: Judgement, defect: str | None = None) -> dict[str, Change]:
        """Every figure's change; with a defect of the samples, that defect's own too."""
        bad = self.defective_N
        before, after = wrong_verdicts(self.base, bad), wrong_verdicts(without, bad)
        worse = after.astype(np.float64) - before
        found = self._image_changes(without, None)
        if defect is not None and defect in self.labels:
            own = self._image_changes(without, defect)
            found |= {f"own_{name}": change for name, change in own.items()}
        found["score_margin"] = _change(
            score_margin(without.scores_N, bad) - score_margin(self.base.scores_N, bad),
            _margins(without.scores_N, bad, self.weights_RN)
            - _margins(self.base.scores_N, bad, self.weights_RN),
        )
        found["wrong"] = _change(
            worse.mean(), weighted_mean(worse, bad.astype(np.int64), self.weights_RN)
        )
        if without.pixels is not None and self.base.pixels is not None:
            if self._pixels_R is None:
                self._pixels_R = _pixel_aurocs(self.base.pixels, self.weights_RN)
            found["pixel_auroc"] = _change(
                _pixel_auroc(without.pixels) - _pixel_auroc(self.base.pixels),
                _pixel_aurocs(without.pixels, self.weights_RN) - self._pixels_R,
            )
        return found

    def _image_changes(self, without: Judgement, defect: str | None) -> dict[str, Change]:
        kept_N, bad = self._kept(defect), self.defective_N
        before, after = self._base_draws(defect), self._drawn(without, defect)
        return {
            name: _change(
                figure(without.scores_N[kept_N], bad[kept_N])
                - figure(self.base.scores_N[kept_N], bad[kept_N]),
                after[name] - before[name],
            )
            for name, figure in (("auroc", auroc), ("margin", margin))
        }

    def _kept(self, defect: str | None) -> Bools:
        """(N) all pictures, or those of a defect and the good ones."""
        if defect is None:
            return np.ones(len(self.labels), dtype=bool)
        return np.array([label in (GOOD, defect) for label in self.labels], dtype=bool)

    def _base_draws(self, defect: str | None) -> dict[str, Floats]:
        if defect not in self._draws:
            self._draws[defect] = self._drawn(self.base, defect)
        return self._draws[defect]

    def _drawn(self, judgement: Judgement, defect: str | None) -> dict[str, Floats]:
        """(R) AUROC and margin of each draw."""
        kept_N = self._kept(defect)
        scores, bad = judgement.scores_N[kept_N], self.defective_N[kept_N]
        weights = self.weights_RN[:, kept_N]
        return {
            "auroc": weighted_auroc(scores, bad.astype(np.int64), weights),
            "margin": _margins(log_odds(scores), bad, weights),
        }


def compare_with(base: Judgement, labels: Sequence[str]) -> Comparer:
    """Draw the pictures again within each label, once for all comparisons."""
    return Comparer(base, labels, draw_weights(labels))


def needed(unit: Unit) -> Effect:
    """A unit that cannot be left out."""
    return Effect(unit, {}, 0, 0, 0, "needed", unit.reason or "")


def name_it(changes: dict[str, Change], whole_margin: float) -> tuple[Call, str]:
    """`helpful`, `harmful` or `inert`, and the figure that decided."""
    least_margin = max(LEAST, LEAST_OF_MARGIN * abs(whole_margin))
    for name, title in FIGURES.items():
        if name == "margin" and "own_margin" in changes:
            continue  # the other defects' words would gain by the loss of any defect
        least = least_margin if name.endswith("margin") else LEAST
        change = changes.get(name)
        if change is not None and change.moves(least):
            return ("helpful" if change.value < 0 else "harmful"), title
    return "inert", ""


def margin(scores_N: Floats, defective_N: Bools) -> float:
    """Mean log-odds of defective pictures minus that of good ones."""
    return score_margin(log_odds(scores_N), defective_N)


def score_margin(scores_N: Floats, defective_N: Bools) -> float:
    """Mean score of defective pictures minus mean score of good ones."""
    return float(scores_N[defective_N].mean() - scores_N[~defective_N].mean())


def log_odds(scores_N: Floats) -> Floats:
    """What a score is before the softmax, up to the temperature."""
    inside = np.clip(scores_N, _CLIPPED, 1 - _CLIPPED)
    odds: Floats = np.log(inside / (1 - inside))
    return odds


def wrong_verdicts(judgement: Judgement, defective_N: Bools) -> Bools:
    """(N) escapes and false rejects."""
    passed = np.array([verdict == "pass" for verdict in judgement.verdicts], dtype=bool)
    rejected = np.array([verdict == "reject" for verdict in judgement.verdicts], dtype=bool)
    wrong: Bools = (defective_N & passed) | (~defective_N & rejected)
    return wrong


def _margins(scores_N: Floats, defective_N: Bools, weights_RN: Floats) -> Floats:
    labels = defective_N.astype(np.int64)
    bad, good = defective_N, ~defective_N
    return weighted_mean(scores_N[bad], labels[bad], weights_RN[:, bad]) - weighted_mean(
        scores_N[good], labels[good], weights_RN[:, good]
    )


def _pixel_auroc(table: PixelTable) -> float:
    counts = (table.defective_NK, table.good_NK)
    bad, good = (part.sum(axis=0, dtype=np.float64)[None] for part in counts)
    return float(counted_auroc(bad, good)[0])


def _pixel_aurocs(table: PixelTable, weights_RN: Floats) -> Floats:
    draws = weights_RN[:PIXEL_DRAWS].astype(np.float32)
    bad, good = (
        (draws @ part.astype(np.float32)).astype(np.float64)
        for part in (table.defective_NK, table.good_NK)
    )
    return counted_auroc(bad, good)


def _change(value: float, draws_R: Floats) -> Change:
    return Change(float(value), percentile_interval(draws_R, value=float(value)))
