"""How long it takes to find the spots of a map, beside scikit-image's `regionprops`.

    python tests/benchmarks/bench_spots.py [SPOTS] [WIDTH HEIGHT]

Draws a map with SPOTS (default 10,000) round spots (default 4,000 x 3,000 px) and prints the
seconds of ours (label, box, area, extent, peak, name and region of every spot), those of
`skimage.measure.label` and `regionprops` with the same properties for a part of the spots, and the
ratio for as many. The rounds are interleaved, so that a busy machine slows both alike.
"""

import sys
import time
from collections.abc import Callable
from statistics import median

import numpy as np
from skimage.measure import label, regionprops

from promptdsl.judge.spots import Words, spots_of
from promptdsl.results import FloatMap

ROUNDS = 3
PEER = 500  # spots that the peer is timed on; it takes the same time for each


def draw(count: int, width: int, height: int) -> FloatMap:
    """A map with so many spots that do not touch."""
    random = np.random.default_rng(0)
    found = (0.3 * random.random((height, width))).astype(np.float32)
    columns = int(np.ceil(np.sqrt(count * width / height)))
    pitch = width / columns
    most = max(1, int(pitch / 2) - 2)
    for number in range(count):
        x = int((number % columns + 0.5) * pitch)
        y = int((number // columns + 0.5) * pitch)
        radius = int(random.integers(0, most))
        across = np.arange(-radius, radius + 1)
        disc = across**2 + across[:, None] ** 2 <= radius**2
        where = found[y - radius : y + radius + 1, x - radius : x + radius + 1]
        where[disc[: where.shape[0], : where.shape[1]]] = 0.9
    return found


def ours(anomaly_map: FloatMap) -> int:
    """Everything that a record says of a spot."""
    words = Words(
        np.random.default_rng(1).random((3, 30, 40)).astype(np.float32),
        ("scratch", "dent", "tear"),
        {"lip": anomaly_map >= 0},
    )
    return len(spots_of(anomaly_map, 0.5, None, words).listed(0.05))


def theirs(anomaly_map: FloatMap) -> int:
    """The same without name and region."""
    labels = label(anomaly_map >= np.float32(0.5), connectivity=2)
    props = regionprops(labels, intensity_image=anomaly_map)
    for one in props:
        _ = one.bbox, one.area, one.feret_diameter_max, one.intensity_max
    return len(props)


def seconds(work: Callable[[FloatMap], int], anomaly_map: FloatMap) -> float:
    """Of one call."""
    start = time.perf_counter()
    work(anomaly_map)
    return time.perf_counter() - start


def compare(count: int, width: int, height: int) -> tuple[float, float]:
    """Median seconds of ours and of the peer for all spots."""
    share = min(1.0, PEER / count)
    whole = draw(count, width, height)
    part = whole[: max(1, int(height * share))].copy()
    few = ours(part)
    mine, peer = [], []
    for _ in range(ROUNDS):
        mine.append(seconds(ours, whole))
        peer.append(seconds(theirs, part) * count / few)
    return median(mine), median(peer)


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    spots = numbers[0] if numbers else 10_000
    size = (numbers[1], numbers[2]) if len(numbers) > 2 else (4_000, 3_000)
    mine, peer = compare(spots, *size)
    print(f"{spots:,} spots on {size[0]:,} x {size[1]:,} px")
    print(f"ours        {mine:8.2f} s")
    print(f"regionprops {peer:8.2f} s  ({peer / mine:.1f} times as long)")
