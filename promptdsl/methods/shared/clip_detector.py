"""What detectors over a CLIP share: one encoder for each model, loaded when a picture comes."""

from abc import ABC, abstractmethod
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, Self, TypeVar

from torch import Tensor

from promptdsl.clip.model import ClipModel
from promptdsl.clip.tower import Resize, VisionTower
from promptdsl.engine.device import Compute
from promptdsl.engine.graphs import GraphedEncoder
from promptdsl.engine.image_pass import PathEncoder, pixels_on
from promptdsl.engine.shared_encoders import SharedEncoders
from promptdsl.engine.window_encoder import WindowEncoder
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import DetectorState, Words
from promptdsl.scoring.features import Features, Pictures, score_steadily
from promptdsl.scoring.views import Viewing

_encoders: SharedEncoders[Any] = SharedEncoders()


E = TypeVar("E", bound=WindowEncoder | GraphedEncoder | PathEncoder)


@dataclass(frozen=True)
class ClipDetector(ABC, Generic[E]):
    """Most of `promptdsl.scoring.detector.Detector`; a method adds what it encodes and scores."""

    model: ClipModel
    compute: Compute
    size: tuple[int, int]
    viewing: Viewing | None = field(default=None, kw_only=True)  # None: pictures squeezed whole

    @abstractmethod
    def encoding(self) -> Hashable:
        """Of all settings, those that decide what is encoded: detectors alike share an encoder."""

    @abstractmethod
    def make_encoder(self) -> E:
        """Loads the image tower."""

    @abstractmethod
    def with_words(self, words: Words) -> Self:
        """The same with other words; embeddings come from the cache where they are known."""

    @abstractmethod
    def score_group(self, features: Features) -> list[PictureScore]:
        """Scores of encoded pictures, at the features' device."""

    @abstractmethod
    def tensors(self) -> Mapping[str, Tensor]:
        """What a compiled plan stores."""

    @property
    def weights_sha256(self) -> str:
        """Hash of the model's weights."""
        return self.model.weights_sha256

    @property
    def identity(self) -> str:
        """Hash of the model's weights and shape."""
        return self.model.identity

    @property
    def grid(self) -> tuple[int, int]:
        """Patches down and across."""
        return self.model.grid(self.size)

    @cached_property
    def encoder(self) -> E:
        """The costly half, the same for all objects that differ only in words and references."""
        key = (type(self), self.model.identity, self.size, str(self.compute), self.encoding())
        encoder: E = _encoders.find(key, self.make_encoder)
        return encoder

    def tower(self, resize: Resize = "bicubic") -> VisionTower:
        """Loads the image tower."""
        place, dtype = self.compute.device, self.compute.dtype
        return self.model.vision_tower(self.size, resize=resize, device=place, dtype=dtype)

    @property
    def engine_notes(self) -> tuple[str, ...]:
        """What the engine does without on this machine."""
        return self.encoder.notes

    def load(self) -> None:
        """Load the encoder now, so that what is wrong with the weights is told before a picture."""
        _ = self.encoder

    def replaced(self, **changes: Any) -> Self:
        """The same with other fields, and with the encoder that is loaded already."""
        other = replace(self, **changes)
        if "encoder" in vars(self):
            vars(other)["encoder"] = self.encoder
        return other

    def seen_through(self, viewing: Viewing) -> Self:
        """The same, for pictures that are seen in another way than squeezed whole."""
        return self.replaced(viewing=viewing)

    def encode(self, pictures: Pictures) -> Features:
        """Embeddings of (B, H, W, 3) uint8 RGB pictures, on the device."""
        return Features(self.encoder.encode(pixels_on(pictures, self.compute.device)))

    def score(self, features: Features, words: Words | None = None) -> list[PictureScore]:
        """Scores of pictures that have been encoded, here or elsewhere."""
        detector = self if words is None else self.with_words(words)
        return score_steadily(features, self.compute.device, detector.score_group)

    def inspect(self, pictures: Pictures) -> list[PictureScore]:
        """Scores of (B, H, W, 3) uint8 RGB pictures."""
        return self.score(self.encode(pictures))

    def state(self) -> DetectorState:
        """What is learned, embedded or remembered; settings are in the plan."""
        found = {name: tensor.cpu() for name, tensor in self.tensors().items()}
        return DetectorState(self.weights_sha256, found)


def size_of(model: ClipModel, side: int | None) -> tuple[int, int]:
    """(H, W) of the pictures: a square, or the model's own. EnvironmentProblem for no multiple."""
    size = (side, side) if side else model.config.image_size
    model.grid(size)
    return size


def picture_scores(
    score_B: Tensor,
    map_BHW: Tensor,
    defects_BK: Tensor | None = None,
    defects: Sequence[str] = (),
    kinds_BKGG: Tensor | None = None,
) -> list[PictureScore]:
    """One value for each picture, on the CPU."""
    places = [None] * len(score_B) if kinds_BKGG is None else list(kinds_BKGG.cpu().numpy())
    scores, maps = score_B.tolist(), map_BHW.cpu().numpy()
    kinds = [[]] * len(scores) if defects_BK is None else defects_BK.tolist()
    return [
        PictureScore(score, dict(zip(defects, shares, strict=True)), anomaly_map, kinds=place)
        for score, shares, anomaly_map, place in zip(scores, kinds, maps, places, strict=True)
    ]
