"""Names of tensors in the layouts that CLIP weights come in, and the exact way between them.

Ours is the one that open_clip and OpenAI share. Hugging Face transformers' `CLIPModel` holds the
same numbers under other names; query, key and value apart, and the projections transposed:

    in_proj_weight = [q; k; v]        visual.proj = visual_projection^T

Nothing is rounded or computed on the way. Other layouts are named and refused.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from promptdsl.errors import EnvironmentProblem

Shapes = Mapping[str, tuple[int, ...]]
# Nothing that scores depends on these, and open_clip leaves them out as well: buffers, facts that
# OpenAI's archives carry, and the scale of the training's loss.
WITHOUT_EFFECT = frozenset(
    "logit_scale logit_bias attn_mask visual.attn_mask input_resolution context_length vocab_size "
    "text_model.embeddings.position_ids vision_model.embeddings.position_ids".split()
)
_TRANSFORMERS = ("vision_model.", "text_model.")
_WHOLE = {
    "vision_model.embeddings.class_embedding": "visual.class_embedding",
    "vision_model.embeddings.patch_embedding.weight": "visual.conv1.weight",
    "vision_model.embeddings.position_embedding.weight": "visual.positional_embedding",
    "vision_model.pre_layrnorm.weight": "visual.ln_pre.weight",
    "vision_model.pre_layrnorm.bias": "visual.ln_pre.bias",
    "vision_model.post_layernorm.weight": "visual.ln_post.weight",
    "vision_model.post_layernorm.bias": "visual.ln_post.bias",
    "text_model.embeddings.token_embedding.weight": "token_embedding.weight",
    "text_model.embeddings.position_embedding.weight": "positional_embedding",
    "text_model.final_layer_norm.weight": "ln_final.weight",
    "text_model.final_layer_norm.bias": "ln_final.bias",
}
_TRANSPOSED = {
    "visual_projection.weight": "visual.proj",
    "text_projection.weight": "text_projection",
}
_TOWERS = {"vision_model": "visual.transformer", "text_model": "transformer"}
_LAYER = re.compile(
    r"(vision_model|text_model)\.encoder\.layers\.([0-9]{1,4})\.(.+)\.(weight|bias)"
)
_PARTS = {
    "self_attn.out_proj": "attn.out_proj.",
    "layer_norm1": "ln_1.",
    "layer_norm2": "ln_2.",
    "mlp.fc1": "mlp.c_fc.",
    "mlp.fc2": "mlp.c_proj.",
}
_JOINED = ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj")
# Marks of layouts that hold other towers than the ones that can serve.
_OTHERS = (
    ("cls_token", "of a timm vision transformer, without a text tower"),
    ("visual.trunk.cls_token", "of open_clip with an image tower of timm"),
    ("visual.layer1.0.conv1.weight", "of a CLIP with a ResNet, which has no patch tokens"),
    ("embeddings.cls_token", "of a vision transformer of Hugging Face transformers"),
    ("text_decoder.token_embedding.weight", "of a CoCa, which pools by attention"),
)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one of our tensors is made: stored ones below one another, perhaps transposed."""

    parts: tuple[str, ...]
    transposed: bool = False


def recipes(shapes: Shapes, source: str) -> dict[str, Recipe]:
    """Our names of all tensors in a file, and how each is made.

    EnvironmentProblem for a layout that cannot be brought into ours exactly.
    """
    for mark, layout in _OTHERS:
        if mark in shapes:
            raise _foreign(source, f"its tensors are those {layout}")
    if not any(name.startswith(_TRANSFORMERS) for name in shapes):
        return {name: Recipe((name,)) for name in shapes}
    found: dict[str, Recipe] = {}
    for name in shapes:
        if name not in WITHOUT_EFFECT:
            place, recipe = _from_transformers(name, shapes, source)
            found[place] = recipe
    return found


def shape_of(recipe: Recipe, shapes: Shapes) -> tuple[int, ...]:
    """The shape that a recipe gives."""
    first = shapes[recipe.parts[0]]
    if recipe.transposed:
        return first[::-1]
    if len(recipe.parts) == 1 or not first:
        return first
    return (sum(shapes[part][0] for part in recipe.parts if shapes[part]), *first[1:])


def cook(
    recipe_of: Mapping[str, Recipe],
    names: Iterable[str],
    read: Callable[[Iterable[str]], dict[str, Tensor]],
) -> dict[str, Tensor]:
    """Tensors by our names, one after the other."""
    return {name: _cooked(recipe_of[name], read) for name in names}


def _cooked(recipe: Recipe, read: Callable[[Iterable[str]], dict[str, Tensor]]) -> Tensor:
    stored = read(recipe.parts)
    tensors = [stored[part] for part in recipe.parts]
    tensor = tensors[0] if len(tensors) == 1 else torch.cat(tensors)
    return tensor.t().contiguous() if recipe.transposed else tensor


def _from_transformers(name: str, shapes: Shapes, source: str) -> tuple[str, Recipe]:
    if name in _WHOLE:
        return _WHOLE[name], Recipe((name,))
    if name in _TRANSPOSED:
        if len(shapes[name]) != 2:
            raise _unlike(source, name)
        return _TRANSPOSED[name], Recipe((name,), transposed=True)
    layer = _LAYER.fullmatch(name)
    if layer is None:
        raise _unlike(source, name)
    tower, number, part, kind = layer.groups()
    place = f"{_TOWERS[tower]}.resblocks.{int(number)}."
    if part in _PARTS:
        return f"{place}{_PARTS[part]}{kind}", Recipe((name,))
    if part not in _JOINED:
        raise _unlike(source, name)
    stem = f"{tower}.encoder.layers.{number}"
    three = tuple(f"{stem}.{one}.{kind}" for one in _JOINED)
    missing = next((one for one in three if one not in shapes), None)
    if missing is not None:
        raise _foreign(source, f"it is in the layout of Hugging Face transformers, and {missing} "
                       "is missing")  # fmt: skip
    if len({shapes[one] for one in three}) != 1:
        raise _unlike(source, name)
    return f"{place}attn.in_proj_{kind}", Recipe(three)


def _unlike(source: str, name: str) -> EnvironmentProblem:
    return _foreign(
        source,
        "it is in the layout of Hugging Face transformers, but not of its CLIPModel, which has "
        f"no {name[:100]} like this one",
    )


def _foreign(source: str, what: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{source} cannot serve: {what}",
        help="bring weights in open_clip's layout (open_clip_model.safetensors) or those of "
        "transformers' CLIPModel",
    )
