"""Named arrays held against what is expected of them, before anything is computed with them.

Compiled plans and learned weights come from files that anybody may have written. Each method says
in its own folder which arrays it needs and of which shapes (`arrays.py`); here they are compared.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from promptdsl.clip.weights import check_numbers
from promptdsl.errors import EnvironmentProblem

UNIT = 1.01  # no part of a unit vector is larger, rounded or not


@dataclass(frozen=True, slots=True)
class Array:
    """What an array must be: its shape, whole or real numbers, and their range."""

    shape: tuple[int, ...]
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False


def unit_rows_of(rows: int, width: int) -> Array:
    """Vectors of length 1, one in each row."""
    return Array((rows, width), -UNIT, UNIT)


def check_arrays(
    found: Mapping[str, Tensor], expected: Mapping[str, Array], source: str, help: str | None = None
) -> None:
    """EnvironmentProblem naming the first array that is missing, too much, or not as expected."""
    wrong = _first_wrong(found, expected, source)
    if wrong is not None:
        raise EnvironmentProblem(f"{source} is damaged: {wrong}", help)


def _first_wrong(
    found: Mapping[str, Tensor], expected: Mapping[str, Array], source: str
) -> str | None:
    for name, array in expected.items():
        if name not in found:
            return f"{name} is missing"
        wrong = _wrong(found[name], array, name, source)
        if wrong is not None:
            return f"{name} {wrong}"
    unknown = sorted(found.keys() - expected.keys())
    return f"it holds {unknown[0][:100]}, which belongs to nothing" if unknown else None


def _wrong(tensor: Tensor, array: Array, name: str, source: str) -> str | None:
    if tuple(tensor.shape) != array.shape:
        return f"is {shape_text(tuple(tensor.shape))}, not {shape_text(array.shape)}"
    if array.whole:
        if tensor.dtype not in (torch.int32, torch.int64):
            return "holds no whole numbers"
    else:
        check_numbers(tensor, name, source)
    if not tensor.numel():
        return None
    low, high = (float(value) for value in torch.aminmax(tensor.detach()))
    if low < array.low or high > array.high:
        return f"holds {low if low < array.low else high:g}, which is out of range"
    return None


def shape_text(shape: tuple[int, ...]) -> str:
    """`12 x 768`."""
    return " x ".join(map(str, shape)) or "a single number"


def rows_of(found: Mapping[str, Tensor], name: str) -> int:
    """Rows of a table; 0 where it is missing or no table."""
    tensor = found.get(name)
    return int(tensor.shape[0]) if tensor is not None and tensor.ndim > 0 else 0


def pictures_in(found: Mapping[str, Tensor], name: str, each: int, asked: int | None) -> int:
    """How many pictures a memory must be of: as asked for, else as it seems to hold."""
    return asked if asked is not None else max(1, rows_of(found, name) // each)


def numbered(names: Mapping[str, Tensor], start: str, end: str = "") -> int:
    """How many names are START0END, START1END, ..., from 0 on without a gap."""
    count = 0
    while f"{start}{count}{end}" in names:
        count += 1
    return count


def misfit(
    source: str, model: str, name: str, tensor: Tensor, expected: tuple[int, ...]
) -> EnvironmentProblem:
    """The sentence for learned weights of another CLIP."""
    return EnvironmentProblem(
        f"{source} does not fit {model}: {name} is {shape_text(tuple(tensor.shape))}, "
        f"not {shape_text(expected)}",
        help="learned weights belong to the CLIP that they were trained on",
    )
