"""Everything that a training is made of, and the hash that tells whether it is the same one."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets.masks import mask_files
from promptdsl.files.hashing import hash_bytes, hash_now
from promptdsl.files.opening import reason
from promptdsl.training.material import Example

BETAS = (0.5, 0.999)


@dataclass(frozen=True, slots=True)
class Recipe:
    """The published settings of both methods are the defaults."""

    epochs: int = 15
    batch: int = 8
    rate: float = 1e-3
    seed: int = 0
    save_every: int = 25  # steps between two states on disk

    def steps_per_epoch(self, examples: int) -> int:
        """The last batch of an epoch may be smaller."""
        return -(-examples // self.batch)


def digest(recipe: Recipe, facts: dict[str, Any], examples: Sequence[Example]) -> str:
    """Changes with all that changes the weights: settings, model, device, pictures, masks."""
    pictures = [
        (
            e.category,
            e.picture.label,
            e.picture.path.name,
            _hash(e.picture.path),
            _hash(e.picture.mask),
        )
        for e in examples
    ]
    chosen = {name: value for name, value in asdict(recipe).items() if name != "save_every"}
    whole = {"recipe": chosen, "facts": facts, "pictures": pictures}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _hash(path: Path | None) -> str | None:
    """Of the content: an edited mask of the same name makes another training."""
    if path is None:
        return None
    try:
        hashes = [hash_now(file) for file in mask_files(path)]
    except OSError as error:
        raise EnvironmentProblem(f"{path} cannot be read: {reason(error)}") from error
    return hashes[0] if len(hashes) == 1 else hash_bytes("".join(hashes).encode())
