"""The two learned prompts, read by the text tower.

    [c1] ... [cn] object.            [c1'] ... [cn'] damaged object.

The contexts c are learned, one set for each prompt. In the text blocks from the second on, the
first positions after the start token are overwritten by that block's own learned tokens, rounded
through float16 as the published code does.

Shapes: K = 2 prompts (normal, anomalous), L tokens, E width of the text tower, D joint width.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.model import ClipModel
from promptdsl.clip.tower import Block, TextTower
from promptdsl.methods.anomalyclip.learned import ANOMALOUS, DEEP, NORMAL
from promptdsl.scoring.arrays import numbered

GOOD_WORDS, BAD_WORDS = "object.", "damaged object."


def fixed_tokens(model: ClipModel) -> tuple[list[int], list[int]]:
    """Token ids of the written part of both prompts, from start-of-text to end-of-text."""
    return model.tokenize(GOOD_WORDS), model.tokenize(BAD_WORDS)


def text_features(
    tower: TextTower, learned: Mapping[str, Tensor], ids: tuple[list[int], list[int]]
) -> Tensor:
    """(K, D), not normalised; differentiable in the learned prompts, by the names of their files.

    `context_*` are (n_ctx, E), `deep.N` (t_n_ctx, E) for each text block after the first.
    """
    place = tower.position.device
    contexts = [learned[name].to(place).float() for name in (NORMAL, ANOMALOUS)]
    deep = [learned[f"{DEEP}{n}"].to(place).float() for n in range(numbered(learned, DEEP))]
    rows = [_embedded(tower, row, c) for row, c in zip(ids, contexts, strict=True)]
    ends = torch.tensor([len(row) - 1 for row in rows], device=place)
    longest = max(len(row) for row in rows)
    x_KLE = torch.stack([F.pad(row, (0, 0, 0, longest - len(row))) for row in rows])
    x_KLE = x_KLE + tower.position[:longest]
    for number, block in enumerate(tower.blocks):
        if 1 <= number <= len(deep):
            x_KLE = _overwritten(x_KLE, deep[number - 1])
        x_KLE = _block(block, x_KLE)
    ended_KE = x_KLE[torch.arange(len(rows), device=ends.device), ends]
    return tower.norm_final(ended_KE) @ tower.projection


def _embedded(tower: TextTower, ids: list[int], context: Tensor) -> Tensor:
    """(L, E): start of text, the learned context, the written words."""
    numbers = torch.tensor(ids, device=tower.position.device)
    words = F.embedding(numbers, tower.tokens).float()
    return torch.cat([words[:1], context, words[1:]])


def _overwritten(x_KLE: Tensor, deep: Tensor) -> Tensor:
    rounded = deep.half().float().expand(len(x_KLE), -1, -1)
    return torch.cat([x_KLE[:, :1], rounded, x_KLE[:, 1 + len(deep) :]], dim=1)


def _block(block: Block, x_KLE: Tensor) -> Tensor:
    """One causal block, nothing in place: gradients pass."""
    count, length, width = x_KLE.shape
    qkv = F.linear(block.norm_1(x_KLE), block.qkv.weight, block.qkv.bias)
    q, k, v = qkv.view(count, length, 3, block.heads, -1).permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
    mixed = mixed.transpose(1, 2).reshape(count, length, width)
    x_KLE = x_KLE + F.linear(mixed, block.out.weight, block.out.bias)
    hidden = F.linear(block.norm_2(x_KLE), block.up.weight, block.up.bias)
    hidden = F.gelu(hidden) if block.activation == "gelu" else F.silu(hidden)
    return x_KLE + F.linear(hidden, block.down.weight, block.down.bias)
