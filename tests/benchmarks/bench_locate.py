"""How well pictures are located: drawn parts, turned and shifted, with blur, noise and light.

python -m tests.benchmarks.bench_locate --size 512 --pictures 25

A row for every kind of part and drawn product: how many of its pictures are located, how far the
picture's points then lie from where they belong, and how many pictures of other parts, flat ones
and noise are located, which must be none.
"""

import argparse
import time
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image

from promptdsl.pictures.geometry import square
from promptdsl.pictures.locate import Located, Locator
from tools.pictures import Product
from tools.pictures.posed import PARTS, Pose, draw_posed

SHIFT = 0.15
TURNS = {  # what a part that looks nearly alike when it is turned still allows
    "metal nut": 28.0, "washer": 0.0, "gear": 10.0, "bottle cap": 7.0,
}  # fmt: skip
REFUSED = ("hazelnut", "pill")  # may be refused: hardly anything shows their turn


@dataclass
class Row:
    """What was measured of one golden picture."""

    kind: str
    seed: int
    pixels: list[float] = field(default_factory=list)
    degrees: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    tried: int = 0
    others: int = 0
    others_located: int = 0


def spoilt(image: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Blur, another light that falls off to one side, and a sensor's noise."""
    side = image.shape[0]
    sigma = dice.uniform(0, 1.6) * side / 512
    pixels = image.astype(np.float32)
    if sigma > 0.3:
        pixels = cv2.GaussianBlur(pixels, (0, 0), sigma)
    rows, columns = np.mgrid[:side, :side] / side - 0.5
    light = 1 + dice.uniform(-0.3, 0.3) * columns + dice.uniform(-0.3, 0.3) * rows
    pixels = pixels * dice.uniform(0.65, 1.3) * light[..., None] + dice.uniform(-15, 15)
    pixels += dice.normal(0, dice.uniform(1, 8), pixels.shape)
    return pixels.clip(0, 255).astype(np.uint8)


def posed(
    kind: str, seed: int, number: int, size: int, turn: float, flaw: str | None = None
) -> tuple[Image.Image, Pose]:
    """Picture `number` of a part in a pose within the bounds."""
    dice = np.random.default_rng((seed, number, PARTS.index(kind)))
    pose = Pose(dice.uniform(-turn, turn), *dice.uniform(-SHIFT, SHIFT, 2))
    image = draw_posed(Product(kind, seed), number + 1, pose, size, flaw)
    return Image.fromarray(spoilt(image, dice)), pose


def golden(kind: str, seed: int, size: int) -> Image.Image:
    """The part as it should lie."""
    return Image.fromarray(draw_posed(Product(kind, seed), 0, Pose(), size))


def missed(found: Located, pose: Pose, size: int) -> tuple[float, float]:
    """Pixels in the mean of 25 points over the golden picture with its corners, and degrees."""
    there = square(found.matrix) @ square(pose.matrix(size))
    line = np.linspace(0, size - 1, 5)
    points = np.array([(x, y, 1) for x in line for y in line]).T
    away = np.hypot(*((there @ points)[:2] - points[:2]))
    return float(away.mean()), abs(float(np.rad2deg(np.arctan2(there[1, 0], there[0, 0]))))


def measured(kind: str, seed: int, size: int, pictures: int, others: int) -> Row | None:
    """A row of the table; None where the golden picture is refused."""
    turn = TURNS.get(kind, 30.0)
    locator = Locator(golden(kind, seed, size), turn, SHIFT)
    if locator.doubt is not None:
        print(f"{kind:14} {seed:4}  refused: {locator.doubt}", flush=True)
        return None
    row = Row(kind, seed)
    for number in range(pictures):
        image, pose = posed(kind, seed, number, size, turn)
        start = time.perf_counter()
        found = locator.locate(image)
        row.seconds.append(time.perf_counter() - start)
        row.tried += 1
        if found.reason is None:
            pixels, degrees = missed(found, pose, size)
            row.pixels.append(pixels)
            row.degrees.append(degrees)
    dice = np.random.default_rng(seed)
    flat = np.full((size, size, 3), 128, np.uint8)
    strange = [Image.fromarray(flat), Image.fromarray(dice.integers(0, 256, flat.shape, np.uint8))]
    for other in PARTS:
        if other != kind:
            strange += [posed(other, seed, 1000 + n, size, 30.0)[0] for n in range(others)]
    row.others = len(strange)
    row.others_located = sum(locator.locate(image).reason is None for image in strange)
    return row


def main() -> None:
    """The command line of this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--pictures", type=int, default=25)
    parser.add_argument("--others", type=int, default=3)
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102, 103])
    parser.add_argument("--kinds", nargs="+", default=list(PARTS))
    asked = parser.parse_args()
    print("part           seed  turn located  px median  95%  deg median  others    ms")
    rows = []
    for kind in asked.kinds:
        for seed in asked.seeds:
            row = measured(kind, seed, asked.size, asked.pictures, asked.others)
            if row is None or not row.pixels:
                continue
            rows.append(row)
            print(
                f"{kind:14} {seed:4} {TURNS.get(kind, 30.0):5.0f} "
                f"{len(row.pixels):4}/{row.tried:<3}"
                f" {np.median(row.pixels):9.2f} {np.quantile(row.pixels, 0.95):5.2f}"
                f" {np.median(row.degrees):10.2f} {row.others_located:4}/{row.others:<4}"
                f" {1000 * np.median(row.seconds):5.0f}",
                flush=True,
            )
    kept = [row for row in rows if row.kind not in REFUSED]
    located, tried = sum(len(r.pixels) for r in kept), sum(r.tried for r in kept)
    print(
        f"without {' and '.join(REFUSED)}: {located} of {tried} located ({located / tried:.1%}), "
        f"median {np.median(np.concatenate([r.pixels for r in kept])):.2f} px, "
        f"{np.median(np.concatenate([r.degrees for r in kept])):.2f} degrees; of all: "
        f"{sum(r.others_located for r in rows)} of {sum(r.others for r in rows)} other pictures"
    )


if __name__ == "__main__":
    main()
