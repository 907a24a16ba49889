"""What comes before a training: the file to write, the data sets, the task."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.datasets import Dataset, read_dataset
from promptdsl.training.method_lines import compile_method

if TYPE_CHECKING:
    from promptdsl.training.material import Material
    from promptdsl.training.recipe import Recipe
    from promptdsl.training.run import Task

SUFFIX = ".safetensors"
TOLD_PROBLEMS = 20
Tell = Callable[[str, str], object]  # a sentence, and the word before it


def check_out(out: Path, overwrite: bool, instead: str = "use another name") -> None:
    """UsageProblem where weights cannot be written under this name."""
    if out.suffix != SUFFIX:
        raise UsageProblem(f"{out}: weights are written as {SUFFIX}", f"write {out}{SUFFIX}")
    if out.exists() and not overwrite:
        raise UsageProblem(f"{out} exists already", f"{instead}, or --overwrite")


def read_data(
    roots: Sequence[Path], layout: Any, categories: Sequence[str], tell: Tell
) -> list[Dataset]:
    """All of the data sets. EnvironmentProblem where a part of one is missing or cannot be read.

    A training is too long to find out at its end that half of its pictures were not read.
    """
    once = {root.resolve(): root for root in roots}
    if len(once) < len(roots):
        tell("a folder that --data names twice is used once", "note")
    datasets = [read_dataset(root, layout, categories or None) for root in once.values()]
    for dataset in datasets:
        for sentence in dataset.notes:
            tell(f"{dataset.name}: {sentence}", "note")
    problems = [f"{dataset.name}: {told}" for dataset in datasets for told in dataset.problems]
    for problem in problems[1:TOLD_PROBLEMS]:
        tell(problem, "problem")
    if problems:
        many = len(problems) - 1
        more = f" ({many:,} more problem{'s' if many > 1 else ''})" if many else ""
        raise EnvironmentProblem(
            f"{problems[0]}{more}", "repair or remove these files, or choose with --category NAME"
        )
    return datasets


def make_task(
    method: str,
    model: str | None,
    settings: Sequence[str],
    material: "Material",
    datasets: Sequence[Dataset],
    recipe: "Recipe",
    compute: tuple[str, str],
    out: Path,
    tell: Tell,
) -> "Task":
    """The training; `compute` is a device and a precision."""
    from promptdsl.engine.device import choose_compute
    from promptdsl.training.material import called
    from promptdsl.training.run import Task

    held_out = (category.name for category in material.held_out)
    names = list(dict.fromkeys((*material.trained_on, *held_out)))
    objects, note = compile_method(method, model, settings, [called(name) for name in names])
    if note is not None:
        tell(note, "note")
    return Task(
        objects[0].method,
        Path.cwd(),
        choose_compute(*compute),
        recipe,
        material,
        dict(zip(names, (item.prompts for item in objects), strict=True)),
        tuple(dataset.name for dataset in datasets),
        out,
    )
