"""`promptdsl regions` on the command line: what it writes, and every way to be told no."""

import base64
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.cli.main import main

from .scene import draw, page_of, spec_of

TWO = """inspect 1
object gasket { defect tear { "torn {object}" } }
object cap { defect tear { "torn {object}" } }
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("gasket.inspect").write_text(spec_of(), encoding="utf-8")
    Path("two.inspect").write_text(TWO, encoding="utf-8")
    Path("lists.inspect").write_text('inspect 1\nwords a { "good {object}" }\n', encoding="utf-8")
    Path("broken.inspect").write_text("inspect 1\nobject {\n", encoding="utf-8")
    Path("theirs.html").write_text("<html>my own page</html>", encoding="utf-8")
    Path("report.html").write_text('<p class="brand">promptdsl <span>inspection report</span>')
    Path("text.png").write_text("hello")
    draw(Path("part.png"), (600, 450))
    return tmp_path


def data_of(page: Path) -> dict[str, Any]:
    found = re.search(
        r'<script type="application/json" id="data">(.*?)</script>', page.read_text("utf-8"), re.S
    )
    assert found is not None
    return dict(json.loads(found[1]))


def test_the_page_is_whole_and_named_after_the_spec(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["regions", "gasket.inspect", "part.png"]) == 0
    told = capsys.readouterr()
    assert told.out == "wrote gasket-regions.html (gasket: 0 regions, 0 places ignored)\n"
    assert "next: open it in a browser" in told.err
    text = (folder / "gasket-regions.html").read_text("utf-8")
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|@import", text)
    assert main(["regions", "gasket.inspect", "part.png"]) == 0, "our own page is replaced"


def test_a_large_picture_is_reduced_and_its_numbers_are_not(tmp_path: Path) -> None:
    data = data_of(page_of(tmp_path, size=(4000, 3000)))
    with Image.open(io.BytesIO(base64.b64decode(data["image"]))) as image:
        assert (image.format, image.size) == ("JPEG", (1600, 1200))
    assert (data["width"], data["height"]) == (4000, 3000)
    assert data["patch"] == pytest.approx([4000 * 16 / 240, 3000 * 16 / 240])


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["gasket.inspect", "none.png"], 2, "there is no picture none.png"),
        (["gasket.inspect", "text.png"], 3, "text.png: it holds text, not a picture"),
        (["gasket.inspect", "."], 3, "it is a folder, not a picture"),
        (["broken.inspect", "part.png"], 1, "error[I"),
        (["none.inspect", "part.png"], 2, "there is no file none.inspect"),
        (["lists.inspect", "part.png"], 2, "holds lists and no object"),
        (["two.inspect", "part.png"], 2, "say which with --object: gasket, cap"),
        (["two.inspect", "part.png", "--object", "gaskt"], 2, "did you mean gasket?"),
        (["gasket.inspect", "part.png", "-o", "theirs.html"], 2, "was not written by promptdsl"),
        (["gasket.inspect", "part.png", "-o", "report.html"], 2, "was not written by promptdsl"),
        (["gasket.inspect", "part.png", "-o", "gasket.inspect"], 2, "which this command reads"),
        (["gasket.inspect", "part.png", "-o", "part.png"], 2, "which this command reads"),
        (["gasket.inspect", "part.png", "-o", "."], 2, "is a folder"),
        (["gasket.inspect", "part.png", "-o", "no/page.html"], 2, "there is no folder no"),
    ],
)
def test_what_cannot_be_is_told_in_a_sentence(
    folder: Path, words: list[str], code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    assert main(["regions", *words]) == code
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told
    assert {path: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_one_object_of_several_is_shown(folder: Path) -> None:
    assert main(["regions", "two.inspect", "part.png", "--object", "cap", "-o", "c.html"]) == 0
    assert "<h1>cap</h1>" in (folder / "c.html").read_text("utf-8")


def brightest(page: Path) -> int:
    """The highest grey level of the picture in a page."""
    with Image.open(io.BytesIO(base64.b64decode(data_of(page)["image"]))) as image:
        return int(image.convert("L").getextrema()[1])  # type: ignore[arg-type]


def test_an_intensity_is_applied_to_the_picture_shown(folder: Path) -> None:
    twelve = np.linspace(0, 4095, 300 * 200, dtype=np.uint16).reshape(200, 300)
    Image.fromarray(twelve).save("deep.png")
    assert main(["regions", "gasket.inspect", "deep.png", "-o", "dark.html"]) == 0
    Path("gasket.inspect").write_text(spec_of("  picture { intensity: 0 to 4095 }\n"))
    assert main(["regions", "gasket.inspect", "deep.png", "-o", "bright.html"]) == 0
    assert brightest(folder / "dark.html") < 40
    assert brightest(folder / "bright.html") > 240


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("  region lip { box: 500 px 10 px 200 px 90 px }\n", "goes to 700 px"),
        ("  thresholds { reject when score in lip >= 0.5 }\n", "lip"),
    ],
)
def test_faults_of_places_are_mended_on_the_page(
    folder: Path, line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = spec_of(line + '  samples good { images: "part.png" }\n')
    if "thresholds" in line:
        text = text.replace("  thresholds { reject when score >= 0.5 }\n", "", 1)
    Path("gasket.inspect").write_text(text, encoding="utf-8")
    assert main(["check", "gasket.inspect"]) == 1
    capsys.readouterr()
    assert main(["regions", "gasket.inspect", "part.png"]) == 0
    told = capsys.readouterr().err
    assert "to mend on the page: " in told
    assert said in told


def test_regions_of_a_located_part_lie_on_the_golden_picture(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    draw(Path("golden.png"), (600, 450))
    lines = '  picture { locate { like: "golden.png", turn: up to 9 deg, shift: up to 5% } }\n'
    Path("gasket.inspect").write_text(spec_of(lines), encoding="utf-8")
    assert main(["regions", "gasket.inspect", "part.png", "-o", "a.html"]) == 0
    assert "its regions lie there: draw on golden.png\n" in capsys.readouterr().err
    assert "draw on golden.png." in (folder / "a.html").read_text("utf-8")
    assert main(["regions", "gasket.inspect", "golden.png", "-o", "b.html"]) == 0
    assert "draw on" not in capsys.readouterr().err.replace("draw, and", "")
