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

Nothing is called where scores do not tell good from defective (`validation.separation`), in total
or for the defect whose words they are: there, the words of a real defect look harmful because any
other words would score better than the wrong way round.

A figure moves when its 95 % interval excludes 0 and the change itself is not below `LEAST` (of the
margin: below `LEAST_OF_MARGIN` of the whole spec's margin). With hundreds of pictures the margin's
interval is so narrow that without this floor every word would be called something.

Shapes: R draws, N pictures, K bins.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from promptdsl.evaluate.datasets.model import GOOD
from promptdsl.evaluate.statistics.draws import Draws, blocks_of, weighted_sums
from promptdsl.evaluate.statistics.intervals import (
    Weights,
    counted_auroc,
    percentile_interval,
    weighted_auroc,
    weighted_mean,
)
from promptdsl.evaluate.statistics.metrics import Bools, auroc
from promptdsl.evaluate.statistics.separation import Separation, separation
from promptdsl.evaluate.words.evidence import Judgement, PixelTable
from promptdsl.evaluate.words.units import Unit
from promptdsl.judge.shares import Floats, Interval
from promptdsl.report.tables.words import FIGURES

LEAST = 0.001
LEAST_OF_MARGIN = 0.02
PIXEL_DRAWS = 500
Call = Literal["helpful", "harmful", "inert", "needed", "not judged"]
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
    because: str  # the figure that decided, or why it cannot be left out or judged
    figure: str | None = None  # the key of that figure in `changes`


@dataclass(frozen=True, slots=True)
class Whole:
    """The figures of the unmodified spec."""

    auroc: float
    margin: float  # in log-odds
    score_margin: float
    pixel_auroc: float | None
    escapes: int
    false_rejects: int
    separation: Separation


@dataclass(slots=True)
class Comparer:
    """Compares judgements of variants with that of the whole spec."""

    base: Judgement
    labels: Sequence[str]
    weights_RN: Weights
    _draws: dict[str | None, dict[str, Floats]] = field(default_factory=dict)
    _pixels_R: Floats | None = None
    _separations: dict[str | None, Separation] = field(default_factory=dict)

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
            self.separation(),
        )

    def separation(self, defect: str | None = None) -> Separation:
        """How well the unmodified scores tell good from defective, or from one defect."""
        if defect not in self._separations:
            kept = self._kept(defect)
            labels = [label for label, keep in zip(self.labels, kept, strict=True) if keep]
            draws = self.weights_RN if defect is None else None
            self._separations[defect] = separation(self.base.scores_N[kept], labels, GOOD, draws)
        return self._separations[defect]

    def not_separated(self, defect: str | None) -> str | None:
        """Why the words of a defect (None: of all of them) cannot be judged; None where they can.

        A defect that is not in the samples is judged by all pictures.
        """
        own = defect if defect in self.labels else None
        for name in dict.fromkeys((None, own)):
            if not self.separation(name).separates:
                unclear = self.separation(name).grade == "cannot tell"
                what = "scores" if name is None else f"scores of {name}"
                return f"too few pictures for {what}" if unclear else f"{what} do not separate"
        return None

    def effect(self, unit: Unit, without: Judgement) -> Effect:
        """What leaving the unit out does."""
        bad = self.defective_N
        changes = self.changes(without, unit.defect)
        whole_margin = margin(self.base.scores_N, bad)
        figure = deciding_figure(changes, whole_margin)
        call, because = name_it(changes, whole_margin)
        withheld = self.not_separated(unit.defect)
        if withheld is not None:
            figure, call, because = None, "not judged", withheld
        before, after = wrong_verdicts(self.base, bad), wrong_verdicts(without, bad)
        return Effect(
            unit,
            changes,
            sum(a != b for a, b in zip(self.base.verdicts, without.verdicts, strict=True)),
            int((after & bad).sum()) - int((before & bad).sum()),
            int((after & ~bad).sum()) - int((before & ~bad).sum()),
            call,
            because,
            figure,
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
        figures = ("auroc", "margin")
        found: dict[str, list[Floats]] = {name: [] for name in figures}
        for block in blocks_of(self.weights_RN):
            weights = block[:, kept_N]
            found["auroc"].append(weighted_auroc(scores, bad.astype(np.int64), weights))
            found["margin"].append(_margins(log_odds(scores), bad, weights))
        return {name: np.concatenate(found[name]) for name in figures}


def compare_with(base: Judgement, labels: Sequence[str]) -> Comparer:
    """Draw the pictures again within each label, once for all comparisons."""
    return Comparer(base, labels, Draws(labels))


def needed(unit: Unit) -> Effect:
    """A unit that cannot be left out."""
    return Effect(unit, {}, 0, 0, 0, "needed", unit.reason or "")


def name_it(changes: dict[str, Change], whole_margin: float) -> tuple[Call, str]:
    """`helpful`, `harmful` or `inert`, and the title of the figure that decided."""
    figure = deciding_figure(changes, whole_margin)
    if figure is None:
        return "inert", ""
    return ("helpful" if changes[figure].value < 0 else "harmful"), FIGURES[figure]


def deciding_figure(changes: dict[str, Change], whole_margin: float) -> str | None:
    """The first figure that moves, by its name in FIGURES; None where none does."""
    least_margin = max(LEAST, LEAST_OF_MARGIN * abs(whole_margin))
    for name in FIGURES:
        if name == "margin" and "own_margin" in changes:
            continue  # the other defects' words would gain by the loss of any defect
        least = least_margin if name.endswith("margin") else LEAST
        change = changes.get(name)
        if change is not None and change.moves(least):
            return name
    return None


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


def _margins(scores_N: Floats, defective_N: Bools, weights_RN: Weights) -> Floats:
    """(R) mean of defective ones minus mean of good ones; a stratum has one size in every draw."""
    bad, good = (part.astype(np.float64) for part in (defective_N, ~defective_N))
    sums = [weighted_sums(weights_RN, np.where(part > 0, scores_N, 0.0)) for part in (bad, good)]
    counts = [weighted_sums(weights_RN, part) for part in (bad, good)]
    return sums[0] / counts[0] - sums[1] / counts[1]


def _pixel_auroc(table: PixelTable) -> float:
    counts = (table.defective_NK, table.good_NK)
    bad, good = (part.sum(axis=0, dtype=np.float64)[None] for part in counts)
    return float(counted_auroc(bad, good)[0])


def _pixel_aurocs(table: PixelTable, weights_RN: Weights) -> Floats:
    draws = weights_RN[:PIXEL_DRAWS].astype(np.float32)
    bad, good = (
        (draws @ part.astype(np.float32)).astype(np.float64)
        for part in (table.defective_NK, table.good_NK)
    )
    return counted_auroc(bad, good)


def _change(value: float, draws_R: Floats) -> Change:
    return Change(float(value), percentile_interval(draws_R, value=float(value)))
