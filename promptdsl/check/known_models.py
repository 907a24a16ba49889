"""What is known of a CLIP without loading it: size, patch, blocks, context, activation, tags.

The table `open_clip_models.json` lists open_clip's own names; a test holds it against the installed
open_clip. A name that only a newer open_clip knows is read from its config file on disk, without
importing it.
"""

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from promptdsl.files.opening import read_regular
from promptdsl.methods import BUILTIN_MODEL
from promptdsl.model_config import (
    MAX_CONFIG_BYTES,
    MAX_CONTEXT,
    MAX_IMAGE,
    MAX_LAYERS,
    MAX_PATCH,
    MAX_WIDTH,
    flag,
    parse_config,
    part,
    sides,
    whole,
)
from promptdsl.spec import ModelFacts

_MODEL_NAME = re.compile(r"\w[\w.+-]*", re.ASCII)
_LONGEST = 100
_MANY_LANGUAGES = ("xlm", "nllb", "mt5", "siglip", "i18n", "multilingual", "worldwide", "m-clip")


@cache
def _table() -> dict[str, Any]:
    path = Path(__file__).with_name("open_clip_models.json")
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table


@cache
def open_clip_names() -> tuple[str, ...]:
    """Names that can serve, those with pretrained weights first."""
    models = _table()["models"]
    return tuple(sorted(models, key=lambda name: (not models[name]["tags"], name)))


def refusal(name: str) -> str | None:
    """Why an open_clip model cannot serve, or None when the table does not refuse it."""
    reason: str | None = _table()["refused"].get(name)
    return reason


@cache
def open_clip_facts(name: str) -> ModelFacts | None:
    """The facts of an open_clip name; None for a name that nobody knows."""
    entry = _table()["models"].get(name)
    if entry is not None:
        return ModelFacts(**entry)
    config = _config_file(name)
    return None if config is None else facts_of_config(json.loads(config))


def _config_file(name: str) -> str | None:
    """What the installed open_clip says of a model that the table does not list."""
    if len(name) > _LONGEST or not _MODEL_NAME.fullmatch(name):
        return None  # not the name of a file of open_clip's, and perhaps of none at all
    found = importlib.util.find_spec("open_clip")
    for folder in (found.submodule_search_locations or []) if found else []:
        path = Path(folder) / "model_configs" / f"{name}.json"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    return None


def reads_many_languages(names: tuple[str, ...]) -> bool:
    """Whether a model was trained on texts of many languages, as far as its name and tag tell."""
    told = " ".join(names).lower()
    return any(word in told for word in _MANY_LANGUAGES)


@cache
def builtin_facts() -> ModelFacts:
    """The facts of the model inside the package."""
    folder = Path(__file__).resolve().parent.parent / "models_builtin" / BUILTIN_MODEL
    facts = facts_of_config(json.loads((folder / "config.json").read_text(encoding="utf-8")))
    assert facts is not None
    return facts


def facts_of_plan(names: tuple[str, ...], kind: str, folder: Path) -> ModelFacts | None:
    """The facts of the model that a plan names; None where nothing is known without loading it."""
    if kind == "builtin":
        return builtin_facts()
    if kind == "open_clip":
        return open_clip_facts(names[0])
    try:
        return facts_of_config(parse_config(read_regular(folder / names[0], MAX_CONFIG_BYTES)))
    except (OSError, ValueError):
        return None


def facts_of_config(config: dict[str, Any]) -> ModelFacts | None:
    """The facts of an open_clip model config; None when it is not one."""
    try:
        return read_facts(config)
    except ValueError:
        return None


def read_facts(config: dict[str, Any]) -> ModelFacts:
    """The facts of an open_clip model config. Raises ValueError with the reason."""
    config = part(config, "model_cfg") if "model_cfg" in config else config
    vision, text = part(config, "vision_cfg"), part(config, "text_cfg")
    return ModelFacts(
        image_size=sides(vision, "image_size", 224, 1, MAX_IMAGE)[0],
        patch=whole(vision, "patch_size", 16, 1, MAX_PATCH),
        blocks=whole(vision, "layers", 12, 1, MAX_LAYERS),
        context=whole(text, "context_length", 77, 1, MAX_CONTEXT),
        quick_gelu=flag(config, "quick_gelu"),
        width=whole(vision, "width", 768, 1, MAX_WIDTH),
    )
