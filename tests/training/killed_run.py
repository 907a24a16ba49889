"""Runs a training again and again, each time killed at a random step, until it ends.

Usage: killed_run.py DATA OUT METHOD KILLS. Prints how often it was killed. A child is forked for
each attempt, so that PyTorch is imported once; the parent computes nothing.
"""

import os
import random
import signal
import sys
from pathlib import Path

from promptdsl.evaluate.datasets import read_dataset
from promptdsl.training.material import choose_material
from promptdsl.training.prepare import make_task
from promptdsl.training.recipe import Recipe
from promptdsl.training.run import run


class Speaking:
    """Writes a byte into a pipe for every step and every encoded group."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe

    def counts(self, what: str, done: int, total: int) -> None:
        os.write(self.pipe, b"e")

    def training(self, told: object) -> None:
        os.write(self.pipe, b"s")

    def note(self, sentence: str) -> None:
        pass


def attempt(data: Path, out: Path, method: str, pipe: int) -> None:
    datasets = [read_dataset(data)]
    material = choose_material(datasets, ("cork",), 0)
    recipe = Recipe(epochs=6, batch=4, seed=3, save_every=2)
    lines = ("image_size: 40 px",)
    compute = ("cpu", "fp32")
    model = "promptdsl-mini"
    task = make_task(method, model, lines, material, datasets, recipe, compute, out, print)
    run(task, Speaking(pipe))


def main() -> None:
    data, out, method, kills = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])
    dice, killed = random.Random(11), 0
    while not out.exists():
        read, write = os.pipe()
        child = os.fork()
        if child == 0:
            attempt(data, out, method, write)
            os._exit(0)
        os.close(write)
        left = dice.randint(1, 6) if killed < kills else 10**9
        while left and os.read(read, 1):
            left -= 1
        if killed < kills:
            os.kill(child, signal.SIGKILL)
            killed += 1
        os.waitpid(child, 0)
        os.close(read)
    print(killed)


if __name__ == "__main__":
    main()
