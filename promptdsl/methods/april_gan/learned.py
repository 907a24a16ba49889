"""APRIL-GAN's learned layers: as published, as arrays of a file of ours, and held to a model.

{"trainable_linearlayer": {"fc.N.weight", "fc.N.bias"}}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from promptdsl.clip.config import ClipConfig
from promptdsl.clip.weights import check_numbers
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.shared.published_checkpoints import numbered_parts, plane, refuse_unlike
from promptdsl.scoring.arrays import Array, misfit, numbered, rows_of

PUBLISHED = "trainable_linearlayer"


def read_published(state: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """Our names. EnvironmentProblem for a part that is missing or unlike the others."""
    tensors: dict[str, Tensor] = {}
    count = numbered_parts(state, r"fc\.([0-9]{1,4})\..*", path)
    for n in range(count):
        tensors[f"stage.{n}.weight"] = plane(state, f"fc.{n}.weight", path)
        bias = state.get(f"fc.{n}.bias")
        if not isinstance(bias, Tensor) or bias.ndim != 1:
            raise EnvironmentProblem(f"{path}: fc.{n}.bias is missing or no row of numbers")
        check_numbers(bias, f"fc.{n}.bias", str(path))
        tensors[f"stage.{n}.bias"] = bias.detach().float()
    if not count:
        raise EnvironmentProblem(f"{path}: fc.0.weight is missing in {PUBLISHED}")
    refuse_unlike([tensors[f"stage.{n}.weight"] for n in range(count)], "fc", path)
    return tensors


def shape_facts(
    tensors: Mapping[str, Tensor], settings: Mapping[str, Any], source: str
) -> dict[str, int]:
    """Nothing; EnvironmentProblem where there is not one layer for each stage."""
    count, stages = numbered(tensors, "stage.", ".weight"), settings["stages"]
    if count != len(stages):
        raise EnvironmentProblem(
            f"{source} has linear layers for {count} stages, and there are "
            f"{len(stages)}: {', '.join(map(str, stages))}",
            help='say which blocks they belong to, for example --set "stages: 3, 6, 9"',
        )
    return {}


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
