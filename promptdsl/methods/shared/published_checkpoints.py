"""Parts of published checkpoints, read into plain tables; each method knows its own layout.

What else such a file holds (buffers of tokens, projections that nobody reads) is left out.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from promptdsl.clip.weights import check_numbers
from promptdsl.errors import EnvironmentProblem
from promptdsl.scoring.arrays import shape_text


def numbered_parts(state: Mapping[str, Any], pattern: str, path: Path) -> int:
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


def plane(state: Mapping[str, Any], name: str, path: Path) -> Tensor:
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


def refuse_unlike(tables: Sequence[Tensor], name: str, path: Path) -> None:
    """EnvironmentProblem for a table of another shape than the first."""
    for number, table in enumerate(tables):
        if table.shape != tables[0].shape:
            raise EnvironmentProblem(
                f"{path}: {name}.{number} is {shape_text(tuple(table.shape))}, "
                f"not {shape_text(tuple(tables[0].shape))} like the first"
            )
