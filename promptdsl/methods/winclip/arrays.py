"""The arrays of WinCLIP in a compiled plan: directions of the words, memories of the references.

Shapes: N, M, R directions, K defects, W windows, P patches, C tower width, D joint width.
"""

from collections.abc import Mapping, Sequence

from torch import Tensor

from promptdsl.clip.config import ClipConfig
from promptdsl.methods.shared.words import Directions, Labelled
from promptdsl.methods.winclip.settings import Pooling, WinclipSettings
from promptdsl.methods.winclip.windows import count_windows
from promptdsl.scoring.arrays import Array, rows_of, unit_rows_of

NORMAL, ANOMALOUS, NAMED, DEFECT = "words/normal", "words/anomalous", "words/named", "words/defect"
MEMORY = "memory/"
PATCHES = "patches"


def state_arrays(
    tensors: Mapping[str, Tensor],
    prompts: Sequence[Labelled],
    settings: WinclipSettings,
    config: ClipConfig,
    grid: tuple[int, int],
) -> dict[str, Array]:
    """What a compiled plan stores: words and, with references, one memory for each scale."""
    found = direction_arrays(prompts, settings.pooling, config.embed_dim)
    if not settings.references:
        return found
    each = grid[0] * grid[1]
    count = references_in(tensors, MEMORY + PATCHES, each, settings.shots)
    found[MEMORY + PATCHES] = unit_rows_of(count * each, config.vision.width)
    for size in settings.sizes:
        rows = count * count_windows(grid, size, settings.stride)
        found[MEMORY + size.name] = unit_rows_of(rows, config.embed_dim)
    return found


def direction_arrays(prompts: Sequence[Labelled], pooling: Pooling, joint: int) -> dict[str, Array]:
    """The directions of an ensemble, as `find_directions` makes them."""
    defects = len({prompt.defect for prompt in prompts if prompt.defect is not None})
    good = sum(prompt.label == "normal" for prompt in prompts)
    bad = len(prompts) - good
    normal = good if pooling == "max" else 1
    anomalous = {"max": bad, "defects": defects, "mean": 1}[pooling]
    named = bad if pooling == "max" else defects
    return {
        NORMAL: unit_rows_of(normal, joint),
        ANOMALOUS: unit_rows_of(anomalous, joint),
        NAMED: unit_rows_of(named, joint),
        DEFECT: Array((named,), 0, max(0, defects - 1), whole=True),
    }


def references_in(tensors: Mapping[str, Tensor], name: str, each: int, shots: int | None) -> int:
    """How many pictures a memory must be of: as asked for, else as it seems to hold."""
    return shots if shots is not None else max(1, rows_of(tensors, name) // each)


def direction_tensors(words: Directions) -> dict[str, Tensor]:
    """The directions by their names in a compiled plan."""
    return {
        NORMAL: words.normal_ND,
        ANOMALOUS: words.anomalous_MD,
        NAMED: words.named_RD,
        DEFECT: words.defect_R,
    }


def read_directions(tensors: Mapping[str, Tensor], defects: tuple[str, ...]) -> Directions:
    """The inverse of `direction_tensors`."""
    return Directions(
        tensors[NORMAL], tensors[ANOMALOUS], tensors[NAMED], tensors[DEFECT].long(), defects
    )
