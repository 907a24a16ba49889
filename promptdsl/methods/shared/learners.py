"""What one method learns, and how: the contract between the methods and the loop."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from promptdsl.clip.model import ClipModel
from promptdsl.engine.device import Compute
from promptdsl.plan.model import MethodPlan
from promptdsl.scoring.detector import Detector, Words
from promptdsl.scoring.features import Features, Pictures


@dataclass(frozen=True, slots=True)
class Batch:
    """Features as the method's encoder gives them, on the device."""

    features: Mapping[str, Tensor]
    categories: Sequence[str]
    defective_B: Tensor
    mask_BHW: Tensor


@dataclass(frozen=True, slots=True)
class Ground:
    """What a learner starts from; `words` are those of each category."""

    plan: MethodPlan
    model: ClipModel
    compute: Compute
    words: Mapping[str, Words]
    seed: int


@dataclass(frozen=True)
class Learner(ABC):
    """Trainable tensors over a frozen CLIP, by the names that the weights file uses."""

    ground: Ground
    untrained: Detector
    parameters: Mapping[str, Tensor]

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the pictures and masks."""
        return self.untrained.size

    def encode(self, pictures: Pictures) -> Features:
        """Frozen features of pictures."""
        return self.untrained.encode(pictures)

    @property
    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """The settings that the weights belong to, as JSON."""

    @abstractmethod
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Named parts whose sum is minimised."""

    @abstractmethod
    def detector(self, category: str) -> Detector:
        """A detector with what has been learned so far, for one category."""
