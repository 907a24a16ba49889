"""`promptdsl regions`: one page that shows the regions of an object over a picture, and draws more.

The page holds a reduced picture; every coordinate on it is one of the original. It knows no file:
what was drawn there leaves it as lines to paste.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from PIL import Image
from PIL.Image import Resampling

from promptdsl import __version__
from promptdsl.judge.shapes import LIKE
from promptdsl.plan.model import ObjectPlan, Region, Shape
from promptdsl.report.page import embedded_json, render
from promptdsl.results import BoolMap

LONGEST_SIDE = 1_600
QUALITY = 85
PAGE_MARK = b'<p class="brand">promptdsl <span>regions</span>'
MASK = (47, 129, 247)
_TOOLS = {  # name: its key, and how it is drawn
    "select": ("V", '<path d="M5 3l11 6-5 1.5L9 16z"/>'),
    "box": ("B", '<rect x="3" y="4.5" width="14" height="11" rx="1"/>'),
    "circle": ("C", '<circle cx="10" cy="10" r="7"/>'),
    "ring": ("R", '<circle cx="10" cy="10" r="7.5"/><circle cx="10" cy="10" r="3.5"/>'),
    "polygon": ("P", '<path d="M10 2.5l7 5-2.5 9h-9L3 7.5z"/>'),
    "hand": ("H", '<path d="M10 2v16M2 10h16M10 2l-2 2m2-2l2 2M10 18l-2-2m2 2l2-2M2 10l2-2m-2 2l2 '
             '2M18 10l-2-2m2 2l-2 2"/>'),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Backdrop:
    """The picture under the regions."""

    name: str
    image: Image.Image  # RGB, upright, reduced or not
    size: tuple[int, int]  # (width, height) of the original


@dataclass(frozen=True, slots=True)
class Sight:
    """What the model can see of a picture of that size."""

    patch: tuple[float, float]  # across, down, in pixels of the original
    least: tuple[float, float]  # that a method looks at: its smallest window
    told: str  # in a sentence


@dataclass(frozen=True, slots=True)
class Words:
    """What the language says of names of regions."""

    pattern: str  # regular expression
    taken: Sequence[str]


def regions_page(
    item: ObjectPlan,
    spec: str,
    backdrop: Backdrop,
    masks: Mapping[str, BoolMap | str],
    words: Words,
    sight: Sight | None = None,
    notes: Sequence[str] = (),
) -> str:
    """The page's whole text. `masks`: by their paths, (H, W), or why one cannot be shown."""
    width, height = backdrop.size
    scale = item.picture.scale if item.picture is not None else None
    tools = [(name, key, Markup(drawing)) for name, (key, drawing) in _TOOLS.items()]
    data = {
        "width": width,
        "height": height,
        "image": _jpeg(_small(backdrop.image)),
        "places": [_place("region", region) for region in item.regions]
        + [_place("ignore", region) for region in item.ignored],
        "masks": {path: _mask(mask, backdrop.size) for path, mask in masks.items()},
        "patch": None if sight is None else sight.patch,
        "least": None if sight is None else sight.least,
        "scale": scale,
        "naming": words.pattern,
        "taken": list(words.taken),
    }
    return render(
        "regions.html.j2",
        object=item.name,
        spec=spec,
        picture=backdrop.name,
        subtitle=[
            spec,
            backdrop.name,
            f"{width:,} x {height:,} px",
            *([] if scale is None else [f"{scale:g} mm per px"]),
        ],
        notes=notes,
        tools=tools,
        smallest=None if sight is None else f"{sight.told[:1].upper()}{sight.told[1:]}.",
        version=__version__,
        data=embedded_json(data),
    )


def _place(kind: str, region: Region) -> dict[str, Any]:
    return {
        "kind": kind,
        "name": region.name,
        "shapes": [_shape(shape) for shape in region.shapes],
        "without": [_shape(shape) for shape in region.without],
    }


def _shape(shape: Shape) -> dict[str, Any]:
    lengths = [(length.value, length.unit) for length in shape.lengths]
    return {"kind": shape.kind, "lengths": lengths, "path": shape.path}


def _small(image: Image.Image) -> Image.Image:
    small = image.copy()
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE), Resampling.LANCZOS)
    return small


def _jpeg(image: Image.Image) -> str:
    file = io.BytesIO()
    image.convert("RGB").save(file, "JPEG", quality=QUALITY, optimize=True)
    return base64.b64encode(file.getvalue()).decode()


def _mask(mask: BoolMap | str, size: tuple[int, int]) -> dict[str, str | None]:
    """What is inside in one colour, the rest clear; a mask of another size is told, not shown."""
    if isinstance(mask, str):
        return {"png": None, "problem": mask}
    height, width = mask.shape
    if abs(width * size[1] / (height * size[0]) - 1) > LIKE:
        told = f"the mask has {width} x {height} px, and the picture {size[0]} x {size[1]}"
        return {"png": None, "problem": told}
    alpha = _small(Image.fromarray(mask.astype(np.uint8) * 255))
    pixels = Image.new("RGBA", alpha.size, (*MASK, 0))
    pixels.putalpha(alpha)
    file = io.BytesIO()
    pixels.save(file, "PNG", optimize=True)
    return {"png": base64.b64encode(file.getvalue()).decode(), "problem": None}
