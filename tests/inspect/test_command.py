"""`promptdsl run` and `promptdsl models` from the command line, without a real model."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from promptdsl.cli import run
from promptdsl.cli.main import main

from .fakes import FakeDetector, FakeSource, make_plan, paint, paint_many


@pytest.fixture(autouse=True)
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    monkeypatch.chdir(tmp_path)
    Path("part.inspect").write_text("inspect 1\n")
    fake = FakeSource(make_plan(), FakeDetector())
    monkeypatch.setattr(run, "open_source", lambda *_: fake)
    return fake


def go(*arguments: str) -> int:
    return main(["run", "part.inspect", *arguments])


def test_quiet_still_says_what_was_not_inspected(capsys: pytest.CaptureFixture[str]) -> None:
    paint_many(Path("pics"), 2)
    Path("pics/torn.png").write_bytes(b"\x89PNG")
    assert go("pics", "-o", "out", "-q") == 3
    assert capsys.readouterr() == ("", "problem: 1 picture not inspected: out says why\n")


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    paint_many(Path("pics"), 5)
    Path("pics/notes.txt").write_text("x")
    assert go("pics", "-o", "out") == 0
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert lines[0].split("\t")[:3] == ["pics/p4.png", "reject", "1.000"]
    assert lines[5].startswith("5 pictures: 2 pass, 1 review, 2 reject, in ")
    assert lines[6] == "left out: 1 .txt (pics/notes.txt)"
    assert lines[7].startswith("note: promptdsl-mini is for learning")
    assert lines[8:] == ["report: out/report.html"]


def test_default_folder(capsys: pytest.CaptureFixture[str]) -> None:
    paint_many(Path("pics"), 2)
    assert go("pics") == 0
    assert Path("part-results/report.html").is_file()


def test_jsonl(capsys: pytest.CaptureFixture[str]) -> None:
    paint_many(Path("pics"), 5)
    assert go("pics", "-o", "out", "--format", "jsonl") == 0
    out, err = capsys.readouterr()
    assert out == Path("out/results.jsonl").read_text()
    assert "5 pictures" in err


def test_csv(capsys: pytest.CaptureFixture[str]) -> None:
    paint_many(Path("pics"), 5)
    assert go("pics", "-o", "out", "--format", "csv") == 0
    out, err = capsys.readouterr()
    written = Path("out/results.csv").read_bytes().decode("utf-8-sig")
    assert out.replace("\r\n", "\n") == written.replace("\r\n", "\n")
    assert len(out.splitlines()) == 6
    assert Path("out/spots.csv").is_file()
    assert "5 pictures" in err


def test_the_longest_side_of_a_map(capsys: pytest.CaptureFixture[str]) -> None:
    paint(Path("pics/a.png"), 0.9, (640, 480))
    assert go("pics", "-o", "out", "--map-size", "320") == 0
    (drawn,) = Path("out/maps").iterdir()
    with Image.open(drawn) as image:
        assert image.size == (320, 240)
    assert go("pics", "-o", "other", "--map-size", "1") == 2
    assert "64<=x<=30000" in capsys.readouterr().err


def test_json_after_a_resume_holds_everything(capsys: pytest.CaptureFixture[str]) -> None:
    paint_many(Path("pics"), 5)
    assert go("pics/p0.png", "-o", "out", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert go("pics", "-o", "out", "--resume", "--format", "json", "--quiet") == 0
    out, err = capsys.readouterr()
    answer = json.loads(out)
    assert err == ""
    assert len(answer["results"]) == 5
    assert answer["run"]["counts"]["pictures"] == 5


@pytest.mark.parametrize(
    ("red", "fail_on", "code"),
    [(0.9, (), 0), (0.9, ("--fail-on", "reject"), 1), (0.6, ("--fail-on", "reject"), 0),
     (0.6, ("--fail-on", "review"), 1), (0.9, ("--fail-on", "review"), 1)],
)  # fmt: skip
def test_fail_on(red: float, fail_on: tuple[str, ...], code: int) -> None:
    paint(Path("a.png"), red)
    assert go("a.png", "-o", "out", *fail_on) == code


def test_a_picture_that_cannot_be_inspected_is_never_silent(
    capsys: pytest.CaptureFixture[str],
) -> None:
    paint_many(Path("pics"), 2)
    Path("pics/bad.png").write_text("hello")
    assert go("pics", "-o", "out", "--fail-on", "reject") == 3
    out, _ = capsys.readouterr()
    assert "1 not inspected" in out
    assert "it holds text, not a picture" in out


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("pics", "--resume", "--overwrite"), 2, "exclude each other"),
        (("pics", "--batch-size", "0"), 2, "neither auto nor a number"),
        (("pics", "--batch-size", "many"), 2, "neither auto nor a number"),
        (("missing",), 3, "no such file or folder"),
        (("empty",), 3, "no pictures found"),
        (("pics", "-o", "pics/p0.png"), 2, "this is a file"),
        (("pics", "-o", "pics"), 2, "results cannot go into"),
        (("pics", "-o", "/proc/x"), 3, "cannot write here"),
        (("pics", "--object", "bolt"), 2, "no object of that name"),
        ((), 2, "missing argument"),
    ],
)
def test_mistakes_are_one_sentence_with_the_right_code(
    arguments: tuple[str, ...], code: int, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    paint_many(Path("pics"), 2)
    Path("empty").mkdir()
    assert go(*arguments) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("error: ")
    assert sentence in err.splitlines()[0]


def test_a_file_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    paint(Path("pics/\x1b[31mred.png"), 0.2)
    assert go("pics", "-o", "out") == 0
    assert "\x1b" not in capsys.readouterr().out


def test_models(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    assert main(["models", "mini"]) == 0
    out, _ = capsys.readouterr()
    assert out.startswith('model: "promptdsl-mini"')
    assert "  hazelnut (brown hazelnut): crack, hole, cut, missing part, stain\n" in out
    assert '"ViT-B-16-plus-240", "laion400m_e31"' in out
    assert main(["models", "plus"]) == 0
    assert "circuit board" in capsys.readouterr().out
    assert main(["models", "--format", "json"]) == 0
    models: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["models"]
    assert models[0]["knows"]["screw"][-1] == "damaged thread"
    names = {tuple(item["model"]) for item in models}
    assert {("promptdsl-mini",), ("ViT-B-16-plus-240", "laion400m_e31")} <= names
    assert not any(name[0].startswith("RN50") for name in names)


def test_weights_in_the_cache_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from promptdsl.clip.catalogue import cached_file

    monkeypatch.setenv("HOME", str(tmp_path))
    entry = {"url": "somewhere/vit.pt", "hf_hub": ""}
    assert cached_file(entry) is None
    (tmp_path / ".cache/clip").mkdir(parents=True)
    (tmp_path / ".cache/clip/vit.pt").write_bytes(b"x")
    assert cached_file(entry) == tmp_path / ".cache/clip/vit.pt"


def test_an_unreadable_folder_ends_with_3_and_the_others_are_inspected(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paint_many(Path("pics"), 2)
    paint_many(Path("pics/locked"), 1)
    real = os.scandir

    def scandir(path: str) -> object:
        if os.path.basename(path) == "locked":
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("promptdsl.files.search.os.scandir", scandir)
    for given in (("pics", "-r"), ("pics/**/*.png",)):
        assert go(*given, "-o", "out", "--overwrite", "-q") == 3
        assert "problem: pics/locked: this folder was not looked at" in capsys.readouterr().err
        run = json.loads(Path("out/run.json").read_text())
        assert run["counts"]["pictures"] == 2
        assert run["unreadable"] == {"pics/locked": "it may not be read: permission denied"}
        assert "pics/locked" in Path("out/report.html").read_text("utf-8")


def test_escapes_in_names_of_files_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    paint_many(Path("pics"), 1)
    Path("pics/x.\x1b]0;gone\x07").touch()
    Path("pics/y\x1b[31m").touch()
    assert go("pics", "-o", "out") == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err and "left out: 1 .␛]0;gone␇ (pics/x.␛]0;gone␇), 1 file" in out
    run = json.loads(Path("out/run.json").read_text())
    assert run["left_out"] == {".\x1b]0;gone\x07": 1, "files without a suffix": 1}
    assert run["left_out_names"]["files without a suffix"] == ["pics/y\x1b[31m"]


def test_what_the_references_leave_out_is_told(
    source: FakeSource, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    paint_many(Path("pics"), 1)
    told = "references of nut: left out 1 .txt (good/notes.txt)"
    monkeypatch.setattr(source, "references_left_out", lambda item: [told], raising=False)
    assert go("pics", "-o", "out") == 0
    assert f"note: {told}" in capsys.readouterr().out
    assert json.loads(Path("out/run.json").read_text())["remarks"] == [told]
