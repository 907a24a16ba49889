"""The training loop: seeded, saved every few steps, and the same after a kill as without one.

    Adam, rate 1e-3, betas (0.5, 0.999); a new order of the examples in every epoch

All that the next step depends on is in the state: parameters, Adam's moments and the step's number;
the order of an epoch follows from the seed and the epoch.
"""

import io
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from promptdsl.errors import EnvironmentProblem
from promptdsl.files.opening import open_regular
from promptdsl.files.writing import disk_told_plainly, write_atomically
from promptdsl.methods.shared.learners import Batch, Learner
from promptdsl.scoring.feature_cache import sealed, unsealed
from promptdsl.training.material import Example, unpacked_masks
from promptdsl.training.recipe import BETAS, Recipe
from promptdsl.training.stored import StoredFeatures

MAGIC = b"promptdsl-training 1\n"


@dataclass(frozen=True, slots=True)
class Told:
    """What one step tells: `losses` are means over the epoch so far."""

    step: int
    steps: int
    epoch: int
    losses: Mapping[str, float]


@dataclass(slots=True)
class Training:
    """A training under way."""

    learner: Learner
    recipe: Recipe
    examples: tuple[Example, ...]
    masks: tuple[npt.NDArray[np.uint8], ...]
    features: StoredFeatures
    key: str
    optimizer: torch.optim.Adam
    step: int = 0
    sums: dict[str, float] = field(default_factory=dict)

    @property
    def per_epoch(self) -> int:
        """Steps of an epoch."""
        return self.recipe.steps_per_epoch(len(self.examples))

    @property
    def steps(self) -> int:
        """Steps of the whole training."""
        return self.per_epoch * self.recipe.epochs


def adam(learner: Learner, recipe: Recipe) -> torch.optim.Adam:
    """The published optimiser."""
    return torch.optim.Adam(list(learner.parameters.values()), lr=recipe.rate, betas=BETAS)


def train(training: Training, state: Path, tell: Callable[[Told], None]) -> None:
    """Run to the end, from the state's step on where there is one."""
    resume(training, state)
    while training.step < training.steps:
        losses = _step(training)
        if training.step % training.per_epoch == 1 or training.per_epoch == 1:
            training.sums = {}
        for name, value in losses.items():
            training.sums[name] = training.sums.get(name, 0.0) + value
        if training.step % training.recipe.save_every == 0 or training.step == training.steps:
            save(training, state)
        tell(_told(training))


def _told(training: Training) -> Told:
    within = (training.step - 1) % training.per_epoch + 1
    means = {name: total / within for name, total in training.sums.items()}
    epoch = (training.step - 1) // training.per_epoch + 1
    return Told(training.step, training.steps, epoch, means)


def _step(training: Training) -> dict[str, float]:
    batch = _batch(training, _numbers(training))
    losses = training.learner.losses(batch)
    total = torch.stack(list(losses.values())).sum()
    value = float(total.detach())
    if not np.isfinite(value):
        raise EnvironmentProblem(
            f"the loss is no number any more at step {training.step + 1}",
            help="train with --precision fp32 or a smaller --rate",
        )
    training.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(total)
    training.optimizer.step()
    training.step += 1
    return {**{name: float(part.detach()) for name, part in losses.items()}, "loss": value}


def _numbers(training: Training) -> list[int]:
    """The examples of the next step."""
    epoch, place = divmod(training.step, training.per_epoch)
    order = np.random.default_rng([training.recipe.seed, epoch]).permutation(len(training.examples))
    start = place * training.recipe.batch
    return [int(number) for number in order[start : start + training.recipe.batch]]


def _batch(training: Training, numbers: list[int]) -> Batch:
    learner = training.learner
    device = next(iter(learner.parameters.values())).device
    masks = unpacked_masks([training.masks[n] for n in numbers], learner.size)
    chosen = [training.examples[n] for n in numbers]
    return Batch(
        {name: rows.to(device) for name, rows in training.features.take(numbers).items()},
        [example.category for example in chosen],
        torch.tensor([float(not e.picture.is_good) for e in chosen], device=device),
        torch.from_numpy(masks).to(device),
    )


def save(training: Training, state: Path) -> None:
    """Write the state, whole or not at all."""
    content = {
        "key": training.key,
        "step": training.step,
        "sums": dict(training.sums),
        "parameters": {n: p.detach().cpu() for n, p in training.learner.parameters.items()},
        "optimizer": training.optimizer.state_dict(),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    with disk_told_plainly(state.parent):
        write_atomically(state, sealed(MAGIC, buffer.getvalue()))


def state_key(state: Path) -> str | None:
    """Which training a state belongs to; None where there is no readable state."""
    content = _load(state)
    return None if content is None else str(content["key"])


def resume(training: Training, state: Path) -> None:
    """Go on from the state, if it is this training's."""
    content = _load(state)
    if content is None or content["key"] != training.key:
        return
    with torch.no_grad():
        for name, parameter in training.learner.parameters.items():
            parameter.copy_(content["parameters"][name])
    training.optimizer.load_state_dict(content["optimizer"])
    training.step, training.sums = content["step"], dict(content["sums"])


def _load(state: Path) -> dict[str, Any] | None:
    """The whole content; else None: it is written over, and the training begins anew."""
    try:
        with open_regular(state) as file:
            payload = unsealed(MAGIC, file.read())
        if payload is None:
            return None
        content: dict[str, Any] = torch.load(
            io.BytesIO(payload), map_location="cpu", weights_only=True
        )
        return content if isinstance(content, dict) and "key" in content else None
    except (OSError, RuntimeError, pickle.UnpicklingError, LookupError, ValueError, EOFError):
        return None
