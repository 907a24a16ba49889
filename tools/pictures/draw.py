"""From a product and a number to a picture with its mask."""

from dataclasses import dataclass

import numpy as np

from .camera import Picture, light_of, photographed
from .catalog import DRAWINGS, OBJECTS, Product
from .defects import SURFACE, changed
from .noise import Mask, Rng
from .scene import Scene, Shot

SMALLEST_MASK = 0.0012  # share of the picture under which a defect is drawn again
ATTEMPTS = 8


@dataclass(frozen=True, slots=True)
class Sample:
    """A picture (H, W, 3, RGB), where its defect is (H, W), and what it shows."""

    image: Picture
    mask: Mask
    object: str
    defect: str | None


def numbers(product: Product, *stream: int) -> Rng:
    """The random numbers of one purpose, the same on every machine."""
    return np.random.default_rng((product.seed, OBJECTS.index(product.object), *stream))


def shot_of(
    product: Product, number: int, size: int, attempt: int, flaw: str | None = None
) -> Shot:
    """The random numbers of picture `number`; only the defect's own depend on the attempt."""
    pose = numbers(product, 1, number)
    return Shot(size, numbers(product, 0), pose, numbers(product, 2, number, attempt), flaw)


def damaged(
    product: Product, number: int, size: int, good: Scene, defect: str
) -> tuple[Scene, Mask]:
    """The scene of picture `number` with a defect, and the defect's mask."""
    draw = DRAWINGS[product.object]
    for attempt in range(ATTEMPTS):
        shot = shot_of(product, number, size, attempt, None if defect in SURFACE else defect)
        if defect in SURFACE:
            scene = good.copy()
            mask = SURFACE[defect](scene, shot.hand) > 0.3
        else:
            scene = draw(shot)
            mask = changed(good, scene)
        if mask.mean() >= SMALLEST_MASK:
            break
    return scene, mask


def draw_pair(product: Product, number: int, defect: str, size: int = 120) -> tuple[Sample, Sample]:
    """Picture `number` without and with a defect: same pose, light and sensor noise."""
    good = DRAWINGS[product.object](shot_of(product, number, size, 0))
    bad, mask = damaged(product, number, size, good, defect)
    light = light_of(numbers(product, 3, number))
    first = photographed(good, light, numbers(product, 4, number))
    second = photographed(bad, light, numbers(product, 4, number))
    nothing = np.zeros((size, size), bool)
    return (
        Sample(first, nothing, product.object, None),
        Sample(second, mask, product.object, defect),
    )


def draw(product: Product, number: int, defect: str | None = None, size: int = 120) -> Sample:
    """Picture `number` of a product, good or with one of its defects."""
    if defect is not None:
        return draw_pair(product, number, defect, size)[1]
    scene = DRAWINGS[product.object](shot_of(product, number, size, 0))
    light = light_of(numbers(product, 3, number))
    image = photographed(scene, light, numbers(product, 4, number))
    return Sample(image, np.zeros((size, size), bool), product.object, None)


def draw_set(
    product: Product, good: int, defective: int, size: int = 120, first: int = 0
) -> list[Sample]:
    """`good` pictures without a defect, then `defective` pictures of each, all numbered apart."""
    samples = [draw(product, first + number, None, size) for number in range(good)]
    number = first + good
    for defect in product.defects:
        for _ in range(defective):
            samples.append(draw(product, number, defect, size))
            number += 1
    return samples
