"""The tools of the source: what pages say of them is true, and none of them is in the package."""

import re
import tomllib
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "examples/README.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += sorted((ROOT / "tools").rglob("*.py"))
COMMAND = re.compile(r"python -m (tools(?:\.\w+)+)([^`\n]*)")
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z0-9-]*")
FILE = re.compile(r"`(tools/[\w./-]+)`")


def said() -> list[tuple[str, str, str]]:
    """The page, the module and the words behind it, of every command."""
    found = []
    for page in PAGES:
        text = page.read_text("utf-8").replace("\\\n", " ")
        found += [(page.name, *match.groups()) for match in COMMAND.finditer(text)]
    return found


def command_of(module: str) -> click.Command:
    package = find_spec(module)
    assert package is not None, module
    inside = f"{module}.__main__" if package.submodule_search_locations else module
    (command,) = {
        value
        for value in vars(import_module(inside)).values()
        if isinstance(value, click.Command) and getattr(value.callback, "__module__", "") == inside
    }
    return command


def test_commands_of_tools_are_found() -> None:
    modules = {module for _, module, _ in said()}
    assert modules >= {f"tools.{name}" for name in ("pictures", "mini.train", "mini.evaluate")}


@pytest.mark.parametrize(("page", "module", "words"), sorted(set(said())))
def test_a_page_names_a_tool_and_options_that_exist(page: str, module: str, words: str) -> None:
    known = {option for param in command_of(module).params for option in param.opts}
    assert set(OPTION.findall(words)) <= known


def test_files_of_tools_that_pages_name_exist() -> None:
    named = {name for page in PAGES for name in FILE.findall(page.read_text("utf-8"))}
    assert named and all((ROOT / name).exists() for name in named)


def test_the_wheel_holds_the_package_alone_and_the_source_all() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    targets = settings["tool"]["hatch"]["build"]["targets"]
    assert targets["wheel"]["packages"] == ["promptdsl"]
    assert set(targets["wheel"]["force-include"]) == {"grammars", "specs"}
    assert "/tools" in targets["sdist"]["include"]
    assert "tools" in settings["tool"]["mypy"]["files"]
