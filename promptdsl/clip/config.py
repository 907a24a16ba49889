"""The shape of a CLIP, read from an open_clip config, and the reasons why one cannot serve.

Served: the plain VisionTransformer with a class token and the plain causal TextTransformer.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from promptdsl.errors import EnvironmentProblem
from promptdsl.model_config import (
    MAX_CONTEXT,
    MAX_IMAGE,
    MAX_LAYERS,
    MAX_PATCH,
    MAX_VOCABULARY,
    MAX_WIDTH,
    Config,
    flag,
    in_short,
    number,
    part,
    sides,
    whole,
)

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)
VOCABULARY = 49_408  # of CLIP's tokenizer: a smaller table has no row for some words
CLEANING = ("lower", "whitespace", "canonicalize")
MOST_TIMES_WIDER = 64.0  # MLP over tower
MOST_MEAN, LEAST_STD = 10.0, 1e-3

# Keys that change nothing at inference, or nothing at the value given here.
NEUTRAL: dict[str, tuple[object, ...]] = {
    "block_type": (None, "default"),
    "act_kwargs": (None, {}),
    **dict.fromkeys(
        "qk_norm scaled_cosine_attn scale_heads scale_attn_inner scale_attn scale_fc".split(),
        (False,),
    ),
}
NEUTRAL_VISION: dict[str, tuple[object, ...]] = {
    "patch_dropout": (0, 0.0, None),
    "attentional_pool": (False, None),
    "pool_type": ("tok",),
    "pos_embed_type": ("learnable", "sin_cos_2d"),
    "timm_model_name": (None, ""),
    "input_patchnorm": (False,),
    "global_average_pool": (False,),
    **NEUTRAL,
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
    **NEUTRAL,
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
    try:
        model = part(config, "model_cfg") if "model_cfg" in config else config
        _refuse_transformers(model, name)
        vision, text = part(model, "vision_cfg"), part(model, "text_cfg")
        _refuse_strangers(model, vision, text, name)
        return _checked(_shape(model, vision, text, config.get("preprocess_cfg", {})))
    except ValueError as error:
        raise EnvironmentProblem(
            f"the config of {name} is not an open_clip model config: {error}"
        ) from error


def _shape(model: Config, vision: Config, text: Config, preprocess: object) -> ClipConfig:
    pixels = preprocess if isinstance(preprocess, Mapping) else {}
    width = whole(vision, "width", 768, 1, MAX_WIDTH)
    head = whole(vision, "head_width", 64, 1, MAX_WIDTH)
    return ClipConfig(
        embed_dim=whole(model, "embed_dim", None, 1, MAX_WIDTH),
        quick_gelu=flag(model, "quick_gelu"),
        image_size=sides(vision, "image_size", 224, 1, MAX_IMAGE),
        patch_size=whole(vision, "patch_size", 16, 1, MAX_PATCH),
        norm_pre=not flag(vision, "no_ln_pre"),
        vision=_tower(vision, width, width // head),
        context_length=whole(text, "context_length", 77, 1, MAX_CONTEXT),
        vocab_size=whole(text, "vocab_size", VOCABULARY, VOCABULARY, MAX_VOCABULARY),
        text=_tower(
            text, whole(text, "width", 512, 1, MAX_WIDTH), whole(text, "heads", 8, 1, MAX_WIDTH)
        ),
        clean=_clean(text),
        mean=_triple(pixels, "mean", CLIP_MEAN, -MOST_MEAN),
        std=_triple(pixels, "std", CLIP_STD, LEAST_STD),
    )


def _checked(shape: ClipConfig) -> ClipConfig:
    """The same. Raises ValueError for what cannot be computed with, number by number in range."""
    for what, tower in (("vision_cfg", shape.vision), ("text_cfg", shape.text)):
        if not tower.heads or tower.width % tower.heads:
            raise ValueError(f"{what}: a width of {tower.width} cannot be cut into its heads")
        if not 1 <= tower.hidden <= MOST_TIMES_WIDER * MAX_WIDTH:
            raise ValueError(f"{what}: mlp_ratio leaves no width inside the MLP")
    if min(shape.grid) < 1:
        raise ValueError(f"patches of {shape.patch_size} px do not fit into the image_size")
    return shape


def _tower(config: Config, width: int, heads: int) -> TowerConfig:
    return TowerConfig(
        width=width,
        layers=whole(config, "layers", 12, 1, MAX_LAYERS),
        heads=heads,
        hidden=int(width * number(config, "mlp_ratio", 4.0, 0.0, MOST_TIMES_WIDER)),
        epsilon=number(_options(config, "norm_kwargs"), "eps", 1e-5, 0.0, 1.0),
        layer_scale=config.get("ls_init_value") is not None,
    )


def _options(config: Config, name: str) -> Config:
    return {} if config.get(name) is None else part(config, name)


def _clean(text: Config) -> str:
    clean = _options(text, "tokenizer_kwargs").get("clean", "lower")
    if clean not in CLEANING:
        raise ValueError(f"tokenizer_kwargs: clean is none of {', '.join(CLEANING)}")
    return str(clean)


def _triple(
    config: Config, name: str, default: tuple[float, float, float], low: float
) -> tuple[float, float, float]:
    values = config.get(name, default)
    if not isinstance(values, list | tuple) or len(values) != 3:
        raise ValueError(f"{name} is not a list of three numbers")
    red, green, blue = (number({name: value}, name, 0.0, low, MOST_MEAN) for value in values)
    return red, green, blue


def _refuse_transformers(model: Config, name: str) -> None:
    if "vision_config" in model or "text_config" in model:
        raise EnvironmentProblem(
            f"the config of {name} is one of Hugging Face transformers, not of open_clip",
            help="take the open_clip config of the same model, with embed_dim, vision_cfg and "
            "text_cfg; the weights may stay as they are",
        )


def _refuse_strangers(model: Config, vision: Config, text: Config, name: str) -> None:
    if "multimodal_cfg" in model:
        raise _refusal(name, REASONS["attentional_pool"])
    if isinstance(vision.get("layers", 12), (list, tuple)):
        raise _refusal(name, "its image tower is a ResNet, which has no patch tokens to cut out")
    if isinstance(vision.get("patch_size"), (list, tuple)):
        raise _refusal(name, "its patches are not square")
    for config, neutral in ((vision, NEUTRAL_VISION), (text, NEUTRAL_TEXT)):
        for key, allowed in neutral.items():
            if key in config and not _is_one_of(config[key], allowed):
                raise _refusal(name, _reason(key, config))


def _is_one_of(value: object, allowed: tuple[object, ...]) -> bool:
    """Equal and of one type: 0 is not False here."""
    return any(type(value) is type(one) and value == one for one in allowed)


def _reason(key: str, config: Config) -> str:
    if key == "pool_type" and config[key] == "avg":
        return REASON_POOL
    return REASONS.get(key, f"its config has {key}: {in_short(config[key])}")


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
