"""Draw what a camera of 12 megapixels sees: washers in a nest, each beside a label with its number.

Example: python -m tools.pictures.large washers

writes references/ (3 good parts), good/ (6), scratch/ (3, each with one short scratch) and masks/
into the folder. The parts lie at one place; --turned adds turned/ (4 good parts that do not).
"""

from collections.abc import Iterator
from pathlib import Path

import click
import cv2
import numpy as np

from .camera import Picture, light_of, photographed
from .catalog import DRAWINGS, Product
from .draw import numbers, shot_of
from .folders import write_picture
from .noise import Mask, Rng
from .scene import Scene

WIDTH, HEIGHT = 4_000, 3_000
SCALE = 0.0125  # millimetres per pixel: the part is 34 mm across
DRAWN = 1_500  # the scene's side; the camera's noise, labels and scratches are finer
POSE = 3
GRAIN = 2.2  # levels of the camera's noise
LABEL = (3_050, 2_420, 800, 420)  # left, top, width, height
QUALITY = 90
WIDE = 7  # pixels across a scratch
_STRIP = 90  # columns of bare table at either edge, which go on beside it
_CENTRE = (2_065, 1_480)
_FACE = (620, 900)  # radii between which scratches lie
SETS = {"references": 3, "good": 6, "scratch": 3}


def part(seed: int = 7) -> tuple[Product, Scene]:
    """The washer as it lies in its nest."""
    product = Product("washer", seed)
    return product, DRAWINGS[product.object](shot_of(product, POSE, DRAWN, 0))


def taken(product: Product, scene: Scene, number: int) -> Picture:
    """Picture `number`, (H, W, 3): its own light, its own noise, its own serial number."""
    light = light_of(numbers(product, 3, number))
    square = photographed(scene, light, numbers(product, 4, number))
    beside = (WIDTH - HEIGHT) * DRAWN // HEIGHT // 2
    wide = [np.pad(square[:, :_STRIP], ((0, 0), (beside, 0), (0, 0)), "symmetric")[:, :beside]]
    wide += [square]
    wide += [np.pad(square[:, -_STRIP:], ((0, 0), (0, beside), (0, 0)), "symmetric")[:, _STRIP:]]
    whole = cv2.resize(np.hstack(wide), (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return labelled(np.asarray(whole, np.uint8), number)


def labelled(picture: Picture, number: int) -> Picture:
    """The picture with a white label on the table."""
    left, top, width, height = LABEL
    cv2.rectangle(picture, (left, top), (left + width, top + height), (246, 246, 242), -1)
    text = f"No {4_711 + 37 * number}"
    place = (left + 70, top + height // 2 + 50)
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 4.4, (30, 30, 34), 11, cv2.LINE_AA)
    return picture


def scratched(picture: Picture, hand: Rng) -> tuple[Picture, Mask]:
    """The picture with a scratch of 60 to 110 px on the part's face, and where it is."""
    angle, radius = hand.uniform(0, 2 * np.pi), hand.uniform(*_FACE)
    middle = np.array(_CENTRE) + radius * np.array([np.cos(angle), np.sin(angle)])
    turn, half = hand.uniform(0, np.pi), hand.uniform(30, 55)
    reach = half * np.array([np.cos(turn), np.sin(turn)])
    bow = 0.2 * half * np.array([-np.sin(turn), np.cos(turn)])
    steps = np.linspace(-1, 1, 24)[:, None]
    line = np.round(middle + steps * reach + (1 - steps**2) * bow).astype(np.int32)
    mask = np.zeros(picture.shape[:2], np.uint8)
    cv2.polylines(mask, [line], False, 255, WIDE, cv2.LINE_AA)
    bright = cv2.GaussianBlur(np.roll(mask, (5, 4), (0, 1)), (0, 0), 1.6)[..., None] / 255.0
    dark = cv2.GaussianBlur(mask, (0, 0), 1.5)[..., None] / 255.0
    marked = picture * (1 - 0.4 * dark) + (255 - picture) * 0.3 * bright * (1 - dark)
    return np.clip(marked, 0, 255).astype(np.uint8), mask > 0


def turned(picture: Picture, hand: Rng) -> Picture:
    """The picture of a part that was put down askew."""
    matrix = np.array(cv2.getRotationMatrix2D(_CENTRE, hand.uniform(-12, 12), 1.0), np.float64)
    matrix[:, 2] += hand.uniform(-0.06, 0.06, 2) * np.array([WIDTH, HEIGHT])
    moved = cv2.warpAffine(picture, matrix, (WIDTH, HEIGHT), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(moved, np.uint8)


def noisy(picture: Picture, sensor: Rng) -> Picture:
    """The picture with the camera's noise."""
    grain = sensor.standard_normal(picture.shape, dtype=np.float32) * np.float32(GRAIN)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def pictures(more: bool = False, seed: int = 7) -> Iterator[tuple[str, int, Picture, Mask | None]]:
    """Folder, number, picture, and where its defect is."""
    product, scene = part(seed)
    number = 0
    for folder, count in {**SETS, **({"turned": 4} if more else {})}.items():
        for index in range(count):
            hand, mask = numbers(product, 5, number), None
            picture = taken(product, scene, number)
            if folder == "scratch":
                picture, mask = scratched(picture, hand)
            elif folder == "turned":
                picture = turned(picture, hand)
            yield folder, index, noisy(picture, hand), mask
            number += 1


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path, file_okay=False))
@click.option("--turned", "more", is_flag=True, help="Parts that lie askew, too.")
def main(out: Path, more: bool) -> None:
    """Write the pictures and say where they are."""
    count = 0
    for folder, index, picture, mask in pictures(more):
        write_picture(out / folder / f"{index:03d}.jpg", picture, QUALITY)
        if mask is not None:
            write_picture(out / "masks" / f"{index:03d}.png", (mask * 255).astype(np.uint8))
        count += 1
    click.echo(f"{count} pictures of {WIDTH:,} x {HEIGHT:,} px are in {out}")


if __name__ == "__main__":
    main()
