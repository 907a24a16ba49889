"""The colour scale of anomaly maps: 256 colours for scores from 0 to 1, the same for every picture.

Blue for quiet, yellow for doubtful, red for anomalous; between the anchors, straight lines in sRGB.
"""

import numpy as np
import numpy.typing as npt

from promptdsl.results import FloatMap

ANCHORS = (
    (0.00, "1b2a6b"),
    (0.15, "2a5fc4"),
    (0.30, "2fa4d6"),
    (0.45, "5ac8a8"),
    (0.55, "c6dc6a"),
    (0.65, "f7c948"),
    (0.78, "f28a2e"),
    (0.90, "d9412a"),
    (1.00, "8e1420"),
)


def _table() -> npt.NDArray[np.uint8]:
    at = [position for position, _ in ANCHORS]
    rgb = np.array([list(bytes.fromhex(code)) for _, code in ANCHORS], dtype=np.float64)
    steps = np.linspace(0.0, 1.0, 256)
    columns = [np.interp(steps, at, rgb[:, channel]) for channel in range(3)]
    return np.stack(columns, axis=1).round().astype(np.uint8)


TABLE = _table()  # (256, 3)


def levels(anomaly_map: FloatMap) -> npt.NDArray[np.uint8]:
    """Scores in [0, 1] as 0 to 255; anything outside is cut."""
    return np.rint(np.clip(anomaly_map, 0.0, 1.0) * 255).astype(np.uint8)
