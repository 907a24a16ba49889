"""The losses of one step, summed; every two-way decision is WinCLIP's own softmax at T = 0.07.

- `state`: the whole picture against one text per (object, state);
- `picture`: the whole picture, normal against damaged, of its own object and of "object";
- `name`: a damaged picture against its object's own defects;
- `window`: windows of 2 to 5 patches a side, cut as WinCLIP cuts them, labelled by their mask;
- `patch`: the same for single patch tokens of the last block, where the defect is seen first;
- `raw`: `picture` for the class token without the last LayerNorm, which AnomalyCLIP reads;
- `likeness`, `windows_alike`: patches and windows against a good picture of the same product in
  another pose, see `likeness.py`.

Shapes: N pairs, B = 2 N pictures, P patches, W windows, K tokens, D joint width, O objects + ANY.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tools.pictures import ALL_DEFECTS, TRAINED

from .batches import ANY, STATES, Batch
from .likeness import reference_windows, tokens_loss, windows_loss
from .model import block_outputs, embed_patches, encode_texts, encode_tokens, joint

TEMPERATURE = 0.07
SEEN = 0.08  # share of a patch that must be defect for the patch to count as damaged
UNSEEN = 0.01
STATE_OBJECT = torch.tensor([TRAINED.index(name) for name, _ in STATES])
STATE_DEFECT = torch.tensor([ALL_DEFECTS.index(defect) for _, defect in STATES])
MEAN = torch.tensor([0.48145466, 0.4578275, 0.40821073]).reshape(1, 3, 1, 1) * 255
STD = torch.tensor([0.26862954, 0.26130258, 0.27577711]).reshape(1, 3, 1, 1) * 255


@dataclass(slots=True)
class Words:
    """Text embeddings of a step."""

    normal_OD: Tensor
    damaged_OD: Tensor
    state_SD: Tensor
    defect_FD: Tensor  # of "object"


def read_words(model: Any, texts_NT: Tensor, each: int) -> Words:
    """Encode the texts and average the prompts of one label."""
    every = encode_texts(model, texts_NT)
    count = (ANY + 1) * each
    labels = every[: 2 * count].reshape(2, ANY + 1, each, -1)
    labels = F.normalize(F.normalize(labels.float(), dim=-1).mean(2), dim=-1)
    rest = every[2 * count :]
    return Words(labels[0], labels[1], rest[: len(STATES)], rest[len(STATES) :])


def cosines(seen_MD: Tensor, texts_ND: Tensor) -> Tensor:
    """(M, N) in float32, also where the transformer runs in bfloat16."""
    with torch.autocast(seen_MD.device.type, enabled=False):
        return seen_MD.float() @ texts_ND.float().T


def two_way(seen: Tensor, normal: Tensor, damaged: Tensor) -> Tensor:
    """Log-odds of damage: (cos to damaged - cos to normal) / T, over the last dimension."""
    return (seen * (damaged - normal)).sum(-1) / TEMPERATURE


def judged(seen: Tensor, objects: Tensor, words: Words, target: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy of normal against damaged, for the own object and for "object".

    `seen` is (B, ..., D), `objects` (B,), `target` and `weight` (B, ...).
    """
    view = (len(objects), *([1] * (seen.dim() - 2)), seen.shape[-1])
    own = two_way(
        seen, words.normal_OD[objects].reshape(view), words.damaged_OD[objects].reshape(view)
    )
    general = two_way(seen, words.normal_OD[ANY], words.damaged_OD[ANY])
    total = weight.sum().clamp(min=1e-6)
    losses = [
        F.binary_cross_entropy_with_logits(x, target, reduction="none") for x in (own, general)
    ]
    return ((losses[0] + 0.6 * losses[1]) * weight).sum() / total


def named(seen_MD: Tensor, state_M: Tensor, words: Words) -> Tensor:
    """Cross-entropy over the defects that the own object can have, by its words and "object"'s."""
    same = (
        STATE_OBJECT.to(state_M.device)[state_M][:, None] == STATE_OBJECT.to(state_M.device)[None]
    )
    own = cosines(seen_MD, words.state_SD) / TEMPERATURE
    general = cosines(seen_MD, words.defect_FD[STATE_DEFECT.to(state_M.device)]) / TEMPERATURE
    hidden = torch.finfo(torch.float32).min
    own, general = own.masked_fill(~same, hidden), general.masked_fill(~same, hidden)
    return F.cross_entropy(own, state_M) + 0.5 * F.cross_entropy(general, state_M)


def general_judgement(seen_BD: Tensor, objects: Tensor, words: Words) -> Tensor:
    """Normal against damaged of whole pictures; the second half of them are damaged."""
    damaged = (torch.arange(len(objects), device=objects.device) >= len(objects) // 2).float()
    return judged(seen_BD, objects, words, damaged, torch.ones_like(damaged))


def whole_picture(seen_BD: Tensor, batch: Batch, words: Words, scale: Tensor) -> dict[str, Tensor]:
    """The losses of the class token of the whole picture."""
    pairs = len(batch.object_N)
    objects = batch.object_N.repeat(2)
    damaged = torch.arange(2 * pairs, device=objects.device) >= pairs
    classes = torch.cat([words.normal_OD[:ANY], words.state_SD])
    target = torch.cat([batch.object_N, batch.state_N + ANY])
    state = F.cross_entropy(scale * cosines(seen_BD, classes), target, label_smoothing=0.03)
    picture = general_judgement(seen_BD, objects, words)
    against = two_way(seen_BD, words.normal_OD[objects], words.state_SD[batch.state_N.repeat(2)])
    picture = picture + 0.5 * F.binary_cross_entropy_with_logits(against, damaged.float())
    own = two_way(seen_BD, words.normal_OD[objects], words.damaged_OD[objects])
    right = ((own > 0) == damaged).float().mean()
    return {
        "state": state,
        "picture": picture,
        "name": named(seen_BD[pairs:], batch.state_N, words),
        "right": right.detach(),
    }


def windows_at(share_NP: Tensor, size: int, count: int, side: int, dice: torch.Generator) -> Tensor:
    """Patch indices (N, W, size * size) of random windows, half of them over the defect."""
    pairs = len(share_NP)
    over = torch.multinomial(share_NP.cpu() + 1e-6, count, replacement=True, generator=dice)
    free = torch.randint(0, side * side, (pairs, count), generator=dice)
    middle = torch.where(torch.arange(count) < (count + 1) // 2, over, free)
    shift = torch.randint(0, size, (2, pairs, count), generator=dice)
    row = (middle // side - shift[0]).clamp(0, side - size)
    column = (middle % side - shift[1]).clamp(0, side - size)
    steps = torch.arange(size)
    inner = (steps[:, None] * side + steps[None]).reshape(-1)
    return (row * side + column)[..., None] + inner


def window_losses(
    visual: Any, tokens_BTC: Tensor, batch: Batch, words: Words, dice: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Windows of three sizes, each size as one batch of short sequences: by words, by likeness."""
    pairs, width = len(batch.object_N), tokens_BTC.shape[-1]
    side = visual.grid_size[0]
    total = tokens_BTC.new_zeros((), dtype=torch.float32)
    alike = total
    large = 4 + int(torch.randint(0, 2, (1,), generator=dice))
    compared = 2 + int(torch.randint(0, 2, (1,), generator=dice))
    for size, count, part in ((2, 4, 1.0), (3, 4, 1.0), (large, 1, 0.5)):
        place = windows_at(batch.share_NP, size, count, side, dice).to(tokens_BTC.device)
        under = batch.share_NP.gather(1, place.reshape(pairs, -1)).reshape(place.shape)
        share_NW = torch.maximum(under.amax(-1), 0.6 * under.sum(-1))
        where = (place.repeat(2, 1, 1) + 1).reshape(2 * pairs, -1, 1).expand(-1, -1, width)
        patches = tokens_BTC.gather(1, where).reshape(2 * pairs, count, size * size, width)
        first = tokens_BTC[:, None, :1].expand(-1, count, -1, -1)
        cut = torch.cat([first, patches], 2).reshape(2 * pairs * count, 1 + size * size, width)
        seen = encode_tokens(visual, cut, only_class=True).reshape(2 * pairs, count, -1)
        total = total + part * labelled(seen, share_NW, batch, words, 1.5)
        if size == compared:
            good = reference_windows(visual, tokens_BTC, size, side, dice)
            alike = windows_loss(seen, *certain(share_NW), good)
    return total / 2.5, alike


def certain(share: Tensor) -> tuple[Tensor, Tensor]:
    """Which places count as damaged, and which are surely one or the other."""
    damaged = share >= SEEN
    return damaged, damaged | (share < UNSEEN)


def labelled(
    seen_BWD: Tensor, share_NW: Tensor, batch: Batch, words: Words, weight: float
) -> Tensor:
    """Two-way loss of windows or patches labelled by their share of defect, and the name's."""
    damaged, clear = certain(share_NW)
    target = torch.cat([torch.zeros_like(damaged), damaged]).float()
    known = torch.cat([torch.ones_like(clear), clear]).float() * (1 + (weight - 1) * target)
    loss = judged(seen_BWD, batch.object_N.repeat(2), words, target, known)
    hit = seen_BWD[len(damaged) :][damaged]
    if len(hit):
        states = batch.state_N[:, None].expand_as(damaged)[damaged]
        loss = loss + 0.4 * named(hit, states, words)
    return loss


def block_patches(share_NP: Tensor, keep: int, dice: torch.Generator) -> Tensor:
    """Patch numbers (N, keep * keep) of one square of each pair, over its defect."""
    side = round(share_NP.shape[1] ** 0.5)
    return windows_at(share_NP, keep, 1, side, dice)[:, 0]


def step_losses(
    model: Any, batch: Batch, each: int, keep: int, dice: torch.Generator
) -> dict[str, Tensor]:
    """All losses of one batch; the whole picture is cut to a square of `keep` patches a side."""
    visual = model.visual
    words = read_words(model, batch.texts_NT, each)
    mean, std = MEAN.to(batch.pictures_B3HW.device), STD.to(batch.pictures_B3HW.device)
    tokens = embed_patches(visual, (batch.pictures_B3HW.float() - mean) / std)
    whole, share = tokens, batch.share_NP
    if keep < visual.grid_size[0]:
        place = block_patches(share, keep, dice).to(tokens.device)
        share = share.gather(1, place)
        where = (place.repeat(2, 1) + 1)[..., None].expand(-1, -1, tokens.shape[-1])
        whole = torch.cat([tokens[:, :1], tokens.gather(1, where)], 1)
    outputs = block_outputs(visual, whole)
    seen = joint(visual, outputs[-1])
    losses = whole_picture(seen[:, 0], batch, words, model.logit_scale.exp().clamp(max=60))
    raw = F.normalize((outputs[-1][:, 0] @ visual.proj).float(), dim=-1)
    losses["raw"] = general_judgement(raw, batch.object_N.repeat(2), words)
    losses["window"], losses["windows_alike"] = window_losses(visual, tokens, batch, words, dice)
    losses["patch"] = labelled(seen[:, 1:], share, batch, words, 6.0)
    losses["likeness"] = torch.zeros_like(losses["patch"])
    if whole is tokens:
        layers = [x[:, 1:] for x in (*outputs[-2:], visual.ln_post(outputs[-1]))]
        losses["likeness"] = tokens_loss(layers, *certain(share))
    return losses
