"""From data sets and a plan to a weights file: encode once, train, judge, write."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import torch

from promptdsl.clip.model import ClipModel, load_model
from promptdsl.engine.device import Compute, threads
from promptdsl.errors import UsageProblem
from promptdsl.files.writing import disk_told_plainly
from promptdsl.methods import METHODS
from promptdsl.methods.shared.checkpoints import LearnedWeights, fingerprint, write_learned
from promptdsl.methods.shared.learners import Ground, Learner
from promptdsl.plan.model import MethodPlan, Prompt
from promptdsl.training import stored
from promptdsl.training.judge import Figures, judge, mean
from promptdsl.training.loop import Told, Training, adam, state_key, train
from promptdsl.training.material import Material, packed_mask, read_pixels
from promptdsl.training.recipe import Recipe, digest


class Listener(Protocol):
    """Is told how a training goes on."""

    def counts(self, what: str, done: int, total: int) -> None:
        """So many pictures are encoded, or judged."""

    def training(self, told: Told) -> None:
        """A step was made."""

    def note(self, sentence: str) -> None:
        """Something that the user must know."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to train. `prompts` are the words of each category, where the method reads words."""

    plan: MethodPlan
    folder: Path  # that the plan's paths are relative to
    compute: Compute
    recipe: Recipe
    material: Material
    prompts: Mapping[str, Sequence[Prompt]]
    data: tuple[str, ...]  # names of the data sets
    out: Path


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out."""

    out: Path
    steps: int
    losses: Mapping[str, float]
    trained_on: tuple[str, ...]  # categories
    figures: tuple[Figures, ...]
    mean: Mapping[str, float | None]

    def described(self) -> dict[str, Any]:
        """For machines."""
        return {
            "out": str(self.out),
            "steps": self.steps,
            "losses": dict(self.losses),
            "trained_on": list(self.trained_on),
            "held_out": [asdict(figures) for figures in self.figures],
            "mean": dict(self.mean),
        }


def run(task: Task, listener: Listener) -> Outcome:
    """Train and write `task.out`; state and features beside it are gone when it returns."""
    if state_file(task.out).is_dir():
        raise UsageProblem(f"{state_file(task.out)} is a folder, and the state is written there")
    torch.set_num_threads(threads())  # sums depend on it in their last bits
    model = load_model(task.plan, task.folder)
    learner = start(task, model)
    facts = _facts(task, model, learner)
    training = _prepared(task, learner, facts, listener)
    last = {"loss": float("nan")}

    def tell(told: Told) -> None:
        last.update(told.losses)
        listener.training(told)

    train(training, state_file(task.out), tell)
    figures = _judged(task, learner, listener)
    learned = LearnedWeights(task.plan.name, dict(learner.parameters), facts)
    learned = learned.with_facts(
        held_out={"figures": [asdict(f) for f in figures], **mean(figures)}
    )
    with disk_told_plainly(task.out.parent):
        write_learned(task.out, learned)
    state_file(task.out).unlink(missing_ok=True)
    _remove_cut_off(task.out)
    stored.remove(features_file(task.out))
    means = {n: total / training.per_epoch for n, total in training.sums.items()}
    trained_on = task.material.trained_on
    return Outcome(task.out, training.step, means, trained_on, figures, mean(figures))


def _remove_cut_off(out: Path) -> None:
    """Files that a kill in the middle of a write left behind."""
    for path in out.parent.iterdir():
        if path.name.startswith(f".{out.name}.") and path.suffix == ".tmp":
            path.unlink(missing_ok=True)


def state_file(out: Path) -> Path:
    """Where an unfinished training waits."""
    return out.with_name(f"{out.name}.state")


def features_file(out: Path) -> Path:
    """Where the frozen features lie while training."""
    return out.with_name(f"{out.name}.features")


def start(task: Task, model: ClipModel) -> Learner:
    """The learner of the plan's method, before its first step."""
    name, method = task.plan.name, METHODS[task.plan.name]
    if not method.training:
        raise UsageProblem(f"{name} has nothing to learn")
    make = getattr(import_module(method.training), f"start_{name}")
    learner: Learner = make(Ground(task.plan, model, task.compute, task.prompts, task.recipe.seed))
    return learner


def _facts(task: Task, model: ClipModel, learner: Learner) -> dict[str, Any]:
    examples = task.material.examples
    return {
        "settings": dict(learner.settings),
        "model": [Path(name).name for name in task.plan.model],
        "model_kind": task.plan.model_kind,
        "model_fingerprint": fingerprint(model),
        "trained_on": {
            "data": list(task.data),
            "categories": list(task.material.trained_on),
            "pictures": len(examples),
            "defective": sum(not example.picture.is_good for example in examples),
        },
        "recipe": {n: v for n, v in asdict(task.recipe).items() if n != "save_every"},
        "precision": task.compute.precision,
        "device": task.compute.device.type,
    }


def _prepared(task: Task, learner: Learner, facts: dict[str, Any], listener: Listener) -> Training:
    examples = task.material.examples
    encoded = partial(listener.counts, "encoding pictures")
    encoded(0, len(examples))  # reading them all for the key takes a moment, too
    key = digest(task.recipe, facts, examples)
    _tell_of_state(task.out, key, listener)

    def encode(numbers: Sequence[int]) -> Any:
        pictures = [examples[number].picture for number in numbers]
        return learner.encode(read_pixels(pictures, learner.size)).tensors

    task.out.parent.mkdir(parents=True, exist_ok=True)
    with disk_told_plainly(task.out.parent):
        features = stored.store(features_file(task.out), key, len(examples), encode, encoded)
    if features.rows is None:
        listener.note(
            "the disk has no room for the features: each epoch encodes the pictures again"
        )
    masks = tuple(packed_mask(example.picture, learner.size) for example in examples)
    return Training(
        learner, task.recipe, examples, masks, features, key, adam(learner, task.recipe)
    )


def _tell_of_state(out: Path, key: str, listener: Listener) -> None:
    found = state_key(state_file(out))
    if found == key:
        listener.note(f"going on from {state_file(out).name}")
    elif found is not None:
        listener.note(
            f"{state_file(out).name} is of another training (other data, model or settings), "
            "so this one begins anew"
        )


def _judged(task: Task, learner: Learner, listener: Listener) -> tuple[Figures, ...]:
    held = task.material.held_out
    total, done = sum(len(category.test) for category in held), 0

    def count(pictures: int) -> None:
        nonlocal done
        done += pictures
        listener.counts("judging on held-out pictures", done, total)

    return tuple(judge(learner.detector(c.name), c, count) for c in held)
