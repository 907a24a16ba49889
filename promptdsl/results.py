"""What inspecting a picture gives: scores while it runs, records on disk.

Every score and every value of an anomaly map lies in [0, 1]; higher means more anomalous.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Verdict = Literal["pass", "review", "reject", "error"]
FloatMap = npt.NDArray[np.float32]


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
