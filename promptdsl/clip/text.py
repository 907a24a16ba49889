"""Prompts to embeddings: each different prompt is encoded once and kept on disk.

The text tower is causal and is read at the end-of-text token. So what follows that token changes
nothing and is cut off, and prompts that begin alike share all tokens of their common beginning: the
linear layers run once for each different beginning, which an ensemble of templates and states has
few of. In the last block only the rows that are read are computed. All of it is exact.

Shapes: N prompts, L tokens of the longest, T different beginnings, C width, H heads, D joint width.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.model import ClipModel
from promptdsl.clip.text_cache import Row, load_embeddings, store_embeddings
from promptdsl.clip.tower import Block, TextTower, activate_
from promptdsl.errors import SpecProblem

BATCH_PROMPTS = 256  # in alphabetical order, so that those which begin alike come together
Progress = Callable[[int, int], None]  # done, of how many


def embed_prompts(
    model: ClipModel,
    prompts: Sequence[str],
    *,
    device: torch.device | None = None,
    cached: bool = True,
    progress: Progress | None = None,
) -> Tensor:
    """(N, D) float32 on the CPU, not normalised, one row for each prompt, duplicates included."""
    different = list(dict.fromkeys(prompts))
    known = load_embeddings(model.identity, different, model.config.embed_dim) if cached else {}
    missing = [prompt for prompt in different if prompt not in known]
    if missing:
        fresh = _encode(model, missing, device or torch.device("cpu"), progress)
        known |= fresh
        if cached:
            store_embeddings(model.identity, fresh)
    return torch.from_numpy(np.stack([known[prompt] for prompt in prompts]))


@torch.inference_mode()
def _encode(
    model: ClipModel, prompts: list[str], device: torch.device, progress: Progress | None
) -> dict[str, Row]:
    ids = [_token_ids(model, prompt) for prompt in prompts]
    tower = model.text_tower(device)
    order = sorted(range(len(prompts)), key=ids.__getitem__)
    embeddings: dict[str, Row] = {}
    for start in range(0, len(order), BATCH_PROMPTS):
        batch = order[start : start + BATCH_PROMPTS]
        rows = encode_ids(tower, [ids[index] for index in batch]).cpu().numpy()
        embeddings |= {prompts[index]: row for index, row in zip(batch, rows, strict=True)}
        if progress is not None:
            progress(len(embeddings), len(prompts))
    return embeddings


def _token_ids(model: ClipModel, prompt: str) -> list[int]:
    ids = model.tokenize(prompt)
    most = model.config.context_length
    if len(ids) > most:
        raise SpecProblem(
            f'the prompt "{prompt[:60]}..." has {len(ids)} tokens, '
            f"but {model.name} reads at most {most}; shorten the phrase or the template"
        )
    return ids


@dataclass(frozen=True, slots=True)
class Beginnings:
    """The different beginnings of token sequences, and where each prompt runs through them."""

    tokens_T: Tensor  # last token of the beginning
    depth_T: Tensor  # its position
    path_NL: Tensor  # numbers of the beginnings of each prompt, padded with 0
    lengths_N: Tensor
    first_T: Tensor  # one place in the flattened path of each beginning


def share_beginnings(ids: Sequence[Sequence[int]], device: torch.device) -> Beginnings:
    """Number every different beginning of the sequences."""
    longest = max(len(row) for row in ids)
    numbers: dict[tuple[int, int], int] = {}  # (number of the beginning before, token)
    rows: list[tuple[int, int, int]] = []  # token, depth and first place of each beginning
    paths: list[list[int]] = []
    for prompt, row in enumerate(ids):
        path: list[int] = []
        for depth, token in enumerate(row):
            step = (path[-1] if path else -1, token)
            path.append(numbers.setdefault(step, len(numbers)))
            if len(numbers) > len(rows):
                rows.append((token, depth, prompt * longest + depth))
        paths.append(path + [0] * (longest - len(path)))
    tokens_T, depth_T, first_T = torch.tensor(rows, device=device).unbind(dim=1)
    lengths_N = torch.tensor([len(row) for row in ids], device=device)
    path_NL = torch.tensor(paths, device=device)
    return Beginnings(tokens_T, depth_T, path_NL, lengths_N, first_T)


def encode_ids(tower: TextTower, ids: Sequence[Sequence[int]]) -> Tensor:
    """(N, D) embeddings of token sequences, each ending in the end-of-text token."""
    shared = share_beginnings(ids, tower.position.device)
    x_TC = F.embedding(shared.tokens_T, tower.tokens).float() + tower.position[shared.depth_T]
    for block in tower.blocks[:-1]:
        q, k, v = _heads(block, x_TC, shared)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        mixed_TC = mixed.transpose(1, 2).flatten(2).flatten(0, 1)[shared.first_T]
        x_TC = _mlp(block, x_TC + block.out(mixed_TC))
    return tower.norm_final(_last_block(tower.blocks[-1], x_TC, shared)) @ tower.projection


def _last_block(block: Block, x_TC: Tensor, shared: Beginnings) -> Tensor:
    """(N, C): only the row at the end of each text goes on."""
    q, k, v = _heads(block, x_TC, shared)
    rows = torch.arange(len(q), device=x_TC.device)
    ends = shared.lengths_N - 1
    seen = torch.arange(q.shape[2], device=x_TC.device) <= ends[:, None]
    mixed = F.scaled_dot_product_attention(
        q[rows, :, ends].unsqueeze(2), k, v, attn_mask=seen[:, None, None, :]
    )
    return _mlp(block, x_TC[shared.path_NL[rows, ends]] + block.out(mixed.flatten(1)))


def _heads(block: Block, x_TC: Tensor, shared: Beginnings) -> tuple[Tensor, Tensor, Tensor]:
    """(N, H, L, C / H) queries, keys and values along every prompt."""
    count, longest = shared.path_NL.shape
    qkv_NL3 = block.qkv(block.norm_1(x_TC))[shared.path_NL]
    shape = (count, longest, 3, block.heads, x_TC.shape[1] // block.heads)
    q, k, v = qkv_NL3.view(shape).permute(2, 0, 3, 1, 4)
    return q, k, v


def _mlp(block: Block, x_TC: Tensor) -> Tensor:
    return x_TC + block.down(activate_(block, block.up(block.norm_2(x_TC))))
