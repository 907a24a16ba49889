"""Maps of many pictures on disk, all of one size, with their defect regions and what counts.

Measures are taken on each picture's own pixels before; pixel figures need maps that compare, and
memory that does not grow with the camera. Maps of the detector's size stay as they are; larger
ones are brought to at most `MOST_PIXELS`, in the shape of the first. What is ignored, and what was
not looked at, is in no pixel figure.
"""

import hashlib
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from promptdsl.evaluate.array_store import ArrayStore
from promptdsl.evaluate.statistics.metrics import PixelMap
from promptdsl.judge.shapes import fit_nearest
from promptdsl.judge.whole import at_size
from promptdsl.results import BoolMap, FloatMap

MOST_PIXELS = 1_000_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a picture's map is; its regions, and what counts of it, where there are such."""

    map: int
    regions: int | None = None
    counted: int | None = None  # None: everything


class KeptMaps:
    """One store for all pictures of a sample."""

    def __init__(self, size: tuple[int, int]) -> None:
        """`size`: (height, width) of the detector."""
        self.size = size
        self._begun = False
        self._open()
        self._counted: list[BoolMap] = []
        self._known: dict[bytes, int] = {}

    def _open(self) -> None:
        self._maps = ArrayStore(self.size, np.float32)
        self._regions = ArrayStore(self.size, np.int32)

    def begin(self, shape: tuple[int, ...]) -> None:
        """Before the first map is kept: its shape decides."""
        if self._begun or shape == self.size:
            self._begun = True
            return
        self.close()
        self.size, self._begun = bounded(shape[0], shape[1]), True
        self._open()

    def add(
        self,
        anomaly_map: FloatMap,
        regions: npt.NDArray[np.int32] | None = None,
        counted: BoolMap | None = None,
    ) -> Place:
        """Keep a map of any size; `regions` at `size`, `counted` at any."""
        return Place(
            self._maps.add(self.fitted(anomaly_map)),
            None if regions is None else self._regions.add(regions),
            None if counted is None else self._number_of(fit_nearest(counted, self.size[::-1])),
        )

    def _number_of(self, counted: BoolMap) -> int:
        """Pictures of one camera share a mask."""
        key = hashlib.sha256(np.packbits(counted).tobytes()).digest()
        if key not in self._known:
            self._known[key] = len(self._counted)
            self._counted.append(counted)
        return self._known[key]

    def fitted(self, anomaly_map: FloatMap) -> FloatMap:
        """A map of any size at the common one."""
        return at_size(anomaly_map, self.size[::-1])

    def map(self, place: Place) -> FloatMap:
        """(H, W)."""
        return self._maps[place.map]

    def counted(self, place: Place) -> BoolMap | None:
        """(H, W), true where pixels are in figures; None: everywhere."""
        return None if place.counted is None else self._counted[place.counted]

    def inside(self, place: Place) -> npt.NDArray[np.int32] | None:
        """The defect regions of what counts of a picture, as `pixels` has them."""
        if place.regions is None:
            return None
        counted, regions = self.counted(place), self._regions[place.regions]
        return regions if counted is None else regions[counted]

    def pixels(self, place: Place) -> PixelMap:
        """What counts of a picture, (H, W) or in one row; without regions it is all good."""
        counted, found = self.counted(place), self.map(place)
        scores = found if counted is None else found[counted]
        inside = self.inside(place)
        return PixelMap(scores, np.zeros(scores.shape, np.int32) if inside is None else inside)

    def close(self) -> None:
        """Give the space back."""
        self._maps.close()
        self._regions.close()


def bounded(height: int, width: int) -> tuple[int, int]:
    """The largest size of that shape with at most `MOST_PIXELS`."""
    factor = min(1.0, math.sqrt(MOST_PIXELS / (height * width)))
    return max(1, round(height * factor)), max(1, round(width * factor))
