"""How fast tiles are inspected beside the same number of ordinary pictures of the model's size.

    python tests/benchmarks/bench_tiles.py [--width 2000 --height 1500 --tile 480 --rounds 3]

Both are read from PNG files by one Inspector each, with the built-in model, to scores and maps; the
rounds take turns, and the fastest round of each counts. Prints views per second and their ratio.
"""

import tempfile
import time
from pathlib import Path

import click
import numpy as np
from PIL import Image

import promptdsl

SPEC = """inspect 1

object surface {{
  called: "brushed metal"
{picture}
  defect contamination {{ "{{object}} with contamination" }}
  method winclip {{ model: "promptdsl-mini" }}
}}
"""
SIDE = 120  # of the built-in model


def drawn(path: Path, size: tuple[int, int], seed: int) -> Path:
    """Noise, as sensors have it, which PNG cannot make small."""
    dice = np.random.default_rng(seed)
    pixels = 120 + dice.normal(0, 12, (size[1], size[0], 3))
    Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(path, compress_level=1)
    return path


def seconds(inspector: promptdsl.Inspector, files: list[Path]) -> float:
    """Of inspecting all of them."""
    begun = time.perf_counter()
    for result in inspector.inspect_many(files):
        assert not isinstance(result, Exception), result
    return time.perf_counter() - begun


@click.command(help=__doc__)
@click.option("--width", default=2000, show_default=True)
@click.option("--height", default=1500, show_default=True)
@click.option("--tile", default=480, show_default=True)
@click.option("--large", "count", default=3, show_default=True, help="Large pictures.")
@click.option("--rounds", default=3, show_default=True)
def main(width: int, height: int, tile: int, count: int, rounds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        inspectors = []
        for kind, picture in (("tiled", f"  picture {{ tiles: {tile} px }}"), ("plain", "")):
            spec = folder / f"{kind}.inspect"
            spec.write_text(SPEC.format(picture=picture), "utf-8")
            inspectors.append(promptdsl.load(spec))
        tiled, plain = inspectors
        large = [drawn(folder / f"l{n}.png", (width, height), n) for n in range(count)]
        views = count * len(tiled.station("surface").viewing.cut((width, height)).views)
        small = [drawn(folder / f"s{n}.png", (SIDE, SIDE), n) for n in range(views)]
        seconds(tiled, large[:1]), seconds(plain, small[:4])  # warms up
        times = [(seconds(tiled, large), seconds(plain, small)) for _ in range(rounds)]
    in_tiles, alone = (views / min(of_kind) for of_kind in zip(*times, strict=True))
    click.echo(
        f"{views} tiles of {count} pictures of {width} x {height}: {in_tiles:.2f} tiles/s, as "
        f"pictures {alone:.2f}/s, ratio {in_tiles / alone:.2f}"
    )


if __name__ == "__main__":
    main()
