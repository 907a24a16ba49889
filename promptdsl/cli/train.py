"""`promptdsl train`: learn the prompts of AnomalyCLIP or the linear layers of APRIL-GAN."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from promptdsl.cli.shared.options import (
    choice,
    device_option,
    format_option,
    method_options,
    out_option,
    overwrite_option,
    precision_option,
    quiet_option,
    seed_option,
)
from promptdsl.cli.shown.terminal import counted, say, tell_note, write_machines
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.evaluate.datasets import LAYOUTS, Dataset, read_dataset
from promptdsl.language.statements import quote
from promptdsl.methods import ANOMALYCLIP, APRIL_GAN, METHODS
from promptdsl.pipeline import Compilation, compile_text

if TYPE_CHECKING:
    from promptdsl.plan.model import MethodPlan
    from promptdsl.training.material import Material
    from promptdsl.training.run import Outcome, Task

SUFFIX = ".safetensors"
SHOWN_PROBLEMS = 20
WITHOUT_EFFECT, SCALED = "I403", "I416"  # warnings about a setting
NOT_SET = {
    "model": "the model has an option of its own, --model",
    "weights": "a training begins anew and takes no weights",
    "references": "references belong to a spec, and a training uses none",
    "shots": "shots belong to a spec, and a training uses no references",
}
LEARNING = (ANOMALYCLIP.name, APRIL_GAN.name)  # a method from elsewhere brings its own training
EPILOG = """\b
Examples:
  promptdsl train anomalyclip --data VisA_20220922 -o prompts.safetensors
  promptdsl train april_gan --data pictures/ --model promptdsl-mini -o layers.safetensors
  promptdsl train anomalyclip --data mvtec --hold-out screw --hold-out pill -o prompts.safetensors

\b
Then, in a spec:
  method anomalyclip { weights: "prompts.safetensors" }

A training that was stopped, by Ctrl-C, a kill or a power cut, goes on when the same command is
given again.
"""

MODEL, SETTINGS = method_options(
    "The CLIP underneath, as in a spec: promptdsl-mini; a name and a tag of open_clip; "
    "CONFIG.json,WEIGHTS.  [default: the method's own]",
    "blocks: 18, 24",
)


@click.command("train", epilog=EPILOG)
@click.argument("method", type=click.Choice(LEARNING))
@click.option(
    "--data", "roots", multiple=True, required=True, metavar="ROOT",
    type=click.Path(path_type=Path), help="Labelled pictures with masks; may be given again.",
)  # fmt: skip
@choice("--layout", words=LAYOUTS)
@MODEL
@click.option(
    "--category", "categories", multiple=True, metavar="NAME",
    help="Use only this category; may be given again.",
)  # fmt: skip
@click.option(
    "--hold-out", multiple=True, metavar="NAME",
    help="Learn nothing from this category and judge by it; may be given again; none holds out "
    "nothing.  [default: one category of five]",
)  # fmt: skip
@SETTINGS
@click.option("--epochs", type=click.IntRange(1, 10_000), default=15, show_default=True)
@click.option("--batch-size", type=click.IntRange(1, 4096), default=8, show_default=True)
@click.option(
    "--rate", type=click.FloatRange(0, 1, min_open=True), default=1e-3, show_default=True,
    help="Adam's learning rate.",
)  # fmt: skip
@seed_option()
@click.option(
    "--save-every", type=click.IntRange(1), default=25, show_default=True, metavar="STEPS",
    help="How often the state is written that a stopped training goes on from.",
)  # fmt: skip
@device_option()
@precision_option(
    "Of the image tower, and on CUDA of the text tower; what is learned stays in float32."
)
@out_option("The weights file to write, NAME.safetensors.", required=True, dir_okay=False)
@overwrite_option()
@format_option()
@quiet_option()
def command(
    method: str,
    roots: tuple[Path, ...],
    layout: str,
    model: str | None,
    categories: tuple[str, ...],
    hold_out: tuple[str, ...],
    settings: tuple[str, ...],
    epochs: int,
    batch_size: int,
    rate: float,
    seed: int,
    save_every: int,
    device: str,
    precision: str,
    out: Path,
    overwrite: bool,
    form: str,
    quiet: bool,
) -> None:
    """Train the learned part of a METHOD on pictures with masks, and judge it on held-out ones.

    The data are in MVTec AD's folders, VisA's table, or plain folders CATEGORY/good,
    CATEGORY/DEFECT and CATEGORY/masks/DEFECT. As in the papers, learning uses the test pictures.
    """
    _check_out(out, overwrite)
    once = {root.resolve(): root for root in roots}
    if len(once) < len(roots):
        tell_note("a folder that --data names twice is used once")
    datasets = [read_dataset(root, layout, categories or None) for root in once.values()]  # type: ignore[arg-type]
    for dataset in datasets:
        for sentence in dataset.notes:
            tell_note(f"{dataset.name}: {sentence}")
    _refuse_incomplete(datasets)
    from promptdsl.training.material import choose_material
    from promptdsl.training.recipe import Recipe

    recipe = Recipe(epochs, batch_size, rate, seed, save_every)
    material = choose_material(datasets, hold_out, seed)
    task = _task(method, model, settings, material, datasets, recipe, device, precision, out)
    outcome = _run(task, quiet)
    _tell(outcome, task, form, settings)


def _refuse_incomplete(datasets: Sequence[Dataset]) -> None:
    """A training is too long to find out at its end that half of its pictures were not read."""
    problems = [f"{dataset.name}: {told}" for dataset in datasets for told in dataset.problems]
    for problem in problems[1:SHOWN_PROBLEMS]:
        tell_note(problem, "problem")
    if problems:
        more = f" ({counted(len(problems) - 1, 'more problem')})" if len(problems) > 1 else ""
        raise EnvironmentProblem(
            f"{problems[0]}{more}", "repair or remove these files, or choose with --category NAME"
        )


def _check_out(out: Path, overwrite: bool) -> None:
    if out.suffix != SUFFIX:
        raise UsageProblem(f"{out}: weights are written as {SUFFIX}", f"write {out}{SUFFIX}")
    if out.exists() and not overwrite:
        raise UsageProblem(f"{out} exists already", "use another name, or --overwrite")


def _task(
    method: str,
    model: str | None,
    settings: Sequence[str],
    material: "Material",
    datasets: Sequence[Dataset],
    recipe: Any,
    device: str,
    precision: str,
    out: Path,
) -> "Task":
    from promptdsl.engine.device import choose_compute
    from promptdsl.training.run import Task

    names = (*material.trained_on, *(category.name for category in material.held_out))
    plan = compile_method(method, model, settings, tuple(dict.fromkeys(names))).plan()
    return Task(
        plan.objects[0].method,
        Path.cwd(),
        choose_compute(device, precision),
        recipe,
        material,
        dict(zip(dict.fromkeys(names), (item.prompts for item in plan.objects), strict=True)),
        tuple(dataset.name for dataset in datasets),
        out,
    )


def compile_method(
    method: str, model: str | None, settings: Sequence[str], categories: Sequence[str]
) -> Compilation:
    """A spec with one object for each category; UsageProblem where a setting does not hold."""
    from promptdsl.training.material import called

    for name in (line.partition(":")[0].strip() for line in settings):
        if name in NOT_SET:
            raise UsageProblem(f"--set {name}: {NOT_SET[name]}")
    lines = list(settings)
    if model is not None:
        parts = (quote(part.strip()) for part in model.split(",") if part.strip())
        lines.insert(0, f"model: {', '.join(parts)}")
    block = "\n".join(f"    {line}" for line in lines)
    objects = [
        f"object part_{number} {{\n  called: {quote(called(name))}\n"
        f"  defect damage {{ include std.anomalous }}\n  method {method} {{\n{block}\n  }}\n}}\n"
        for number, name in enumerate(categories)
    ]
    profile = "april_gan" if method == "april_gan" else "winclip"
    text = f'inspect 1\nuse "std/{profile}" as std\n{"".join(objects)}'
    compilation = compile_text(text, "train", allow=(Path(Path.cwd().anchor),), to_train=True)
    for fault in compilation.report.errors:
        raise UsageProblem(fault.message, fault.help)
    told = {fault.code: fault for fault in compilation.report.warnings}
    if WITHOUT_EFFECT in told:
        raise UsageProblem(f"--set: {told[WITHOUT_EFFECT].message}", told[WITHOUT_EFFECT].help)
    if SCALED in told:
        tell_note(f"{told[SCALED].message}: {(told[SCALED].help or '').removeprefix('write ')}")
    return compilation


def _run(task: "Task", quiet: bool) -> "Outcome":
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.training.run import run

    try:
        with Progress(None, quiet=quiet, kept=True) as progress:
            return run(task, progress)
    except KeyboardInterrupt:
        tell_note("the same command goes on from the last saved step", "stopped")
        raise


def method_block(plan: "MethodPlan", settings: Sequence[str], weights: Path) -> str:
    """What to write into a spec of the current folder, to use the weights."""
    default = METHODS[plan.name].field("model")
    lines = [f"weights: {quote(weights.as_posix())}", *settings]
    if default is None or tuple(plan.model) != default.default:
        lines.insert(0, f"model: {', '.join(map(quote, plan.model))}")
    inner = "".join(f"    {line.strip()}\n" for line in lines)
    return f"in a spec of this folder:\n  method {plan.name} {{\n{inner}  }}"


def _tell(outcome: "Outcome", task: "Task", form: str, settings: Sequence[str]) -> None:
    if form == "json":
        content = {
            "out": str(outcome.out),
            "steps": outcome.steps,
            "losses": dict(outcome.losses),
            "trained_on": list(task.material.trained_on),
            "held_out": [asdict(figures) for figures in outcome.figures],
            "mean": dict(outcome.mean),
        }
        write_machines(json.dumps(content, indent=2) + "\n")
        return
    for figures in outcome.figures:
        say(
            f"{figures.category:<20} {counted(figures.pictures, 'picture'):>14}  "
            f"image AUROC {_percent(figures.image_auroc)}  "
            f"pixel AUROC {_percent(figures.pixel_auroc)}"
        )
    if len(outcome.figures) > 1:
        say(
            f"{'mean':<20} {'':>14}  image AUROC {_percent(outcome.mean['image_auroc'])}  "
            f"pixel AUROC {_percent(outcome.mean['pixel_auroc'])}"
        )
    if not outcome.figures:
        say("nothing was held out, so there is no figure of how good it is")
    trained = counted(len(task.material.trained_on), "category", "categories")
    say(f"wrote {outcome.out} (trained on {trained}, {outcome.steps:,} steps)")
    say(method_block(task.plan, settings, outcome.out))


def _percent(share: float | None) -> str:
    return "   -" if share is None else f"{share:6.1%}"
