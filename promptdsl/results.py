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
BoolMap = npt.NDArray[np.bool_]
NO_MAP: FloatMap = np.zeros((0, 0), np.float32)  # of a score that nobody asks for places
NAMED = 3  # pictures that a note names


@dataclass(frozen=True, slots=True)
class Pose:
    """How a picture lies on the golden one: x' = a x + b y + c, y' = d x + e y + f, of pixels."""

    matrix: tuple[tuple[float, float, float], tuple[float, float, float]]
    golden: tuple[int, int]  # (width, height)


@dataclass(frozen=True, slots=True)
class PictureScore:
    """What a detector says of one picture; the map covers the whole picture."""

    score: float
    defects: dict[str, float]  # defect name -> probability against normal, in the order of the spec
    map: FloatMap  # (H, W) at the detector's input size, or at the picture's own
    size: tuple[int, int] | None = None  # (width, height) of the picture itself, where it is known
    seen: BoolMap | None = None  # (H, W) as the map: where anything was looked at; None: everywhere
    kinds: FloatMap | None = None  # (K, h, w), coarse: each defect's probability, place by place
    residual: float | None = None  # of locating it, in pixels
    unlocated: str | None = None  # why the part could not be located
    pose: Pose | None = None  # how it lies, where it was located


@dataclass(frozen=True, slots=True)
class Spot:
    """A connected place of a map, in pixels of the original picture."""

    box: tuple[int, int, int, int]  # x, y, width, height
    area: float
    extent: float  # longest diameter (Feret)
    peak: float  # the highest score in it
    defect: str | None  # the likeliest by the words of the patches that it covers
    region: str | None  # the first region that holds most of it
    area_mm2: float | None = None  # where the spec has a scale
    extent_mm: float | None = None
    above: float | None = None  # the level of the map that it is a spot of


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
    measures: dict[str, float] | None = None  # what other threshold lines measured
    time: str | None = None  # when the verdict was made, UTC; None: an early version made it
    picture_sha256: str | None = None  # of the bytes that were decoded; of pixels in memory
    plan_hash: str | None = None
    part: str | None = None  # what the file's name says, where the spec has a pattern
    size: tuple[int, int] | None = None  # (width, height) of the picture, upright
    spots: tuple[Spot, ...] | None = None  # the strongest; None: no line asks for places
    spots_left_out: int | None = None  # how many weaker ones there are besides
    residual: float | None = None  # of locating the part, in pixels
    unlocated: str | None = None  # why the part could not be located


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
