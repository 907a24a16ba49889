"""Every ```inspect block of the documentation is compiled, every ```python block is run.

A block that is a part of a file says ```inspect fragment, one that must fail ```inspect fails=I204.
The ```python blocks of a page are one program, in a folder with an example and its pictures; a
comment behind a `print` tells what it prints.
"""

import re
import shutil
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import NamedTuple

import click
import pytest

from promptdsl.cli.main import cli
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.builders.tree import build_ast
from promptdsl.pipeline import compile_text
from promptdsl.source import SourceFile

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```inspect([^\n]*)\n(.*?)^```$", re.M | re.S)
SHELL = re.compile(r"^```(?:sh|console)?\n(.*?)^```$", re.M | re.S)
PYTHON = re.compile(r"^```python\n(.*?)^```$", re.M | re.S)
PRINTED = re.compile(r"\bprint\(.*\)  # (.*)$", re.M)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


class Block(NamedTuple):
    """A code block with the page and line where it stands."""

    place: str
    kind: str
    text: str


def blocks() -> list[Block]:
    """All specs of the documentation."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in FENCE.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found.append(Block(f"{page.name}:{line}", match.group(1).strip(), match.group(2)))
    return found


def completed(fragment: str) -> str:
    """A fragment inside the blocks that its first word needs around it."""
    first = fragment.split()[0]
    if first in ("reject", "review"):
        fragment = f"thresholds {{\n{fragment}}}\n"
    return f"inspect 1\nobject part {{\n{fragment}}}\n"


@pytest.mark.parametrize("block", blocks(), ids=lambda block: block.place)
def test_block_does_what_it_says(block: Block, tmp_path: Path) -> None:
    if block.kind == "fragment":
        report = Report()
        build_ast(SourceFile("fragment.inspect", completed(block.text)), report)
        assert [item.message for item in report] == []
        return
    compilation = compile_text(block.text, "page.inspect", folder=tmp_path)
    found = {item.code for item in compilation.report}
    expected = re.fullmatch(r"fails=(\w+)", block.kind)
    assert found == ({expected.group(1)} if expected else set())
    assert expected or block.kind == ""


def test_every_page_has_been_looked_at() -> None:
    assert len(blocks()) > 8


@pytest.mark.parametrize(
    "page", [page for page in PAGES if PYTHON.search(page.read_text("utf-8"))], ids=lambda p: p.name
)
def test_python_blocks_run(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "examples/metal_nut", tmp_path, dirs_exist_ok=True)
    (tmp_path / "metal_nut.inspect").rename(tmp_path / "part.inspect")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "cache"))
    names: dict[str, object] = {"__name__": "__main__"}
    printed = StringIO()
    blocks = PYTHON.findall(page.read_text("utf-8"))
    with redirect_stdout(printed):
        for block in blocks:
            exec(compile(block, page.name, "exec"), names)
    for line in (line for block in blocks for line in PRINTED.findall(block)):
        assert line in printed.getvalue().splitlines()


def _commands() -> list[str]:
    lines = []
    for page in PAGES:
        for shell in SHELL.findall(page.read_text(encoding="utf-8")):
            lines += [line for line in shell.splitlines() if line.startswith("promptdsl ")]
    return lines


@pytest.mark.parametrize("line", _commands())
def test_commands_and_options_exist(line: str) -> None:
    _program, name, *rest = line.split()
    command = cli.get_command(click.Context(cli), name)
    assert command is not None, line
    options = {text for option in command.params for text in option.opts}
    assert {word for word in rest if word.startswith("-")} <= options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target
