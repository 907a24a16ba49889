"""AnomalyCLIP's learned prompts: as published, as arrays of a file of ours, and held to a model.

{"prompt_learner": {"ctx_pos", "ctx_neg", "compound_prompts_text.N", ...}}
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from promptdsl.clip.config import ClipConfig
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.shared.published_checkpoints import numbered_parts, plane, refuse_unlike
from promptdsl.scoring.arrays import Array, misfit, numbered, rows_of

PUBLISHED = "prompt_learner"
NORMAL, ANOMALOUS, DEEP = "context_normal", "context_anomalous", "deep."
WORD_TOKENS = 5  # start of text, damaged, object, full stop, end of text


def read_published(state: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    """Our names. EnvironmentProblem for a part that is missing or unlike the others."""
    tensors = {NORMAL: plane(state, "ctx_pos", path), ANOMALOUS: plane(state, "ctx_neg", path)}
    name = "compound_prompts_text"
    count = numbered_parts(state, rf"{name}\.([0-9]{{1,4}})", path)
    deep = [plane(state, f"{name}.{number}", path) for number in range(count)]
    refuse_unlike(deep, name, path)
    return tensors | {f"{DEEP}{number}": table for number, table in enumerate(deep)}


def shape_facts(
    tensors: Mapping[str, Tensor], settings: Mapping[str, Any], source: str
) -> dict[str, int]:
    """What the shapes say beside the settings, in the names of the published code."""
    deep = numbered(tensors, DEEP)
    rows = len(tensors[f"{DEEP}0"]) if deep else 0
    return {"n_ctx": len(tensors[NORMAL]), "depth": 1 + deep, "t_n_ctx": rows}


def learned_arrays(tensors: Mapping[str, Tensor]) -> dict[str, Array]:
    """The prompts that a file seems to hold: contexts of one length, deep tokens without a gap."""
    tokens, deep = rows_of(tensors, NORMAL), rows_of(tensors, f"{DEEP}0")
    width = tensors[NORMAL].shape[-1] if tokens else 0
    found = {NORMAL: Array((tokens, width)), ANOMALOUS: Array((tokens, width))}
    count = numbered(tensors, DEEP)
    return found | {f"{DEEP}{number}": Array((deep, width)) for number in range(count)}


def check_learned(tensors: Mapping[str, Tensor], source: str) -> None:
    """EnvironmentProblem for prompts that no text tower could read."""
    tokens, deep = rows_of(tensors, NORMAL), rows_of(tensors, f"{DEEP}0")
    if NORMAL in tensors and not tokens:
        raise EnvironmentProblem(f"{source}: {NORMAL} has no tokens, so nothing was learned")
    if f"{DEEP}0" in tensors and not 1 <= deep <= tokens:
        raise EnvironmentProblem(
            f"{source}: {deep} deep tokens cannot take the place of {tokens} learned ones"
        )


def check_fit(tensors: Mapping[str, Tensor], config: ClipConfig, source: str, model: str) -> None:
    """EnvironmentProblem for prompts that this model's text tower cannot read."""
    text = config.text
    if tensors[NORMAL].shape[1] != text.width:
        raise misfit(source, model, NORMAL, tensors[NORMAL], (len(tensors[NORMAL]), text.width))
    longest = rows_of(tensors, NORMAL) + WORD_TOKENS
    if longest > config.context_length:
        raise EnvironmentProblem(
            f"{source} does not fit {model}: {rows_of(tensors, NORMAL)} learned tokens and "
            f"{WORD_TOKENS} others are {longest}, and it reads {config.context_length}"
        )
    deep = numbered(tensors, DEEP)
    if deep >= text.layers:
        raise EnvironmentProblem(
            f"{source} does not fit {model}: {DEEP}{deep - 1} belongs to text block {deep + 1}, "
            f"and there are {text.layers}"
        )
