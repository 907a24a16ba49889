"""The tutorial's files, pictures and messages are what a reader will meet."""

import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from promptdsl.cli.main import cli, main
from promptdsl.pipeline import compile_file

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
PICTURES = ROOT / "examples" / "metal_nut"


@pytest.fixture
def part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the tutorial with the spec that `promptdsl new` writes there."""
    shutil.copytree(PICTURES / "samples", tmp_path / "samples")
    monkeypatch.chdir(tmp_path)
    command = next(
        line for line in TEXT.splitlines() if line.startswith("promptdsl new nut.inspect -")
    )
    words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', command)]
    result = CliRunner().invoke(cli, words[1:], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return tmp_path / "nut.inspect"


def test_pictures_are_where_the_tutorial_says() -> None:
    assert f"cd {PICTURES.relative_to(ROOT).as_posix()}\n" in TEXT
    assert len(list((PICTURES / "samples" / "good").glob("*.jpg"))) == 8
    assert len(list((PICTURES / "pictures").glob("*.jpg"))) == 8
    assert (PICTURES / "metal_nut.inspect").is_file()


def test_first_spec_is_the_one_that_is_shown(part: Path) -> None:
    written = [line.split("#")[0].strip() for line in part.read_text("utf-8").splitlines()]
    shown = re.search(r"```inspect\n(.*?)```", TEXT, re.S)
    assert shown is not None
    body = shown.group(1).split("  method")[0]
    for line in filter(None, map(str.strip, body.splitlines())):
        assert line in written, line


def test_mistake_gives_the_message_that_is_shown(part: Path) -> None:
    text = part.read_text("utf-8")
    before = '    "damaged {object} with rust"\n'
    assert before in text
    part.write_text(text.replace(before, before + '    "rusty"\n'), "utf-8")
    result = CliRunner().invoke(cli, ["check", "nut.inspect"], catch_exceptions=False)
    shown = re.search(r"```text\n(.*?)```", TEXT, re.S)
    assert shown is not None and shown.group(1) in result.output
    part.write_text(text.replace(before, before + '    "rusty {object}"\n'), "utf-8")
    mended = compile_file(part)
    assert [item.message for item in mended.report] == []
    prompts = {prompt.text for prompt in mended.plan().objects[0].prompts}
    assert {"a photo of the rusty metal nut.", "a close-up photo of a rusty metal nut."} <= prompts


def conversation() -> str:
    """What stands on the screen while `new` asks."""
    shown = re.search(r"```text conversation\n(.*?)```", TEXT, re.S)
    assert shown is not None
    return shown.group(1)


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo terminal")
def test_conversation_is_the_one_that_new_holds(part: Path) -> None:
    """The answers of the page, typed literally, meet its questions and give its spec."""
    pexpect = pytest.importorskip("pexpect")
    child = pexpect.spawn(
        sys.executable,
        ["-m", "promptdsl", "new", "asked.inspect"],
        cwd=str(part.parent),
        env={**os.environ, "NO_COLOR": "1"},
        encoding="utf-8",
        timeout=30,
        dimensions=(50, 160),
    )
    for line in filter(None, conversation().splitlines()):
        question, colon, answer = line.rpartition(": ")
        asked = colon and not line.startswith(("  scratch:", "  rust:", "(for", "  1", "  2"))
        child.expect_exact(question + ":" if asked else line.rstrip())
        if asked:
            child.sendline(answer)
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert (part.parent / "asked.inspect").read_text("utf-8") == part.read_text("utf-8")


def block(kind: str, number: int = 0) -> list[str]:
    """The lines of the page's blocks of one kind."""
    return re.findall(rf"```text {kind}\n(.*?)```", TEXT, re.S)[number].splitlines()


@pytest.mark.slow
def test_proof_and_calibration_are_those_that_are_shown(
    part: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    shutil.copytree(PICTURES / "pictures", part.parent / "pictures")
    samples = re.search(r"```inspect fragment\n(  samples.*?)```", TEXT, re.S)
    assert samples is not None
    text = part.read_text("utf-8").replace(
        'with rust"\n  }', 'with rust"\n    "rusty {object}"\n  }'
    )
    before, _, _ = text.partition("  thresholds {")
    limits = "  thresholds {\n    reject when score >= 0.4\n    review when score >= 0.2\n  }\n"
    part.write_text(f"{before}{limits}{samples.group(1)}}}\n", "utf-8")
    device = ["--device", "cpu", "--precision", "fp32"]
    assert main(["validate", part.name, "-o", "validation", *device]) == 0
    said = capsys.readouterr().out.splitlines()
    assert [line for line in said if line in block("validate")] == block("validate")
    assert [line for line in said if line in block("validate", 1)] == block("validate", 1)
    auto = "  thresholds {\n    reject when score >= auto\n  }\n"
    part.write_text(f"{before}{auto}{samples.group(1)}}}\n", "utf-8")
    assert main(["calibrate", part.name, *device]) == 0
    told = capsys.readouterr()
    assert set(block("calibrate")) <= {*told.out.splitlines(), *told.err.splitlines()}
    assert main(["run", part.name, "pictures/nut_07_bent.jpg", "-o", "results", *device]) == 0
