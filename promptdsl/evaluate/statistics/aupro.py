"""AU-PRO: how much of each defect region is covered, up to a false-positive rate.

    PRO(t) = mean over regions of |region and map >= t| / |region|
    AU-PRO = 1/L * integral of PRO over the false-positive rate from 0 to L,  L = 0.3

The exact one (Bergmann et al., arXiv 1911.02357) takes every score as a threshold. The research
codes of WinCLIP, AnomalyCLIP and APRIL-GAN share another: 200 evenly spaced thresholds, only rates
below 0.3, and the observed range of rates stretched to [0, 1]. They differ by up to several points;
published figures are of the second kind.
"""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from promptdsl.evaluate.statistics.metrics import PixelCounts, PixelMap
from promptdsl.judge.shares import Floats, Undefined

LIMIT = 0.3
STEPS = 200
_EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.int8)


def label_regions(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.int32]:
    """(H, W) numbers from 1 of the connected regions; pixels that touch at a corner connect."""
    regions, _ = ndimage.label(mask, _EIGHT_NEIGHBOURS, output=np.int32)
    return np.asarray(regions)


def aupro(counts: PixelCounts, limit: float = LIMIT) -> float:
    """Exact, in [0, 1]."""
    rate, overlap = _curve(counts)
    inside = rate <= limit
    x = np.append(rate[inside], limit)
    y = np.append(overlap[inside], _at_limit(rate, overlap, limit))
    return trapezoid(x, y) / limit


def _at_limit(rate: Floats, overlap: Floats, limit: float) -> float:
    """The curve's height at the limit; where it rises straight up there, the lower end."""
    last = int(np.searchsorted(rate, limit, "right")) - 1
    if last == len(rate) - 1 or rate[last] == limit:
        return float(overlap[last])
    share = (limit - rate[last]) / (rate[last + 1] - rate[last])
    return float(overlap[last] + share * (overlap[last + 1] - overlap[last]))


def _curve(counts: PixelCounts) -> tuple[Floats, Floats]:
    """False-positive rate and PRO, ascending; two points for each score of a defective pixel.

    Between two such scores only the rate grows; at one of them both may, which is a straight line.
    """
    above = (counts.good - counts.good_below_U - counts.good_equal_U)[::-1]
    at = (counts.good - counts.good_below_U)[::-1]
    after = np.cumsum(counts.overlap_U[::-1])
    before = np.concatenate([[0.0], after[:-1]])
    rate = np.stack([above, at], axis=1).ravel() / counts.good
    overlap = np.stack([before, after], axis=1).ravel()
    return np.concatenate([[0.0], rate, [1.0]]), np.concatenate([[0.0], overlap, [1.0]])


def research_aupro(counts: PixelCounts, maps: Iterable[PixelMap], limit: float = LIMIT) -> float:
    """The research codes' variant, in [0, 1]; `maps` are those that were counted."""
    if counts.lowest == counts.highest:
        raise Undefined("every pixel has the same score")
    thresholds = research_thresholds(counts.lowest, counts.highest)
    above = np.zeros(len(thresholds))
    for item in maps:
        good = np.sort(item.scores[item.regions == 0]).astype(np.float64)
        above += len(good) - np.searchsorted(good, thresholds, "right")
    remaining = np.append(np.cumsum(counts.overlap_U[::-1])[::-1], 0.0)
    overlap = remaining[np.searchsorted(counts.values_U, thresholds, "right")]
    return stretched_area(above / counts.good, overlap, limit)


def research_thresholds(lowest: float, highest: float) -> Floats:
    """200 thresholds from the lowest score on; a pixel is anomalous above, not at one."""
    return lowest + (highest - lowest) / STEPS * np.arange(STEPS, dtype=np.float64)


def stretched_area(rate: Floats, overlap: Floats, limit: float) -> float:
    """Area under the points below the limit, their range of rates stretched to [0, 1]."""
    kept = rate < limit
    x, y = rate[kept][::-1], overlap[kept][::-1]
    if len(x) < 2 or x[-1] == x[0]:
        raise Undefined("the 200 thresholds hold fewer than two false-positive rates below 0.3")
    return trapezoid((x - x[0]) / (x[-1] - x[0]), y)


def trapezoid(x: Floats, y: Floats) -> float:
    """Area under straight lines through the points."""
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1])) / 2)
