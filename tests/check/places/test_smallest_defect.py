"""How small a defect can be seen: the numbers, and what check and new say of them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from promptdsl.cli.main import main
from promptdsl.cli.shown.sight import too_small_to_see
from promptdsl.judge.visible import (
    Size,
    about,
    loses_much,
    patch_size,
    seen_at_once,
    smallest_defect,
    what_is_seen,
)
from promptdsl.pipeline import compile_file
from promptdsl.results import Record
from tests.inspect.fakes import make_plan

SPEC = """inspect 1
object nut {
  defect scratch { "scratched {object}" }
  samples good { images: "good/*.png" }
  thresholds { reject when score >= 0.5 }
}
"""


@dataclass(frozen=True)
class Facts:
    image_size: int = 240
    patch: int = 16


@dataclass(frozen=True)
class Picture:
    fit: str = "squeeze"
    tile: int | None = None
    tiles: tuple[int, int] | None = None
    overlap: float = 0.25
    scale: float | None = None


@dataclass(frozen=True)
class Method:
    settings: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Item:
    picture: Picture | None = None
    method: Method = field(default_factory=Method)


LARGE = (4000, 3000)


@pytest.mark.parametrize(
    ("picture", "size", "across", "down"),
    [
        (None, LARGE, 266.67, 200.0),
        (Picture(), LARGE, 266.67, 200.0),
        (Picture(fit="pad"), LARGE, 266.67, 266.67),
        (Picture(fit="crop"), LARGE, 200.0, 200.0),
        (Picture(tile=480), LARGE, 32.0, 32.0),
        (Picture(tile=480, fit="crop"), LARGE, 32.0, 32.0),
        (Picture(tile=480), (300, 200), 20.0, 13.33),
        (Picture(tiles=(3, 4), overlap=0.0), LARGE, 66.67, 66.67),
        (Picture(tiles=(1, 1)), LARGE, 266.67, 200.0),
    ],
)
def test_a_patch_in_pixels_of_the_picture(
    picture: Picture | None, size: Size, across: float, down: float
) -> None:
    item = Item(picture)
    assert patch_size(item, Facts(), size) == pytest.approx((across, down), abs=0.01)
    assert smallest_defect(item, Facts(), size) == pytest.approx(max(across, down), abs=0.01)


def test_tiles_of_a_grid_overlap_and_cover_the_picture() -> None:
    width, height = seen_at_once(Picture(tiles=(2, 3), overlap=0.25), LARGE)
    assert width * 3 - 2 * 0.25 * width == pytest.approx(4000, abs=2)
    assert height * 2 - 0.25 * height == pytest.approx(3000, abs=2)


def test_the_size_of_the_method_counts() -> None:
    item = Item(None, Method({"image_size": 480}))
    assert smallest_defect(item, Facts(), LARGE) == pytest.approx(133.33, abs=0.01)


@pytest.mark.parametrize(
    ("length", "scale", "said"),
    [
        (266.7, None, "about 270 px"),
        (266.7, 0.05, "about 270 px (13 mm)"),
        (13.33, 0.01, "about 13 px (0.13 mm)"),
        (3.2, None, "about 3.2 px"),
        (1234.0, None, "about 1,200 px"),
    ],
)
def test_two_digits_say_enough(length: float, scale: float | None, said: str) -> None:
    assert about(length, scale) == said


def test_it_matters_from_twice_the_models_size() -> None:
    assert not loses_much(Item(), Facts(), (480, 300))
    assert loses_much(Item(), Facts(), (500, 300))
    assert not loses_much(Item(Picture(tile=480)), Facts(), LARGE)
    told = what_is_seen(Item(Picture(tile=1200, scale=0.1)), Facts(), LARGE)
    assert told == (
        "the smallest defect that 240 px can show of a 1,200 px tile is about 80 px (8 mm)"
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("nut.inspect").write_text(SPEC, encoding="utf-8")
    Path("good").mkdir()
    return tmp_path


NOTE = (
    "note: the smallest defect that 240 px can show of a 4,000 px picture is about 270 px; "
    "tiles show smaller ones: picture { tiles: 480 px }\n"
)


def test_check_says_it_of_large_pictures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("L", LARGE).save("good/000.png")
    assert main(["check", "nut.inspect", "--strict"]) == 0
    assert (
        capsys.readouterr().out == f"nut.inspect: fine (1 object, 176 prompts, 1 picture)\n{NOTE}"
    )


@pytest.mark.parametrize("size", [(480, 480), (100, 60)])
def test_check_is_silent_of_small_ones(
    folder: Path, size: Size, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", size).save("good/000.png")
    assert main(["check", "nut.inspect"]) == 0
    assert "note" not in capsys.readouterr().out


def test_a_file_that_is_no_picture_says_nothing(folder: Path) -> None:
    Path("good/000.png").write_text("hello")
    assert compile_file(Path("nut.inspect")).notes == ()


def test_new_says_it_after_it_wrote_a_spec(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", LARGE).save("good/000.png")
    words = ["--object", "nut", "--defect", "scratch", "--good", "good"]
    assert main(["new", "other.inspect", *words]) == 0
    assert NOTE in capsys.readouterr().err


def test_run_says_it_once_of_each_object() -> None:
    def seen(size: Size | None, name: str = "part") -> Record:
        return Record("a.png", name, 0.5, "pass", size=size)

    plan: Any = make_plan()  # of the built-in model: 120 px, patches of 8 px
    names = [item.name for item in plan.objects]
    records = [seen((200, 100), names[0]), seen((4000, 3000), names[0]), seen(None, names[0])]
    told = list(too_small_to_see(plan, records, Path()))
    assert told == [
        "the smallest defect that 120 px can show of a 4,000 px picture is about 270 px; tiles "
        "show smaller ones: picture { tiles: 240 px }"
    ]
    assert list(too_small_to_see(plan, records[:1], Path())) == []
