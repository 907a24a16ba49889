"""Distance to the nearest row of a memory, in bounded memory.

    d(x) = min over rows m of 1 - cos(x, m)

Queries and memory are taken in chunks, so that the cosines held at once stay below a fixed number
whatever the number of references and pixels.

Shapes: X queries, M memory rows, C width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

QUERY_ROWS, MEMORY_ROWS = 4096, 4096  # 64 MiB of cosines


def unit_rows(x_XC: Tensor, dtype: torch.dtype) -> Tensor:
    """(X, C) of unit length, in the memory's number type."""
    return F.normalize(x_XC.float(), dim=-1).flatten(0, -2).to(dtype)


def nearest_distance(x_XC: Tensor, memory_MC: Tensor, leave_out: slice | None = None) -> Tensor:
    """(X) in [0, 2], float32; `leave_out` are memory rows that do not count."""
    parts = _without(memory_MC, leave_out)
    found = [
        _most_alike(rows, parts)
        for rows in torch.split(unit_rows(x_XC, memory_MC.dtype), QUERY_ROWS)
    ]
    return (1 - torch.cat(found)).clamp(0, 2).view(x_XC.shape[:-1])


def _without(memory_MC: Tensor, leave_out: slice | None) -> list[Tensor]:
    if leave_out is None:
        return [memory_MC]
    parts = [memory_MC[: leave_out.start], memory_MC[leave_out.stop :]]
    return [part for part in parts if len(part)]


def _most_alike(rows_XC: Tensor, parts: list[Tensor]) -> Tensor:
    best = rows_XC.new_full((len(rows_XC),), -1.0, dtype=torch.float32)
    for part in parts:
        for chunk in torch.split(part, MEMORY_ROWS):
            best = torch.maximum(best, (rows_XC @ chunk.t()).amax(dim=1).float())
    return best
