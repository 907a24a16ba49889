"""Make the pictures of docs/camera.md: draw washers, inspect them whole and in tiles, lay out.

Example: python -m tools.pictures.guide work docs/images

Keeps what it drew in `work`; a Chromium, where there is one, photographs the page of regions.
"""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
from PIL import Image, ImageDraw, ImageFont
from PIL.Image import Resampling

from promptdsl.cli.main import main as promptdsl

from .large import main as draw_large

TILES = "    tiles: 480 px\n"
SPEC = """inspect 1

object washer {
  called: "washer"
  defect scratch {
    "scratched {object}"
    "{object} with a scratch"
  }

  picture {
    scale: 0.0125 mm per px
    tiles: 480 px
  }
  region face { ring: 2065 px 1480 px, 560 px to 990 px }
  ignore "serial number" { box: 3000 px 2370 px 900 px 520 px }

  method winclip {
    model: "promptdsl-mini"
    references: "references/*.jpg"
  }

  thresholds {
    reject when spot above 0.20 in face >= 0.5 mm
    review when spot above 0.20 in face >= 0.4 mm
  }

  samples good { images: "good/*.jpg" }
  samples scratch { images: "scratch/*.jpg", masks: "masks/*.png" }
}
"""
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SHOT = "--headless --no-sandbox --disable-gpu --hide-scrollbars --window-size=1400,940".split()
PANEL, GAP, QUALITY = 300, 12, 82
INK, PAPER, MARK = (40, 44, 52), (255, 255, 255), (214, 51, 108)
NAMES = ("on the picture", "squeezed to 240 px", "in a tile of 480 px")


def work_in(work: Path) -> None:
    """Pictures and specs."""
    if not (work / "scratch").is_dir():
        draw_large([str(work)], standalone_mode=False)
    (work / "washer.inspect").write_text(SPEC, encoding="utf-8")
    (work / "whole.inspect").write_text(SPEC.replace(TILES, ""), encoding="utf-8")


def scratch_box(work: Path) -> tuple[int, int, int, int]:
    """A square of 400 px round the first scratch."""
    with Image.open(work / "masks" / "000.png") as mask:
        left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    x, y = (left + right) // 2, (top + bottom) // 2
    return x - 200, y - 200, x + 200, y + 200


def sizes(work: Path, out: Path) -> None:
    """The whole picture, and the scratch as a person and as a model sees it."""
    box = scratch_box(work)
    with Image.open(work / "scratch" / "000.jpg") as picture:
        whole = picture.convert("RGB")
    squeezed = whole.resize((240, 240), Resampling.BICUBIC).resize(whole.size, Resampling.NEAREST)
    halved = whole.reduce(2).resize(whole.size, Resampling.NEAREST)
    marked = whole.resize((4 * PANEL // 3, PANEL), Resampling.LANCZOS)
    share = PANEL / whole.height
    ImageDraw.Draw(marked).rectangle([share * edge for edge in box], outline=MARK, width=2)
    crops = [
        one.crop(box).resize((PANEL, PANEL), Resampling.LANCZOS)
        for one in (whole, squeezed, halved)
    ]
    side_by_side([marked, *crops], ["4,000 x 3,000 px", *NAMES]).save(
        out / "camera-sizes.jpg", quality=QUALITY, optimize=True
    )


def side_by_side(panels: list[Image.Image], titles: list[str]) -> Image.Image:
    """Pictures of one height in a row, each with its title below."""
    font = ImageFont.load_default(size=15)
    width = sum(panel.width for panel in panels) + GAP * (len(panels) - 1)
    sheet = Image.new("RGB", (width, panels[0].height + 26), PAPER)
    pen, left = ImageDraw.Draw(sheet), 0
    for panel, title in zip(panels, titles, strict=True):
        sheet.paste(panel, (left, 0))
        pen.text((left, panel.height + 5), title, fill=INK, font=font)
        left += panel.width + GAP
    return sheet


def inspected(work: Path, spec: str, picture: str) -> dict[str, Any]:
    """The record of one picture, its heat map among the results."""
    results = work / f"{spec}-results"
    words = ["run", str(work / f"{spec}.inspect"), str(work / picture), "-o", str(results)]
    code = promptdsl([*words, "--overwrite", "-q"])
    if code:
        raise click.ClickException(f"promptdsl run ended with {code}")
    record: dict[str, Any] = json.loads((results / "results.jsonl").read_text().splitlines()[0])
    return record


def maps(work: Path, out: Path) -> None:
    """Heat maps of the first scratch, seen whole and in tiles."""
    panels, titles = [], []
    for spec, title in (("whole", "whole"), ("washer", "in tiles of 480 px")):
        record = inspected(work, spec, "scratch/000.jpg")
        with Image.open(work / f"{spec}-results" / record["map"]) as map_picture:
            shown = map_picture.convert("RGB").resize((640, 480), Resampling.LANCZOS)
        panels.append(shown)
        titles.append(f"{title}: {record['rule'] or 'passes, no rule holds'}")
    side_by_side(panels, titles).save(out / "camera-maps.jpg", quality=QUALITY, optimize=True)


def page(work: Path, out: Path) -> None:
    """The page of regions as a browser shows it."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    html = work / "washer-regions.html"
    spec, picture = work / "washer.inspect", work / "good" / "000.jpg"
    promptdsl(["regions", str(spec), str(picture), "-o", str(html)])
    if browser is None:
        click.echo("there is no Chromium here: camera-regions.jpg stays as it is", err=True)
        return
    shot = work / "page.png"
    command = [browser, *SHOT, f"--screenshot={shot}", html.absolute().as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    with Image.open(shot) as image:
        small = image.convert("RGB").resize((1120, 752), Resampling.LANCZOS)
    small.save(out / "camera-regions.jpg", quality=QUALITY, optimize=True)


@click.command(help=__doc__)
@click.argument("work", type=click.Path(path_type=Path, file_okay=False))
@click.argument("out", type=click.Path(path_type=Path, file_okay=False, exists=True))
def main(work: Path, out: Path) -> None:
    """Everything, in order."""
    work_in(work)
    for step in (sizes, page, maps):
        step(work, out)
        click.echo(f"{step.__name__}: done")


if __name__ == "__main__":
    main()
