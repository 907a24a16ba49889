"""The built-in model, `promptdsl-mini`: its configuration and weights as the package ships them.

Of the token table only the trained rows are stored, beside their token numbers; the rest is zero.
"""

import json
from importlib import resources
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from promptdsl.errors import EnvironmentProblem

FOLDER = "models_builtin/promptdsl-mini"
ROWS, IDS, TABLE = "token_rows", "token_ids", "token_embedding.weight"


def builtin_folder() -> Path:
    """Where the model's files lie in the installed package."""
    return Path(str(resources.files("promptdsl").joinpath(FOLDER)))


def builtin_config() -> dict[str, Any]:
    """The model's configuration, in open_clip's own form."""
    path = builtin_folder() / "config.json"
    try:
        config: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(
            f"the built-in model's {path} cannot be read ({error})", help="install promptdsl again"
        ) from error
    return config


def expand_token_rows(state_dict: dict[str, Tensor], vocab_size: int) -> dict[str, Tensor]:
    """The state with a whole token table in place of the stored rows and their numbers."""
    state = dict(state_dict)
    rows, ids = state.pop(ROWS), state.pop(IDS)
    table = rows.new_zeros(vocab_size, rows.shape[1])
    table[ids.long()] = rows
    state[TABLE] = table
    return state


def load_builtin_state_dict() -> dict[str, Tensor]:
    """The weights in float32, as open_clip's `CLIP` names them."""
    path = builtin_folder() / "weights.safetensors"
    try:
        with safe_open(path, "pt") as file:
            names = file.keys()
            stored = {name: file.get_tensor(name) for name in names}
        state = expand_token_rows(stored, builtin_config()["text_cfg"]["vocab_size"])
    except Exception as error:  # a damaged file makes its reader raise many kinds
        raise EnvironmentProblem(
            f"the built-in model's {path} is missing or damaged", help="install promptdsl again"
        ) from error
    return {
        name: value.float() if torch.is_floating_point(value) else value
        for name, value in state.items()
    }
