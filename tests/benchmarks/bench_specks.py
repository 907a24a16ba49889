"""A speck of 12 px on a brushed surface of 4,000 x 3,000 px: missed whole, found in tiles.

    python tests/benchmarks/bench_specks.py [--pictures 40] [--tile 480]

Draws half of the pictures with a dark speck and half without, inspects them with the built-in model
once squeezed whole and once in tiles, and prints the area under the ROC curve of both and in how
many pictures the highest spot's box overlaps the speck. Windows are few (`stride: 2`), to be fast.
"""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np
import numpy.typing as npt
from sklearn.metrics import roc_auc_score

import promptdsl

WIDTH, HEIGHT, SPECK = 4000, 3000, 12
SPEC = """inspect 1

object surface {{
  called: "brushed metal"
{picture}
  defect contamination {{ "{{object}} with contamination" }}
  method winclip {{
    model: "promptdsl-mini"
    windows: 3x3
    stride: 2
  }}
  thresholds {{
    reject when spot above 0.2 >= 2 px
  }}
}}
"""
Floats = npt.NDArray[np.float32]
Box = tuple[int, int, int, int]  # left, top, width, height


def surface(seed: int) -> Floats:
    """(H, W, 3) in 0..1: brushed metal under uneven light, with the noise of a sensor."""
    dice = np.random.default_rng(seed)

    def noise(across: int, down: int) -> Floats:
        grid = dice.standard_normal((down, across), dtype=np.float32)
        return np.asarray(cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC))

    tone = 0.55 + 0.03 * noise(6, 5) + 0.012 * noise(60, 45) + 0.02 * noise(40, HEIGHT // 2)
    tone += dice.normal(0, 0.012, tone.shape).astype(np.float32)
    return np.asarray(tone[..., None] * np.array([1.0, 0.99, 0.97], np.float32))


def with_speck(picture: Floats, seed: int) -> tuple[Floats, Box]:
    """A dark round speck somewhere, and its box."""
    dice = np.random.default_rng(seed)
    x, y = int(dice.integers(40, WIDTH - 40)), int(dice.integers(40, HEIGHT - 40))
    rows, columns = np.mgrid[-SPECK : SPECK + 1, -SPECK : SPECK + 1]
    share = np.clip(SPECK / 2 + 0.5 - np.hypot(rows, columns), 0, 1)[..., None]
    part = picture[y - SPECK : y + SPECK + 1, x - SPECK : x + SPECK + 1]
    part[:] = part * (1 - share) + share * np.array([0.16, 0.13, 0.1], np.float32)
    return picture, (x - SPECK // 2, y - SPECK // 2, SPECK, SPECK)


def pictures(count: int) -> Iterator[tuple[npt.NDArray[np.uint8], Box | None]]:
    """Good and bad ones in turns."""
    for number in range(count):
        drawn, box = surface(number), None
        if number % 2:
            drawn, box = with_speck(drawn, number)
        yield (np.clip(drawn, 0, 1) * 255 + 0.5).astype(np.uint8), box


def overlaps(one: Box, other: Box) -> bool:
    """Whether two boxes have a pixel in common."""
    return all(
        one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2]
        for axis in (0, 1)
    )


def measure(folder: Path, name: str, picture: str, count: int) -> None:
    """Inspect all pictures in one way and print what came of it."""
    spec = folder / f"{name}.inspect"
    spec.write_text(SPEC.format(picture=picture), "utf-8")
    inspector = promptdsl.load(spec)
    scores, bad, found, seconds = [], [], 0, 0.0
    for image, box in pictures(count):
        begun = time.perf_counter()
        result = inspector.inspect(image)
        seconds += time.perf_counter() - begun
        scores.append(result.score)
        bad.append(box is not None)
        click.echo(f"  {name}, picture {len(scores)}: {result.score:.3f}", err=True)
        if box is not None and result.spots:
            highest = max(result.spots, key=lambda spot: spot.peak)
            found += overlaps(highest.box, box)
    good = [score for score, is_bad in zip(scores, bad, strict=True) if not is_bad]
    rest = [score for score, is_bad in zip(scores, bad, strict=True) if is_bad]
    click.echo(
        f"{name}: AUROC {roc_auc_score(bad, scores):.3f}; good up to {max(good):.3f}, bad from "
        f"{min(rest):.3f}; the highest spot overlaps the speck in {found} of {len(rest)}; "
        f"{seconds / count:.1f} s a picture"
    )


@click.command(help=__doc__)
@click.option("--pictures", "count", default=40, show_default=True)
@click.option("--tile", default=480, show_default=True)
def main(count: int, tile: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), "whole", "", count)
        measure(Path(folder), "tiles", f"  picture {{ tiles: {tile} px }}", count)


if __name__ == "__main__":
    main()
