"""The arrays of APRIL-GAN: of learned linear layers in a file, and of a compiled plan.

Shapes: S stages, P patches, K references, C tower width, D joint width.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from promptdsl.clip.config import ClipConfig
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.april_gan.settings import AprilGanSettings
from promptdsl.methods.shared.words import Labelled
from promptdsl.methods.winclip.arrays import direction_arrays, references_in
from promptdsl.scoring.arrays import Array, misfit, numbered, rows_of, unit_rows_of

GOOD_MAXIMUM = "references/good_maximum"
ADAPTER_WEIGHT, ADAPTER_BIAS = "adapters/weight", "adapters/bias"


def memory_name(stage: int) -> str:
    """Name of a stage's memory in a compiled plan."""
    return f"memory/stage_{stage}"


def state_arrays(
    tensors: Mapping[str, Tensor],
    prompts: Sequence[Labelled],
    settings: AprilGanSettings,
    config: ClipConfig,
    grid: tuple[int, int],
) -> dict[str, Array]:
    """What a compiled plan stores: words, adapters and, with references, the memory."""
    width, joint, stages = config.vision.width, config.embed_dim, len(settings.stages)
    found = {
        **direction_arrays(prompts, "mean", joint),
        ADAPTER_WEIGHT: Array((stages, joint, width)),
        ADAPTER_BIAS: Array((stages, joint)),
    }
    if not settings.references:
        return found
    each = grid[0] * grid[1]
    count = references_in(tensors, memory_name(settings.stages[0]), each, settings.shots)
    for stage in settings.stages:
        found[memory_name(stage)] = unit_rows_of(count * each, width)
    return found | {GOOD_MAXIMUM: Array((1,), 0.0, 1.0)}


def learned_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """The layers that a file seems to hold: all of one shape, without a gap."""
    joint = rows_of(tensors, "stage.0.weight")
    width = tensors["stage.0.weight"].shape[-1] if joint else 0
    found: dict[str, Array] = {}
    for number in range(max(1, numbered(tensors, "stage.", ".weight"))):
        found[f"stage.{number}.weight"] = Array((joint, width))
        found[f"stage.{number}.bias"] = Array((joint,))
    return found


def check_learned(tensors: Mapping[str, Tensor], source: str) -> None:
    """EnvironmentProblem for layers without any row."""
    if "stage.0.weight" in tensors and not rows_of(tensors, "stage.0.weight"):
        raise EnvironmentProblem(f"{source}: stage.0.weight has no rows, so nothing was learned")


def check_fit(tensors: Mapping[str, Tensor], config: ClipConfig, source: str, model: str) -> None:
    """EnvironmentProblem for layers that do not lead from this model's tokens to its words."""
    first, expected = tensors["stage.0.weight"], (config.embed_dim, config.vision.width)
    if tuple(first.shape) != expected:
        raise misfit(source, model, "stage.0.weight", first, expected)
