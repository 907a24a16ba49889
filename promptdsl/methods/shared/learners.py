"""What one method learns, and how: the contract between the methods and the loop."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from torch import Tensor

from promptdsl.scoring.detector import Detector, Pictures
from promptdsl.scoring.features import Features


@dataclass(frozen=True, slots=True)
class Batch:
    """Features as the method's encoder gives them, on the device."""

    features: Mapping[str, Tensor]
    categories: Sequence[str]
    defective_B: Tensor
    mask_BHW: Tensor


class Learner(Protocol):
    """Trainable tensors over a frozen CLIP."""

    @property
    def method(self) -> str:
        """Its name in a spec."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the pictures and masks."""
        ...

    @property
    def parameters(self) -> Mapping[str, Tensor]:
        """What is trained, by the names that the weights file uses."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """The settings that the weights belong to, as JSON."""
        ...

    def encode(self, pictures: Pictures) -> Features:
        """Frozen features of pictures."""
        ...

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        """Named parts whose sum is minimised."""
        ...

    def detector(self, category: str) -> Detector:
        """A detector with what has been learned so far, for one category."""
        ...
