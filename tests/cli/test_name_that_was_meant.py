"""A path that is not there, to any command: the name that was meant is proposed."""

from pathlib import Path

import pytest

from promptdsl.cli.main import main

SPEC = """inspect 1
object nut {
  defect scratch { "scratched {object}" }
  method winclip { model: "promptdsl-mini" }
}
"""
COMMANDS = [
    "check nuts.inspect",
    "fmt nuts.inspect",
    "prompts nuts.inspect",
    "compile nuts.inspect",
    "run nuts.inspect good",
    "validate nuts.inspect",
    "calibrate nuts.inspect",
    "ablate nuts.inspect",
    "suggest nuts.inspect",
    "why nuts.inspect good/1.png",
    "diff nuts.inspect nut.inspect --on good",
    "bench nuts.inspect",
    "new new.inspect --object nut --defect dent --references godo",
    "why nut.inspect good/2.png",
    "run nut.inspect godo",
    "validate nut.inspect --good godo",
]


@pytest.mark.parametrize("line", COMMANDS)
def test_a_slip_in_a_name(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "nut.inspect").write_text(SPEC, "utf-8")
    (tmp_path / "good").mkdir()
    (tmp_path / "good" / "1.png").write_bytes(b"")
    assert main(line.split()) in (2, 3)
    captured = capsys.readouterr()
    meant = "nut.inspect" if "nuts" in line else "good/1.png" if "2.png" in line else "good"
    assert f'did you mean "{meant}"?' in captured.out + captured.err


def test_no_name_is_near(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["validate", "nut.inspect"]) == 2
    assert "help: check the path" in capsys.readouterr().err
