"""What is finished is written and shown before anything that may still go wrong."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest

from promptdsl.cli.main import main
from promptdsl.errors import EnvironmentProblem

from .scene import factory, part

Encoded = Callable[[], int]
Capture = pytest.CaptureFixture[str]


def passing(folder: Path) -> Path:
    spec = factory(folder)
    spec.write_text(spec.read_text("utf-8").replace("at least 75%", "at least 50%"), "utf-8")
    return spec


def with_second_object(spec: Path, images: str = "good/*.png") -> Path:
    bolt = f'object bolt extends nut {{\n  samples good {{ images: "{images}" }}\n}}\n'
    spec.write_text(spec.read_text("utf-8") + bolt, "utf-8")
    return spec


def described(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((out / "validation.json").read_text("utf-8"))
    return content


def test_a_validation_is_kept_when_its_words_cannot_be_judged(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, out = passing(tmp_path), tmp_path / "out"

    def corrupt(*given: object) -> None:
        raise EnvironmentProblem("scratch/03.png: it holds text, not a picture")

    monkeypatch.setattr("promptdsl.evaluate.words.words.gather", corrupt)
    assert main(["validate", str(spec), "--words", "-o", str(out)]) == 3
    told = capsys.readouterr()
    assert "the words of nut could not be judged: scratch/03.png: it holds text" in told.err
    assert len(described(out)["objects"][0]["pictures"]) == 32
    assert "page:" in told.out
    for name in ("junit.xml", "validation.html"):
        assert (out / name).stat().st_size > 500


def test_even_an_error_of_ours_leaves_the_files(
    seeing_red: Encoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, out = passing(tmp_path), tmp_path / "out"

    def fail(*given: object) -> None:
        raise AssertionError

    monkeypatch.setattr("promptdsl.evaluate.words.words.gather", fail)
    assert main(["validate", str(spec), "--words", "-o", str(out), "-q"]) == 70
    assert len(described(out)["objects"][0]["pictures"]) == 32


def test_words_of_one_object_do_not_cost_those_of_another(
    seeing_red: Encoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec, out = with_second_object(passing(tmp_path)), tmp_path / "out"

    def gather(job: Any, *given: object) -> Any:
        if job.name == "nut":
            raise EnvironmentProblem("no")
        return SimpleNamespace()

    monkeypatch.setattr("promptdsl.evaluate.words.words.gather", gather)
    monkeypatch.setattr("promptdsl.evaluate.words.words.ablate", lambda *given: None)
    monkeypatch.setattr("promptdsl.evaluate.words.words.describe", lambda found: {"rows": []})
    monkeypatch.setattr(
        "promptdsl.evaluate.words.words.page_rows", lambda found: [{"finding": "inert"}]
    )
    main(["validate", str(spec), "--words", "-o", str(out), "-q"])
    nut, bolt = described(out)["objects"]
    assert "words" not in nut and bolt["words"] == [{"finding": "inert"}]


def test_finished_objects_are_written_when_a_later_one_stops_it(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec, out = with_second_object(passing(tmp_path), "bolts/*.png"), tmp_path / "out"
    part(tmp_path / "references" / "a.png", 30, number=900)
    part(tmp_path / "bolts" / "a.png", 30, number=900)
    text = spec.read_text("utf-8").replace(
        '"promptdsl-mini" }', '"promptdsl-mini", references: "references/*.png" }'
    )
    spec.write_text(text, "utf-8")
    assert main(["validate", str(spec), "-o", str(out)]) == 2
    told = capsys.readouterr()
    assert "is also a reference of bolt" in told.err
    assert "nut: 20 good" in told.out
    content = described(out)
    assert [item["name"] for item in content["objects"]] == ["nut"]
    assert "is also a reference of bolt" in content["stopped"]
    root = ElementTree.parse(out / "junit.xml").getroot()
    assert root.get("errors") == "1"
    assert "is also a reference of bolt" in (out / "validation.html").read_text("utf-8")


def test_the_hash_is_of_the_bytes_that_were_compiled(
    seeing_red: Encoded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import hashlib

    from promptdsl.cli.shared import locks

    spec, out = passing(tmp_path), tmp_path / "out"
    compiled = hashlib.sha256(spec.read_bytes()).hexdigest()
    real = locks.open_lock

    def edit_then_open(path: Path) -> Any:
        path.write_text(path.read_text("utf-8") + "# edited\n", "utf-8")
        return real(path)

    monkeypatch.setattr(locks, "open_lock", edit_then_open)
    main(["validate", str(spec), "-o", str(out), "-q"])
    assert described(out)["objects"][0]["spec_sha256"] == compiled
    assert hashlib.sha256(spec.read_bytes()).hexdigest() != compiled


def test_the_plan_hash_knows_the_shots_of_a_data_set(seeing_red: Encoded, tmp_path: Path) -> None:
    spec = factory(tmp_path / "spec")
    text = spec.read_text("utf-8")
    kept = [line for line in text.splitlines() if not line.strip().startswith(("samples", "test"))]
    spec.write_text("\n".join(kept) + "\n", "utf-8")
    root = tmp_path / "set" / "nut"
    for n in range(6):
        part(root / "train" / "good" / f"{n}.png", 30, number=400 + n)
        part(root / "test" / "good" / f"{n}.png", 40, number=500 + n)
        part(root / "test" / "scratch" / f"{n}.png", 240, number=600 + n)
    hashes = []
    for extra in ((), ("--shots", "2"), ("--shots", "3"), ("--shots", "2")):
        out = tmp_path / "out"
        main(["validate", str(spec), "--mvtec", str(root.parent), "-o", str(out), "-q", *extra])
        hashes.append(described(out)["objects"][0]["plan_sha256"])
    plain, two, three, again = hashes
    assert len({plain, two, three}) == 3 and two == again


def test_rules_and_tests_are_told_by_their_parts(seeing_red: Encoded, tmp_path: Path) -> None:
    spec, out = factory(tmp_path), tmp_path / "out"
    main(["validate", str(spec), "-o", str(out), "-q"])
    item = described(out)["objects"][0]
    assert [rule["above"] for rule in item["thresholds"]] == [None, 0.7, None]
    caught, kept = item["tests"]
    assert (caught["verdict"], caught["bound"], caught["asked"]) == ("reject", "at least", 0.75)
    assert (kept["verdict"], kept["bound"], kept["asked"]) == ("reject", "at most", 0.1)
    found = item["separation"]
    assert found["grade"] == "well" and (found["good"], found["defective"]) == (20, 12)
    assert found["sentence"] in (out / "validation.html").read_text("utf-8")


def test_escapes_in_titles_do_not_reach_the_terminal(
    seeing_red: Encoded, tmp_path: Path, capsys: Capture
) -> None:
    spec = factory(tmp_path)
    text = spec.read_text("utf-8").replace('"good nuts', '"good \x1b[31mnuts')
    spec.write_text(text, "utf-8")
    main(["validate", str(spec), "-o", str(tmp_path / "out")])
    told = capsys.readouterr()
    assert "\x1b" not in told.out + told.err
    assert "good \x1b[31mnuts" in described(tmp_path / "out")["objects"][0]["tests"][1]["name"]
