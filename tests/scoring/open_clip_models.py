"""Small models as open_clip builds them, with every weight random."""

from typing import Any

import torch
from open_clip.model import CLIP

VISION = {"image_size": 64, "layers": 3, "width": 64, "head_width": 32, "patch_size": 16}
TEXT = {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 3}


def config(vision: dict[str, Any] | None = None, **model: Any) -> dict[str, Any]:
    """An open_clip config with changes."""
    return {
        "embed_dim": 48,
        "vision_cfg": {**VISION, **(vision or {})},
        "text_cfg": dict(TEXT),
        **model,
    }


def build(content: dict[str, Any]) -> CLIP:
    """open_clip's own module, its weights random but of fair size."""
    keys = ("embed_dim", "vision_cfg", "text_cfg", "quick_gelu")
    model = CLIP(**{key: content[key] for key in keys if key in content}).eval()
    generator = torch.Generator().manual_seed(7)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            centre = 1.0 if name.endswith("weight") and parameter.ndim == 1 else 0.0
            parameter.copy_(centre + noise * (0.3 if parameter.ndim < 2 else 0.15))
    return model
