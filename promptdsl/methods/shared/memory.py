"""A memory of good parts that is learned view by view: of tiles, and without what is not seen.

Where all views together would teach more than `MOST_ROWS` rows of a kind, each view teaches its
share of them, drawn with a seed of its own: the same whatever the order in which views come.

Shapes: B views, X windows or patches, C width, M rows of the memory.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from promptdsl.errors import SpecProblem
from promptdsl.scoring.arrays import Array, rows_of, unit_rows_of
from promptdsl.scoring.detector import Placed
from promptdsl.scoring.features import SEEN

MOST_ROWS = 65_536  # of one window size, of the patches, of one stage
_VIEWS = 100_003  # of one picture there are fewer
Unit = Callable[[Tensor], Tensor]
SeenOf = Callable[[str, Tensor], Tensor]  # name of features, (B, patches) -> (B, X)


class Learned(NamedTuple):
    """(M, C) unit rows by the names of features; `ends`: where the rows of each picture end."""

    rows: dict[str, Tensor]
    ends: tuple[int, ...]  # of the features that come first


def learned(parts: Iterable[Placed], views: int, unit: Unit, seen_of: SeenOf) -> Learned:
    """The memory of some pictures' views, by the pictures' places; `views`: how many come in all.

    One part of their features is held besides it, never all.
    """
    if views > MOST_ROWS:
        raise SpecProblem(
            f"references: they are seen in {views:,} views, more than {MOST_ROWS:,}",
            "name fewer pictures, or make the tiles larger",
        )
    by_name: dict[str, dict[int, list[Tensor]]] = {}
    for places, features in parts:
        seen_BP = features.tensors.get(SEEN)
        for name, rows_BXC in features.tensors.items():
            if rows_BXC.ndim != 3:
                continue
            seen_BX = None if seen_BP is None else seen_of(name, seen_BP)
            kept = by_name.setdefault(name, {})
            for number, place in enumerate(places):
                mine = kept.setdefault(place, [])
                seen_X = None if seen_BX is None else seen_BX[number]
                chosen = _chosen(rows_BXC[number], seen_X, views, place * _VIEWS + len(mine))
                mine.append(unit(chosen))
    rows = {}
    ends: tuple[int, ...] = ()
    for name in list(by_name):
        kept = by_name.pop(name)
        lengths = [sum(map(len, kept[place])) for place in sorted(kept)]
        ends = ends or tuple(torch.tensor(lengths).cumsum(0).tolist())
        rows[name] = torch.cat([part for place in sorted(kept) for part in kept[place]])
    return Learned(rows, ends)


def _chosen(rows_XC: Tensor, seen_X: Tensor | None, views: int, seed: int) -> Tensor:
    """What is seen of a view, at most its share."""
    share = max(1, MOST_ROWS // views) if views * len(rows_XC) > MOST_ROWS else len(rows_XC)
    if seen_X is not None:
        rows_XC = rows_XC[seen_X]
    if len(rows_XC) <= share:
        return rows_XC
    dice = torch.Generator().manual_seed(seed)
    chosen = torch.randperm(len(rows_XC), generator=dice)[:share].sort().values
    return rows_XC[chosen.to(rows_XC.device)]


def learned_rows(tensors: Mapping[str, Tensor], name: str, width: int) -> Array:
    """What a compiled plan may hold of such a memory: how many rows depends on the pictures."""
    return unit_rows_of(min(max(1, rows_of(tensors, name)), MOST_ROWS), width)


def spans(ends: Iterable[int]) -> list[slice]:
    """The rows of each picture."""
    found, start = [], 0
    for end in ends:
        found.append(slice(start, end))
        start = end
    return found
