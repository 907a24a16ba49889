"""Our towers against open_clip's own modules, for every variant that is served."""

from typing import Any

import open_clip
import pytest
import torch
import torch.nn.functional as F

from promptdsl.clip.model import ClipModel, assemble
from promptdsl.clip.text import embed_prompts
from promptdsl.clip.tower import resize_position
from promptdsl.clip.weights import state_from_tensors
from promptdsl.engine.window_encoder import WindowEncoder

from .open_clip_models import build, config

CPU = torch.device("cpu")
VARIANTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "quick_gelu": {"quick_gelu": True},
    "layer_scale": {"vision": {"ls_init_value": 0.1}},
    "quick_gelu_layer_scale": {"vision": {"ls_init_value": 0.1}, "quick_gelu": True},
    "no_ln_pre": {"vision": {"no_ln_pre": True}},
    "odd_mlp": {"vision": {"mlp_ratio": 2.9231}},
    "two_blocks": {"vision": {"layers": 2}},
    "one_block": {"vision": {"layers": 1}},
}


def ours(content: dict[str, Any], theirs: torch.nn.Module) -> ClipModel:
    return assemble("tiny", content, state_from_tensors(theirs.state_dict()))


@pytest.mark.parametrize("variant", VARIANTS)
def test_whole_pictures(variant: str) -> None:
    content = config(**VARIANTS[variant])
    theirs = build(content)
    tower = ours(content, theirs).vision_tower(device=CPU)
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    expected = theirs.encode_image((pictures.float() - tower.mean) / tower.std).detach()
    encoded = WindowEncoder(tower, {}, patches=False, max_rows=4096).encode(pictures)
    torch.testing.assert_close(encoded["image"], expected, rtol=0, atol=2e-5)


def test_patch_tokens_are_those_of_the_last_block_after_ln_post() -> None:
    content = config()
    theirs = build(content)
    theirs.visual.output_tokens = True
    tower = ours(content, theirs).vision_tower(device=CPU)
    pictures = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8)
    _, tokens = theirs.encode_image((pictures.float() - tower.mean) / tower.std)
    encoded = WindowEncoder(tower, {}, patches=True, max_rows=4096).encode(pictures)
    torch.testing.assert_close(encoded["patches"], tokens.detach(), rtol=0, atol=2e-5)


@pytest.mark.parametrize("quick_gelu", [False, True])
def test_text(quick_gelu: bool) -> None:
    content = config(quick_gelu=quick_gelu)
    theirs = build(content)
    prompts = ["a nut.", "a photo of a nut with a very long scratch.", "Nut", "a nut.", "a"]
    expected = theirs.encode_text(open_clip.tokenize(prompts)).detach()
    embeddings = embed_prompts(ours(content, theirs), prompts)
    torch.testing.assert_close(embeddings, expected, rtol=0, atol=2e-5)


def test_another_image_size_resizes_the_position_embedding_as_open_clip_does() -> None:
    content = config()
    theirs = build(content)
    larger = build(config(vision={"image_size": 96}))
    state = dict(theirs.state_dict())
    open_clip.model.resize_pos_embed(state, larger)
    tower = ours(content, theirs).vision_tower((96, 96), device=CPU)
    torch.testing.assert_close(tower.position, state["visual.positional_embedding"])
    assert tower.grid == (6, 6)


def test_bilinear_resizing_has_no_antialias() -> None:
    position = torch.randn(1 + 16, 8)
    plane = position[1:].view(1, 4, 4, 8).permute(0, 3, 1, 2)
    expected = F.interpolate(plane, size=(6, 6), mode="bilinear", align_corners=False)
    resized = resize_position(position, (6, 6), "bilinear")
    torch.testing.assert_close(resized[1:], expected.flatten(2)[0].t())
    torch.testing.assert_close(resized[0], position[0])
