"""Who may import whom: the table of the layers, held against every import in the package."""

import ast
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "promptdsl"
FOUNDATION = {"source", "diagnostics", "errors", "resources", "files", "model_config"}
LANGUAGE = FOUNDATION | {"methods", "builtin_words", "syntax", "spec"}
SCORING = set("numpy torch open_clip safetensors PIL platformdirs huggingface_hub filelock".split())


class Layer(NamedTuple):
    """The layers and the packages of other people that a layer may import."""

    layers: set[str]
    packages: frozenset[str] | set[str] = frozenset()


LAYERS: dict[str, Layer] = {
    "files": Layer({"errors", "diagnostics"}, {"platformdirs"}),
    "pictures": Layer(FOUNDATION, {"numpy", "PIL"}),
    "source": Layer({"files"}),
    "errors": Layer(set()),
    "model_config": Layer(set()),
    "resources": Layer(set()),
    "methods": Layer(set()),
    "builtin_words": Layer(set()),
    "diagnostics": Layer({"source"}),
    "syntax": Layer(FOUNDATION | {"methods"}, {"lark"}),
    "spec": Layer(FOUNDATION | {"methods", "syntax"}),
    "check": Layer(LANGUAGE),
    "plan": Layer(FOUNDATION | {"methods", "spec"}, {"pydantic"}),
    "pipeline": Layer(LANGUAGE | {"check", "plan"}),
    "results": Layer(set(), {"numpy"}),
    "runtime": Layer(
        FOUNDATION | {"methods", "builtin_words", "plan", "results", "datasets", "pictures"},
        SCORING | {"pydantic", "scipy", "triton", "anomalib"},  # anomalib: to compare with
    ),
    "datasets": Layer(FOUNDATION | {"plan", "results", "pictures"}, {"numpy", "PIL"}),
    "lock": Layer(FOUNDATION | {"methods", "plan", "runtime"}, {"pydantic"}),
    "validation": Layer(
        FOUNDATION
        | {"methods", "plan", "results", "runtime", "datasets", "lock", "report", "pictures"},
        SCORING | {"pydantic", "scipy", "sklearn", "rich"},
    ),
    "experiments": Layer(
        LANGUAGE
        | set(
            "check plan pipeline results runtime datasets lock validation report pictures".split()
        ),
        {"numpy", "PIL", "rich"},
    ),
    "training": Layer(
        LANGUAGE | {"plan", "results", "runtime", "pipeline", "datasets", "validation", "pictures"},
        SCORING | {"cv2", "scipy", "sklearn", "rich", "click"},
    ),
    "report": Layer(
        FOUNDATION | {"methods", "plan", "results", "pictures"},
        {"numpy", "PIL", "jinja2", "markupsafe", "rich"},
    ),
}
# Top-level names of the package that say nothing about a layer.
NEUTRAL = {"__version__", ""}


class Import(NamedTuple):
    """One import statement's target."""

    file: Path
    line: int
    module: str
    at_top: bool


def layer_of(file: Path) -> str:
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(file: Path) -> Iterator[Import]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    typing_only = set(_below(tree, lambda n: isinstance(n, ast.If) and _is_typing(n)))
    inside = set(_below(tree, lambda n: isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)))
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        for module in _modules(node, file):
            yield Import(file, getattr(node, "lineno", 0), module, node not in inside)


def _below(tree: ast.AST, wanted: Callable[[ast.AST], bool]) -> Iterator[ast.AST]:
    for node in ast.walk(tree):
        if wanted(node):
            yield from ast.walk(node)


def _is_typing(node: ast.If) -> bool:
    return ast.unparse(node.test) == "TYPE_CHECKING"


def _modules(node: ast.AST, file: Path) -> list[str]:
    if isinstance(node, ast.Import):
        return [name.name for name in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    package = ["promptdsl", *file.relative_to(PACKAGE).parts[:-1]]
    start = package[: len(package) + 1 - node.level] if node.level else []
    module = ".".join([*start, *([node.module] if node.module else [])])
    named = module == "promptdsl" or (node.level and not node.module)
    return [f"{module}.{name.name}" for name in node.names] if named else [module]


FILES = sorted(PACKAGE.rglob("*.py"))
ALL = [one for file in FILES for one in imports_of(file)]


def told(wrong: list[Import]) -> str:
    return "\n".join(f"{i.file.relative_to(ROOT)}:{i.line} imports {i.module}" for i in wrong)


def test_every_folder_has_a_layer() -> None:
    # cli, and services for editors, may import everything
    found = {layer_of(file) for file in FILES} - {"__init__", "__main__", "cli"}
    unknown = found - LAYERS.keys()
    services = {name for name in unknown if (PACKAGE / name).is_dir() and _imports_the_cli(name)}
    assert not unknown - services, "add the layer to the table"


def _imports_the_cli(name: str) -> bool:
    return any("promptdsl.pipeline" in i.module for i in ALL if layer_of(i.file) == name)


@pytest.mark.parametrize("name", LAYERS)
def test_imports_follow_the_table(name: str) -> None:
    layer = LAYERS[name]
    wrong = []
    for one in ALL:
        if layer_of(one.file) != name:
            continue
        first, _, rest = one.module.partition(".")
        if first == "promptdsl":
            target = rest.partition(".")[0]
            allowed = target in layer.layers or target in NEUTRAL or target == name
        else:
            allowed = first in sys.stdlib_module_names or first in layer.packages
        if not allowed:
            wrong.append(one)
    assert not wrong, told(wrong)


def test_one_file_of_the_runtime_builds_on_open_clip() -> None:
    runtime = [one for one in ALL if layer_of(one.file) == "runtime"]
    users = [one for one in runtime if one.module.split(".")[0] == "open_clip"]
    assert {one.file.name for one in users} <= {"clip_model.py", "model_catalog.py"}, told(users)


def test_commands_import_scoring_only_when_they_score() -> None:
    heavy = {"torch", "open_clip"}
    commands = [one for one in ALL if layer_of(one.file) == "cli" and one.at_top]
    wrong = [one for one in commands if one.module.split(".")[0] in heavy]
    assert not wrong, told(wrong)


@pytest.mark.parametrize(
    ("module", "extra"),
    [
        ("promptdsl.source", set()),
        ("promptdsl.diagnostics.render_text", set()),
        ("promptdsl.diagnostics.render_sarif", set()),
        ("promptdsl.syntax.build_ast", {"lark", "regex"}),
        ("promptdsl.syntax.format", {"lark", "regex"}),
        ("promptdsl.check.run", {"lark", "regex"}),
        ("promptdsl.pipeline", {"lark", "regex"}),
        ("promptdsl.plan.expand", {"lark", "regex"}),
    ],
)
def test_what_an_import_really_brings(module: str, extra: set[str]) -> None:
    """The table again, from the outside: only the standard library and what is named here."""
    probe = (
        f"import sys, json; before = set(sys.modules); import {module};"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", probe], capture_output=True, text=True, cwd=ROOT, check=True
    )
    found = {name.split(".")[0] for name in json.loads(done.stdout)}
    strange = {
        name for name in found - extra - {"promptdsl"} if name not in sys.stdlib_module_names
    }
    assert not strange
