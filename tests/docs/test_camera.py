"""The guide from a camera picture to a spec: its spec is that of its figures, its note is real."""

import re
from pathlib import Path

import pytest
from PIL import Image

from promptdsl.cli.main import main
from promptdsl.language.format import format_source
from promptdsl.pipeline import compile_file
from promptdsl.source import SourceFile

TEXT = (Path(__file__).parents[2] / "docs" / "camera.md").read_text(encoding="utf-8")
FRAGMENTS = re.findall(r"```inspect fragment\n(.*?)```", TEXT, re.S)


@pytest.fixture
def washers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pictures of the size that the guide speaks of, all black."""
    monkeypatch.chdir(tmp_path)
    Image.new("L", (4000, 3000)).save("black.jpg")
    Image.new("1", (4000, 3000)).save("black.png")
    for folder, count in (("references", 3), ("good", 6), ("scratch", 3)):
        Path(folder).mkdir()
        for number in range(count):
            Path(f"{folder}/{number:03d}.jpg").hardlink_to("black.jpg")
    Path("masks").mkdir()
    for number in range(3):
        Path(f"masks/{number:03d}.png").hardlink_to("black.png")
    return tmp_path


def whole(body: str) -> str:
    """The lines of an object as a spec."""
    return f"inspect 1\n\nobject washer {{\n{body}}}\n"


def test_the_whole_spec_is_that_of_the_figures(washers: Path) -> None:
    guide = pytest.importorskip("tools.pictures.guide", reason="the tools need OpenCV")
    assert whole(FRAGMENTS[-1]) == guide.SPEC
    Path("washer.inspect").write_text(guide.SPEC, encoding="utf-8")
    compilation = compile_file(Path("washer.inspect"))
    assert [item.message for item in compilation.report] == []
    assert format_source(SourceFile("washer.inspect", guide.SPEC)).text == guide.SPEC


def test_check_says_what_the_guide_shows(washers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    body = FRAGMENTS[-1].replace("    tiles: 480 px\n", "")
    body = re.sub(r'    model: "promptdsl-mini"\n|  (?:region|ignore) .*\n', "", body)
    body = re.sub(
        r"(thresholds \{\n).*?(  \})", r"\1    reject when score >= auto\n\2", body, flags=re.S
    )
    Path("washer.inspect").write_text(whole(body), encoding="utf-8")
    assert main(["check", "washer.inspect"]) == 0
    assert f"```text\n{capsys.readouterr().out}```" in TEXT
