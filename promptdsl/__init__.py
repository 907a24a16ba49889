"""promptdsl: inspection specs in plain words, compiled to anomaly detection on CLIP models.

inspector = promptdsl.load("part.inspect")
result = inspector.inspect("part.png")

Importing this loads nothing else: each function imports what it needs.
"""

import os
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from promptdsl.errors import PictureProblem, Problem

if TYPE_CHECKING:
    from promptdsl.inspect.inspector import Inspector as Inspector
    from promptdsl.inspect.result import Result as Result
    from promptdsl.pipeline import Compilation as Compilation
    from promptdsl.pipeline import SpecErrors as SpecErrors
    from promptdsl.plan.model import Plan as Plan

__version__ = "0.1.0"
__all__ = [
    "Compilation",
    "Inspector",
    "PictureProblem",
    "Plan",
    "Problem",
    "Result",
    "SpecErrors",
    "check",
    "compile",
    "load",
]
_PLACES = {
    "Compilation": "promptdsl.pipeline",
    "Inspector": "promptdsl.inspect.inspector",
    "Plan": "promptdsl.plan.model",
    "Result": "promptdsl.inspect.result",
    "SpecErrors": "promptdsl.pipeline",
}

AnyPath = str | os.PathLike[str]


def load(
    spec: AnyPath,
    *,
    object: str | None = None,
    device: Literal["auto", "cuda", "cpu"] = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    allow: Iterable[AnyPath] = (),
) -> "Inspector":
    """An Inspector from a spec, or from a plan that `promptdsl compile` made.

    `object` is the object of the spec that the pictures show; without it, and with several, the
    folder of a picture decides. Paths in the spec may lead into the folders `allow`, too.

    Raises SpecErrors, and Problem where thresholds, weights or the device are not as needed.
    """
    from promptdsl.engine.device import choose_compute
    from promptdsl.inspect.inspector import Inspector
    from promptdsl.inspect.source import is_compiled, plan_source, spec_source

    name = os.fspath(spec)
    if is_compiled(name):
        source = plan_source(name, choose_compute(device, precision))
    else:
        compilation = _check(name, allow=allow).faultless()
        source = spec_source(name, compilation, choose_compute(device, precision))
    inspector = Inspector(source, object)
    if len(inspector.objects) == 1:  # of several, each is made ready for its first picture
        inspector.station(inspector.objects[0])
    return inspector


def check(spec: AnyPath, *, allow: Iterable[AnyPath] = ()) -> "Compilation":
    """What is wrong with a spec, as `.diagnostics`; `.ok` where nothing is. Loads no model."""
    from promptdsl.pipeline import compile_file

    return compile_file(Path(spec), allow=tuple(map(Path, allow)))


_check = check  # the package of that name takes its place once it is imported, and calls this


def compile(spec: AnyPath, *, allow: Iterable[AnyPath] = ()) -> "Plan":
    """The plan of a spec: every prompt and setting made explicit. Raises SpecErrors."""
    return _check(spec, allow=allow).faultless().plan()


def __getattr__(name: str) -> type:
    if name not in _PLACES:
        raise AttributeError(f"module 'promptdsl' has no attribute {name!r}")
    found = getattr(import_module(_PLACES[name]), name)
    assert isinstance(found, type)
    return found
