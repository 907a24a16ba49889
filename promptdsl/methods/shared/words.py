"""The prompt ensemble as directions, and the probability that an embedding is anomalous.

    p = softmax([cos(v, normal), cos(v, anomalous)] / T)[anomalous] = sigmoid((a - n) / T)

where n and a are the largest cosines to the normal and to the anomalous directions. The three
poolings differ only in the directions: `mean` has one for each label, `defects` one for normal and
one for each defect, `max` one for each prompt. The softmax is monotone, so its maximum over defects
is the softmax of the largest cosine.

Shapes: N, M, R directions, D joint width, X any leading dimensions, K defects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.model import ClipModel
from promptdsl.clip.text import embed_prompts
from promptdsl.engine.device import Compute
from promptdsl.scoring.arrays import Array, unit_rows_of
from promptdsl.scoring.detector import Progress, Words

Averaging = Literal["normalized", "plain"]
Pooling = Literal["mean", "defects", "max"]
NORMAL, ANOMALOUS, NAMED, DEFECT = "words/normal", "words/anomalous", "words/named", "words/defect"


@dataclass(frozen=True, slots=True)
class Directions:
    """Unit vectors of the words. `defect_R` numbers the defect of each row of `named_RD`."""

    normal_ND: Tensor
    anomalous_MD: Tensor
    named_RD: Tensor
    defect_R: Tensor
    defects: tuple[str, ...]

    def to(self, device: torch.device) -> "Directions":
        """The same directions on a device."""
        return Directions(
            self.normal_ND.to(device),
            self.anomalous_MD.to(device),
            self.named_RD.to(device),
            self.defect_R.to(device),
            self.defects,
        )

    def tensors(self) -> dict[str, Tensor]:
        """By their names in a compiled plan."""
        return {
            NORMAL: self.normal_ND,
            ANOMALOUS: self.anomalous_MD,
            NAMED: self.named_RD,
            DEFECT: self.defect_R,
        }


def read_directions(tensors: Mapping[str, Tensor], defects: tuple[str, ...]) -> Directions:
    """The inverse of `Directions.tensors`."""
    normal, anomalous, named, defect = (tensors[n] for n in (NORMAL, ANOMALOUS, NAMED, DEFECT))
    return Directions(normal, anomalous, named, defect.long(), defects)


def direction_arrays(prompts: Words, pooling: Pooling, joint: int) -> dict[str, Array]:
    """The arrays of an ensemble's directions, as `find_directions` makes them."""
    defects = len({prompt.defect for prompt in prompts if prompt.defect is not None})
    good = sum(prompt.label == "normal" for prompt in prompts)
    bad = len(prompts) - good
    return {
        NORMAL: unit_rows_of(good if pooling == "max" else 1, joint),
        ANOMALOUS: unit_rows_of({"max": bad, "defects": defects, "mean": 1}[pooling], joint),
        NAMED: unit_rows_of(named := bad if pooling == "max" else defects, joint),
        DEFECT: Array((named,), 0, max(0, defects - 1), whole=True),
    }


def embed_words(
    model: ClipModel,
    prompts: Words,
    compute: Compute,
    averaging: Averaging,
    pooling: Pooling = "mean",
    progress: Progress | None = None,
) -> Directions:
    """The directions of an ensemble, on the device; embeddings come from the cache if known."""
    embeddings_TD = embed_prompts(
        model,
        [prompt.text for prompt in prompts],
        device=compute.device,
        progress=partial(progress, "prompts") if progress else None,
    )
    return find_directions(prompts, embeddings_TD, averaging, pooling).to(compute.device)


def find_directions(
    prompts: Words, embeddings_TD: Tensor, averaging: Averaging, pooling: Pooling
) -> Directions:
    """Pool the embeddings of the prompts; duplicates count as often as they stand."""
    defects = tuple(dict.fromkeys(p.defect for p in prompts if p.defect is not None))
    normal = torch.tensor([prompt.label == "normal" for prompt in prompts])
    number = torch.tensor(
        [-1 if prompt.defect is None else defects.index(prompt.defect) for prompt in prompts]
    )
    raw_normal, raw_bad = embeddings_TD[normal], embeddings_TD[~normal]
    if pooling == "max":
        unit = F.normalize(raw_bad, dim=-1)
        return Directions(F.normalize(raw_normal, dim=-1), unit, unit, number[~normal], defects)
    groups = [embeddings_TD[number == index] for index in range(len(defects))]
    named = torch.stack([prototype(group, averaging) for group in groups])
    together = prototype(raw_bad, averaging)[None] if pooling == "mean" else named
    normal_1D = prototype(raw_normal, averaging)[None]
    return Directions(normal_1D, together, named, torch.arange(len(defects)), defects)


def prototype(embeddings_TD: Tensor, averaging: Averaging) -> Tensor:
    """(D,) unit vector: the mean, of normalised embeddings or of the plain ones."""
    rows = F.normalize(embeddings_TD, dim=-1) if averaging == "normalized" else embeddings_TD
    return F.normalize(rows.mean(dim=0), dim=-1)


def anomaly_probability(v_XD: Tensor, words: Directions, temperature: float) -> Tensor:
    """(X) in [0, 1]."""
    unit = F.normalize(v_XD, dim=-1)
    normal = (unit @ words.normal_ND.t()).amax(dim=-1)
    anomalous = (unit @ words.anomalous_MD.t()).amax(dim=-1)
    return torch.sigmoid((anomalous - normal) / temperature)


def defect_probabilities(v_BD: Tensor, words: Directions, temperature: float) -> Tensor:
    """(B, K): each defect alone against normal."""
    unit = F.normalize(v_BD, dim=-1)
    normal_B1 = (unit @ words.normal_ND.t()).amax(dim=-1, keepdim=True)
    cosines_BR = unit @ words.named_RD.t()
    best_BK = cosines_BR.new_full((len(unit), len(words.defects)), -2.0)
    best_BK.scatter_reduce_(1, words.defect_R.expand(len(unit), -1), cosines_BR, "amax")
    return torch.sigmoid((best_BK - normal_B1) / temperature)
