"""Changes, their intervals, and the words for them, on made-up judgements."""

import numpy as np
import pytest

from promptdsl.evaluate.statistics.metrics import auroc
from promptdsl.evaluate.words.effects import (
    LEAST,
    Change,
    compare_with,
    margin,
    name_it,
    score_margin,
    wrong_verdicts,
)
from promptdsl.evaluate.words.evidence import Judgement, PixelTable
from promptdsl.evaluate.words.units import Unit
from promptdsl.judge.shares import Floats, Interval

LABELS = ["good"] * 30 + ["scratch"] * 20 + ["dent"] * 20
BAD = np.array([label != "good" for label in LABELS])
RANDOM = np.random.default_rng(3)
NOISE = RANDOM.normal(0, 0.05, len(LABELS))
SCORES = np.clip(0.4 + 0.1 * BAD + NOISE, 0, 1)


def judged(scores: Floats, pixels: PixelTable | None = None) -> Judgement:
    return Judgement(scores, tuple("reject" if s >= 0.5 else "pass" for s in scores), pixels)


def unit(kind: str = "phrase", group: str | None = "normal") -> Unit:
    return Unit(kind, "x {object}", group, "f:1", None)  # type: ignore[arg-type]


def test_the_same_scores_change_nothing() -> None:
    effect = compare_with(judged(SCORES), LABELS).effect(unit(), judged(SCORES))
    assert effect.call == "inert"
    assert effect.verdicts == effect.escapes == effect.false_rejects == 0
    assert all(change.value == 0 for change in effect.changes.values())
    assert all(change.interval == Interval(0, 0) for change in effect.changes.values())


def test_a_helpful_unit_is_missed() -> None:
    worse = judged(np.clip(SCORES - 0.08 * BAD, 0, 1))
    effect = compare_with(judged(SCORES), LABELS).effect(unit(), worse)
    assert effect.call == "helpful"
    assert effect.because == "image AUROC"
    change = effect.changes["auroc"]
    assert change.value == pytest.approx(auroc(worse.scores_N, BAD) - auroc(SCORES, BAD))
    assert change.interval.low < change.value < change.interval.high < 0
    assert effect.changes["score_margin"].value == pytest.approx(-0.08)
    assert effect.escapes > 0
    assert effect.false_rejects == 0
    before, after = wrong_verdicts(judged(SCORES), BAD), wrong_verdicts(worse, BAD)
    assert effect.changes["wrong"].value == pytest.approx(after.mean() - before.mean())


def test_a_harmful_unit_is_better_left_out() -> None:
    better = judged(np.clip(SCORES + 0.08 * BAD, 0, 1))
    effect = compare_with(judged(SCORES), LABELS).effect(unit(), better)
    assert effect.call == "harmful"
    assert effect.escapes < 0


def test_words_of_a_defect_are_judged_by_that_defect() -> None:
    """Without the words for scratches, dents score higher: still the words help."""
    labels = np.array(LABELS)
    moved = SCORES + 0.10 * (labels == "dent") - 0.06 * (labels == "scratch")
    comparer = compare_with(judged(SCORES), LABELS)
    assert comparer.effect(unit("phrase", "scratch"), judged(moved)).call == "helpful"
    assert comparer.effect(unit("phrase", "dent"), judged(moved)).call == "harmful"
    own = comparer.effect(unit("phrase", "scratch"), judged(moved)).changes["own_auroc"]
    kept = labels != "dent"
    expected = auroc(moved[kept], BAD[kept]) - auroc(SCORES[kept], BAD[kept])
    assert own.value == pytest.approx(expected)


def test_words_of_a_defect_without_samples_are_judged_by_all() -> None:
    changes = compare_with(judged(SCORES), LABELS).changes(judged(SCORES), "hole")
    assert "own_auroc" not in changes


def test_a_tiny_margin_is_inert_however_sure() -> None:
    nudged = judged(np.clip(SCORES + 1e-5 * BAD, 0, 1))
    effect = compare_with(judged(SCORES), LABELS).effect(unit(), nudged)
    assert effect.changes["margin"].interval.excludes_zero
    assert effect.call == "inert"


def test_auroc_speaks_before_the_margin() -> None:
    up, down = Change(0.05, Interval(0.01, 0.09)), Change(-0.05, Interval(-0.09, -0.01))
    assert name_it({"auroc": up, "margin": down}, 0.1) == ("harmful", "image AUROC")
    unsure = Change(0.05, Interval(-0.01, 0.09))
    assert name_it({"auroc": unsure, "margin": down}, 0.1) == ("helpful", "margin")
    tiny = Change(LEAST / 2, Interval(LEAST / 3, LEAST))
    assert name_it({"auroc": tiny, "margin": unsure}, 0.1) == ("inert", "")
    assert name_it({"auroc": unsure, "margin": unsure, "pixel_auroc": up}, 0.1)[0] == "harmful"


def test_pixels_are_compared_bin_by_bin() -> None:
    good = np.tile(np.array([60, 30, 10], np.int32), (len(LABELS), 1))
    bad = np.where(BAD[:, None], np.array([1, 3, 6], np.int32), 0).astype(np.int32)
    mixed = np.where(BAD[:, None], np.array([4, 3, 3], np.int32), 0).astype(np.int32)
    base, without = judged(SCORES, PixelTable(good, bad)), judged(SCORES, PixelTable(good, mixed))
    effect = compare_with(base, LABELS).effect(unit("window scale", None), without)
    # (bin of the defective pixel, share of good ones below plus half of those beside)
    before = 0.1 * 0.30 + 0.3 * 0.75 + 0.6 * 0.95
    after = 0.4 * 0.30 + 0.3 * 0.75 + 0.3 * 0.95
    assert effect.changes["pixel_auroc"].value == pytest.approx(after - before)
    assert effect.call == "helpful"
    assert effect.because == "pixel AUROC"


def test_the_margin_is_a_difference_of_means() -> None:
    odds = np.log(SCORES / (1 - SCORES))
    assert margin(SCORES, BAD) == pytest.approx(odds[BAD].mean() - odds[~BAD].mean())
    assert score_margin(SCORES, BAD) == pytest.approx(SCORES[BAD].mean() - SCORES[~BAD].mean())


def test_a_word_that_moves_all_pictures_alike_is_inert() -> None:
    """A threshold would follow; the plain difference of scores is misled."""
    odds = np.log(SCORES / (1 - SCORES)) - 2.0
    effect = compare_with(judged(SCORES), LABELS).effect(unit(), judged(1 / (1 + np.exp(-odds))))
    assert effect.call == "inert"
    assert effect.changes["score_margin"].interval.high < -0.01
