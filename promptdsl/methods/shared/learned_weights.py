"""The learned parts of one method, as a value: what `checkpoints` reads and training writes."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """The learned parts of one method. `facts` are JSON: settings, model, trained_on, ..."""

    method: str
    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: str = "the weights"

    def with_facts(self, **more: Any) -> "LearnedWeights":
        """The same weights with more said of them."""
        return replace(self, facts={**self.facts, **more})
