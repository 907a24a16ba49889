"""Whole runs with a detector that needs no model."""

import errno
import json
import os
import random
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.cli.run import exit_code
from promptdsl.errors import EnvironmentProblem, SpecProblem, UsageProblem
from promptdsl.inspect import run_folder
from promptdsl.plan.model import AreaRule
from promptdsl.results import Record

from .fakes import (
    ORIGIN,
    FakeDetector,
    FakeSource,
    Seen,
    make_object,
    make_plan,
    paint,
    paint_many,
    score_rule,
)
from .going import go, images, lines, run_json, whole_lines

FIELDS = (
    "image object score verdict rule defect defects area map error time picture_sha256 plan_hash "
    "part size"
).split()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_writes_everything() -> None:
    paint_many(Path("pics"), 12)
    Path("pics/bad.png").write_text("hello")
    Path("pics/list.csv").write_text("1")
    seen = Seen()
    outcome = go(watch=seen)
    assert images() == ["pics/bad.png", *(f"pics/p{i}.png" for i in range(12))]
    assert [list(line) for line in whole_lines()] == [FIELDS] * 13
    assert (seen.total, len(seen.records)) == (13, 13)
    assert lines()[0]["error"] == "it holds text, not a picture"
    last = lines()[-1]
    assert (last["score"], last["verdict"], last["rule"]) == (
        1.0,
        "reject",
        "reject when score >= 0.7",
    )
    assert (last["defect"], last["defects"]) == ("scratch", {"scratch": 1.0, "dent": 0.0})
    assert all(Path("out", line["map"]).is_file() for line in lines()[1:])
    run = run_json()
    assert run["status"] == "finished"
    assert run["left_out"] == {".csv": 1}
    assert run["counts"] == {
        "pictures": 13, "pass": 6, "review": 2, "reject": 4, "error": 1, "inspected_now": 13,
    }  # fmt: skip
    for name in (
        "spec_hash",
        "plan_hash",
        "weights_hash",
        "device",
        "precision",
        "versions",
        "times",
    ):
        assert run[name]
    assert exit_code(outcome, None) == 3
    assert Path("out/report.html").stat().st_size > 10_000


def test_exit_codes() -> None:
    paint(Path("pics/a.png"), 0.6)
    outcome = go()
    assert [exit_code(outcome, fail_on) for fail_on in (None, "reject", "review")] == [0, 0, 1]
    paint(Path("pics/a.png"), 0.9)
    outcome = go(out="out2")
    assert [exit_code(outcome, fail_on) for fail_on in (None, "reject", "review")] == [0, 1, 1]


def test_results_depend_neither_on_batches_nor_on_order() -> None:
    pictures = paint_many(Path("pics"), 17)
    go(*pictures, out="one", batch_size=1)
    for number, batch in enumerate((2, 5, 16, None)):
        random.Random(number).shuffle(pictures)
        go(*pictures, out=f"o{number}", batch_size=batch)
        assert images(f"o{number}") == pictures
        by_name = sorted(lines(f"o{number}"), key=lambda line: str(line["image"]))
        assert by_name == sorted(lines("one"), key=lambda line: str(line["image"]))


def test_out_of_memory_halves_and_every_picture_has_its_record() -> None:
    paint_many(Path("pics"), 20)
    source = FakeSource(make_plan(), FakeDetector(fits=3))
    go(source=source, batch_size=16)
    assert len(set(images())) == len(images()) == 20
    assert run_json()["batch_size"] == 2
    assert run_json()["batch_halved"] == 3


def test_a_score_that_is_no_number_is_an_error_record() -> None:
    paint_many(Path("pics"), 2)
    go(source=FakeSource(make_plan(), FakeDetector(nothing=True)))
    assert {line["verdict"] for line in lines()} == {"error"}
    assert "not a number" in lines()[0]["error"]


def test_area_rules_and_contours() -> None:
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[:, :32] = 255
    Path("pics").mkdir()
    Image.fromarray(halves).save("pics/a.png")
    rule = AreaRule(
        verdict="reject",
        above=0.7,
        share=0.4,
        text="reject when area above 0.70 >= 40%",
        origin=ORIGIN,
    )
    go(source=FakeSource(make_plan(make_object("nut", (rule,)))))
    (line,) = lines()
    assert line["rule"] == "reject when area above 0.70 >= 40%"
    assert line["area"]["0.70"] == pytest.approx(0.5, abs=0.03)
    with Image.open(Path("out", line["map"])) as image:
        colors = {tuple(color) for _, color in image.getcolors(99999)}  # type: ignore[union-attr, arg-type]
    assert {(255, 255, 255), (20, 20, 20)} <= colors


@pytest.mark.parametrize("kind", ["png", "npy", "none"])
def test_maps(kind: Any) -> None:
    paint(Path("pics/a.png"), 0.5, (90, 70))
    go(maps=kind)
    (line,) = lines()
    if kind == "none":
        assert line["map"] is None
        assert not Path("out/maps").exists()
    elif kind == "npy":
        raw = np.load(Path("out", line["map"]))
        assert (raw.shape, raw.dtype) == ((70, 90), np.float32)
        assert raw == pytest.approx(128 / 255, abs=1e-4)
    else:
        with Image.open(Path("out", line["map"])) as image:
            assert image.size == (90, 70)


def test_a_picture_that_vanishes_is_an_error_record(monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = paint_many(Path("pics"), 3)

    class Vanishing(Seen):
        def begins(self, total: int, done: int) -> None:
            Path(pictures[1]).unlink()

    go(watch=Vanishing())
    assert lines()[1]["error"] == "it is no longer there"
    assert [line["verdict"] == "error" for line in lines()] == [False, True, False]


def two_objects() -> FakeSource:
    return FakeSource(make_plan(make_object("nut"), make_object("washer")))


def test_several_objects_by_folder() -> None:
    for name in ("p/washer/1.png", "p/nut/2.png", "p/washer/3.png", "p/nut/deep/4.png"):
        paint(Path(name), 0.2)
    go("p", source=two_objects(), recursive=True)
    assert [(line["image"], line["object"]) for line in lines()] == [
        ("p/nut/2.png", "nut"),
        ("p/nut/deep/4.png", "nut"),
        ("p/washer/1.png", "washer"),
        ("p/washer/3.png", "washer"),
    ]


def test_several_objects_without_folders_need_a_choice() -> None:
    paint(Path("pics/a.png"), 0.2)
    with pytest.raises(UsageProblem, match="2 objects"):
        go(source=two_objects())
    assert not Path("out").exists()
    go(source=two_objects(), object="washer")
    assert lines()[0]["object"] == "washer"
    with pytest.raises(UsageProblem, match="no object of that name"):
        go(source=two_objects(), object="bolt", out="o2")


def test_auto_without_calibration_stops_before_anything() -> None:
    paint(Path("pics/a.png"), 0.2)
    plan = make_plan(make_object("nut", (score_rule("reject", None),)))
    with pytest.raises(SpecProblem, match="not calibrated"):
        go(source=FakeSource(plan))
    assert not Path("out").exists()
    go(source=FakeSource(plan, known={"reject when score >= auto": 0.1}))
    assert lines()[0]["rule"] == "reject when score >= auto (0.1)"


def test_the_default_threshold_is_called_one_everywhere() -> None:
    paint(Path("pics/a.png"), 0.8)
    plan = make_plan(make_object("nut", (score_rule("reject", 0.5),), default_thresholds=True))
    go(source=FakeSource(plan))
    assert "uncalibrated default" in lines()[0]["rule"]
    assert run_json()["objects"]["nut"]["default_thresholds"] is True
    assert "Uncalibrated default threshold" in Path("out/report.html").read_text()


# --- the output folder -------------------------------------------------------------------------


def test_a_folder_with_content_is_refused_with_both_choices() -> None:
    paint_many(Path("pics"), 2)
    go()
    before = Path("out/results.jsonl").read_bytes()
    with pytest.raises(UsageProblem) as caught:
        go()
    assert "--resume" in str(caught.value.help)
    assert "--overwrite" in str(caught.value.help)
    assert Path("out/results.jsonl").read_bytes() == before


def test_overwrite_removes_only_what_runs_write() -> None:
    paint_many(Path("pics"), 3)
    go()
    Path("out/mine.txt").write_text("keep")
    Path("out/maps/mine.png").write_text("keep")
    Path("pics/p2.png").unlink()
    go(mode="overwrite")
    assert images() == ["pics/p0.png", "pics/p1.png"]
    assert Path("out/mine.txt").exists()
    assert Path("out/maps/mine.png").exists()
    assert len(list(Path("out/maps").iterdir())) == 3


def test_out_is_a_file_or_cannot_be_made() -> None:
    paint_many(Path("pics"), 1)
    Path("file").write_text("")
    with pytest.raises(UsageProblem, match="needs a folder"):
        go(out="file")
    with pytest.raises(EnvironmentProblem, match="cannot write here"):
        go(out="file/inside")
    with pytest.raises(EnvironmentProblem, match="cannot write here"):
        go(out="/proc/out")


def test_a_folder_that_may_not_be_written_fails_before_scoring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paint_many(Path("pics"), 1)
    source = FakeSource(make_plan())

    def refuse(folder: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(run_folder, "_probe", refuse)
    with pytest.raises(EnvironmentProblem, match="Permission denied"):
        go(source=source)
    assert source.detector.batches == []


def test_half_written_files_of_a_killed_run_are_swept_away() -> None:
    paint_many(Path("pics"), 1)
    Path("out").mkdir()
    for name in (".run.json.77.tmp", ".probe-77", ".mine"):
        Path("out", name).write_text("x")
    go()
    assert sorted(p.name for p in Path("out").glob(".*")) == [".mine", ".promptdsl.lock"]


def test_two_runs_into_one_folder() -> None:
    paint_many(Path("pics"), 2)

    class Meanwhile(Seen):
        def begins(self, total: int, done: int) -> None:
            with pytest.raises(EnvironmentProblem, match="another run is writing"):
                go(mode="resume")

    go(watch=Meanwhile())
    assert len(images()) == 2


def test_a_full_disk_is_one_sentence_and_resumes(monkeypatch: pytest.MonkeyPatch) -> None:
    paint_many(Path("pics"), 12)
    real, calls = run_folder._append, [0]

    def full(file: Any, content: bytes) -> None:
        calls[0] += b'"verdict"' in content
        if calls[0] == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        real(file, content)

    monkeypatch.setattr(run_folder, "_append", full)
    with pytest.raises(EnvironmentProblem) as caught:
        go(batch_size=1)
    assert caught.value.sentence == "out: the disk is full"
    assert "--resume" in str(caught.value.help)
    assert caught.value.exit_code == 3
    assert run_json()["status"] == "failed"
    assert 0 < len(images()) < 12
    monkeypatch.setattr(run_folder, "_append", real)
    go(mode="resume")
    assert images() == [f"pics/p{i}.png" for i in range(12)]


def test_a_write_that_fails_half_way_is_taken_back(tmp_path: Path) -> None:
    class Half:
        def __init__(self, file: Any) -> None:
            self.file, self.fileno, self.truncate = file, file.fileno, file.truncate

        def write(self, data: Any) -> int:
            if len(data) < 100:
                raise OSError(errno.ENOSPC, "No space left on device")
            return int(self.file.write(data[:60]))

    with (tmp_path / "f").open("ab", buffering=0) as file:
        run_folder._append(file, b"before\n")
        with pytest.raises(OSError, match="No space"):
            run_folder._append(Half(file), b"x" * 150)  # type: ignore[arg-type]
    assert (tmp_path / "f").read_bytes() == b"before\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_device_that_is_really_full() -> None:
    with (
        Path("/dev/full").open("ab", buffering=0) as file,
        pytest.raises(OSError, match="No space"),
    ):
        run_folder._append(file, b"line\n")


@pytest.fixture
def small_disk(tmp_path: Path) -> Any:
    disk = tmp_path / "disk"
    disk.mkdir()
    try:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=96k", "tmpfs", disk],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("a small disk can only be mounted by root")
    yield disk
    subprocess.run(["umount", disk], check=True)


def test_a_small_disk_that_fills_up(small_disk: Path) -> None:
    paint_many(Path("pics"), 400)
    with pytest.raises(EnvironmentProblem, match="the disk is full"):
        go(out=str(small_disk / "out"), batch_size=16)
    for line in (small_disk / "out/results.jsonl").read_bytes().splitlines():
        assert json.loads(line)["verdict"] in {"pass", "review", "reject"}


# --- resuming ----------------------------------------------------------------------------------


def stop_after(count: int) -> Any:
    """A watch that ends the run from outside, like a power cut, after some records."""

    class PowerCut(BaseException):
        pass

    class Cut(Seen):
        def inspected(self, record: Record) -> None:
            super().inspected(record)
            if len(self.records) >= count:
                raise PowerCut

    return Cut(), PowerCut


def cut_run(count: int, **more: Any) -> None:
    watch, cut = stop_after(count)
    with pytest.raises(cut):
        go(watch=watch, batch_size=2, **more)


def test_resume_gives_what_one_run_would_have_given() -> None:
    paint_many(Path("pics"), 15)
    go(out="whole", batch_size=2)
    cut_run(4)
    assert run_json()["status"] == "failed"
    assert 0 < len(images()) < 15
    seen = Seen()
    outcome = go(mode="resume", watch=seen)
    assert lines() == lines("whole")
    assert seen.done + len(seen.records) == 15
    assert outcome.run["counts"]["pictures"] == 15
    assert outcome.run["counts"]["inspected_now"] == len(seen.records)
    assert len(outcome.records) == 15


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:-1],
        lambda data: data[:-37],
        lambda data: data + b'{"image": "pics/p9.png", "obj',
        lambda data: data + bytes(4096),
        lambda data: data[: len(data) // 2] + bytes(200),
        lambda data: data + data.splitlines(keepends=True)[0],
        lambda data: data.replace(b'"score"', b'"sc\x00re"', 1),
        lambda data: b"",
    ],
)
def test_a_damaged_end_is_made_again(damage: Any) -> None:
    paint_many(Path("pics"), 9)
    go(out="whole", batch_size=2)
    cut_run(4)
    path = Path("out/results.jsonl")
    path.write_bytes(damage(path.read_bytes()))
    go(mode="resume")
    key = lambda line: str(line["image"])  # noqa: E731
    assert sorted(lines(), key=key) == sorted(lines("whole"), key=key)


def test_resume_with_nothing_there_starts_and_when_done_ends() -> None:
    paint_many(Path("pics"), 3)
    go(mode="resume")
    before = Path("out/results.jsonl").read_bytes()
    source = FakeSource(make_plan())
    go(mode="resume", source=source)
    assert source.detector.batches == []
    assert Path("out/results.jsonl").read_bytes() == before


def test_resume_takes_new_pictures_and_keeps_changed_ones() -> None:
    paint_many(Path("pics"), 3)
    go()
    paint(Path("pics/p0.png"), 1.0)
    paint(Path("pics/p7.png"), 0.5)
    go(mode="resume")
    assert images() == ["pics/p0.png", "pics/p1.png", "pics/p2.png", "pics/p7.png"]
    assert lines()[0]["score"] == 0.0


def test_another_spelling_of_a_picture_is_the_same_picture(tmp_path: Path) -> None:
    paint_many(Path("pics"), 4)
    go("pics/p0.png", "pics/p1.png")
    go("./pics", str(tmp_path / "pics"), mode="resume")
    assert images() == [f"pics/p{i}.png" for i in range(4)]
    go(str(tmp_path / "pics"), mode="resume")
    assert len(images()) == 4


def test_resume_as_another_object_is_refused() -> None:
    paint_many(Path("pics"), 2)
    go(source=two_objects(), object="nut")
    with pytest.raises(UsageProblem, match="as another object"):
        go(source=two_objects(), object="washer", mode="resume")
    assert len(images()) == 2


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"plan": make_plan().model_copy(update={"hash": "c" * 64})}, "plan"),
        ({"weights": "0" * 64}, "weights"),
        ({"plan": make_plan(make_object("nut", (score_rule("reject", 0.3),)))}, "thresholds"),
    ],
)
def test_resume_refuses_another_run(change: dict[str, Any], what: str) -> None:
    paint_many(Path("pics"), 6)
    cut_run(2)
    before = Path("out/results.jsonl").read_bytes()
    fields = {"plan": make_plan(), **change}
    with pytest.raises(UsageProblem, match=f"another {what}"):
        go(mode="resume", source=FakeSource(**fields))
    assert Path("out/results.jsonl").read_bytes() == before


def test_resume_from_another_folder_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paint_many(Path("pics"), 6)
    cut_run(2)
    (tmp_path / "pics" / "sub").mkdir()
    monkeypatch.chdir(tmp_path / "pics")
    with pytest.raises(UsageProblem, match="was started in"):
        go(".", mode="resume", out="../out")


def test_resume_without_run_json_is_refused() -> None:
    paint_many(Path("pics"), 2)
    go()
    for content in (None, b"", b'{\n  "format": 1,\n  "status": "', b"[1]"):
        path = Path("out/run.json")
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        sentence = "not written by promptdsl run" if content == b"[1]" else "cannot be read"
        with pytest.raises((EnvironmentProblem, UsageProblem), match=sentence):
            go(mode="resume")


def test_names_that_are_hard_to_write(tmp_path: Path) -> None:
    names = [
        "ü ö.png",
        "new\nline.png",
        'quo"te<script>.png',
        "a\\b.png",
        os.fsdecode(b"\xff\xfe.png"),
    ]
    for name in names:
        paint(Path("pics") / name, 0.9)
    go()
    assert sorted(images()) == sorted(f"pics/{name}" for name in names)
    go(mode="resume")
    assert len(images()) == len(names)
    assert "<script>.png" not in Path("out/report.html").read_text(errors="replace")


def test_same_name_in_two_folders_has_two_maps() -> None:
    paint(Path("pics/a/1.png"), 0.1)
    paint(Path("pics/b/1.png"), 0.9)
    go(recursive=True)
    assert len({line["map"] for line in lines()}) == 2
