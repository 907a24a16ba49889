"""I419, I420: learned weights of another method, another model, other blocks or other settings.

Why: prompts and linear layers mean something only to the CLIP that they were trained on, with the
settings of that training. The header of a safetensors file says what it holds; a published `.pth`
says nothing before it is loaded.
"""

import json
import struct
from pathlib import Path
from typing import Any

from promptdsl.builtin_words import builtin_weights
from promptdsl.check.context import Context
from promptdsl.check.resolve.fit_defaults import as_written
from promptdsl.methods import METHODS
from promptdsl.source import Span
from promptdsl.spec import ObjectSpec

SUFFIX = ".safetensors"
_LENGTH = struct.Struct("<Q")  # a safetensors file begins with the length of its JSON header
Facts = dict[str, Any]


def foreign_weights(context: Context, item: ObjectSpec) -> None:
    """Hold the header of each weights file against the method block."""
    if context.library.to_train:
        return
    weights = item.method.settings.get("weights")
    place = item.place_of("weights")
    if weights is None and item.method.model_kind == "builtin":
        _builtin(context, item, place)
    elif isinstance(weights, str) and weights.endswith(SUFFIX):
        path = context.file(weights)
        if path is not None and context.library.inside(context.library.loader.resolve(path)):
            _check(context, item, weights, path, place)


def _builtin(context: Context, item: ObjectSpec, place: Span) -> None:
    path = builtin_weights(item.method.name)
    told = _header(path.read_bytes()) if path.is_file() else None
    if told is not None:
        _settings(context, item, "the built-in weights file", told[1], place)


def _check(context: Context, item: ObjectSpec, shown: str, path: Path, place: Span) -> None:
    try:
        told = _header(context.library.loader.read(path))
    except OSError:
        told = None
    if told is None:
        context.report.error(
            "I419", place, f"{shown} says nothing of a method that it was trained for",
            help="name what promptdsl train or promptdsl models import wrote",
        )  # fmt: skip
        return
    (method, facts), own = told, item.method
    model = facts.get("model")
    trained_for = [str(name) for name in model] if isinstance(model, list) else []
    if method != own.name:
        context.report.error(
            "I419", place, f"{shown} holds weights of {method}, not of {own.name}",
            help=f"name weights of {own.name}, or choose method {method}",
        )  # fmt: skip
    elif trained_for and _another(trained_for, facts.get("model_kind"), item):
        written = ", ".join(f'"{name}"' for name in trained_for)
        context.report.error(
            "I419", place,
            f"{shown} was trained on {' '.join(trained_for)}, not on {' '.join(own.model)}",
            help=f"write model: {written}, or train weights for this model",
        )  # fmt: skip
    else:
        _settings(context, item, shown, facts, place)


def _another(trained_for: list[str], kind: object, item: ObjectSpec) -> bool:
    """Whether the model is surely another; a model out of files is judged when it is loaded."""
    if "files" in (kind, item.method.model_kind) or kind is None:
        return False
    return _plain(trained_for) != _plain(item.method.model)


def _plain(model: list[str] | tuple[str, ...]) -> list[str]:
    """Name and tag without the mark of the activation, which the tag decides."""
    return [name.removesuffix("-quickgelu") for name in model]


def _settings(context: Context, item: ObjectSpec, shown: str, facts: Facts, place: Span) -> None:
    """What the weights were trained with, against what the spec asks for."""
    trained, lines = facts.get("settings"), []
    for field in METHODS[item.method.name].fields:
        asked = item.method.settings.get(field.name)
        before = trained.get(field.name) if isinstance(trained, dict) else None
        before = tuple(before) if isinstance(before, list) else before
        if before is None or asked is None or before == asked:
            continue
        written = as_written(before, field.kind)
        if field.name == "stages":
            context.report.error(
                "I419", item.method.spans.get("stages") or place,
                f"{shown} has linear layers for blocks {written}, not for "
                f"{as_written(asked, field.kind)}",
                help=f"write stages: {written}",
            )  # fmt: skip
            return
        lines.append((f"{field.name}: {written}", item.method.spans.get(field.name) or place))
    if lines:
        context.report.warning(
            "I420", lines[0][1],
            f"{shown} was trained with other settings, so scores mean something else",
            help=f"write {'; '.join(line for line, _ in lines)}",
        )  # fmt: skip


def _header(content: bytes) -> tuple[str, Facts] | None:
    """Method and facts out of the header; None where there are none to read."""
    try:
        (length,) = _LENGTH.unpack(content[: _LENGTH.size])
        header = json.loads(content[_LENGTH.size : _LENGTH.size + length])
        own = json.loads(header["__metadata__"]["promptdsl"])
        method, facts = own["method"], own["facts"]
        return (str(method), facts) if isinstance(facts, dict) else None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, struct.error):
        return None
