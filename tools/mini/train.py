"""Train the built-in model: `python -m tools.mini.train OUT --seconds 2400`.

Muon moves the matrices of the transformer blocks and AdamW the rest; one cosine over the budget of
steps or seconds. A checkpoint holds all that resuming needs; pictures follow from (seed, step).
"""

import json
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor
from torch.utils.data import DataLoader

from .batches import Batch, Batches
from .losses import step_losses
from .model import Vocabulary, build, mini_config, packed_state, vocabulary

WEIGHTS = {
    "state": 0.7,
    "picture": 1.0,
    "raw": 0.4,
    "name": 0.7,
    "window": 1.0,
    "patch": 0.8,
    "likeness": 0.6,
    "windows_alike": 0.4,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that a training is made of."""

    seed: int = 7
    pairs: int = 16
    prompts: int = 2  # per label and step
    rate: float = 2e-3
    warmup: int = 60
    steps: int | None = None
    seconds: float | None = None
    keep: int = 11  # patches a side of the picture in the first part
    keep_until: float = 0.55  # part of the budget with cut pictures
    device: str = "cpu"
    workers: int = 1


@dataclass(slots=True)
class Trainer:
    """A training under way."""

    recipe: Recipe
    words: Vocabulary
    model: Any
    optimizers: list[torch.optim.Optimizer]
    step: int = 0
    elapsed: float = 0.0

    @property
    def progress(self) -> float:
        """Part of the budget that is spent, 0 to 1."""
        if self.recipe.steps is not None:
            return min(1.0, self.step / self.recipe.steps)
        return min(1.0, self.elapsed / (self.recipe.seconds or 1.0))


def optimizers_of(model: Any, rate: float) -> list[torch.optim.Optimizer]:
    """Muon for the matrices of the blocks, AdamW for embeddings, norms, biases and projections."""
    matrices: list[torch.nn.Parameter] = []
    others: list[torch.nn.Parameter] = []
    for name, weight in model.named_parameters():
        inner = "resblocks" in name and weight.dim() == 2
        (matrices if inner else others).append(weight)
    muon = torch.optim.Muon(
        matrices, lr=rate, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"
    )
    adam = torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.98), weight_decay=0.0)
    return [muon, adam]


def start(recipe: Recipe, config: dict[str, Any] | None = None) -> Trainer:
    """A training before its first step."""
    words = vocabulary()
    model = build(config or mini_config(), words, recipe.seed).to(recipe.device)
    return Trainer(recipe, words, model, optimizers_of(model, recipe.rate))


def rate_at(recipe: Recipe, step: int, progress: float) -> float:
    """Warm-up, then a cosine to nothing."""
    warm = min(1.0, (step + 1) / recipe.warmup)
    return recipe.rate * warm * (0.5 + 0.5 * math.cos(math.pi * progress))


def moved(batch: Batch, device: str) -> Batch:
    """The batch on the device."""
    values = (getattr(batch, name).to(device, non_blocking=True) for name in Batch.__slots__)
    return Batch(*values)


def train_step(trainer: Trainer, batch: Batch) -> dict[str, float]:
    """One update; returns the losses and the share of right whole-picture decisions."""
    recipe, progress = trainer.recipe, trainer.progress
    side = trainer.model.visual.grid_size[0]
    keep = min(side, recipe.keep) if progress < recipe.keep_until else side
    dice = torch.Generator().manual_seed(recipe.seed * 1_000_003 + trainer.step)
    with torch.autocast(recipe.device.split(":")[0], torch.bfloat16):
        losses = step_losses(trainer.model, moved(batch, recipe.device), recipe.prompts, keep, dice)
    total: Tensor = sum((WEIGHTS[name] * losses[name] for name in WEIGHTS), torch.zeros(()))
    torch.autograd.backward(total)
    torch.nn.utils.clip_grad_norm_(trainer.model.parameters(), 5.0)
    for optimizer in trainer.optimizers:
        for group in optimizer.param_groups:
            group["lr"] = rate_at(recipe, trainer.step, progress)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    trainer.step += 1
    return {name: float(value.detach()) for name, value in (losses | {"total": total}).items()}


def batches_from(trainer: Trainer, config: dict[str, Any] | None = None) -> Iterator[Batch]:
    """The batches from the trainer's step on, drawn by worker processes."""
    recipe, vision = trainer.recipe, (config or mini_config())["vision_cfg"]
    data = Batches(
        trainer.words,
        recipe.seed,
        recipe.pairs,
        recipe.prompts,
        vision["image_size"],
        vision["patch_size"],
    )
    order = range(trainer.step, recipe.steps if recipe.steps is not None else len(data))
    loader = DataLoader(
        data,
        batch_size=None,
        sampler=order,
        num_workers=recipe.workers,
        worker_init_fn=quiet_worker,
        prefetch_factor=4 if recipe.workers else None,
    )
    yield from loader


def quiet_worker(_number: int) -> None:
    """One thread per drawing process."""
    import cv2

    cv2.setNumThreads(1)
    torch.set_num_threads(1)


def save(trainer: Trainer, path: Path) -> None:
    """Write a checkpoint, whole or not at all."""
    state = {
        "model": trainer.model.state_dict(),
        "optimizers": [optimizer.state_dict() for optimizer in trainer.optimizers],
        "step": trainer.step,
        "elapsed": trainer.elapsed,
    }
    part = path.with_suffix(".part")
    torch.save(state, part)
    part.replace(path)


def resume(trainer: Trainer, path: Path) -> None:
    """Go on from a checkpoint."""
    state = torch.load(path, map_location=trainer.recipe.device, weights_only=True)
    trainer.model.load_state_dict(state["model"])
    for optimizer, saved in zip(trainer.optimizers, state["optimizers"], strict=True):
        optimizer.load_state_dict(saved)
    trainer.step, trainer.elapsed = state["step"], state["elapsed"]


def trim_log(path: Path, step: int) -> None:
    """Drop the lines past the checkpoint: those steps are done again."""
    if path.exists():
        lines = path.read_text("utf-8").splitlines(keepends=True)
        path.write_text("".join(x for x in lines if json.loads(x)["step"] <= step), "utf-8")


def export(trainer: Trainer, folder: Path) -> None:
    """Write the weights and the words list as the package ships them."""
    from safetensors.torch import save_file

    from .shipping import words_list

    folder.mkdir(parents=True, exist_ok=True)
    save_file(packed_state(trainer.model, trainer.words), folder / "weights.safetensors")
    text = json.dumps(words_list(), indent=1, ensure_ascii=False)
    (folder / "words.json").write_text(text + "\n", "utf-8")


@dataclass(slots=True)
class Pace:
    """Chooses all threads or one: on a machine that others use too, one is often the faster.

    Of every 16 steps two try all threads and two try one; the others use what was faster.
    """

    threads: int
    times: list[float] = field(default_factory=lambda: [0.0, 0.0])

    def before(self, step: int) -> None:
        """Set the threads of a step."""
        turn = step % 16
        every = turn < 2 or (turn >= 4 and self.times[0] <= self.times[1])
        torch.set_num_threads(self.threads if every else 1)

    def after(self, step: int, seconds: float) -> None:
        """Note how long a trial took."""
        turn = step % 16
        if turn in (0, 2):
            self.times[turn // 2] = 0.0
        if turn < 4:
            self.times[turn // 2] += seconds


def run(trainer: Trainer, out: Path, every: int = 20) -> None:
    """Train to the end of the budget, with a log line every few steps and a checkpoint a minute."""
    log_path, saved = out / "training.jsonl", time.monotonic()
    last, pace = time.monotonic(), Pace(torch.get_num_threads())
    for batch in batches_from(trainer):
        pace.before(trainer.step)
        begin = time.monotonic()
        losses = train_step(trainer, batch)
        now = time.monotonic()
        pace.after(trainer.step - 1, now - begin)
        trainer.elapsed, last = trainer.elapsed + now - last, now
        if trainer.step % every == 0 or trainer.progress >= 1:
            line: dict[str, Any] = {name: round(value, 4) for name, value in losses.items()}
            line |= {
                "step": trainer.step,
                "pictures": trainer.step * 2 * trainer.recipe.pairs,
                "seconds": round(trainer.elapsed, 1),
                "step_seconds": round(now - begin, 2),
                "threads": torch.get_num_threads(),
                "rate": rate_at(trainer.recipe, trainer.step, trainer.progress),
            }
            with log_path.open("a", encoding="utf-8") as log:
                log.write(json.dumps(line) + "\n")
        if now - saved > 60 or trainer.progress >= 1:
            save(trainer, out / "checkpoint.pt")
            saved = now
        if trainer.progress >= 1:
            break


@click.command(help=__doc__)
@click.argument("out", type=click.Path(path_type=Path))
@click.option("--seconds", type=float, help="Time budget.")
@click.option("--steps", type=int, help="Step budget, instead of time.")
@click.option("--seed", default=7, show_default=True)
@click.option("--pairs", default=16, show_default=True, help="Pairs of pictures in a step.")
@click.option("--rate", default=2e-3, show_default=True, help="Highest learning rate.")
@click.option("--device", default="cpu", show_default=True)
@click.option("--workers", default=1, show_default=True, help="Processes that draw pictures.")
@click.option("--threads", default=0, help="CPU threads; 0 leaves torch's own choice.")
def main(
    out: Path, seconds: float | None, steps: int | None, seed: int, pairs: int, rate: float,
    device: str, workers: int, threads: int,
) -> None:  # fmt: skip
    """Train, from OUT/checkpoint.pt on if there is one, then write the files to ship to OUT."""
    if (seconds is None) == (steps is None):
        raise click.UsageError("give a budget: --seconds or --steps, one of them")
    if pairs % 2:
        raise click.UsageError(
            f"--pairs {pairs}: two pairs show one product, so give an even number"
        )
    if threads:
        torch.set_num_threads(threads)
    recipe = Recipe(
        seed=seed,
        pairs=pairs,
        rate=rate,
        steps=steps,
        seconds=seconds,
        device=device,
        workers=workers,
    )
    out.mkdir(parents=True, exist_ok=True)
    trainer = start(recipe)
    if (out / "checkpoint.pt").exists():
        resume(trainer, out / "checkpoint.pt")
        trim_log(out / "training.jsonl", trainer.step)
    run(trainer, out)
    export(trainer, out)
    click.echo(f"{trainer.step} steps, {trainer.elapsed:.0f} s: weights and words are in {out}")


if __name__ == "__main__":
    main()
