"""The gate from outside: what `run` did not inspect, and why; doubtful pictures by name."""

import json
from pathlib import Path

import pytest
from PIL import Image

from promptdsl.cli import run
from promptdsl.cli.main import main
from promptdsl.errors import EnvironmentProblem
from promptdsl.inspect.run_folder import RESULTS
from promptdsl.pictures.gate import Usual, usual
from promptdsl.pictures.look import look_at
from promptdsl.scoring.reference_pictures import read_reference, usual_look

from .fakes import FakeDetector, FakeSource, make_object, make_plan, paint


@pytest.fixture(autouse=True)
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSource:
    monkeypatch.chdir(tmp_path)
    Path("part.inspect").write_text("inspect 1\n")
    fake = FakeSource(make_plan(), FakeDetector())
    monkeypatch.setattr(run, "open_source", lambda *_: fake)
    Path("pics").mkdir()
    return fake


def go(*more: str) -> int:
    return main(["run", "part.inspect", "pics", "-o", "out", *more])


def errors() -> dict[str, str | None]:
    lines = Path("out", RESULTS).read_text().splitlines()
    return {Path(line["image"]).name: line["error"] for line in map(json.loads, lines)}


def test_what_could_not_have_failed_does_not_pass(capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (64, 48)).save("pics/black.png")
    Image.new("RGB", (64, 48), "white").save("pics/white.png")
    Image.new("RGB", (4, 4)).save("pics/tiny.png")
    Image.new("RGBA", (64, 48), (90, 20, 9, 0)).save("pics/clear.png")
    paint(Path("pics/part.png"), 0.2)
    assert go() == 3
    assert errors() == {
        "black.png": "not inspected: it is black all over",
        "white.png": "not inspected: it is white all over",
        "tiny.png": "with 4 x 4 pixels it is too small to show a part",
        "clear.png": "not inspected: nothing can be seen on it, 100.0% of it is transparent; "
        "save it without transparency",
        "part.png": None,
    }
    assert "4 not inspected" in capsys.readouterr().out


def test_doubtful_pictures_are_counted_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(5):
        image = Image.new("RGB", (64, 48), (20, 20, 20))
        image.paste((50, 40, 40), (0, 0, 30, 30))
        image.save(f"pics/dark{number}.png")
    paint(Path("pics/part.png"), 0.2)
    assert go() == 0
    lines = capsys.readouterr().out.splitlines()
    assert (
        "note: very dark pictures: the brightest part is below a quarter of the range; write "
        "`intensity: 0 to 63` in picture { } "
        "(5: pics/dark0.png, pics/dark1.png, pics/dark2.png, ...)"
    ) in lines
    assert "pics/dark2.png, ..." in Path("out/report.html").read_text()
    paint(Path("pics/zz.png"), 0.2)
    assert go("--resume") == 0
    assert "(5: pics/dark0.png, " in capsys.readouterr().out


def test_what_is_unlike_the_references_is_noted(
    source: FakeSource, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    large = [Image.open(paint(Path(f"r{n}.png"), 0.2, (640, 480))) for n in range(2)]
    known = usual([look_at(image.convert("RGB"), image.size) for image in large])
    monkeypatch.setattr(FakeSource, "usual", lambda *_: known)
    paint(Path("pics/small.png"), 0.2, (100, 75))
    assert go() == 0
    told = "note: pictures much smaller than all references (1: pics/small.png)"
    assert told in capsys.readouterr().out


def item(references: tuple[str, ...]) -> Usual | None:
    method = make_object().method
    settings = {**method.settings, "references": references}
    known = make_object(method=method.model_copy(update={"settings": settings}))
    return usual_look(known, Path.cwd())


def test_the_references_of_a_spec_say_what_is_usual() -> None:
    for number in range(3):
        paint(Path(f"few/{number}.png"), 0.2, (100 + number, 80))
    known = item(("few/*.png",))
    assert known is not None
    assert known.side == (80, 80)
    assert known.shape == (100 / 80, 102 / 80)
    assert item(("none/*.png",)) is None
    assert item(()) is None
    Path("few/2.png").write_text("damaged")
    assert item(("few/*.png",)) is None


def test_a_blank_reference_is_refused() -> None:
    Image.new("RGB", (64, 48)).save("blank.png")
    with pytest.raises(EnvironmentProblem) as caught:
        read_reference(Path("blank.png"), (32, 32))
    assert caught.value.sentence == ("the reference blank.png cannot be used: it is black all over")


def test_a_picture_replaced_between_scoring_and_drawing_has_no_map(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    paint(Path("pics/part.png"), 0.2)
    scored = FakeDetector.inspect

    def replace(self: FakeDetector, pictures: object) -> object:
        paint(Path("pics/part.png"), 0.9)
        return scored(self, pictures)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeDetector, "inspect", replace)
    go()
    assert errors() == {
        "part.png": "no heat map could be drawn: the file was replaced while it was inspected"
    }


def test_twelve_bits_in_sixteen_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    import numpy as np

    from tests.pictures.made import tiff_of

    values = (np.add.outer(np.arange(48), np.arange(64)) * 36).astype("<u2")
    tiff_of(Path("pics/twelve.tif"), values)
    assert go() == 0
    assert "12 bits in a file of 16" in capsys.readouterr().out
