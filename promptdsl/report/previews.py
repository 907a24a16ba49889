"""Small pictures and maps for the report, one JSON line each: what `report.html` embeds."""

import base64
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from PIL import Image
from PIL.Image import Resampling

from promptdsl.report.colors import levels
from promptdsl.results import FloatMap

MAP_SIDE = 48
QUALITY = 78


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture as JPEG and its map as levels from 0 to 255, both in base 64."""

    image: str
    object: str
    width: int
    height: int
    jpeg: str
    map: str  # MAP_SIDE x MAP_SIDE


def preview_line(image: str, name: str, small: Image.Image, anomaly_map: FloatMap) -> str:
    """The line for one picture."""
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY, optimize=True)
    fields = {
        "image": image,
        "object": name,
        "width": small.width,
        "height": small.height,
        "jpeg": base64.b64encode(file.getvalue()).decode(),
        "map": base64.b64encode(_small_map(anomaly_map)).decode(),
    }
    return json.dumps(fields) + "\n"


def parse_preview(line: str | bytes) -> Preview:
    """The preview of one line; ValueError or TypeError when it is damaged."""
    return Preview(**json.loads(line))


def read_previews(lines: Iterable[bytes]) -> dict[tuple[str, str], Preview]:
    """Previews by (image, object); a line that a crash damaged is no preview."""
    previews = {}
    for line in lines:
        try:
            preview = parse_preview(line)
        except (ValueError, TypeError):
            continue
        previews[preview.image, preview.object] = preview
    return previews


def _small_map(anomaly_map: FloatMap) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(anomaly_map, dtype=np.float32))
    small = image.resize((MAP_SIDE, MAP_SIDE), Resampling.BILINEAR)
    return levels(np.asarray(small)).tobytes()
