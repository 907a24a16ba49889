"""`promptdsl train`: learn the prompts of AnomalyCLIP or the linear layers of APRIL-GAN."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

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
from promptdsl.cli.shown.terminal import counted, say, tell_note, write_json
from promptdsl.evaluate.datasets import LAYOUTS
from promptdsl.methods import METHODS
from promptdsl.training.method_lines import method_block
from promptdsl.training.prepare import check_out, make_task, read_data

if TYPE_CHECKING:
    from promptdsl.plan.model import MethodPlan
    from promptdsl.training.run import Outcome, Task

LEARNING = [method.name for method in METHODS.values() if method.training]
EPILOG = """\b
Examples:
  promptdsl train anomalyclip --data VisA_20220922 -o prompts.safetensors
  promptdsl train april_gan --data new --model promptdsl-mini -o w.safetensors
  promptdsl train anomalyclip --data mvtec --hold-out pill -o p.safetensors

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
    check_out(out, overwrite)
    datasets = read_data(roots, layout, categories, tell_note)
    from promptdsl.training.material import choose_material
    from promptdsl.training.recipe import Recipe

    recipe = Recipe(epochs, batch_size, rate, seed, save_every)
    material = choose_material(datasets, hold_out, seed)
    compute = (device, precision)
    task = make_task(method, model, settings, material, datasets, recipe, compute, out, tell_note)
    outcome = _run(task, quiet)
    if form == "json":
        write_json(outcome.described())
    else:
        _tell(outcome, task.plan, settings)


def _run(task: "Task", quiet: bool) -> "Outcome":
    from promptdsl.cli.shown.progress import Progress
    from promptdsl.training.run import run

    try:
        with Progress(None, quiet=quiet, kept=True) as progress:
            return run(task, progress)
    except KeyboardInterrupt:
        tell_note("the same command goes on from the last saved step", "stopped")
        raise


def _tell(outcome: "Outcome", plan: "MethodPlan", settings: Sequence[str]) -> None:
    for figures in outcome.figures:
        many = counted(figures.pictures, "picture")
        say(_row(figures.category, many, figures.image_auroc, figures.pixel_auroc))
    if len(outcome.figures) > 1:
        say(_row("mean", "", outcome.mean["image_auroc"], outcome.mean["pixel_auroc"]))
    if not outcome.figures:
        say("nothing was held out, so there is no figure of how good it is")
    trained = counted(len(outcome.trained_on), "category", "categories")
    say(f"wrote {outcome.out} (trained on {trained}, {counted(outcome.steps, 'step')})")
    say(method_block(plan, settings, outcome.out))


def _row(name: str, pictures: str, image: float | None, pixel: float | None) -> str:
    shares = ("   -" if share is None else f"{share:6.1%}" for share in (image, pixel))
    return "{:<20} {:>14}  image AUROC {}  pixel AUROC {}".format(name, pictures, *shares)
