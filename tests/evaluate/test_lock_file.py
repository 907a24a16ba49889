"""The lock file: sealed, keyed by meaning, bounded, and replaced where it is damaged."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptdsl.cli.main import main
from promptdsl.errors import EnvironmentProblem
from promptdsl.judge.measures import area_key
from promptdsl.judge.verdict import key_of, meaning, resolve
from promptdsl.lock.file import (
    OldLock,
    UnusableLock,
    calibrated_numbers,
    lock_path,
    parse_lock,
    read_lock,
    seal_of,
    write_lock,
)
from promptdsl.lock.model import LockedObject, Pictures, Promised, Threshold
from promptdsl.lock.pin import pin_object
from promptdsl.pipeline import compile_file
from promptdsl.plan.model import AreaRule, ScoreRule

from .scene import factory

Encoded = Callable[[], int]
Capture = pytest.CaptureFixture[str]
ONE = "    reject when score >= auto"
SPELLINGS = [
    "reject when score >= auto",
    "reject when score>=auto",
    "reject  when\tscore ≥ auto",
    "reject when score ≥auto",
    "Reject When Score >= Auto",
]
AREAS = ["reject when area above 0.70 >= auto", "reject when area above .7≥auto"]


def locked(spec: Path, *rules: tuple[str, float]) -> LockedObject:
    item = compile_file(spec).plan().objects[0]
    promise = Promised(of="good parts rejected", share=0.02, confidence=0.95, wrong=0, pictures=160)
    thresholds = [
        Threshold(rule=rule, value=value, promise=promise, good=None, defective=None, date="")
        for rule, value in rules
    ]
    return pin_object(item, spec.parent, "a" * 64, "fp32", thresholds)


def content_of(spec: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(lock_path(spec).read_text("utf-8"))
    return content


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_line_has_one_key_however_it_is_written(spelling: str) -> None:
    rule = ScoreRule(verdict="reject", at=None, text=spelling, origin=None)
    assert key_of(spelling) == meaning(rule) == SPELLINGS[0]


@pytest.mark.parametrize("spelling", AREAS)
def test_an_area_line_has_one_key(spelling: str) -> None:
    rule = AreaRule(verdict="reject", above=0.7, share=None, text=spelling, origin=None)
    assert key_of(spelling) == meaning(rule) == AREAS[0]


@given(st.sampled_from(["reject", "review"]), st.integers(0, 1000), st.sampled_from([2, 3, 4]))
def test_the_key_of_a_meaning_is_itself(verdict: Any, thousandths: int, digits: int) -> None:
    above = round(thousandths / 1000, digits)
    rule = AreaRule(verdict=verdict, above=above, share=None, text="", origin=None)
    assert key_of(meaning(rule)) == meaning(rule)
    assert key_of(f"{verdict} when area above {above}>=auto") == meaning(rule)
    assert area_key(above) in meaning(rule)


def test_lines_with_numbers_mean_their_numbers() -> None:
    half = AreaRule(verdict="reject", above=0.7, share=0.005, text="x", origin=None)
    assert meaning(half) == "reject when area above 0.70 >= 0.5%"
    score = ScoreRule(verdict="review", at=0.62, text="x", origin=None)
    assert meaning(score) == "review when score >= 0.62"


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_lock_from_before_is_found_by_what_its_lines_mean(tmp_path: Path, spelling: str) -> None:
    spec = factory(tmp_path, "    reject when score ≥ auto")
    item = compile_file(spec).plan().objects[0]
    write_lock(spec, {"nut": locked(spec, (spelling, 0.4321))})
    (rule,) = resolve(item, calibrated_numbers(read_lock(spec))["nut"])
    assert isinstance(rule, ScoreRule) and rule.at == 0.4321
    (same,) = resolve(item, {spelling: 0.4321})
    assert same == rule


def test_laying_a_spec_out_anew_keeps_its_calibration(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path, "    reject when score>=auto\n    review when area above .6 ≥ auto")
    assert main(["calibrate", str(spec), "-q"]) == 0
    assert main(["validate", str(spec), "-o", str(tmp_path / "a"), "-q"]) in (0, 1)
    assert main(["fmt", str(spec)]) == 0
    assert "score >= auto" in spec.read_text("utf-8")
    assert main(["validate", str(spec), "-o", str(tmp_path / "b"), "-q"]) in (0, 1)
    one, two = (
        json.loads((tmp_path / name / "validation.json").read_text("utf-8"))["objects"][0]
        for name in "ab"
    )
    assert [t["value"] for t in one["thresholds"]] == [t["value"] for t in two["thresholds"]]
    assert content_of(spec)["objects"]["nut"]["thresholds"][1]["rule"] == (
        "review when area above 0.60 >= auto"
    )


def test_a_number_edited_by_hand_is_not_believed(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    write_lock(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    assert read_lock(spec) is not None
    path = lock_path(spec)
    path.write_text(path.read_text("utf-8").replace('"value": 0.4', '"value": 0.9'), "utf-8")
    with pytest.raises(UnusableLock, match="edited after it was written"):
        read_lock(spec)


def test_every_value_is_under_the_seal(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    write_lock(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    whole = content_of(spec)

    def changed(value: Any) -> list[Any]:
        """The value with each of its leaves changed, one at a time."""
        if isinstance(value, dict):
            return [{**value, k: new} for k, inner in value.items() for new in changed(inner)]
        if isinstance(value, list):
            return [
                [*value[:n], new, *value[n + 1 :]]
                for n, inner in enumerate(value)
                for new in changed(inner)
            ]
        return [] if value is None else [f"{value}x"]

    tried = changed({k: v for k, v in whole.items() if k != "seal"})
    assert len(tried) > 20
    assert all(seal_of(content) != whole["seal"] for content in tried)
    reordered = dict(reversed(list(whole.items())))
    assert parse_lock(json.dumps(reordered), "x.lock").seal == whole["seal"]


def test_a_lock_without_a_seal_is_read_with_a_note(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path, ONE)
    write_lock(spec, {"nut": locked(spec, (SPELLINGS[1], 0.4))})
    content = content_of(spec)
    del content["seal"]
    lock_path(spec).write_text(json.dumps(content), "utf-8")
    main(["validate", str(spec), "-o", str(tmp_path / "out"), "-q"])
    told = capsys.readouterr().err
    assert "nut.inspect.lock has no seal" in told
    assert "promptdsl calibrate" in told


@pytest.mark.parametrize(
    ("mend", "sentence"),
    [
        (lambda text: text.replace('"value": 0.4', '"value": 0.4, "value": 0.4'), "value twice"),
        (lambda text: text.replace('"value": 0.4', '"value": NaN'), "damaged"),
        (lambda text: text.replace('"value": 0.4', '"value": 7'), "damaged"),
        (lambda text: text[: len(text) // 2], "no JSON"),
        (lambda text: "[" * 100_000, "no JSON"),
        (lambda text: "[]", "no JSON object"),
        (lambda text: "<<<<<<< ours\n" + text, "no JSON"),
        (lambda text: "\x00", "no JSON"),
    ],
)
def test_damage_is_one_sentence(tmp_path: Path, mend: Callable[[str], str], sentence: str) -> None:
    spec = factory(tmp_path, ONE)
    write_lock(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    path = lock_path(spec)
    path.write_text(mend(path.read_text("utf-8")), "utf-8")
    with pytest.raises(UnusableLock, match=sentence):
        read_lock(spec)


def test_damage_names_its_place_and_its_kind(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    write_lock(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    path = lock_path(spec)
    text = path.read_text("utf-8")
    path.write_text(text.replace('"value": 0.4', '"value": 7'), "utf-8")
    with pytest.raises(UnusableLock, match=r"objects\.nut\.thresholds\.0\.value: "):
        read_lock(spec)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UnusableLock) as found:
        read_lock(spec)
    assert found.value.sentence == f"{path}: this lock file is damaged: it is no text"


def test_a_lock_is_laid_out_for_people_and_for_version_control(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    write_lock(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    text = lock_path(spec).read_text("utf-8")
    assert text == json.dumps(json.loads(text), indent=2, sort_keys=True) + "\n"
    assert calibrated_numbers(None) == {}


def test_what_becomes_of_an_old_lock_is_told(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    path, told = lock_path(spec), []
    old = OldLock(lambda sentence, kind: told.append((sentence, kind)))
    assert old.read(spec) is None
    old.replace(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    assert told == []
    path.write_bytes(b"\xff")
    assert old.read(spec) is None
    old.replace(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    assert told == [
        (f"{path}: this lock file is damaged: it is no text; nothing is taken from it", "warning"),
        (f"the old lock file is kept as {path}.damaged", "note"),
    ]


def test_two_numbers_for_one_line_are_refused(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    write_lock(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4), (SPELLINGS[1], 0.5))})
    with pytest.raises(UnusableLock, match="two numbers for"):
        read_lock(spec)


def test_a_pipe_a_device_and_a_folder_are_not_waited_for(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    path = lock_path(spec)
    os.mkfifo(path)
    with pytest.raises(EnvironmentProblem, match="not a regular file"):
        read_lock(spec)
    path.unlink()
    path.symlink_to("/dev/zero")
    with pytest.raises(EnvironmentProblem, match="not a regular file"):
        read_lock(spec)
    path.unlink()
    path.mkdir()
    with pytest.raises(EnvironmentProblem, match=r"folder|directory"):
        read_lock(spec)


def test_a_huge_lock_is_not_read_whole(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    with lock_path(spec).open("wb") as file:
        file.truncate(1 << 33)
    with pytest.raises(UnusableLock, match="larger than 8 MB"):
        read_lock(spec)


@pytest.mark.parametrize(
    ("content", "suffix"),
    [("garbage", ".damaged"), ('{"lock_version": 9}', ".newer"), (None, ".damaged")],
)
def test_calibrate_replaces_a_lock_that_nothing_can_be_read_from(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture, content: str | None, suffix: str
) -> None:
    spec = factory(tmp_path, ONE)
    path = lock_path(spec)
    if content is None:  # a good one with a number edited by hand
        write_lock(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
        content = path.read_text("utf-8").replace("0.4", "0.5")
    path.write_text(content, "utf-8")
    assert main(["validate", str(spec), "-o", str(tmp_path / "out"), "-q"]) == 3
    told = capsys.readouterr().err
    assert "calibrate" in told
    assert main(["calibrate", str(spec), "-q"]) == 0
    assert read_lock(spec) is not None
    aside = path.with_name(path.name + suffix)
    assert aside.read_text("utf-8") == content
    assert str(aside) in capsys.readouterr().err
    path.write_text("garbage again", "utf-8")
    assert main(["calibrate", str(spec), "--good", str(tmp_path / "good"), "-q"]) == 0
    assert len(list(tmp_path.glob("*.lock.*"))) == 2, "the first copy is not written over"


def test_names_of_folders_need_not_be_text(tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    odd = os.fsdecode(b"caf\xe9")
    item = locked(spec, (SPELLINGS[0], 0.4))
    (threshold,) = item.thresholds
    pictures = Pictures(origin=(odd,), number=3, sha256="0" * 64)
    changed = threshold.model_copy(update={"good": pictures})
    write_lock(spec, {"nut": item.model_copy(update={"thresholds": (changed,)})})
    lock = read_lock(spec)
    assert lock is not None and lock.objects["nut"].thresholds == (changed,)


def test_a_dry_run_leaves_a_damaged_lock_alone(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path, ONE)
    lock_path(spec).write_text("garbage", "utf-8")
    assert main(["calibrate", str(spec), "--dry-run", "-q"]) == 0
    assert lock_path(spec).read_text("utf-8") == "garbage"
    assert [path.name for path in tmp_path.glob("*.lock*")] == ["nut.inspect.lock"]


def test_the_new_lock_is_written_before_the_old_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = factory(tmp_path, ONE)
    lock_path(spec).write_text("garbage", "utf-8")

    def nobody_reads(sentence: str, word: str = "note") -> None:
        if "kept as" in sentence:
            raise BrokenPipeError

    old = OldLock(nobody_reads)
    assert old.read(spec) is None
    with pytest.raises(BrokenPipeError):
        old.replace(spec, {"nut": locked(spec, (SPELLINGS[0], 0.4))})
    assert read_lock(spec) is not None
