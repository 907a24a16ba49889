"""Outputs: nobody else's file is replaced, and no input."""

import os
import shutil
from pathlib import Path

import pytest

from promptdsl.cli.main import main
from promptdsl.errors import UsageProblem
from promptdsl.files.owned import refuse_foreign_outputs, refuse_inputs_as_output

POSIX = pytest.mark.skipif(os.name == "nt", reason="links and pipes of POSIX systems")
SPEC = 'inspect 1\nobject nut {\n  defect bent { "bent {object}" }\n}\n'
EXAMPLE = Path(__file__).parents[2] / "examples" / "metal_nut"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("nut.inspect").write_text(SPEC)


def test_a_file_without_its_mark_is_somebody_elses() -> None:
    Path("report.xml").write_text("<mine/>")
    with pytest.raises(UsageProblem, match="not written by promptdsl"):
        refuse_foreign_outputs(Path(), {"report.xml": b"ours"})
    Path("report.xml").write_text("x" * 1000 + "ours")
    refuse_foreign_outputs(Path(), {"report.xml": b"ours", "not there": b"ours"})
    Path("report.xml").write_text("")
    refuse_foreign_outputs(Path(), {"report.xml": b"ours"})


@POSIX
def test_what_is_no_file_is_not_replaced_either() -> None:
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("loop").symlink_to("loop")
    for name in ("pipe", "folder", "loop"):
        with pytest.raises(UsageProblem, match="not written by promptdsl"):
            refuse_foreign_outputs(Path(), {name: b"ours"})


@POSIX
def test_an_input_is_recognised_behind_links_and_other_spellings() -> None:
    Path("link").symlink_to("nut.inspect")
    os.link("nut.inspect", "hard")
    Path("sub").mkdir()
    for out in ("nut.inspect", "./nut.inspect", "sub/../nut.inspect", "link", "hard"):
        with pytest.raises(UsageProblem, match="which this command reads"):
            refuse_inputs_as_output(out, ["nut.inspect"])
    refuse_inputs_as_output("other", ["nut.inspect", "gone"])


@POSIX
@pytest.mark.parametrize("out", ["link.json", "link.plan"])
def test_compile_does_not_replace_the_spec_behind_a_link(
    out: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path(out).symlink_to("nut.inspect")
    assert main(["compile", "nut.inspect", "-o", out]) == 2
    assert "which this command reads" in capsys.readouterr().err
    assert Path("nut.inspect").read_text() == SPEC


def test_why_does_not_draw_over_the_picture_that_it_explains(
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copy(EXAMPLE / "pictures" / "nut_01_good.jpg", "part.jpg")
    before = Path("part.jpg").read_bytes()
    assert main(["why", "nut.inspect", "part.jpg", "-o", "./part.jpg"]) == 2
    assert "which this command reads" in capsys.readouterr().err
    assert Path("part.jpg").read_bytes() == before


@pytest.mark.parametrize("name", ["validation.json", "junit.xml", "validation.html"])
def test_validate_replaces_nothing_of_other_tools(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = SPEC.replace("\n}\n", '\n  samples good { images: "good" }\n}\n')
    Path("nut.inspect").write_text(spec)
    shutil.copytree(EXAMPLE / "samples" / "good", "good")
    Path("reports").mkdir()
    Path("reports", name).write_text("<testsuites name='pytest'/>")
    assert main(["validate", "nut.inspect", "-o", "reports"]) == 2
    assert f"reports/{name}: this file was not written by" in capsys.readouterr().err
    assert Path("reports", name).read_text() == "<testsuites name='pytest'/>"
    assert os.listdir("reports") == [name]


@pytest.mark.parametrize(
    ("words", "name"),
    [(("ablate", "nut.inspect", "--good", "good"), "words.json"),
     (("diff", "nut.inspect", "nut.inspect", "--on", "good"), "diff.json"),
     (("diff", "nut.inspect", "nut.inspect", "--on", "good"), "diff.html")],
)  # fmt: skip
def test_tables_and_comparisons_replace_nothing_either(
    words: tuple[str, ...], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = SPEC.replace("\n}\n", '\n  samples good { images: "good" }\n}\n')
    Path("nut.inspect").write_text(spec)
    shutil.copytree(EXAMPLE / "samples" / "good", "good")
    Path("out").mkdir()
    Path("out", name).write_text('{"mine": 1}')
    assert main([*words, "-o", "out"]) == 2
    assert "was not written by" in capsys.readouterr().err
    assert Path("out", name).read_text() == '{"mine": 1}'
