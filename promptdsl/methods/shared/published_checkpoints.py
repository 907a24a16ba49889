"""The two published layouts of learned weights, read into our own names.

    {"prompt_learner": {"ctx_pos", "ctx_neg", "compound_prompts_text.N", ...}}      AnomalyCLIP
    {"trainable_linearlayer": {"fc.N.weight", "fc.N.bias"}}                         APRIL-GAN

What else such a file holds (buffers of tokens, projections that nobody reads) is left out.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from promptdsl.clip.weights import check_numbers, hash_of
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.shared.learned_weights import LearnedWeights
from promptdsl.scoring.arrays import shape_text

KINDS = (
    "the published layouts are {'prompt_learner': ...} (AnomalyCLIP) and "
    "{'trainable_linearlayer': ...} (APRIL-GAN)"
)


def published_weights(content: object, path: Path) -> LearnedWeights:
    """A checkpoint in one of the two published layouts."""
    parts = content if isinstance(content, dict) else {}
    origin = {"imported_from": path.name, "sha256": hash_of(path)}
    if "prompt_learner" in parts and "trainable_linearlayer" in parts:
        raise EnvironmentProblem(f"{path} holds parts of two methods; {KINDS}")
    for key, method, read in (
        ("prompt_learner", "anomalyclip", _prompt_learner),
        ("trainable_linearlayer", "april_gan", _linear_layers),
    ):
        state = parts.get(key)
        if isinstance(state, Mapping):
            named = {str(n).removeprefix("module."): t for n, t in state.items()}
            return LearnedWeights(method, read(named, path), origin, str(path))
    raise EnvironmentProblem(f"{path} holds no learned weights of a method; {KINDS}")


def _prompt_learner(state: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    tensors = {
        "context_normal": _plane(state, "ctx_pos", path),
        "context_anomalous": _plane(state, "ctx_neg", path),
    }
    number = _numbered(state, r"compound_prompts_text\.([0-9]{1,4})", path)
    for n in range(number):
        tensors[f"deep.{n}"] = _plane(state, f"compound_prompts_text.{n}", path)
    _check_alike([tensors[f"deep.{n}"] for n in range(number)], "compound_prompts_text", path)
    return tensors


def _linear_layers(state: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    number = _numbered(state, r"fc\.([0-9]{1,4})\..*", path)
    for n in range(number):
        tensors[f"stage.{n}.weight"] = _plane(state, f"fc.{n}.weight", path)
        bias = state.get(f"fc.{n}.bias")
        if not isinstance(bias, Tensor) or bias.ndim != 1:
            raise EnvironmentProblem(f"{path}: fc.{n}.bias is missing or no row of numbers")
        check_numbers(bias, f"fc.{n}.bias", str(path))
        tensors[f"stage.{n}.bias"] = bias.detach().float()
    if not number:
        raise EnvironmentProblem(f"{path}: fc.0.weight is missing in trainable_linearlayer")
    _check_alike([tensors[f"stage.{n}.weight"] for n in range(number)], "fc", path)
    return tensors


def _numbered(state: Mapping[str, Any], pattern: str, path: Path) -> int:
    """How many parts are numbered so, from 0 on without a gap."""
    found = {
        int(match[1]): match[0] for match in (re.fullmatch(pattern, n) for n in state) if match
    }
    count = max(found, default=-1) + 1
    for number in range(count):
        if number not in found:
            last = found[count - 1]
            raise EnvironmentProblem(
                f"{path} is not complete: it has {last}, and the part with number {number} "
                "is missing"
            )
    return count


def _plane(state: Mapping[str, Any], name: str, path: Path) -> Tensor:
    """(rows, columns) float32; leading dimensions of 1 are dropped."""
    tensor = state.get(name)
    if not isinstance(tensor, Tensor):
        raise EnvironmentProblem(f"{path}: {name} is missing")
    if tensor.ndim < 2 or tensor.shape[:-2].numel() != 1:
        raise EnvironmentProblem(
            f"{path}: {name} is {shape_text(tuple(tensor.shape))}, not a table"
        )
    check_numbers(tensor, name, str(path))
    return tensor.detach().reshape(tensor.shape[-2:]).float()


def _check_alike(tables: list[Tensor], name: str, path: Path) -> None:
    for number, table in enumerate(tables):
        if table.shape != tables[0].shape:
            raise EnvironmentProblem(
                f"{path}: {name}.{number} is {shape_text(tuple(table.shape))}, "
                f"not {shape_text(tuple(tables[0].shape))} like the first"
            )
