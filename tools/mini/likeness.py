"""The losses that make references worth having: near for the same product, far for its defects.

WinCLIP+ and APRIL-GAN compare a picture with good pictures of the same product, by
V = min (1 - cosine) / 2 over what the references hold. Two pairs of a batch show one product in two
poses; the good twin of the other pair is the reference here. Each V is a decision at `MIDDLE`,
so that good places end far below it and defects far above, on the scale that V is averaged on.

Shapes: B pictures (good twins, then defective twins), N pairs, P places, M places of the reference.
"""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .model import encode_tokens

MIDDLE = 0.15  # V that divides good from defective
SLOPE = 0.05
STRIDE = 3  # patches between the windows of a reference, of which a step sees only some
DEFECT = 5.0  # weight of a defective place


def partner(pairs: int) -> Tensor:
    """The pair that shows the same product as each pair."""
    return torch.arange(pairs) ^ 1


def away(seen_BPD: Tensor, good_NMD: Tensor) -> Tensor:
    """V of every place of the twins against their reference: (B, P)."""
    memory = good_NMD[partner(len(good_NMD)).to(good_NMD.device)].repeat(2, 1, 1)
    with torch.autocast(seen_BPD.device.type, enabled=False):
        seen, kept = F.normalize(seen_BPD.float(), dim=-1), F.normalize(memory.float(), dim=-1)
        return (1 - (seen @ kept.transpose(1, 2)).amax(-1)) / 2


def decided(away_BP: Tensor, damaged_NP: Tensor, clear_NP: Tensor, maximum: bool) -> Tensor:
    """Cross-entropy of clear places, and of the largest V of a picture where all are there."""
    logits = (away_BP - MIDDLE) / SLOPE
    target = torch.cat([torch.zeros_like(damaged_NP), damaged_NP]).float()
    weight = torch.cat([torch.ones_like(clear_NP), clear_NP]).float() * (1 + (DEFECT - 1) * target)
    losses = F.binary_cross_entropy_with_logits(logits, target, reduction="none")
    total = (losses * weight).sum() / weight.sum().clamp(min=1e-6)
    if maximum:
        good, bad = logits.amax(1).chunk(2)
        total = total + 0.5 * (F.softplus(good).mean() + F.softplus(-bad).mean())
        total = total + F.softplus(good - bad).mean()
    return total


def tokens_loss(layers: list[Tensor], damaged_NP: Tensor, clear_NP: Tensor) -> Tensor:
    """Patch tokens of some layers, each (B, P, C), against the other pose's good picture."""
    found = [decided(away(x, x[: len(x) // 2]), damaged_NP, clear_NP, maximum=True) for x in layers]
    return torch.stack(found).mean()


def spread_windows(side: int, size: int, dice: torch.Generator) -> Tensor:
    """Patch numbers (W, size * size) of windows `STRIDE` apart, from a random first one."""
    shift = torch.randint(0, STRIDE, (2,), generator=dice)
    rows, columns = (torch.arange(int(s), side - size + 1, STRIDE) for s in shift)
    inner = (torch.arange(size)[:, None] * side + torch.arange(size)[None]).reshape(-1)
    return (rows[:, None] * side + columns[None]).reshape(-1, 1) + inner


@torch.no_grad()
def reference_windows(
    visual: Any, tokens_BTC: Tensor, size: int, side: int, dice: torch.Generator
) -> Tensor:
    """Window embeddings (N, M, D) of the good twins; only what is compared with them learns."""
    good = tokens_BTC[: len(tokens_BTC) // 2]
    place = spread_windows(side, size, dice).to(good.device) + 1
    cut = good[:, place.reshape(-1)].reshape(-1, size * size, good.shape[-1])
    first = good[:, :1].repeat_interleave(len(place), 0)
    seen = encode_tokens(visual, torch.cat([first, cut], 1), only_class=True)
    return seen.reshape(len(good), len(place), -1)


def windows_loss(
    seen_BWD: Tensor, damaged_NW: Tensor, clear_NW: Tensor, good_NMD: Tensor
) -> Tensor:
    """Some windows of the twins against the windows of the other pose's good picture."""
    return decided(away(seen_BWD, good_NMD), damaged_NW, clear_NW, maximum=False)
