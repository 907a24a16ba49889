"""Numbers for several lines together: parts of a promise, lines with numbers, both promises."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from promptdsl.errors import SpecProblem
from promptdsl.evaluate.calibration.solve import (
    Solved,
    Wanted,
    auto_lines,
    calibrate,
    measured,
    percent,
    resolve_all,
    too_few,
)
from promptdsl.evaluate.datasets import Picture
from promptdsl.evaluate.kept_maps import Place
from promptdsl.evaluate.scored import Scored
from promptdsl.judge.conformal import Promise, limit_escapes, limit_false_rejects
from promptdsl.judge.shares import upper_bound
from promptdsl.judge.verdict import with_number
from promptdsl.plan.model import AreaRule, ObjectPlan, Rule, ScoreRule

GOOD = np.linspace(0.01, 0.50, 400)
BAD = np.linspace(0.30, 0.99, 200)


def score_line(verdict: Any, at: float | None = None) -> ScoreRule:
    return ScoreRule(verdict=verdict, at=at, text=f"{verdict} when score", origin=None)


def area_line(verdict: Any, share: float | None = None, above: float = 0.7) -> AreaRule:
    text = f"{verdict} when area above {above}"
    return AreaRule(verdict=verdict, above=above, share=share, text=text, origin=None)


def item_of(*rules: Rule) -> ObjectPlan:
    return ObjectPlan.model_construct(name="nut", thresholds=rules)  # type: ignore[call-arg]


def scored(label: str, score: float, area: float | None = None) -> Scored:
    share = score / 10 if area is None else area
    measures = {"score": float(score), "area above 0.70": float(share)}
    return Scored(Picture(Path("x"), label), None, float(score), {}, measures, Place(0))


def sample(good: Any = GOOD, bad: Any = ()) -> list[Scored]:
    return [*(scored("good", s) for s in good), *(scored("scratch", s) for s in bad)]


def wanted(
    rejects: float = 0.02, reviews: float = 0.1, escapes: float | None = None, **more: Any
) -> Wanted:
    return Wanted(
        Promise(rejects, 0.95), Promise(reviews, 0.95),
        None if escapes is None else Promise(escapes, 0.95), **more,
    )  # fmt: skip


def values(item: ObjectPlan, pictures: list[Scored], wish: Wanted) -> list[float]:
    return [one.found.value for one in calibrate(item, pictures, wish)]


def test_one_line_gets_the_whole_promise() -> None:
    (one,) = calibrate(item_of(score_line("reject")), sample(), wanted())
    assert one.found == limit_false_rejects(GOOD, Promise(0.02, 0.95))
    assert one.of == "good parts rejected" and one.remark is None and one.notes == ()
    assert one.found.kept


def test_two_lines_share_it() -> None:
    lines = (score_line("reject"), area_line("reject"))
    score, area = calibrate(item_of(*lines), sample(), wanted())
    half = Promise(0.01, 0.975)
    assert score.found == limit_false_rejects(GOOD, half)
    assert area.found == limit_false_rejects(GOOD / 10, half)
    assert {score.of, area.of} == {"good parts at or above it"}


def test_reviews_have_a_promise_of_their_own() -> None:
    reject, review = calibrate(
        item_of(score_line("reject"), score_line("review")), sample(), wanted()
    )
    assert reject.found == limit_false_rejects(GOOD, Promise(0.02, 0.95))
    assert review.found == limit_false_rejects(GOOD, Promise(0.1, 0.95))
    assert (reject.of, review.of) == ("good parts rejected", "good parts at or above it")


def test_what_written_lines_reject_counts_against_the_promise() -> None:
    item = item_of(area_line("reject", 0.0495), score_line("reject"))
    caught = int((GOOD / 10 >= 0.0495).sum())
    assert caught == 5
    (one,) = calibrate(item, sample(), wanted(0.05))
    assert one.found.wrong == limit_false_rejects(GOOD, Promise(0.05, 0.95)).wrong
    free = np.where(GOOD / 10 >= 0.0495, np.inf, GOOD)
    assert one.found == limit_false_rejects(free, Promise(0.05, 0.95))
    with pytest.raises(SpecProblem, match="already reject 61 of 400"):
        calibrate(item_of(area_line("reject", 0.0426), score_line("reject")), sample(), wanted())
    reviewing = item_of(area_line("review", 0.0426), score_line("reject"))
    assert values(reviewing, sample(), wanted()) == values(
        item_of(score_line("reject")), sample(), wanted()
    )


def test_escapes_set_the_last_line() -> None:
    item = item_of(score_line("reject"), score_line("review"))
    reject, review = calibrate(item, sample(bad=BAD), wanted(escapes=0.1))
    assert reject.found == limit_false_rejects(GOOD, Promise(0.02, 0.95))
    free = np.where(reject.found.value <= BAD, np.inf, BAD)
    assert review.found == limit_escapes(free, Promise(0.1, 0.95))
    assert review.of == "defective parts passed"


def test_escapes_count_what_written_lines_catch() -> None:
    item = item_of(area_line("reject", 0.06), score_line("reject"))
    (one,) = calibrate(item, sample(bad=BAD), wanted(escapes=0.1))
    assert one.found == limit_escapes(np.where(BAD / 10 >= 0.06, np.inf, BAD), Promise(0.1, 0.95))


def test_a_line_for_both_promises_contradicts_where_they_overlap() -> None:
    both = frozenset({"false_rejects", "escapes"})
    item = item_of(score_line("reject"))
    with pytest.raises(SpecProblem) as problem:
        calibrate(item, sample(bad=BAD), wanted(0.02, escapes=0.05, asked=both))
    least = limit_false_rejects(GOOD, Promise(0.02, 0.95)).value
    most = limit_escapes(BAD, Promise(0.05, 0.95)).value
    assert f"at most {most:.4g}" in problem.value.sentence
    assert f"at least {least:.4g}" in problem.value.sentence
    assert calibrate(item, sample(bad=BAD), wanted(0.02, escapes=0.05))
    apart = sample(bad=BAD + 0.5)
    assert calibrate(item, apart, wanted(0.02, escapes=0.05, asked=both))
    reviewing = item_of(score_line("reject", 0.9), score_line("review"))
    assert calibrate(reviewing, sample(bad=BAD), wanted(0.02, escapes=0.05, asked=both))


def test_asked_promises_must_be_kept() -> None:
    few, item = sample(GOOD[:20], BAD[:20]), item_of(score_line("reject"), score_line("review"))
    free = calibrate(item, few, wanted())
    assert all("too few to promise" in (one.remark or "") for one in free)
    for name, more in (("false_rejects", {}), ("reviews", {}), ("escapes", {"escapes": 0.02})):
        wish = wanted(asked=frozenset({name}), **more)
        with pytest.raises(SpecProblem, match="too few to promise") as problem:
            calibrate(item, few, wish)
        assert f"--{name.replace('_', '-')} " in str(problem.value.help)
        assert "--accept-weaker" in str(problem.value.help)
        weaker = wanted(asked=frozenset({name}), accept_weaker=True, **more)
        assert any(one.remark for one in calibrate(item, few, weaker))


@pytest.mark.parametrize(
    ("good", "bad", "sentence"),
    [
        ([], BAD, "there are no good pictures"),
        ([1.0] * 200, BAD, "highest value"),
        (GOOD, [0.0] * 200, "lowest value"),
    ],
)
def test_samples_without_a_number_say_why(good: Any, bad: Any, sentence: str) -> None:
    escapes = 0.1 if sentence.startswith("lowest") else None
    with pytest.raises(SpecProblem, match=sentence):
        calibrate(item_of(score_line("reject")), sample(good, bad), wanted(escapes=escapes))


def test_lines_that_wait_and_what_they_measure() -> None:
    lines = (score_line("reject", 0.5), area_line("reject"), score_line("review"))
    assert auto_lines(item_of(*lines)) == [lines[1], lines[2]]
    picture = scored("good", 0.4, 0.03)
    assert (measured(lines[1], picture), measured(lines[2], picture)) == (0.03, 0.4)
    area, score = with_number(lines[1], 0.2), with_number(lines[2], 0.3)
    assert isinstance(area, AreaRule) and area.share == 0.2
    assert isinstance(score, ScoreRule) and score.at == 0.3
    found = limit_false_rejects(GOOD, Promise(0.02, 0.95))
    every = resolve_all(
        item_of(*lines), [Solved(line, found, "good parts rejected") for line in lines[1:]]
    )
    assert every[0] is lines[0]
    assert isinstance(every[1], AreaRule) and every[1].share == found.value
    assert isinstance(every[2], ScoreRule) and every[2].at == found.value


def test_the_sentence_for_too_few_pictures() -> None:
    said = too_few(20, Promise(0.02, 0.95), "false_rejects")
    assert said == (
        "20 good pictures are too few to promise at most 2% false rejects at 95% confidence, "
        "which takes 149; they can promise at most 13.9% at 95%, or 2% at 33.2% confidence"
    )
    assert "at most 10% reviews at 95%" in too_few(16, Promise(0.1, 0.95), "reviews")
    assert "1 defective picture is too few" in too_few(1, Promise(0.02, 0.95), "escapes")
    assert "2% escapes" in too_few(2, Promise(0.02, 0.95), "escapes")
    assert [percent(share) for share in (0.02, 0.0581, 1.0)] == ["2%", "5.81%", "100%"]


def test_a_review_line_that_would_meet_the_reject_line_goes_lower() -> None:
    few = GOOD[:20]
    reject, review = calibrate(
        item_of(score_line("reject"), score_line("review")), sample(few), wanted()
    )
    assert reject.notes == () and reject.found.wrong == 0
    assert few[-2] < review.found.value < few[-1] < reject.found.value
    assert (review.found.wrong, review.found.of, review.found.kept) == (1, 20, False)
    assert review.found.promise == Promise(upper_bound(1, 20, 0.95), 0.95)
    assert "could never decide" in review.notes[0]
    wish = wanted(asked=frozenset({"reviews"}), accept_weaker=True)
    assert calibrate(item_of(score_line("reject"), score_line("review")), sample(few), wish)


def test_a_line_set_by_defects_goes_lower_and_keeps_its_promise() -> None:
    item = item_of(score_line("reject", 0.2), score_line("review"))
    (review,) = calibrate(item, sample(bad=BAD), wanted(escapes=0.1))
    assert review.found.value < 0.2 and review.of == "defective parts passed"
    assert (review.found.wrong, review.found.of) == (0, len(BAD))
    assert review.found.kept and review.found.promise == Promise(0.1, 0.95)
    assert "0.2" in review.notes[0]


def test_a_written_line_that_can_never_decide_is_told_once() -> None:
    item = item_of(score_line("reject"), area_line("reject"), score_line("review", 0.9))
    first, second = calibrate(item, sample(), wanted())
    assert len(first.notes) == 1 and "it can never decide" in first.notes[0]
    assert second.notes == ()
