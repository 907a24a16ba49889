"""Going on with a run: what was edited, damaged or made elsewhere is noticed."""

import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from promptdsl.cli.run import exit_code, remarks
from promptdsl.errors import EnvironmentProblem, Problem, UsageProblem
from promptdsl.inspect import description

from .fakes import FakeDetector, FakeSource, Seen, make_object, make_plan, paint, paint_many
from .going import go, images, lines, run_json, whole_lines


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


SPOT = {
    "box": [1, 2, 3, 4],
    "area": 9.0,
    "extent": 5.0,
    "peak": 0.9,
    "defect": None,
    "region": None,
}


def told(outcome: Any) -> str:
    return "\n".join(remarks(outcome, Path("out")))


def edit_run(**changes: Any) -> None:
    Path("out/run.json").write_text(json.dumps({**run_json(), **changes}))


def edit_line(number: int, **changes: Any) -> None:
    records = whole_lines()
    records[number] = {**records[number], **changes}
    Path("out/results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in records))


def test_other_pictures_are_not_reported_as_those_of_this_call() -> None:
    paint(Path("monday/bad.png"), 0.9)
    Path("monday/broken.png").write_text("text")
    paint(Path("tuesday/good.png"), 0.1)
    assert exit_code(go("monday"), "reject") == 3
    outcome = go("tuesday", mode="resume")
    assert [record.image for record in outcome.records] == ["tuesday/good.png"]
    assert exit_code(outcome, "reject") == 0
    assert "also holds 2 records of pictures that are not among these inputs" in told(outcome)
    assert run_json()["inputs"] == ["monday", "tuesday"]
    assert run_json()["counts"]["pictures"] == 3
    again = go("monday", mode="resume")
    assert exit_code(again, "reject") == 3


def test_each_leg_is_told_with_its_device_and_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    paint_many(Path("pics"), 4)
    go("pics/p0.png", "pics/p1.png", "pics/p2.png")
    (first,) = run_json()["legs"]
    assert (first["inspected"], first["device"]) == (3, "cpu")
    real = description.versions()
    monkeypatch.setattr(description, "versions", lambda: {**real, "torch": "99.0"})
    outcome = go(mode="resume")
    legs = run_json()["legs"]
    assert [leg["inspected"] for leg in legs] == [3, 1]
    assert [leg["versions"]["torch"] for leg in legs] == [real["torch"], "99.0"]
    assert f"were made with torch {real['torch']} and 99.0" in told(outcome)
    page = Path("out/report.html").read_text()
    assert "leg 2" in page
    assert f"torch {real['torch']}," in page
    assert "torch 99.0," in page
    go(mode="resume")
    assert len(run_json()["legs"]) == 2, "a call that inspected nothing is no leg"


def test_a_run_described_without_legs_counts_as_one() -> None:
    paint_many(Path("pics"), 3)
    go("pics/p0.png", "pics/p1.png")
    described = run_json()
    del described["legs"]
    Path("out/run.json").write_text(json.dumps(described))
    go(mode="resume")
    assert [leg["inspected"] for leg in run_json()["legs"]] == [2, 1]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"device": "cuda"}, "device"),
        ({"versions": {"promptdsl": "0.0.1"}}, "version of promptdsl"),
        ({"precision": "bf16"}, "precision"),
        ({"format": 2}, "format of run.json"),
        ({"format": [2]}, "format of run.json"),
    ],
)
def test_records_of_another_kind_are_not_mixed(changes: dict[str, Any], what: str) -> None:
    paint_many(Path("pics"), 3)
    go("pics/p0.png")
    edit_run(**changes)
    with pytest.raises(UsageProblem, match=f"another {what}"):
        go(mode="resume")
    assert len(lines()) == 1


def test_another_picture_moved_to_the_name_is_told() -> None:
    paint_many(Path("pics"), 2)
    earlier = time.time() - 1000
    os.utime("pics/p1.png", (earlier, earlier))
    go("pics/p0.png")
    time.sleep(0.02)
    os.replace("pics/p1.png", "pics/p0.png")
    assert go("pics/p0.png", mode="resume").changed == 1


def test_notes_of_all_legs_are_kept() -> None:
    paint_many(Path("pics"), 2)
    go("pics/p0.png")
    edit_run(notes={"only the first frame was inspected": 2})
    go(mode="resume")
    assert run_json()["notes"] == {"only the first frame was inspected": 2}


def test_pictures_edited_in_between_are_told() -> None:
    paint_many(Path("pics"), 3)
    go("pics/p0.png", "pics/p1.png")
    later = time.time() + 100
    for name in ("p1", "p2"):
        os.utime(f"pics/{name}.png", (later, later))
    outcome = go(mode="resume")
    assert outcome.changed == 1
    assert "1 picture changed after being inspected" in told(outcome)
    assert go("pics/p0.png", mode="resume").changed == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"verdict": "pass", "rule": None},
        {"verdict": "pass"},
        {"score": 0.1},
        {"rule": "reject when score >= 0.1"},
        {"verdict": []},
        {"verdict": {"a": 1}},
        {"score": 10**400},
        {"score": True},
        {"score": "1"},
        {"score": None},
        {"score": None, "rule": None},
        {"image": ""},
        {"image": "a\0b"},
        {"image": "\ud800.png"},
        {"image": ["a"]},
        {"object": 3},
        {"rule": 3},
        {"defect": ["scratch"]},
        {"defect": "scratch of another object"},
        {"defects": {"another": 0.5}},
        {"defects": "scratch"},
        {"defects": {"scratch": "a lot"}},
        {"area": [1]},
        {"area": {"0.70": None}},
        {"map": "../../etc/passwd"},
        {"map": "maps/../x.png"},
        {"map": 3},
        {"error": {}},
        {"more": 1},
        {"time": None},
        {"time": "yesterday"},
        {"time": "2026-11-27T10:15:30+01:00"},
        {"time": 0},
        {"picture_sha256": "0"},
        {"plan_hash": None},
        {"plan_hash": "c" * 64},
        {"part": "p2"},
        {"part": ["p2"]},
        {"size": None, "spots": [SPOT]},
        {"size": [64]},
        {"size": [0, 48]},
        {"size": [64.5, 48]},
        {"spots": {}},
        {"spots": [{}]},
        {"spots": [SPOT] * 201},
        {"spots": [{**SPOT, "box": [60, 0, 5, 5]}]},
        {"spots": [{**SPOT, "box": [0, 0, 0, 5]}]},
        {"spots": [{**SPOT, "area": -1.0}]},
        {"spots": [{**SPOT, "defect": "another"}]},
        {"spots": [{**SPOT, "more": 1}]},
        {"spots_left_out": -1},
        {"residual": "far"},
        {"unlocated": 3},
        {"measures": {"extent": "long"}},
    ],
)
def test_an_edited_record_is_made_again(changes: dict[str, Any]) -> None:
    paint_many(Path("pics"), 3)
    go(out="whole")
    go()
    edit_line(2, **changes)
    outcome = go(mode="resume")
    assert outcome.dropped == 1
    assert lines() == lines("whole")
    assert "1 damaged record(s) of the earlier run were made again" in told(outcome)


def test_records_of_an_object_that_is_not_asked_for_are_believed() -> None:
    source = FakeSource(make_plan(make_object("nut"), make_object("washer")))
    paint(Path("nut/1.png"), 0.9)
    paint(Path("washer/1.png"), 0.9)
    go("nut", source=source)
    assert go("washer", source=source, mode="resume").dropped == 0
    assert images() == ["nut/1.png", "washer/1.png"]


@pytest.mark.parametrize(
    "changes",
    [
        {"objects": []},
        {"objects": {"nut": None}},
        {"objects": {"nut": {"thresholds": [1]}}},
        {"times": None},
        {"legs": {}},
        {"legs": [{}]},
        {"versions": ["promptdsl"]},
        {"inputs": "pics"},
        {"notes": {"a": "many"}},
        {"changed_since_calibration": 3},
        {"folder": 3},
        {"device": None},
        {"plan_hash": None},
    ],
)
def test_a_damaged_description_is_a_sentence(changes: dict[str, Any]) -> None:
    paint_many(Path("pics"), 2)
    go("pics/p0.png")
    edit_run(**changes)
    with pytest.raises(Problem):
        go(mode="resume")
    assert len(lines()) == 1
    go(mode="overwrite")
    assert len(lines()) == 2


def test_a_description_that_never_ends_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    paint_many(Path("pics"), 2)
    go("pics/p0.png")
    os.truncate("out/run.json", 100 * 10**9)  # without a block on the disk
    with pytest.raises(EnvironmentProblem, match="larger than"):
        go(mode="resume")


def test_results_and_previews_of_one_endless_line_are_bounded() -> None:
    paint_many(Path("pics"), 3)
    go(out="whole")
    go("pics/p0.png", "pics/p1.png")
    for name in ("results.jsonl", "previews.jsonl"):
        os.truncate(f"out/{name}", 300_000_000)
    go(mode="resume")
    assert images() == images("whole")
    assert Path("out/results.jsonl").stat().st_size < 10_000
    assert Path("out/report.html").read_text().count("data:") == Path(
        "whole/report.html"
    ).read_text().count("data:")


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root to give rights up")
@pytest.mark.parametrize("name", ["results.jsonl", "run.json", "maps"])
def test_files_without_permission_are_one_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # others may enter it, unlike pytest's own
        Path(folder).chmod(0o777)
        monkeypatch.chdir(folder)
        _resume_without_permission(name)
        monkeypatch.undo()


def _resume_without_permission(name: str) -> None:
    paint_many(Path("pics"), 2)
    go("pics/p0.png")
    Path("out").chmod(0o777)
    for entry in Path("out").rglob("*"):
        entry.chmod(0o777 if entry.is_dir() else 0o666)
    Path("out", name).chmod(0)
    pid = os.fork()
    if pid == 0:
        try:
            os.seteuid(65534)
            go(mode="resume")
        except EnvironmentProblem as problem:
            os._exit(0 if "ermission denied" in problem.sentence else 1)
        except BaseException:
            os._exit(2)
        os._exit(3)
    assert os.waitpid(pid, 0)[1] == 0


def test_two_calls_at_once_into_a_new_folder() -> None:
    paint_many(Path("pics"), 2)

    class Meanwhile(Seen):
        def begins(self, total: int, done: int) -> None:
            for mode in ("resume", "overwrite"):
                with pytest.raises(EnvironmentProblem, match="another run is writing"):
                    go(mode=mode)

    go(watch=Meanwhile(), source=FakeSource(make_plan(), FakeDetector()))
    assert len(images()) == 2
