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
VALUES = set("source diagnostics errors resources files model_config results versions".split())
# `registry` is promptdsl.methods itself: which methods there are and their fields, without torch
LANGUAGE = VALUES | {"registry", "builtin_words", "language", "spec"}
TENSORS = set("numpy torch safetensors".split())
JUDGING = VALUES | {"registry", "plan", "judge"}
SCORING = JUDGING | {"builtin_words", "pictures", "clip", "engine", "scoring"}


class Layer(NamedTuple):
    """The layers and the packages of other people that a layer may import."""

    layers: set[str]
    packages: frozenset[str] | set[str] = frozenset()


LAYERS: dict[str, Layer] = {
    # values
    "errors": Layer(set()),
    "resources": Layer(set()),
    "model_config": Layer(set()),
    "builtin_words": Layer(set()),
    "versions": Layer(set()),
    "results": Layer(set(), {"numpy"}),
    "source": Layer({"files"}),
    "files": Layer({"errors", "diagnostics"}, {"platformdirs"}),
    "diagnostics": Layer({"source"}),
    # from text to a plan
    "registry": Layer(set()),
    "language": Layer(VALUES | {"registry"}, {"lark"}),
    "spec": Layer(VALUES | {"registry", "language"}),
    "check": Layer(LANGUAGE | {"pictures", "judge"}),  # judge: what needs no package
    "plan": Layer(VALUES | {"registry", "spec"}, {"pydantic", "numpy"}),
    "pipeline": Layer(LANGUAGE | {"check", "plan"}),
    "starter": Layer(LANGUAGE | {"check", "pipeline"}),
    # from pixels and scores to a verdict
    "pictures": Layer(VALUES, {"numpy", "PIL", "cv2"}),
    "judge": Layer(JUDGING, {"numpy", "scipy", "PIL"}),
    "lock": Layer(JUDGING, {"pydantic"}),
    "clip": Layer(
        VALUES | {"registry", "builtin_words", "plan"},
        TENSORS | {"open_clip", "huggingface_hub", "platformdirs", "filelock"},
    ),
    "engine": Layer(VALUES | {"clip"}, TENSORS | {"triton"}),
    "scoring": Layer(SCORING, TENSORS | {"PIL", "scipy", "platformdirs", "filelock", "pydantic"}),
    "methods": Layer(SCORING, TENSORS | {"PIL", "scipy", "anomalib"}),
    # what is done with them
    "report": Layer(JUDGING | {"pictures"}, {"numpy", "PIL", "jinja2", "markupsafe", "rich"}),
    "inspect": Layer(
        SCORING | {"methods", "lock", "report", "pipeline"},
        TENSORS | {"PIL", "filelock", "pydantic"},
    ),
    "evaluate": Layer(
        SCORING | LANGUAGE | set("check pipeline lock inspect report methods".split()),
        TENSORS | {"PIL", "pydantic", "scipy", "sklearn"},
    ),
    "training": Layer(SCORING | set("evaluate inspect methods language pipeline".split()), TENSORS),
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
    if file == PACKAGE / "methods" / "__init__.py":
        return "registry"
    return file.relative_to(PACKAGE).parts[0].removesuffix(".py")


def target_of(module: str) -> str:
    """The layer of a module of ours."""
    rest = module.partition(".")[2]
    deeper = (PACKAGE / rest.replace(".", "/")).with_suffix(".py").exists()
    return "registry" if rest.startswith("methods") and not deeper else rest.partition(".")[0]


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


@pytest.mark.parametrize(
    "name",
    LAYERS,
)
def test_imports_follow_the_table(name: str) -> None:
    layer = LAYERS[name]
    wrong = []
    for one in ALL:
        if layer_of(one.file) != name:
            continue
        first = one.module.partition(".")[0]
        if first == "promptdsl":
            target = target_of(one.module)
            allowed = target in layer.layers or target in NEUTRAL or target == name
        else:
            allowed = first in sys.stdlib_module_names or first in layer.packages
        if not allowed:
            wrong.append(one)
    assert not wrong, told(wrong)


def test_two_files_build_on_open_clip() -> None:
    users = [one for one in ALL if one.module.split(".")[0] == "open_clip"]
    expected = {PACKAGE / "clip" / "model.py", PACKAGE / "clip" / "catalogue.py"}
    assert {one.file for one in users} <= expected, told(users)


def test_only_commands_know_click() -> None:
    users = [one for one in ALL if one.module.split(".")[0] == "click"]
    wrong = [one for one in users if layer_of(one.file) != "cli"]
    assert not wrong, told(wrong)


def test_no_room_is_crowded() -> None:
    rooms = {file.parent for file in FILES}
    crowded = {room for room in rooms if len(list(room.glob("*.py"))) > 23}
    assert not crowded


def test_a_methods_name_stands_in_its_folder() -> None:
    """Elsewhere no method is named: what differs is a field of it, or in its folder."""
    names = [
        room.name for room in (PACKAGE / "methods").iterdir() if (room / "detector.py").exists()
    ]
    wrong = []
    for file in FILES:
        own = file.is_relative_to(PACKAGE / "methods")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            text = (
                node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
            )
            if not own and any(text == name for name in names):
                wrong.append(f"{file.relative_to(ROOT)}:{node.lineno} names {text}")
    wrong += [
        f"{one.file.relative_to(ROOT)}:{one.line} imports {one.module}"
        for one in ALL
        for name in names
        if one.module.startswith(f"promptdsl.methods.{name}")
        and not one.file.is_relative_to(PACKAGE / "methods" / name)
    ]
    assert not wrong, "\n".join(wrong)


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
        ("promptdsl.language.builders.tree", {"lark", "regex"}),
        ("promptdsl.language.format", {"lark", "regex"}),
        ("promptdsl.check.run", {"lark", "regex"}),
        ("promptdsl.pipeline", {"lark", "regex"}),
        ("promptdsl.plan.expand", {"lark", "regex"}),
        ("promptdsl", set()),
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


@pytest.mark.parametrize(
    "module", ["lock.file", "lock.changes", "judge.verdict", "judge.conformal"]
)
def test_judging_loads_no_torch(module: str) -> None:
    probe = f"import sys, promptdsl.{module}; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", probe], cwd=ROOT, check=True)
