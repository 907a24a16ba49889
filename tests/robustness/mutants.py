"""Mutants of the code that must not be wrong, against the tests that must notice.

    python -m tests.robustness.mutants                 # every file of TARGETS: half an hour or more
    python -m tests.robustness.mutants lock/file.py    # one of them
    python -m tests.robustness.mutants --most 30       # a random share of each

A mutant is one small change: a comparison or an operator turned, a condition made always true or
false, a number one larger, a text one letter longer, a `raise` left out. Each is tried in a forked
process in which the changed module is imported in the place of the real one; a mutant that no test
notices is printed with its line. Messages, annotations and f-strings are left alone.
"""

import argparse
import ast
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

WARM = "click jinja2 lark open_clip pydantic pytest rich.progress scipy.stats torch".split()
ROOT = Path(__file__).parents[2]
SECONDS = 90  # after which a mutant counts as noticed: it hangs
TARGETS: dict[str, tuple[str, ...]] = {
    "judge/verdict.py": ("inspect/test_verdict.py", "evaluate/test_lock_file.py"),
    "judge/conformal.py": (
        "evaluate/test_conformal_bounds.py",
        "evaluate/test_conformal.py",
    ),
    "evaluate/calibration/protection.py": ("evaluate/test_protection.py",),
    "lock/file.py": ("evaluate/test_lock_file.py",),
    "lock/changes.py": ("evaluate/test_lock_changes.py",),
    "lock/pin.py": ("evaluate/test_lock_changes.py", "evaluate/test_lock_file.py"),
    "files/find.py": ("files/test_find.py",),
    "files/search.py": ("files/test_find.py",),
    "files/found.py": ("files/test_find.py", "inspect/test_inputs.py"),
    "files/hashing.py": ("files/test_hashing.py",),
    "scoring/cached_scoring.py": (
        "evaluate/test_encoding_files.py",
        "evaluate/test_cached_scoring.py",
    ),
    "scoring/feature_cache.py": ("evaluate/test_feature_cache.py",),
}
_TURNED: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.Pow: ast.Mult,
    ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.And: ast.Or, ast.Or: ast.And,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip


class Mutant(NamedTuple):
    """A change: the place of a node in the walk of the tree, and what is made of it."""

    place: int
    line: int
    what: str
    change: Callable[[ast.AST], ast.AST]


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module's text."""
    tree = ast.parse(source)
    left_alone = _left_alone(tree)
    for place, node in enumerate(ast.walk(tree)):
        if id(node) in left_alone:
            continue
        for what, change in _changes(node):
            yield Mutant(place, getattr(node, "lineno", 0), what, change)


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """The tree of the module with one change."""
    tree = ast.parse(source)
    target = list(ast.walk(tree))[mutant.place]

    class Replace(ast.NodeTransformer):
        def visit(self, node: ast.AST) -> ast.AST:
            if node is target:
                return ast.copy_location(mutant.change(node), node)
            self.generic_visit(node)
            return node

    return ast.fix_missing_locations(Replace().visit(tree))


def _left_alone(tree: ast.AST) -> set[int]:
    """Documentation, annotations, decorators, messages, and what only types see."""
    found: set[int] = set()
    for node in ast.walk(tree):
        parts: list[ast.AST | None] = [
            getattr(node, "annotation", None), getattr(node, "returns", None),
            *getattr(node, "decorator_list", []),
        ]  # fmt: skip
        if isinstance(node, ast.JoinedStr):
            parts.append(node)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            parts.append(node)
        if isinstance(node, ast.Raise) and node.exc is not None:
            parts.append(node.exc)
        if isinstance(node, ast.Assign) and any(
            isinstance(name, ast.Name) and name.id == "__all__" for name in node.targets
        ):
            parts.append(node)
        for part in parts:
            if part is not None:
                found |= {id(inner) for inner in ast.walk(part)}
    return found


def _changes(node: ast.AST) -> Iterator[tuple[str, Callable[[ast.AST], ast.AST]]]:
    if isinstance(node, ast.Compare):
        for index, sign in enumerate(node.ops):
            if type(sign) in _TURNED:
                yield f"comparison {index}", lambda n, i=index: _turn_comparison(n, i)
    elif isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in _TURNED:
        yield "operator", _turn_operator
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.Not, ast.USub)):
        yield "sign left out", lambda n: n.operand  # type: ignore[attr-defined]
    elif isinstance(node, (ast.If, ast.IfExp, ast.While)):
        yield "never", lambda n: _with_test(n, False)
        if not isinstance(node, ast.While):
            yield "always", lambda n: _with_test(n, True)
    elif isinstance(node, ast.Raise):
        yield "raise left out", lambda n: ast.Pass()
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "other truth", lambda n: ast.Constant(not n.value)  # type: ignore[attr-defined]
        elif isinstance(node.value, (int, float)):
            yield "one more", lambda n: ast.Constant(n.value + 1)  # type: ignore[attr-defined]
        elif isinstance(node.value, str) and 0 < len(node.value) < 30:
            yield "other text", lambda n: ast.Constant(n.value + "x")  # type: ignore[attr-defined]


def _turn_comparison(node: ast.AST, index: int) -> ast.AST:
    assert isinstance(node, ast.Compare)
    node.ops[index] = _TURNED[type(node.ops[index])]()  # type: ignore[assignment]
    return node


def _turn_operator(node: ast.AST) -> ast.AST:
    assert isinstance(node, (ast.BinOp, ast.BoolOp))
    node.op = _TURNED[type(node.op)]()  # type: ignore[assignment]
    return node


def _with_test(node: ast.AST, value: bool) -> ast.AST:
    assert isinstance(node, (ast.If, ast.IfExp, ast.While))
    node.test = ast.Constant(value)
    return node


class InPlaceOf(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Imports a tree under the name of a module."""

    def __init__(self, name: str, path: Path, tree: ast.Module) -> None:
        self.name, self.path, self.tree = name, path, tree

    def find_spec(
        self, fullname: str, path: object, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.name:
            return None
        return importlib.util.spec_from_file_location(fullname, self.path, loader=self)

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.tree, self.path, "exec"), module.__dict__)


def noticed(name: str, path: Path, tree: ast.Module, tests: Sequence[str]) -> bool:
    """Whether one of the tests fails, or never ends, with this tree in the module's place."""
    child = os.fork()
    if child == 0:
        silent = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silent, 1)
        os.dup2(silent, 2)
        signal.alarm(SECONDS)
        sys.meta_path.insert(0, InPlaceOf(name, path, tree))
        code = 99
        try:
            import pytest

            code = int(
                pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *tests])
            )
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    return status != 0


def try_all(target: str, tests: Sequence[str], most: int | None) -> tuple[int, list[Mutant]]:
    """How many mutants were tried, and those that no test noticed."""
    path = ROOT / "promptdsl" / target
    name = "promptdsl." + target.removesuffix(".py").replace("/", ".")
    source = path.read_text("utf-8")
    files = [str(ROOT / "tests" / test) for test in tests]
    if noticed(name, path, ast.parse(source), files):
        sys.exit(f"{target}: its tests fail as it is")
    found = list(mutants(source))
    if most is not None:
        found = random.Random(0).sample(found, min(most, len(found)))
    alive = []
    for mutant in found:
        if not noticed(name, path, mutated(source, mutant), files):
            alive.append(mutant)
            line = source.splitlines()[mutant.line - 1].strip()
            print(f"  {target}:{mutant.line}: {mutant.what}: {line[:80]}", flush=True)
    return len(found), alive


def main() -> int:
    """The command line of this script."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("targets", nargs="*", help=", ".join(TARGETS))
    parser.add_argument("--most", type=int, help="so many mutants of each file, chosen at random")
    asked = parser.parse_args()
    for package in WARM:  # imported once for all forks; the targets themselves must not be
        importlib.import_module(package)
    tried = alive = 0
    for target in asked.targets or TARGETS:
        started = time.monotonic()
        number, left = try_all(target, TARGETS[target], asked.most)
        tried, alive = tried + number, alive + len(left)
        share = 1 - len(left) / max(1, number)
        seconds = time.monotonic() - started
        print(f"{target}: {number - len(left)} of {number} noticed ({share:.0%}), {seconds:.0f} s",
              flush=True)  # fmt: skip
    print(f"all: {tried - alive} of {tried} noticed ({1 - alive / max(1, tried):.0%})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
