"""Transformer towers as plain tensors, ready for inference.

Two exact rewritings happen when weights are taken over. LayerScale is folded into the linear layer
before it. QuickGELU, `x sigmoid(1.702 x) = silu(1.702 x) / 1.702`, becomes SiLU between rescaled
linear layers, so that either activation runs in place.

Shapes: B batch, L tokens of a sequence, T tokens of all sequences, C width, H heads, D joint width,
P patches.
"""

from dataclasses import dataclass
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.attention import rows_at_once
from promptdsl.clip.config import ClipConfig, TowerConfig

QUICK_GELU = 1.702
Resize = Literal["bilinear", "bicubic"]


@dataclass(frozen=True, slots=True)
class Linear:
    """`x weight^T + bias`."""

    weight: Tensor
    bias: Tensor

    def __call__(self, x_TC: Tensor, out: Tensor | None = None) -> Tensor:
        """Apply to rows, into `out` where it is given; then in pieces that end soon."""
        rows = rows_at_once(x_TC, self.weight.numel())
        if out is None or len(x_TC) <= rows:
            return torch.addmm(self.bias, x_TC, self.weight.t(), out=out)
        for part, target in zip(torch.split(x_TC, rows), torch.split(out, rows), strict=True):
            torch.addmm(self.bias, part, self.weight.t(), out=target)
        return out

    def rows(self, start: int, stop: int) -> "Linear":
        """The part of the layer that computes some of its outputs."""
        return Linear(self.weight[start:stop], self.bias[start:stop])


@dataclass(frozen=True, slots=True)
class Norm:
    """Layer normalisation; kept in float32 whatever the tower's type."""

    weight: Tensor
    bias: Tensor
    epsilon: float

    def __call__(self, x: Tensor) -> Tensor:
        """Normalise the last dimension."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.epsilon)


@dataclass(frozen=True, slots=True)
class Block:
    """One pre-norm transformer block."""

    norm_1: Norm
    qkv: Linear
    out: Linear
    norm_2: Norm
    up: Linear
    down: Linear
    heads: int
    activation: Literal["gelu", "silu"]


@dataclass(frozen=True, slots=True)
class VisionTower:
    """The image tower at one image size. `position` is `(1 + P, C)`."""

    patch: Tensor  # (C, 3, S, S)
    class_token: Tensor
    position: Tensor
    norm_pre: Norm | None
    blocks: tuple[Block, ...]
    norm_post: Norm
    projection: Tensor  # (C, D)
    mean: Tensor  # (3, 1, 1), on the scale of 0 to 255
    std: Tensor
    image_size: tuple[int, int]
    grid: tuple[int, int]

    @property
    def width(self) -> int:
        """Channels of a token."""
        return int(self.class_token.shape[0])


@dataclass(frozen=True, slots=True)
class TextTower:
    """The text tower; causal, read at the end-of-text token."""

    tokens: Tensor  # (V, C)
    position: Tensor
    blocks: tuple[Block, ...]
    norm_final: Norm
    projection: Tensor


State = dict[str, Tensor]


def activate_(block: Block, hidden_TM: Tensor) -> Tensor:
    """The block's activation, in place."""
    if block.activation == "gelu":
        return torch.ops.aten.gelu_(hidden_TM)  # type: ignore[no-any-return]
    return F.silu(hidden_TM, inplace=True)


def read_vision(
    state: State,
    config: ClipConfig,
    image_size: tuple[int, int],
    resize: Resize,
    device: torch.device,
    dtype: torch.dtype,
) -> VisionTower:
    """Take the image tower out of a state dict whose shapes have been checked."""
    grid = (image_size[0] // config.patch_size, image_size[1] // config.patch_size)
    position = resize_position(state["visual.positional_embedding"].float(), grid, resize)

    def exact(values: Tensor) -> Tensor:
        return values.to(device, torch.float32)

    return VisionTower(
        patch=state["visual.conv1.weight"].to(device, dtype),
        class_token=exact(state["visual.class_embedding"]),
        position=exact(position),
        norm_pre=_norm(state, "visual.ln_pre", config.vision.epsilon, device)
        if config.norm_pre
        else None,
        blocks=_blocks(
            state, "visual.transformer", config.vision, config.quick_gelu, device, dtype
        ),
        norm_post=_norm(state, "visual.ln_post", config.vision.epsilon, device),
        projection=exact(state["visual.proj"]),
        mean=exact(torch.tensor(config.mean)).mul(255).view(3, 1, 1),
        std=exact(torch.tensor(config.std)).mul(255).view(3, 1, 1),
        image_size=image_size,
        grid=grid,
    )


def read_text(state: State, config: ClipConfig, device: torch.device) -> TextTower:
    """Take the text tower out of a state dict, in float32: its work is done once and cached."""
    return TextTower(
        tokens=state["token_embedding.weight"].to(device),  # cast row by row when looked up
        position=state["positional_embedding"].to(device, torch.float32),
        blocks=_blocks(state, "transformer", config.text, config.quick_gelu, device, torch.float32),
        norm_final=_norm(state, "ln_final", config.text.epsilon, device),
        projection=state["text_projection"].to(device, torch.float32),
    )


def _norm(state: State, name: str, epsilon: float, device: torch.device) -> Norm:
    weight, bias = (
        state[f"{name}.{part}"].to(device, torch.float32) for part in ("weight", "bias")
    )
    return Norm(weight, bias, epsilon)


def _blocks(
    state: State,
    name: str,
    config: TowerConfig,
    quick_gelu: bool,
    device: torch.device,
    dtype: torch.dtype,
) -> tuple[Block, ...]:
    up, down = (QUICK_GELU, 1 / QUICK_GELU) if quick_gelu else (1.0, 1.0)

    def linear(prefix: str, kind: str, rows: Tensor | float = 1.0, inputs: float = 1.0) -> Linear:
        weight, bias = state[f"{prefix}{kind}weight"], state[f"{prefix}{kind}bias"]
        if isinstance(rows, Tensor) or rows != 1.0 or inputs != 1.0:
            factor = torch.as_tensor(rows, dtype=torch.float32)
            weight = weight.float() * (factor * inputs).view(-1, 1)
            bias = bias.float() * factor
        return Linear(weight.to(device, dtype), bias.to(device, dtype))

    def scale(prefix: str, kind: str) -> Tensor | float:
        return state[f"{prefix}{kind}.gamma"].float() if config.layer_scale else 1.0

    def block(prefix: str) -> Block:
        return Block(
            norm_1=_norm(state, f"{prefix}ln_1", config.epsilon, device),
            qkv=linear(prefix, "attn.in_proj_"),
            out=linear(prefix, "attn.out_proj.", scale(prefix, "ls_1")),
            norm_2=_norm(state, f"{prefix}ln_2", config.epsilon, device),
            up=linear(prefix, "mlp.c_fc.", up),
            down=linear(prefix, "mlp.c_proj.", scale(prefix, "ls_2"), down),
            heads=config.heads,
            activation="silu" if quick_gelu else "gelu",
        )

    return tuple(block(f"{name}.resblocks.{layer}.") for layer in range(config.layers))


def picture_tokens(tower: VisionTower, pictures_B3HW: Tensor) -> Tensor:
    """(B, 1 + P, C) float32 tokens of uint8 pictures at the tower's size, after `ln_pre`."""
    pixels = (pictures_B3HW.float() - tower.mean) / tower.std
    side = tower.patch.shape[-1]
    batch, (down, across) = pixels.shape[0], tower.grid
    flat = pixels.view(batch, 3, down, side, across, side).permute(0, 2, 4, 1, 3, 5)
    flat = flat.reshape(batch * down * across, -1).to(tower.patch.dtype)
    patches = (flat @ tower.patch.flatten(1).t()).float().view(batch, down * across, -1)
    first = tower.class_token.expand(batch, 1, -1)
    tokens = torch.cat([first, patches], dim=1) + tower.position
    return tower.norm_pre(tokens) if tower.norm_pre is not None else tokens


def resize_position(position_NC: Tensor, grid: tuple[int, int], resize: Resize) -> Tensor:
    """Fit the position embedding to another grid; the class token's stays as it is.

    `bicubic` is open_clip's way (with antialias), `bilinear` that of AnomalyCLIP.
    """
    old = round((position_NC.shape[0] - 1) ** 0.5)
    if grid == (old, old):
        return position_NC
    plane = position_NC[1:].reshape(1, old, old, -1).permute(0, 3, 1, 2)
    plane = F.interpolate(
        plane, size=grid, mode=resize, align_corners=False, antialias=resize == "bicubic"
    )
    return torch.cat([position_NC[:1], plane.flatten(2)[0].t()])
