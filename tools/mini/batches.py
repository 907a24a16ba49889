"""What one training step sees: pairs of twin pictures, where their defects are, and the texts.

Batch `step` is a function of (seed, step) alone, so that a resumed training sees the same pictures.
A pair is the same scene without and with a defect; two pairs show one product in two poses.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
import open_clip
import torch
from torch import Tensor
from torch.utils.data import Dataset

from tools.pictures import ALL_DEFECTS, DEFECTS, TRAINED, Product, draw_pair

from .model import Vocabulary
from .words import (
    ANY_OBJECT,
    DAMAGED,
    NAMES,
    NO_MEANING,
    NORMAL,
    PUBLISHED_DAMAGED,
    PUBLISHED_NORMAL,
    TEMPLATES,
    defect_phrases,
)

FIRST_SEED = 10_000_000  # products below it are kept for evaluation
ANY = len(TRAINED)  # the row of "object" among the objects
STATES = [(name, defect) for name in TRAINED for defect in DEFECTS[name]]
# Parts, and defects of shape, take longer to learn than stains on leather: they come more often.
EASY = {"leather", "wood", "carpet", "fabric", "cork", "brushed metal"}
SHAPE = {"bent", "missing part", "misprint", "squeeze", "damaged thread", "dent"}
HARD = {"gear": 2.0, "capsule": 2.0, "bottle cap": 1.5, "metal nut": 1.5}
FREQUENCY = np.array(
    [
        (0.35 if name in EASY else 0.7) * (4.0 if kind in SHAPE else 1.0) * HARD.get(name, 1.0)
        for name, kind in STATES
    ]
)
Rng = np.random.Generator


@dataclass(slots=True)
class Batch:
    """N pairs; pictures hold the N good twins first, then their N defective twins."""

    pictures_B3HW: Tensor  # uint8
    share_NP: Tensor  # part of each patch of the defective twin that is defect
    object_N: Tensor
    state_N: Tensor  # place in STATES
    texts_NT: Tensor  # compact token rows, grouped as `texts` says


def pick(rng: Rng, choices: tuple[str, ...] | list[str]) -> str:
    """One of the choices."""
    return choices[int(rng.integers(0, len(choices)))]


def prompt(rng: Rng, phrase: str, name: str) -> str:
    """A phrase about an object inside a random template."""
    return pick(rng, TEMPLATES).format(phrase.format(name))


def name_of(rng: Rng, index: int) -> str:
    """A name of the object; for ANY a general or an unknown word."""
    if index == ANY:
        return pick(rng, NO_MEANING if rng.uniform() < 0.35 else ANY_OBJECT)
    names = NAMES[TRAINED[index]]
    return names[0] if rng.uniform() < 0.5 else pick(rng, names)


def texts(rng: Rng, each: int) -> list[str]:
    """`each` normal prompts of every object and of ANY, then as many damaged ones, then one prompt
    of every state in STATES, then one of every defect of ANY.
    """
    found = []
    for published, more in ((PUBLISHED_NORMAL, NORMAL), (PUBLISHED_DAMAGED, DAMAGED)):
        for index in range(ANY + 1):
            for _ in range(each):
                phrase = pick(rng, published if rng.uniform() < 0.6 else more)
                found.append(prompt(rng, phrase, name_of(rng, index)))
    for name, defect in STATES:
        phrase = pick(rng, defect_phrases(name, defect))
        found.append(prompt(rng, phrase, name_of(rng, TRAINED.index(name))))
    for defect in ALL_DEFECTS:
        found.append(prompt(rng, pick(rng, defect_phrases("", defect)), name_of(rng, ANY)))
    return found


def two_of_each(rng: Rng, pairs: int) -> npt.NDArray[np.int64]:
    """States of `pairs` pairs; the second of two is another draw from the first one's object."""
    states = np.zeros(pairs, np.int64)
    for place in range(pairs):
        weight = FREQUENCY
        if place % 2:
            same = [name == STATES[states[place - 1]][0] for name, _ in STATES]
            weight = FREQUENCY * np.array(same)
        states[place] = rng.choice(len(STATES), p=weight / weight.sum())
    return states


def small(image: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """The picture at the model's size."""
    if image.shape[0] == size:
        return image
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)


def compressed(image: npt.NDArray[np.uint8], quality: int) -> npt.NDArray[np.uint8]:
    """The picture after a JPEG file."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), dtype=np.uint8)


class Batches(Dataset[Batch]):
    """Step number -> batch."""

    def __init__(
        self, words: Vocabulary, seed: int, pairs: int, each: int, size: int, patch: int
    ) -> None:
        self.words, self.seed, self.pairs, self.each = words, seed, pairs, each
        self.size, self.side = size, size // patch
        self.tokenizer = open_clip.SimpleTokenizer()

    def __len__(self) -> int:
        return 1_000_000

    def __getitem__(self, step: int) -> Batch:
        rng = np.random.default_rng((self.seed, step))
        states = two_of_each(rng, self.pairs)
        good, bad, shares, product = [], [], [], Product(TRAINED[0], 0)
        for place, state in enumerate(states):
            name, defect = STATES[int(state)]
            if place % 2 == 0:
                product = Product(name, FIRST_SEED + int(rng.integers(0, 2**31)))
            size = 2 * self.size if rng.uniform() < 0.12 else self.size
            one, two = draw_pair(product, int(rng.integers(0, 1000)), defect, size)
            twins = [small(one.image, self.size), small(two.image, self.size)]
            if rng.uniform() < 0.12:
                quality = int(rng.integers(55, 96))
                twins = [compressed(twin, quality) for twin in twins]
            good.append(twins[0])
            bad.append(twins[1])
            share = cv2.resize(
                two.mask.astype(np.float32), (self.side, self.side), interpolation=cv2.INTER_AREA
            )
            shares.append(share.reshape(-1))
        pictures = torch.from_numpy(np.stack(good + bad)).permute(0, 3, 1, 2).contiguous()
        tokens = self.words.compact(self.tokenizer(texts(rng, self.each)))
        return Batch(
            pictures,
            torch.from_numpy(np.stack(shares)),
            torch.tensor([TRAINED.index(STATES[int(state)][0]) for state in states]),
            torch.from_numpy(states),
            tokens,
        )
