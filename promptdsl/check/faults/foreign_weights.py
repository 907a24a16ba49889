"""I419: learned weights of another method, another model or other blocks.

Why: prompts and linear layers mean something only to the CLIP that they were trained on. The header
of a safetensors file says what it holds; a published `.pth` says nothing before it is loaded.
"""

import json
import struct
from pathlib import Path
from typing import Any

from promptdsl.check.context import Context
from promptdsl.source import Span
from promptdsl.spec.model import ObjectSpec

SUFFIX = ".safetensors"
_LENGTH = struct.Struct("<Q")  # a safetensors file begins with the length of its JSON header


def foreign_weights(context: Context) -> None:
    """Hold the header of each weights file against the method block."""
    for item in context.objects:
        weights = item.method.settings.get("weights")
        if not isinstance(weights, str) or not weights.endswith(SUFFIX):
            continue
        place = item.method.spans.get("weights") or item.method.span or item.head
        for path in context.files(weights)[:1]:
            if context.library.inside(context.library.loader.resolve(path)):
                _check(context, item, weights, path, place)


def _check(context: Context, item: ObjectSpec, shown: str, path: Path, place: Span) -> None:
    told = _told(context, path)
    if told is None:
        context.report.error(
            "I419", place, f"{shown} says nothing of a method that it was trained for",
            help="name what promptdsl train or promptdsl models import wrote",
        )  # fmt: skip
        return
    method, facts = told
    if method != item.method.name:
        context.report.error(
            "I419", place, f"{shown} holds weights of {method}, not of {item.method.name}",
            help=f"name weights of {item.method.name}, or choose method {method}",
        )  # fmt: skip
        return
    trained_for = [str(name) for name in facts.get("model") or ()]
    if trained_for and _another(trained_for, facts.get("model_kind"), item):
        written = ", ".join(f'"{name}"' for name in trained_for)
        context.report.error(
            "I419", place,
            f"{shown} was trained on {' '.join(trained_for)}, not on {' '.join(item.method.model)}",
            help=f"write model: {written}, or train weights for this model",
        )  # fmt: skip
        return
    _stages(context, item, shown, facts, place)


def _another(trained_for: list[str], kind: object, item: ObjectSpec) -> bool:
    """Whether the model is surely another; a model out of files is judged when it is loaded."""
    if "files" in (kind, item.method.model_kind) or kind is None:
        return False
    return _plain(trained_for) != _plain(item.method.model)


def _plain(model: list[str] | tuple[str, ...]) -> list[str]:
    """Name and tag without the mark of the activation, which the tag decides."""
    return [name.removesuffix("-quickgelu") for name in model]


def _stages(
    context: Context, item: ObjectSpec, shown: str, facts: dict[str, Any], place: Span
) -> None:
    settings = facts.get("settings")
    trained = settings.get("stages") if isinstance(settings, dict) else None
    asked = item.method.settings.get("stages")
    if not isinstance(trained, list) or not isinstance(asked, tuple) or tuple(trained) == asked:
        return
    numbers = ", ".join(map(str, trained))
    context.report.error(
        "I419", item.method.spans.get("stages") or place,
        f"{shown} has linear layers for blocks {numbers}, not for {', '.join(map(str, asked))}",
        help=f"write stages: {numbers}",
    )  # fmt: skip


def _told(context: Context, path: Path) -> tuple[str, dict[str, Any]] | None:
    """Method and facts out of the header; None where there are none to read."""
    try:
        content = context.library.loader.read(path)
        (length,) = _LENGTH.unpack(content[: _LENGTH.size])
        header = json.loads(content[_LENGTH.size : _LENGTH.size + length])
        own = json.loads(header["__metadata__"]["promptdsl"])
        return str(own["method"]), dict(own["facts"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, struct.error):
        return None
