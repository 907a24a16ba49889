"""What inspecting a picture gives: scores while it runs, records on disk.

Every score and every value of an anomaly map lies in [0, 1]; higher means more anomalous.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Verdict = Literal["pass", "review", "reject", "error"]
FloatMap = npt.NDArray[np.float32]
NAMED = 3  # pictures that a note names


@dataclass(frozen=True, slots=True)
class PictureScore:
    """What a detector says of one picture."""

    score: float
    defects: dict[str, float]  # defect name -> probability against normal, in the order of the spec
    map: FloatMap  # (H, W) at the detector's input size


@dataclass(frozen=True, slots=True)
class Record:
    """One line of `results.jsonl`."""

    image: str
    object: str
    score: float | None
    verdict: Verdict
    rule: str | None = None  # the threshold line that decided, as written
    defect: str | None = None  # the likeliest defect
    defects: dict[str, float] | None = None
    area: dict[str, float] | None = None  # "0.70" -> share of the picture at or above that score
    map: str | None = None  # relative to the output folder
    error: str | None = None


def name_first(noted: dict[str, list[str]], notes: Iterable[str], picture: str) -> None:
    """Remember the picture under its notes, as long as there are few of them."""
    for note in notes:
        names = noted.setdefault(note, [])
        if len(names) < NAMED:
            names.append(picture)


def unlike_legs(legs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What was not the same in all legs, a clause each: `torch 2.4 and 2.5`."""
    values: dict[str, dict[str, None]] = {}
    for leg in legs:
        for name, value in {"device": leg["device"], **leg["versions"]}.items():
            values.setdefault(name, {})[value] = None
    return [
        f"{name} {', '.join([*different][:-1])} and {[*different][-1]}"
        for name, different in values.items()
        if len(different) > 1 and name != "python"
    ]


def told_notes(counts: Mapping[str, int], noted: Mapping[str, Sequence[str]]) -> list[str]:
    """A sentence for each note: `very dark pictures (5: a.png, b.png, c.png, ...)`."""
    return [f"{what} ({_named(count, noted.get(what, ()))})" for what, count in counts.items()]


def _named(count: int, names: Sequence[str]) -> str:
    if not names:
        return str(count)
    return f"{count}: {', '.join(names)}{', ...' if count > len(names) else ''}"
