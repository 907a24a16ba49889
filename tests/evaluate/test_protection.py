"""Thresholds that protect nobody are not written; lines keep apart; what is finished is kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from promptdsl.cli.main import main
from promptdsl.errors import SpecProblem
from promptdsl.evaluate.calibration.apart import covers, lower, never_decides
from promptdsl.evaluate.calibration.protection import Protection
from promptdsl.evaluate.calibration.solve import Wanted, calibrate, resolve_all
from promptdsl.evaluate.datasets import Picture
from promptdsl.evaluate.kept_maps import Place
from promptdsl.evaluate.scored import Scored
from promptdsl.judge.conformal import Found, Promise
from promptdsl.lock.file import lock_path
from promptdsl.plan.model import AreaRule, ObjectPlan, Rule, ScoreRule

from .scene import factory, part

Encoded = Callable[[], int]
Capture = pytest.CaptureFixture[str]
AUTO = "    reject when score >= auto\n    review when score >= auto"
ONE = "    reject when score >= auto"


def upside_down(folder: Path, rules: str = ONE) -> Path:
    """Good parts are redder than the defective ones."""
    spec = factory(folder, rules)
    for n in range(20):
        part(folder / "good" / f"{n:02d}.png", 150 + 5 * n, number=n)
    for n in range(8):
        part(folder / "scratch" / f"{n:02d}.png", 60 + 5 * n, number=100 + n)
    for n in range(4):
        part(folder / "hole" / f"{n:02d}.png", 40 + n, wide=14, number=200 + n)
    return spec


def numbers(spec: Path) -> list[float]:
    content: dict[str, Any] = json.loads(lock_path(spec).read_text("utf-8"))
    return [threshold["value"] for threshold in content["objects"]["nut"]["thresholds"]]


def test_thresholds_that_pass_nearly_all_defects_are_not_written(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = upside_down(tmp_path)
    assert main(["calibrate", str(spec), "-q"]) == 1
    told = capsys.readouterr()
    assert "would pass 12 of 12 defective pictures (100.0 %, 73.5 to 100.0 %)" in told.err
    assert "tells good from bad not at all: AUROC 0.00" in told.err
    assert "20 good, 12 defective" in told.err
    assert "good parts score higher than defective ones" in told.err
    assert "--force" in told.err
    assert not lock_path(spec).exists()
    assert main(["calibrate", str(spec), "--force", "-q"]) == 0
    assert lock_path(spec).exists()


def test_thresholds_that_reject_most_good_parts_are_not_written(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = upside_down(tmp_path)
    assert main(["calibrate", str(spec), "--escapes", "30%", "-q"]) == 1
    assert "would reject 20 of 20 good pictures" in capsys.readouterr().err


def test_a_promise_stands_with_the_escapes_that_it_means(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, ONE)
    assert main(["calibrate", str(spec), "-q"]) == 0
    told = capsys.readouterr().out
    assert "of 12 defective pictures here would pass" in told
    assert told.startswith("nut: tells good from bad well: AUROC 0.9"), "before any number"
    assert main(["calibrate", str(spec), "--good", str(tmp_path / "good"), "-q"]) == 0
    assert "nothing is known about escapes" in capsys.readouterr().out


def test_validate_tells_the_promise_with_its_sample(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec, out = factory(tmp_path, ONE), tmp_path / "out"
    assert main(["calibrate", str(spec), "-q"]) == 0
    capsys.readouterr()
    assert main(["validate", str(spec), "-o", str(out)]) in (0, 1)
    promise = "at most 13.9% of good parts rejected, at 95% confidence (0 of 20 when calibrated)"
    assert promise in capsys.readouterr().out
    content = json.loads((out / "validation.json").read_text("utf-8"))
    assert content["objects"][0]["thresholds"][0]["promise"] == promise
    assert promise in (out / "validation.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("found", "doubtful"),
    [
        (Protection(3, 3, 0, 40), True),
        (Protection(2, 4, 0, 40), False),
        (Protection(0, 0, 0, 40), False),
    ],
)
def test_most_defects_passed_is_a_warning_however_few_there_are(
    found: Protection, doubtful: bool
) -> None:
    assert found.doubtful == doubtful


def test_a_lock_that_passes_every_defect_seen_is_warned_of(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = upside_down(tmp_path)
    for path in [*(tmp_path / "hole").iterdir(), *sorted((tmp_path / "scratch").iterdir())[1:]]:
        path.unlink()
    spec.write_text("".join(s for s in spec.read_text().splitlines(True) if "hole" not in s))
    assert main(["calibrate", str(spec), "-q"]) == 0
    told = capsys.readouterr().err
    assert "warning: nut: 1 of 1 defective pictures here would pass" in told


@pytest.mark.parametrize(
    ("found", "useless"),
    [
        (Protection(39, 40, 0, 40), True),
        (Protection(3, 3, 0, 40), False),  # three of three may be chance
        (Protection(20, 40, 0, 40), False),
        (Protection(0, 40, 39, 40), True),
        (Protection(0, 0, 0, 40), False),
    ],
)
def test_only_what_is_certain_is_refused(found: Protection, useless: bool) -> None:
    assert (found.useless is not None) == useless


def test_shares_are_told_with_their_interval() -> None:
    found = Protection(escapes=1, defective=12, false_rejects=39, good=40)
    told = "1 of 12 defective pictures here would pass (8.3 %, 0.2 to 38.5 %)"
    assert found.sentence == told
    assert found.useless == (
        "these thresholds would reject 39 of 40 good pictures (97.5 %, 86.8 to 99.9 %)"
    )
    passing = Protection(escapes=39, defective=40, false_rejects=0, good=0)
    assert passing.useless == (
        "these thresholds would pass 39 of 40 defective pictures (97.5 %, 86.8 to 99.9 %)"
    )


def test_review_lies_below_reject(seeing_red: Encoded, tmp_path: Path, capsys: Capture) -> None:
    spec = factory(tmp_path, AUTO)
    assert main(["calibrate", str(spec), "-q"]) == 0
    reject, review = numbers(spec)
    assert review < reject
    assert "could never decide, so it got" in capsys.readouterr().err
    spec.write_text(
        spec.read_text("utf-8")
        .replace("reject when score >= auto", f"reject when score >= {reject}")
        .replace("review when score >= auto", f"review when score >= {review}"),
        "utf-8",
    )
    assert main(["check", str(spec)]) == 0


def test_review_lies_below_a_written_reject(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path, "    reject when score >= 0.2\n    review when score >= auto")
    assert main(["calibrate", str(spec), "--force", "-q"]) in (0, 1)
    if lock_path(spec).exists():
        assert numbers(spec)[0] < 0.2


def test_a_written_review_that_can_never_decide_is_told(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, "    reject when score >= auto\n    review when score >= 0.9")
    assert main(["calibrate", str(spec), "-q"]) == 0
    assert "`review when score >= 0.9`: it can never decide" in capsys.readouterr().err


def test_asked_reviews_that_leave_no_room_are_refused(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, AUTO)
    for n in range(60):
        part(tmp_path / "good" / f"x{n:02d}.png", 20 + n, number=500 + n)
    code = main(["calibrate", str(spec), "--reviews", "5%", "--false-rejects", "5%", "-q"])
    assert code == 1
    assert "ask for more reviews than false rejects (--reviews" in capsys.readouterr().err


def scored(name: str, label: str, score: float) -> Scored:
    return Scored(
        Picture(Path(name), label),
        name,
        score,
        {},
        {"score": score, "area above 0.70": score},
        Place(0),
    )


def item_of(*rules: Rule) -> ObjectPlan:
    return ObjectPlan.model_construct(name="nut", thresholds=rules)  # type: ignore[call-arg]


def rule(verdict: Any, at: float | None = None) -> ScoreRule:
    return ScoreRule(verdict=verdict, at=at, text=f"{verdict} when score", origin=None)


@pytest.mark.parametrize("scores", [[0.3] * 30, [0.1, 0.2] * 15, list(np.linspace(0.1, 0.4, 30))])
def test_no_sample_gives_lines_that_could_never_decide(scores: list[float]) -> None:
    pictures = [scored(f"g{n}", "good", s) for n, s in enumerate(scores)]
    item = item_of(rule("reject"), rule("review"))
    wanted = Wanted(Promise(0.02, 0.95), Promise(0.1, 0.95))
    if len(set(scores)) == 1:
        with pytest.raises(SpecProblem, match="no number for it below"):
            calibrate(item, pictures, wanted)
        return
    reject, review = resolve_all(item, calibrate(item, pictures, wanted))
    assert isinstance(reject, ScoreRule) and isinstance(review, ScoreRule)
    assert review.at is not None and reject.at is not None and review.at < reject.at


def test_a_lowered_line_tells_its_promise_anew() -> None:
    values = np.linspace(0.1, 0.5, 100)
    found = Found(0.6, Promise(0.1, 0.95), True, 0, 100)
    changed = lower(item_of(), rule("review"), found, values, 0.5).found
    assert changed.value < 0.5 and changed.wrong == int((values >= changed.value).sum()) == 1
    assert changed.kept and changed.promise == Promise(0.1, 0.95)
    weaker = lower(item_of(), rule("review"), found, values, 0.3).found
    assert not weaker.kept and weaker.promise.share > 0.5


def test_which_lines_leave_another_nothing() -> None:
    def area(above: float) -> AreaRule:
        return AreaRule(verdict="reject", above=above, share=None, text="", origin=None)

    assert covers(rule("reject"), rule("review"), 0.5, 0.5)
    assert not covers(rule("reject"), rule("review"), 0.5, 0.49)
    assert covers(area(0.6), area(0.7), 0.01, 0.01)
    assert covers(area(0.7), area(0.7), 0.01, 0.02)
    assert not covers(area(0.7), area(0.6), 0.01, 0.01)
    assert not covers(area(0.6), rule("review"), 0.01, 0.5)
    lines: list[tuple[Rule, float]] = [(rule("reject"), 0.5), (rule("reject"), 0.4)]
    assert never_decides(rule("review"), 0.6, lines) == 0.4
    assert never_decides(rule("review"), 0.3, lines) is None


def test_objects_that_are_finished_are_kept_when_a_later_one_fails(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, ONE)
    bolt = (
        'object bolt extends nut {\n  samples good { images: "bolts/*.png" }\n'
        '  samples scratch { images: "scratch/*.png" }\n'
        '  samples hole { images: "hole/*.png" }\n}\n'
    )
    spec.write_text(spec.read_text("utf-8") + bolt, "utf-8")
    for n in range(20):
        part(tmp_path / "bolts" / f"{n:02d}.png", 250 - n, number=700 + n)
    assert main(["calibrate", str(spec), "-q"]) == 1
    content = json.loads(lock_path(spec).read_text("utf-8"))
    assert list(content["objects"]) == ["nut"]
    assert "nut is calibrated; the others are as they were" in capsys.readouterr().err
