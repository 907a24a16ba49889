"""The tutorial's files, pictures and messages are what a reader will meet."""

import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from promptdsl.cli.main import cli
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
