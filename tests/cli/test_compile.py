"""`promptdsl compile` to a plan in JSON; the deployable file has its tests with the runtime."""

import json
from pathlib import Path

import pytest
from PIL import Image

from promptdsl.cli.compile import open_ends
from promptdsl.judge.verdict import meaning
from promptdsl.pipeline import compile_file
from promptdsl.plan.build import canonical_json, content_hash
from promptdsl.plan.model import Plan

from .process import NUT, promptdsl


def test_a_plan_is_canonical_and_hashed(folder: Path) -> None:
    done = promptdsl("compile", "nut.inspect", "-o", "nut.json", cwd=folder)
    assert done.returncode == 0
    assert done.stdout.startswith("wrote nut.json (1 object, ")
    text = (folder / "nut.json").read_text(encoding="ascii")
    plan = Plan.model_validate_json(text)
    assert text == canonical_json(json.loads(text)) + "\n"
    assert plan.hash == content_hash(plan)
    assert "the weights ViT-B-16-plus-240 laion400m_e31" in done.stderr
    assert "0.5 is a default that nobody calibrated" in done.stderr


def test_the_same_bytes_from_anywhere(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    (other / "nut.inspect").write_text(NUT, encoding="utf-8")
    first = promptdsl("compile", "nut.inspect", "--plan-only", "-o", "-", cwd=folder)
    second = promptdsl("compile", other / "nut.inspect", "-o", "-", cwd="/")  # type: ignore[arg-type]
    assert first.stdout == second.stdout != ""


def test_auto_thresholds_are_named_as_missing(folder: Path) -> None:
    spec = NUT.replace("  defect", "  thresholds { reject when score >= auto }\n  defect")
    (folder / "auto.inspect").write_text(spec, encoding="utf-8")
    done = promptdsl("compile", "auto.inspect", "--plan-only", cwd=folder)
    assert done.returncode == 0
    assert (folder / "auto.json").is_file()
    assert (
        'a number for "reject when score >= auto": promptdsl calibrate auto.inspect' in done.stderr
    )


AUTO = """
  picture { scale: 0.1 mm per px, locate { like: "golden.png" } }
  region lip { mask: "lip.png", except { mask: "hole.png" } }
  thresholds {
    reject when score in lip >= auto
    reject when area above 0.3 >= auto px2
    reject when spot above 0.3 in lip >= auto
    reject when spots above 0.3 >= auto
    review when part not located
  }
  defect"""


@pytest.fixture
def places(folder: Path) -> Path:
    """A spec with regions, a golden picture and `auto` lines about both, and its files."""
    for name in ("golden.png", "lip.png", "hole.png"):
        picture = Image.new("L", (400, 400), 255 if name != "hole.png" else 0)
        picture.paste(255, (0, 0, 100, 100))
        picture.save(folder / name)
    (folder / "places.inspect").write_text(NUT.replace("  defect", AUTO, 1), encoding="utf-8")
    return folder / "places.inspect"


def test_calibrated_lines_about_places_and_sizes_are_not_missing(places: Path) -> None:
    compilation = compile_file(places)
    assert compilation.ok, compilation.diagnostics
    plan = compilation.plan()
    known = {item.name: {meaning(rule): 1.0 for rule in item.thresholds} for item in plan.objects}
    assert len(open_ends(compilation)) == 4
    assert open_ends(compilation, known) == []


def test_masks_and_the_golden_picture_are_named_as_needed(places: Path) -> None:
    done = promptdsl("compile", places.name, "--plan-only", cwd=places.parent)
    assert done.returncode == 0, done.stderr
    assert "the golden picture of metal_nut: golden.png" in done.stderr
    assert "the masks of metal_nut: lip.png, hole.png" in done.stderr


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["broken.inspect", "-o", "x.json"], 1),
        (["missing.inspect", "-o", "x.json"], 2),
        (["nut.inspect", "-o", "nowhere/x.json"], 2),
        (["nut.inspect", "-o", "nut.inspect"], 2),
        (["-", "-o", "x.plan"], 2),
        (["nut.inspect", "-o", "."], 2),
    ],
)
def test_what_cannot_be_compiled(words: list[str], code: int, folder: Path) -> None:
    done = promptdsl("compile", *words, cwd=folder, stdin=NUT)
    assert done.returncode == code
    assert "error" in done.stderr
    assert not (folder / "x.json").exists()


@pytest.mark.parametrize("name", ["x.json", "x.plan", "x.png"])
def test_what_is_no_plan_is_not_replaced(name: str, folder: Path) -> None:
    (folder / name).write_text("mine")
    done = promptdsl("compile", "nut.inspect", "-o", name, cwd=folder)
    assert done.returncode == 2
    assert f"{name}: this file was not written by promptdsl compile" in done.stderr
    assert (folder / name).read_text() == "mine"


def test_a_plan_is_replaced(folder: Path) -> None:
    for _ in range(2):
        assert promptdsl("compile", "nut.inspect", "-o", "nut.json", cwd=folder).returncode == 0


def test_a_file_of_lists_has_no_plan(folder: Path) -> None:
    (folder / "lists.inspect").write_text('inspect 1\nwords a { "{object}" }\n', encoding="utf-8")
    done = promptdsl("compile", "lists.inspect", "-o", "x.json", cwd=folder)
    assert done.returncode == 2
    assert "nothing to compile" in done.stderr
