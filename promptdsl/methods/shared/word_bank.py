"""Experiments with words: each prompt embedded once, pictures scored from their features.

A detector whose scores can be had with many sets of words has a `word_bank()`; its method's own
bank says how it scores them, and what lies behind one picture's score.

Shapes: N pictures, T prompts, D joint width, H and W of a map in pixels.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.text import embed_prompts
from promptdsl.errors import UsageProblem
from promptdsl.methods import METHODS, find_method
from promptdsl.methods.shared.clip_detector import ClipDetector
from promptdsl.methods.shared.words import (
    Averaging,
    Directions,
    Pooling,
    anomaly_probability,
    find_directions,
)
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.detector import Progress, Words
from promptdsl.scoring.features import IMAGE, Features

Floats = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]  # left, top, right, bottom as shares of the picture


@dataclass(frozen=True, slots=True)
class Variant:
    """The words of an edited ensemble, and the window sizes that count (None: the spec's)."""

    words: Directions
    windows: tuple[str, ...] | None = None


class Rescored(NamedTuple):
    """Some pictures under one variant: (B) scores and, if asked for, (B, H, W) maps."""

    scores_B: Floats
    maps_BHW: Floats | None


Rescore = Callable[[Features, bool], Iterator[Rescored]]  # features, whether maps are wanted


@dataclass(frozen=True, slots=True)
class WholePictures:
    """Embeddings of whole pictures, and how far the pictures are from the references (None: none).

    All that a WinCLIP score needs when only words change. Of APRIL-GAN's few-shot score it is the
    part that comes from words.
    """

    image_ND: Tensor
    away_N: Tensor | None

    @classmethod
    def joined(cls, parts: "Sequence[WholePictures]") -> "WholePictures":
        """The pictures of all parts, in order."""
        away = [part.away_N for part in parts if part.away_N is not None]
        return cls(torch.cat([part.image_ND for part in parts]), torch.cat(away) if away else None)


@dataclass(frozen=True, slots=True)
class Window:
    """One window of the patch grid."""

    scale: str
    box: Box
    words: float  # anomaly probability by words, in [0, 1]
    distance: float | None  # to the nearest reference, in [0, 1]


class Parts(NamedTuple):
    """What the score of the whole picture is made of; None without references."""

    words: float
    references: float | None


class WordBank(ABC):
    """Every prompt that was ever asked for, embedded once, and what a method makes of them."""

    scales: tuple[str, ...] = ()  # of the method's map, as the spec names them

    def __init__(self, detector: ClipDetector[Any], words: Directions, settings: Any) -> None:
        """`words` are those of the plan, and `settings` say how others become directions."""
        self.model, self.compute, self.words = detector.model, detector.compute, words
        self.temperature: float = settings.temperature
        self.averaging: Averaging = settings.averaging
        self.pooling: Pooling = getattr(settings, "pooling", "mean")
        self._row_of: dict[str, int] = {}
        self._rows_TD = torch.empty(0)

    @abstractmethod
    def rescorer(self, variants: Sequence[Variant]) -> Rescore:
        """What each variant says of encoded pictures, in the order of the variants."""

    @abstractmethod
    def notes(self, features: Features) -> list[str]:
        """What else is to be said of one picture's score."""

    def learn(self, texts: Iterable[str], progress: Progress | None = None) -> None:
        """Embed texts that are not known yet."""
        fresh = [text for text in dict.fromkeys(texts) if text not in self._row_of]
        if not fresh:
            return
        tell = partial(progress, "prompts") if progress else None
        rows = embed_prompts(self.model, fresh, device=self.compute.device, progress=tell)
        self._row_of |= {text: len(self._row_of) + i for i, text in enumerate(fresh)}
        self._rows_TD = torch.cat([self._rows_TD, rows]) if len(self._rows_TD) else rows

    def rows(self, texts: Sequence[str]) -> Tensor:
        """(T, D) embeddings on the CPU, not normalised."""
        self.learn(texts)
        return self._rows_TD[[self._row_of[text] for text in texts]]

    def directions(self, prompts: Words) -> Directions:
        """What a detector with these prompts would compare with, on the device."""
        rows_TD = self.rows([prompt.text for prompt in prompts])
        found = find_directions(prompts, rows_TD, self.averaging, self.pooling)
        return found.to(self.compute.device)

    @torch.inference_mode()
    def whole(self, features: Features) -> WholePictures:
        """What of some encoded pictures does not depend on words."""
        return WholePictures(features.to(self.compute.device).tensors[IMAGE], None)

    def probability(self, pictures: WholePictures, words: Directions) -> Tensor:
        """(N) scores of whole pictures."""
        return anomaly_probability(pictures.image_ND, words, self.temperature)

    @torch.inference_mode()
    def scores(self, pictures: WholePictures, words: Directions) -> npt.NDArray[np.float64]:
        """(N) in [0, 1]."""
        return self.probability(pictures, words).clamp(0, 1).double().cpu().numpy()

    @torch.inference_mode()
    def cosines(self, features: Features, texts: Sequence[str]) -> list[float]:
        """(T) cosine of the whole picture to each prompt."""
        image_D = F.normalize(features.tensors[IMAGE][0].float().cpu(), dim=-1)
        rows_TD = F.normalize(self.rows(texts), dim=-1)
        return [float(value) for value in rows_TD @ image_D]

    @torch.inference_mode()
    def parts(self, features: Features) -> Parts:
        """The score by words, and the one by references."""
        pictures = self.whole(features)
        words = anomaly_probability(pictures.image_ND, self.words, self.temperature)
        away = None if pictures.away_N is None else float(pictures.away_N[0])
        return Parts(float(words[0]), away)

    def windows(self, features: Features) -> list[Window]:
        """Every window of every scale of one picture, in the order of the spec."""
        return []


def find_bank(detector: object) -> WordBank | None:
    """The detector's bank; None where other words need another detector, or change nothing."""
    make = getattr(detector, "word_bank", None)
    bank: WordBank | None = make() if make is not None else None
    return bank


def open_bank(detector: object, plan: ObjectPlan) -> WordBank:
    """The bank of an object's detector. UsageProblem where scores do not come from words."""
    bank = find_bank(detector)
    if bank is not None:
        return bank
    name = plan.method.name
    method = find_method(name)
    able = [f"method {m.name}" for m in METHODS.values() if m.uses_words and m.name != name]
    if method is not None and method.uses_words:
        raise UsageProblem(
            f"{plan.name}: method {name} reads the words of the spec, but cannot score "
            "with other ones without being built anew, so they cannot be tried one by one",
            f"write {' or '.join(able)} to try words; to compare two specs under "
            f"{name}, use promptdsl diff",
        )
    raise UsageProblem(
        f"{plan.name}: the scores of method {name} do not depend on the words of the "
        "spec, so there is nothing to try",
        f"write {' or '.join(able)} to score with words",
    )
