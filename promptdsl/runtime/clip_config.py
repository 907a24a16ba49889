"""The shape of a CLIP, read from an open_clip config, and the reasons why one cannot serve.

Served: the plain VisionTransformer with a class token and the plain causal TextTransformer.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from promptdsl.errors import EnvironmentProblem

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
Config = Mapping[str, Any]

# Keys that change nothing at inference, or nothing at the value given here.
NEUTRAL_VISION: dict[str, tuple[object, ...]] = {
    "patch_dropout": (0, 0.0, None),
    "attentional_pool": (False, None),
    "pool_type": ("tok",),
    "pos_embed_type": ("learnable", "sin_cos_2d"),
    "timm_model_name": (None, ""),
    "block_type": (None, "default"),
    "qk_norm": (False,),
    "scaled_cosine_attn": (False,),
    "scale_heads": (False,),
    "scale_attn_inner": (False,),
    "scale_attn": (False,),
    "scale_fc": (False,),
    "input_patchnorm": (False,),
    "global_average_pool": (False,),
    "act_kwargs": (None, {}),
}
NEUTRAL_TEXT: dict[str, tuple[object, ...]] = {
    "hf_model_name": (None, ""),
    "hf_tokenizer_name": (None, ""),
    "embed_cls": (False,),
    "no_causal_mask": (False,),
    "use_pad_mask": (False,),
    "pool_type": ("argmax",),
    "proj_bias": (False,),
    "proj_type": ("linear",),
    "block_type": (None, "default"),
    "qk_norm": (False,),
    "scaled_cosine_attn": (False,),
    "scale_heads": (False,),
    "scale_attn_inner": (False,),
    "scale_attn": (False,),
    "scale_fc": (False,),
    "act_kwargs": (None, {}),
}
REASONS = {
    "patch_dropout": "it drops patches",
    "attentional_pool": "it pools by attention (as CoCa does), so windows have no class token",
    "timm_model_name": "its image tower comes from timm",
    "hf_model_name": "its text tower comes from Hugging Face transformers",
    "hf_tokenizer_name": "it needs a tokenizer of its own",
    "no_causal_mask": "its text tower is not causal",
    "embed_cls": "its text tower reads a class token instead of the end of the text",
}
REASON_POOL = "it averages patches instead of reading a class token"


@dataclass(frozen=True, slots=True)
class TowerConfig:
    """One transformer: `hidden` is the width inside the MLP."""

    width: int
    layers: int
    heads: int
    hidden: int
    epsilon: float
    layer_scale: bool


@dataclass(frozen=True, slots=True)
class ClipConfig:
    """What promptdsl needs to know of a CLIP. Sizes are (height, width) in pixels."""

    embed_dim: int
    quick_gelu: bool
    image_size: tuple[int, int]
    patch_size: int
    norm_pre: bool
    vision: TowerConfig
    context_length: int
    vocab_size: int
    text: TowerConfig
    clean: str  # how the tokenizer tidies text
    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    @property
    def grid(self) -> tuple[int, int]:
        """Patches down and across at the model's own image size."""
        return self.image_size[0] // self.patch_size, self.image_size[1] // self.patch_size


def read_config(config: Config, name: str) -> ClipConfig:
    """Check an open_clip config and take out what is needed. Raises EnvironmentProblem."""
    model = config.get("model_cfg", config)
    try:
        vision, text = model["vision_cfg"], model["text_cfg"]
        _refuse_strangers(model, vision, text, name)
        preprocess = config.get("preprocess_cfg", {})
        size = vision.get("image_size", 224)
        return ClipConfig(
            embed_dim=int(model["embed_dim"]),
            quick_gelu=bool(model.get("quick_gelu", False)),
            image_size=(int(size), int(size)) if isinstance(size, int) else (size[0], size[1]),
            patch_size=int(vision.get("patch_size", 16)),
            norm_pre=not vision.get("no_ln_pre", False),
            vision=_tower(vision, vision.get("width", 768) // vision.get("head_width", 64), 768),
            context_length=int(text.get("context_length", 77)),
            vocab_size=int(text.get("vocab_size", 49408)),
            text=_tower(text, text.get("heads", 8), 512),
            clean=(text.get("tokenizer_kwargs") or {}).get("clean", "lower"),
            mean=_triple(preprocess.get("mean", CLIP_MEAN)),
            std=_triple(preprocess.get("std", CLIP_STD)),
        )
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise EnvironmentProblem(
            f"the config of {name} is not an open_clip model config ({error!r})"
        ) from error


def _tower(part: Config, heads: int, default_width: int) -> TowerConfig:
    width = int(part.get("width", default_width))
    return TowerConfig(
        width=width,
        layers=int(part.get("layers", 12)),
        heads=int(heads),
        hidden=int(width * part.get("mlp_ratio", 4.0)),
        epsilon=float((part.get("norm_kwargs") or {}).get("eps", 1e-5)),
        layer_scale=part.get("ls_init_value") is not None,
    )


def _triple(values: Any) -> tuple[float, float, float]:
    red, green, blue = (float(value) for value in values)
    return red, green, blue


def _refuse_strangers(model: Config, vision: Config, text: Config, name: str) -> None:
    if "multimodal_cfg" in model:
        raise _refusal(name, REASONS["attentional_pool"])
    if isinstance(vision.get("layers", 12), (list, tuple)):
        raise _refusal(name, "its image tower is a ResNet, which has no patch tokens to cut out")
    if vision.get("patch_size") is not None and not isinstance(vision["patch_size"], int):
        raise _refusal(name, "its patches are not square")
    for part, neutral in ((vision, NEUTRAL_VISION), (text, NEUTRAL_TEXT)):
        for key, allowed in neutral.items():
            if key in part and part[key] not in allowed:
                raise _refusal(name, _reason(key, part))


def _reason(key: str, part: Config) -> str:
    if key == "pool_type" and part[key] == "avg":
        return REASON_POOL
    return REASONS.get(key, f"its config has {key}: {part[key]!r}")


def _refusal(name: str, reason: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{name} cannot serve: {reason}",
        help="use a plain vision transformer of open_clip, such as ViT-B-16-plus-240",
    )


def expected_shapes(config: ClipConfig) -> dict[str, tuple[int, ...]]:
    """Name and shape of every tensor, in the names that open_clip and OpenAI share."""
    vision, text = config.vision, config.text
    patches = config.grid[0] * config.grid[1]
    shapes: dict[str, tuple[int, ...]] = {
        "visual.class_embedding": (vision.width,),
        "visual.positional_embedding": (patches + 1, vision.width),
        "visual.conv1.weight": (vision.width, 3, config.patch_size, config.patch_size),
        "visual.proj": (vision.width, config.embed_dim),
        **_norm_shapes("visual.ln_post", vision.width),
        **(_norm_shapes("visual.ln_pre", vision.width) if config.norm_pre else {}),
        **_block_shapes("visual.transformer", vision),
        "token_embedding.weight": (config.vocab_size, text.width),
        "positional_embedding": (config.context_length, text.width),
        "text_projection": (text.width, config.embed_dim),
        **_norm_shapes("ln_final", text.width),
        **_block_shapes("transformer", text),
    }
    return shapes


def _norm_shapes(name: str, width: int) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (width,), f"{name}.bias": (width,)}


def _block_shapes(name: str, tower: TowerConfig) -> dict[str, tuple[int, ...]]:
    width, hidden = tower.width, tower.hidden
    one: dict[str, tuple[int, ...]] = {
        **_norm_shapes("ln_1", width),
        "attn.in_proj_weight": (3 * width, width),
        "attn.in_proj_bias": (3 * width,),
        "attn.out_proj.weight": (width, width),
        "attn.out_proj.bias": (width,),
        **_norm_shapes("ln_2", width),
        "mlp.c_fc.weight": (hidden, width),
        "mlp.c_fc.bias": (hidden,),
        "mlp.c_proj.weight": (width, hidden),
        "mlp.c_proj.bias": (width,),
        **({"ls_1.gamma": (width,), "ls_2.gamma": (width,)} if tower.layer_scale else {}),
    }
    return {
        f"{name}.resblocks.{layer}.{key}": shape
        for layer in range(tower.layers)
        for key, shape in one.items()
    }
