"""A drawn part of 1,200 x 900 px, its spec, and the page of its regions."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from promptdsl.cli.main import main

SIZE = (1200, 900)
SPEC = """inspect 1

object gasket {
  called: "rubber gasket"
  defect tear { "torn {object}" }
  thresholds { reject when score >= 0.5 }
@}
"""


def draw(path: Path, size: tuple[int, int] = SIZE) -> Path:
    """A grey ring on a white table."""
    image = Image.new("RGB", size, (226, 228, 224))
    pen = ImageDraw.Draw(image)
    x, y, r = size[0] / 2, size[1] / 2, min(size) / 2
    pen.ellipse((x - 0.8 * r, y - 0.8 * r, x + 0.8 * r, y + 0.8 * r), fill=(70, 72, 78))
    pen.ellipse((x - 0.5 * r, y - 0.5 * r, x + 0.5 * r, y + 0.5 * r), fill=(226, 228, 224))
    image.save(path)
    return path


def draw_mask(path: Path, size: tuple[int, int] = SIZE) -> Path:
    """White in the left upper quarter."""
    mask = np.zeros(size[::-1], np.uint8)
    mask[: size[1] // 2, : size[0] // 2] = 255
    Image.fromarray(mask).save(path)
    return path


def spec_of(lines: str = "") -> str:
    """The spec with lines of the page in it."""
    return SPEC.replace("@", lines)


def page_of(folder: Path, lines: str = "", size: tuple[int, int] = SIZE) -> Path:
    """The page that the command writes."""
    (folder / "gasket.inspect").write_text(spec_of(lines), encoding="utf-8")
    draw(folder / "part.png", size)
    page = folder / "page.html"
    words = [str(folder / "gasket.inspect"), str(folder / "part.png"), "-o", str(page)]
    assert main(["regions", *words]) == 0
    return page
