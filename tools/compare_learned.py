"""The methods side by side on pictures that none of them has learned from.

`python -m tools.compare_learned --data ROOT`

WinCLIP needs no learning, so that its zero-shot figures say what the CLIP alone can do. A method
that learns is also shown untrained: AnomalyCLIP asks its two questions without learned tokens, and
APRIL-GAN reads its stages by the CLIP's own last LayerNorm and projection, not by learned layers.
Each category is one product: with --shots, its own good training pictures are the references.
Words are the published ones of each method.

Shapes: D joint width, C tower width.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click
import torch
from torch import Tensor

from promptdsl.clip.model import load_model
from promptdsl.engine.window_encoder import Encoded
from promptdsl.evaluate.datasets import Category, read_dataset
from promptdsl.language.statements import quote
from promptdsl.methods import BUILTIN_MODEL, METHODS
from promptdsl.methods.anomalyclip.detector import AnomalyclipDetector
from promptdsl.methods.anomalyclip.learned import ANOMALOUS, NORMAL
from promptdsl.methods.anomalyclip.prompts import fixed_tokens, text_features
from promptdsl.methods.april_gan.detector import AprilGanDetector
from promptdsl.methods.april_gan.encoder import StageEncoder
from promptdsl.methods.april_gan.scoring import Adapters
from promptdsl.pipeline import compile_text
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.detector import Detector, build_detector
from promptdsl.scoring.features import IMAGE
from promptdsl.training.judge import Figures, judge, mean
from promptdsl.training.material import called

UNTRAINED = " untrained"
WAYS = (
    ("winclip", 0),
    ("winclip", 1),
    ("anomalyclip" + UNTRAINED, 0),
    ("anomalyclip", 0),
    ("april_gan" + UNTRAINED, 0),
    ("april_gan", 0),
    ("april_gan", 1),
)


class NormedStages(StageEncoder):
    """Stages after the tower's last LayerNorm, so that its own projection can read them."""

    def encode_at_once(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode pictures as one batch."""
        found = super().encode_at_once(pictures_B3HW)
        return {n: x if n == IMAGE else self.tower.norm_post(x) for n, x in found.items()}


def plan_of(
    category: Category, method: str, model: Sequence[str], shots: int, weights: Path | None
) -> ObjectPlan:
    """The plan of one category under a method with published words."""
    lines = [f"model: {', '.join(map(quote, model))}"]
    if shots:
        files = [picture.path.absolute().as_posix() for picture in category.train_good[:shots]]
        lines.append(f"references: {', '.join(map(quote, files))}")
    if weights is not None:
        lines.append(f"weights: {quote(weights.absolute().as_posix())}")
    text = (
        f'inspect 1\nuse "{METHODS[method].profile}" as std\nobject part {{\n'
        f"  called: {quote(called(category.name))}\n  defect damage {{ include std.anomalous }}\n"
        f"  method {method} {{\n" + "\n".join(lines) + "\n  }\n}\n"
    )
    compiled = compile_text(text, "compare", allow=(Path(Path.cwd().anchor),))
    for fault in compiled.report.errors:
        raise click.UsageError(fault.message)
    return compiled.plan().objects[0]


def detector_of(plan: ObjectPlan, untrained: bool, precision: str) -> Detector:
    """The plan's detector; untrained, with nothing learned in it."""
    detector = build_detector(plan, spec_folder=Path.cwd(), precision=precision)
    if untrained and isinstance(detector, AnomalyclipDetector):
        return unlearned_prompts(detector, plan)
    if untrained and isinstance(detector, AprilGanDetector):
        return unlearned_layers(detector)
    return detector


def unlearned_prompts(detector: AnomalyclipDetector, plan: ObjectPlan) -> AnomalyclipDetector:
    """Asks "object." and "damaged object." as they are."""
    model = load_model(plan.method, Path.cwd())
    nothing = torch.zeros(0, model.config.text.width)
    tower = model.text_tower(torch.device("cpu"))
    prompts = {NORMAL: nothing, ANOMALOUS: nothing}
    with torch.inference_mode():
        text_2D = text_features(tower, prompts, fixed_tokens(model))
    return replace(detector, text_2D=text_2D.to(detector.compute.device))


def unlearned_layers(detector: AprilGanDetector) -> AprilGanDetector:
    """Every stage through the tower's own LayerNorm and projection."""
    stages, tower = detector.settings.stages, detector.encoder.tower
    weight_DC = tower.projection.float().T.contiguous()
    adapters = Adapters(
        weight_DC.expand(len(stages), -1, -1), weight_DC.new_zeros(len(stages), len(weight_DC))
    )
    other = replace(detector, adapters=adapters)
    vars(other)["encoder"] = NormedStages(tower, stages)
    return other


def mean_line(name: str, figures: Sequence[Figures]) -> str:
    """The averages over all products, in percent."""
    means = (
        100 * (value if value is not None else float("nan")) for value in mean(figures).values()
    )
    return "{:<22} image AUROC {:5.1f}  pixel AUROC {:5.1f}".format(name, *means)


@click.command(help=__doc__)
@click.option("--data", "roots", multiple=True, required=True, type=click.Path(path_type=Path))
@click.option("--category", "categories", multiple=True, help="Only this one; may be given again.")
@click.option("--model", default=BUILTIN_MODEL, show_default=True, metavar="NAME[,TAG]")
@click.option("--shots", default=4, show_default=True, type=click.IntRange(1))
@click.option("--anomalyclip", type=click.Path(path_type=Path), help="Weights; else the built-in.")
@click.option("--april-gan", type=click.Path(path_type=Path), help="Weights; else the built-in.")
@click.option("--precision", default="fp32", show_default=True)
@click.option("-o", "--out", type=click.Path(path_type=Path), help="Write the figures as JSON.")
def main(
    roots: tuple[Path, ...],
    categories: tuple[str, ...],
    model: str,
    shots: int,
    anomalyclip: Path | None,
    april_gan: Path | None,
    precision: str,
    out: Path | None,
) -> None:
    """Print a line for each way."""
    weights = {"anomalyclip": anomalyclip, "april_gan": april_gan}
    found = [read_dataset(root, "auto", categories or None) for root in roots]
    products = [category for dataset in found for category in dataset.categories]
    report = {}
    for method, few in WAYS:
        count = shots if few else 0
        figures = []
        for category in products:
            name = method.partition(" ")[0]
            plan = plan_of(category, name, model.split(","), count, weights.get(name))
            figures.append(judge(detector_of(plan, UNTRAINED in method, precision), category))
        name = f"{method} {count}-shot"
        click.echo(mean_line(name, figures))
        report[name] = [asdict(figure) for figure in figures]
    if out is not None:
        out.write_text(json.dumps(report, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
