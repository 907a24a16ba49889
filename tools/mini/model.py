"""The small CLIP: open_clip's own `CLIP`, run here with a table of only the tokens it learns.

Shapes: B pictures, P patches (15 x 15), W windows, C width, D joint width, N texts, T tokens.
"""

import json
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .words import every_text

CONFIG_FILE = "models_builtin/promptdsl-mini/config.json"


def mini_config() -> dict[str, Any]:
    """The shipped model's configuration, in open_clip's own form."""
    text = resources.files("promptdsl").joinpath(CONFIG_FILE).read_text("utf-8")
    config: dict[str, Any] = json.loads(text)
    return config


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The rows of the token table that are trained: row 0 stands for every other token."""

    ids: np.ndarray  # sorted BPE ids; compact row i + 1 is token ids[i]

    def compact(self, tokens: Tensor) -> Tensor:
        """BPE ids to compact rows, cut to the longest text. The order of the ids is kept, so that
        the end-of-text token stays the largest.
        """
        table = torch.from_numpy(self.ids)
        place = torch.searchsorted(table, tokens).clamp(max=len(table) - 1)
        rows = torch.where(table[place] == tokens, place + 1, torch.zeros_like(place))
        longest = int(tokens.argmax(-1).max()) + 1
        return rows[:, :longest]


def vocabulary() -> Vocabulary:
    """The tokens of all words that training uses."""
    tokens = open_clip.SimpleTokenizer()(every_text())
    ids = torch.unique(tokens)
    return Vocabulary(ids[ids > 0].numpy())


def build(config: dict[str, Any], words: Vocabulary, seed: int) -> open_clip.CLIP:
    """An untrained model with a compact token table and an even start."""
    torch.manual_seed(seed)
    keys = {key: config[key] for key in ("embed_dim", "vision_cfg", "text_cfg")}
    keys["text_cfg"] = {**keys["text_cfg"], "vocab_size": len(words.ids) + 1}
    model = open_clip.CLIP(**keys)
    width = model.token_embedding.embedding_dim
    model.token_embedding = nn.Embedding(len(words.ids) + 1, width, padding_idx=0)
    nn.init.normal_(model.token_embedding.weight, std=0.05)
    nn.init.normal_(model.positional_embedding, std=0.01)
    with torch.no_grad():
        model.token_embedding.weight[0].zero_()
        start_vision(model.visual)
    return model


def start_vision(visual: Any) -> None:
    """Waves as position embedding and small residual branches: a faster start than noise."""
    side, width = visual.grid_size[0], visual.class_embedding.shape[0]
    step = torch.arange(side).float()
    rates = torch.exp(torch.linspace(0, -3, width // 4))
    waves = torch.cat([torch.sin(step[:, None] * rates), torch.cos(step[:, None] * rates)], 1)
    rows = waves[:, None, :].expand(side, side, -1)
    columns = waves[None, :, :].expand(side, side, -1)
    visual.positional_embedding[1:] = 0.15 * torch.cat([rows, columns], -1).reshape(side * side, -1)
    visual.positional_embedding[0].zero_()
    nn.init.normal_(visual.conv1.weight, std=0.05)
    for block in visual.transformer.resblocks:
        block.attn.out_proj.weight.mul_(0.4)
        block.mlp.c_proj.weight.mul_(0.4)


def embed_patches(visual: Any, pictures_B3HW: Tensor) -> Tensor:
    """Class and patch tokens with their position embeddings, before `ln_pre`: (B, 1 + P, C)."""
    patch, width = visual.patch_size[0], visual.class_embedding.shape[0]
    batch, _, height, _ = pictures_B3HW.shape
    side = height // patch
    pieces = pictures_B3HW.reshape(batch, 3, side, patch, side, patch)
    pieces = pieces.permute(0, 2, 4, 1, 3, 5).reshape(batch, side * side, -1)
    tokens = F.linear(pieces, visual.conv1.weight.reshape(width, -1))
    first = visual.class_embedding.to(tokens.dtype).expand(batch, 1, -1)
    position: Tensor = visual.positional_embedding.to(tokens.dtype)
    return torch.cat([first, tokens], 1) + position


def attention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None) -> Tensor:
    """Softmax attention; plain products on the CPU, whose backward pass is far faster there."""
    if q.is_cuda:
        return F.scaled_dot_product_attention(q, k, v, is_causal=mask is not None)
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is not None:
        scores = scores + mask[: q.shape[-2], : q.shape[-2]].to(scores.dtype)
    with torch.autocast("cpu", enabled=False):
        weights = scores.softmax(-1)
    mixed: Tensor = weights @ v
    return mixed


def run_block(block: Any, x: Tensor, mask: Tensor | None) -> Tensor:
    """One transformer block of open_clip, written flat: the same numbers with fewer calls."""
    batch, length, width = x.shape
    heads = block.attn.num_heads
    packed = F.linear(block.ln_1(x), block.attn.in_proj_weight, block.attn.in_proj_bias)
    q, k, v = packed.reshape(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
    mixed = attention(q, k, v, mask)
    mixed = mixed.transpose(1, 2).reshape(batch, length, width)
    x = x + F.linear(mixed, block.attn.out_proj.weight, block.attn.out_proj.bias)
    x = x + block.mlp(block.ln_2(x))
    return x


def block_outputs(visual: Any, tokens_BTC: Tensor) -> list[Tensor]:
    """The stream after every block, (B, T, C) each."""
    x, found = visual.ln_pre(tokens_BTC), []
    for block in visual.transformer.resblocks:
        x = run_block(block, x, None)
        found.append(x)
    return found


def joint(visual: Any, x: Tensor) -> Tensor:
    """Normalised joint embeddings of tokens of the last block: (..., D)."""
    return F.normalize((visual.ln_post(x) @ visual.proj).float(), dim=-1)


def encode_tokens(visual: Any, tokens_BTC: Tensor, only_class: bool = False) -> Tensor:
    """Normalised joint embeddings of every token, the class token first: (B, T, D)."""
    x = block_outputs(visual, tokens_BTC)[-1]
    return joint(visual, x[:, 0] if only_class else x)


def encode_texts(model: Any, rows_NT: Tensor) -> Tensor:
    """Normalised joint embeddings of texts given as compact rows: (N, D)."""
    length = rows_NT.shape[1]
    x = model.token_embedding(rows_NT) + model.positional_embedding[:length]
    for block in model.transformer.resblocks:
        x = run_block(block, x, model.attn_mask)
    x = model.ln_final(x)[torch.arange(len(rows_NT), device=rows_NT.device), rows_NT.argmax(-1)]
    return F.normalize((x @ model.text_projection).float(), dim=-1)


def packed_state(model: Any, words: Vocabulary, longest: int = 40) -> dict[str, Tensor]:
    """The state to ship, in half precision: trained token rows with their ids, no positions past
    `longest`.
    """
    state = {name: value.detach().half().cpu() for name, value in model.state_dict().items()}
    state["token_rows"] = state.pop("token_embedding.weight")[1:].clone()
    state["token_ids"] = torch.from_numpy(words.ids.astype(np.int32))
    state["positional_embedding"] = state["positional_embedding"].clone()
    state["positional_embedding"][longest:] = 0
    state.pop("attn_mask", None)
    return {name: value.contiguous() for name, value in state.items()}


def write_config(path: Path, config: dict[str, Any]) -> None:
    """Write a configuration as open_clip stores its own."""
    path.write_text(json.dumps(config, indent=4) + "\n", "utf-8")
