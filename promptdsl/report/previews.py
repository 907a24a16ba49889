"""Small pictures and maps for the report, one JSON line each: what `report.html` embeds."""

import base64
import binascii
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from PIL.Image import Resampling

from promptdsl.files.lines import bounded_lines
from promptdsl.files.opening import open_regular
from promptdsl.report.colors import levels
from promptdsl.report.heatmap import grown
from promptdsl.results import FloatMap

MAP_SIDE = 48
QUALITY = 78
LARGEST_SIDE = 10_000
MAX_LINE = 1_000_000
MAX_FILE = 4 * 10**9
MAX_PREVIEWS = 4_000  # more than a run keeps
OUTLINE = (255, 255, 255, 255)
SHADOW = (20, 20, 20, 170)


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture for the page; `outline` is a PNG in base 64 with the mask's border, or None."""

    preview: "Preview"
    outline: str | None


@dataclass(frozen=True, slots=True)
class Preview:
    """A picture as JPEG and its map as levels from 0 to 255, both in base 64."""

    image: str
    object: str
    width: int
    height: int
    jpeg: str
    map: str  # MAP_SIDE x MAP_SIDE


def preview(image: str, name: str, small: Image.Image, anomaly_map: FloatMap) -> Preview:
    """Of one picture."""
    file = io.BytesIO()
    small.save(file, "JPEG", quality=QUALITY, optimize=True)
    jpeg = base64.b64encode(file.getvalue()).decode()
    levels = base64.b64encode(_small_map(anomaly_map)).decode()
    return Preview(image, name, small.width, small.height, jpeg, levels)


def preview_line(image: str, name: str, small: Image.Image, anomaly_map: FloatMap) -> str:
    """The line for one picture."""
    return json.dumps(asdict(preview(image, name, small, anomaly_map))) + "\n"


def parse_preview(line: str | bytes) -> Preview:
    """The preview of one line; ValueError or TypeError when it is damaged."""
    preview = Preview(**json.loads(line))
    _refuse_damage(preview)
    return preview


def read_previews(path: Path) -> dict[tuple[str, str], Preview]:
    """Previews by (image, object); a damaged line is no preview. Raises OSError."""
    previews: dict[tuple[str, str], Preview] = {}
    with open_regular(path) as file:
        for line in bounded_lines(file, MAX_LINE, MAX_FILE):
            try:
                preview = parse_preview(line)
            except (ValueError, TypeError, RecursionError):
                continue
            previews[preview.image, preview.object] = preview
            if len(previews) == MAX_PREVIEWS:
                break
    return previews


def _refuse_damage(preview: Preview) -> None:
    """ValueError or TypeError for what a page could not show."""
    if not (isinstance(preview.image, str) and isinstance(preview.object, str)):
        raise TypeError("a preview without names")
    for side in (preview.width, preview.height):
        if type(side) is not int or not 1 <= side <= LARGEST_SIDE:
            raise ValueError("a preview without a size")
    if len(_decoded(preview.map)) != MAP_SIDE**2:
        raise ValueError("a preview without a whole map")
    if not _decoded(preview.jpeg).startswith(b"\xff\xd8"):
        raise ValueError("a preview without a picture")


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error as error:
        raise ValueError("a preview that is not in base 64") from error


def _small_map(anomaly_map: FloatMap) -> bytes:
    image = Image.fromarray(np.ascontiguousarray(anomaly_map, dtype=np.float32))
    small = image.resize((MAP_SIDE, MAP_SIDE), Resampling.BILINEAR)
    return levels(np.asarray(small)).tobytes()


def outline(mask: npt.NDArray[np.bool_], size: tuple[int, int]) -> str:
    """A mask's border at the size (width, height) of a preview, as PNG in base 64."""
    grey = Image.fromarray(mask.astype(np.uint8) * 255)
    inside = np.asarray(grey.resize(size, Resampling.BOX)) > 0
    pixels = np.zeros((*inside.shape, 4), np.uint8)
    near = grown(inside) & ~inside
    pixels[grown(near | inside) & ~inside & ~near] = SHADOW
    pixels[near] = OUTLINE
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode()
