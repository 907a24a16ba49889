"""Learned weights of a method: published checkpoints and our own files, read safely and checked.

Our own are safetensors with their facts in the metadata: the method, its settings, the model that
they belong to and what they were trained on. A published `.pth` is read with PyTorch's weights-only
loader and has no facts but its shapes.
"""

import hashlib
import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from promptdsl.builtin_words import builtin_weights
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.hashing import hash_file
from promptdsl.files.writing import write_atomically
from promptdsl.runtime.clip_config import ClipConfig
from promptdsl.runtime.clip_model import ClipModel
from promptdsl.runtime.weights import PICKLE_SUFFIXES

FORMAT = "promptdsl-weights 1"
# Small, in every CLIP, and different in every training: they tell weights apart in any container.
FINGERPRINT = ("visual.class_embedding", "visual.ln_post.weight", "ln_final.weight")
KINDS = (
    "the published layouts are {'prompt_learner': ...} (AnomalyCLIP) and "
    "{'trainable_linearlayer': ...} (APRIL-GAN)"
)


@dataclass(frozen=True, slots=True)
class LearnedWeights:
    """The learned parts of one method. `facts` are JSON: settings, model, trained_on, ..."""

    method: str
    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any] = field(default_factory=dict)
    source: str = "the weights"

    def with_facts(self, **more: Any) -> "LearnedWeights":
        """The same weights with more said of them."""
        return replace(self, facts={**self.facts, **more})


def load_learned(
    method: str, weights: str | None, model: ClipModel, builtin: bool, folder: Path
) -> LearnedWeights:
    """The weights that a spec names, or the built-in ones, checked against the model.

    Raises EnvironmentProblem when they are missing, damaged, or belong to something else.
    """
    if weights is None and not builtin:
        raise EnvironmentProblem(
            f"{method} needs learned weights, and the spec names none",
            help='add weights: "FILE": a published checkpoint, or what `promptdsl train` wrote',
        )
    path = folder / weights if weights is not None else builtin_weights(method)
    learned = read_learned(path)
    if learned.method != method:
        raise EnvironmentProblem(f"{path} holds weights of {learned.method}, not of {method}")
    check_fit(learned, model)
    return learned


def read_learned(path: Path) -> LearnedWeights:
    """Learned weights of any known layout. Raises EnvironmentProblem when it is none."""
    if not path.is_file():
        raise EnvironmentProblem(f"{path} is not there; it should hold learned weights")
    if path.suffix in PICKLE_SUFFIXES:
        return _published(_load_pickle(path), path)
    if path.suffix == ".safetensors":
        return _own(path)
    raise EnvironmentProblem(
        f"{path} cannot be read as learned weights; the formats are .safetensors, "
        f"{', '.join(PICKLE_SUFFIXES)}"
    )


def write_learned(path: Path, learned: LearnedWeights) -> None:
    """Write as safetensors, in one step; equal contents give equal bytes. Raises OSError."""
    header = {"format": FORMAT, "method": learned.method, "facts": learned.facts}
    tensors = {n: t.detach().float().contiguous().cpu() for n, t in learned.tensors.items()}
    # One metadata entry, because safetensors keeps several in no fixed order.
    write_atomically(path, save(tensors, {"promptdsl": _json(header)}))


def _json(value: object) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def fingerprint(model: ClipModel) -> str:
    """The same for the same CLIP in whatever file: a hash of three small tensors."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.source.read(FINGERPRINT).items()):
        digest.update(name.encode() + tensor.float().contiguous().numpy().tobytes())
    return digest.hexdigest()


def check_fit(learned: LearnedWeights, model: ClipModel) -> None:
    """Raise EnvironmentProblem naming the first tensor that cannot belong to the model."""
    check_shapes(learned, model.config, model.name)
    _check_fingerprint(learned, model)


def check_shapes(learned: LearnedWeights, config: ClipConfig, model: str) -> None:
    """The part of `check_fit` that needs no weights of the model."""
    for name, tensor in learned.tensors.items():
        shape, expected = tuple(tensor.shape), _fitting(learned.method, tensor, config)
        if shape != expected:
            raise EnvironmentProblem(
                f"{learned.source} does not fit {model}: {name} is {_text(shape)}, "
                f"not {_text(expected)}",
                help="learned weights belong to the CLIP that they were trained on",
            )
    deep = sum(name.startswith("deep.") for name in learned.tensors)
    if deep >= config.text.layers:
        raise EnvironmentProblem(
            f"{learned.source} does not fit {model}: deep.{deep - 1} belongs to text block "
            f"{deep + 1}, and there are {config.text.layers}"
        )


def _fitting(method: str, tensor: Tensor, config: ClipConfig) -> tuple[int, ...]:
    """The shape that the tensor would have to have."""
    if method == "anomalyclip":
        return (*tensor.shape[:-1], config.text.width)
    return (config.embed_dim, config.vision.width)[: tensor.ndim]


def _check_fingerprint(learned: LearnedWeights, model: ClipModel) -> None:
    known = learned.facts.get("model_fingerprint")
    if known is not None and known != fingerprint(model):
        name = " ".join(learned.facts.get("model") or ["another model"])
        raise EnvironmentProblem(
            f"{learned.source} was trained on {name}, whose weights are not those of {model.name}",
            help="name that model in the spec, or train again with `promptdsl train`",
        )


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a number"


def _load_pickle(path: Path) -> object:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, pickle.UnpicklingError, EOFError, OSError, ValueError, KeyError) as error:
        # PyTorch's own words advise to load it all the same, which would run code out of the file.
        raise EnvironmentProblem(
            f"{path} does not load as plain weights: it is damaged, no checkpoint, "
            "or holds more than tensors",
            help="only plain tensors are read; anything else could run code on this machine",
        ) from error


def _published(content: object, path: Path) -> LearnedWeights:
    """A checkpoint in one of the two published layouts."""
    parts = content if isinstance(content, dict) else {}
    origin = {"imported_from": path.name, "sha256": hash_file(path)}
    if "prompt_learner" in parts and "trainable_linearlayer" in parts:
        raise EnvironmentProblem(f"{path} holds parts of two methods; {KINDS}")
    for key, method, read in (
        ("prompt_learner", "anomalyclip", _prompt_learner),
        ("trainable_linearlayer", "april_gan", _linear_layers),
    ):
        state = parts.get(key)
        if isinstance(state, Mapping):
            named = {str(n).removeprefix("module."): t for n, t in state.items()}
            return LearnedWeights(method, read(named, path), origin, str(path))
    raise EnvironmentProblem(f"{path} holds no learned weights of a method; {KINDS}")


def _prompt_learner(state: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    tensors = {
        "context_normal": _plane(state, "ctx_pos", path),
        "context_anomalous": _plane(state, "ctx_neg", path),
    }
    number = _numbered(state, r"compound_prompts_text\.(\d+)", path)
    for n in range(number):
        tensors[f"deep.{n}"] = _plane(state, f"compound_prompts_text.{n}", path)
    _check_alike([tensors[f"deep.{n}"] for n in range(number)], "compound_prompts_text", path)
    return tensors


def _linear_layers(state: Mapping[str, Any], path: Path) -> dict[str, Tensor]:
    tensors: dict[str, Tensor] = {}
    number = _numbered(state, r"fc\.(\d+)\..*", path)
    for n in range(number):
        tensors[f"stage.{n}.weight"] = _plane(state, f"fc.{n}.weight", path)
        bias = state.get(f"fc.{n}.bias")
        if not isinstance(bias, Tensor) or bias.ndim != 1:
            raise EnvironmentProblem(f"{path}: fc.{n}.bias is missing or no row of numbers")
        tensors[f"stage.{n}.bias"] = bias.float()
    if not number:
        raise EnvironmentProblem(f"{path}: fc.0.weight is missing in trainable_linearlayer")
    _check_alike([tensors[f"stage.{n}.weight"] for n in range(number)], "fc", path)
    return tensors


def _numbered(state: Mapping[str, Any], pattern: str, path: Path) -> int:
    """How many parts are numbered so, from 0 on without a gap."""
    found = {
        int(match[1]): match[0] for match in (re.fullmatch(pattern, n) for n in state) if match
    }
    count = max(found, default=-1) + 1
    for number in range(count):
        if number not in found:
            last = found[count - 1]
            raise EnvironmentProblem(
                f"{path} is not complete: it has {last}, and the part with number {number} "
                "is missing"
            )
    return count


def _plane(state: Mapping[str, Any], name: str, path: Path) -> Tensor:
    """(rows, columns) float32; leading dimensions of 1 are dropped."""
    tensor = state.get(name)
    if not isinstance(tensor, Tensor):
        raise EnvironmentProblem(f"{path}: {name} is missing")
    if tensor.ndim < 2 or tensor.shape[:-2].numel() != 1:
        raise EnvironmentProblem(f"{path}: {name} is {_text(tuple(tensor.shape))}, not a table")
    if not bool(torch.isfinite(tensor).all()):
        raise EnvironmentProblem(f"{path}: {name} holds values that are no numbers")
    return tensor.reshape(tensor.shape[-2:]).float()


def _check_alike(tables: list[Tensor], name: str, path: Path) -> None:
    for number, table in enumerate(tables):
        if table.shape != tables[0].shape:
            raise EnvironmentProblem(
                f"{path}: {name}.{number} is {_text(tuple(table.shape))}, "
                f"not {_text(tuple(tables[0].shape))} like the first"
            )


def _own(path: Path) -> LearnedWeights:
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise EnvironmentProblem(f"{path} is not a whole safetensors file ({error})") from None
    method, facts = read_facts(metadata, path)
    _check_names(method, tensors, path)
    return LearnedWeights(method, tensors, facts, str(path))


def read_facts(metadata: Mapping[str, str], path: Path) -> tuple[str, dict[str, Any]]:
    """Method and facts out of a safetensors header. Raises EnvironmentProblem when not ours."""
    try:
        own = json.loads(metadata["promptdsl"])
        form, method, facts = own["format"], own["method"], dict(own["facts"])
    except (KeyError, ValueError, TypeError):
        raise EnvironmentProblem(
            f"{path} holds no learned weights of a method",
            help="import a published checkpoint with `promptdsl models import FILE`",
        ) from None
    if form != FORMAT:
        raise EnvironmentProblem(
            f"{path} was written by a newer promptdsl ({form}); this one reads {FORMAT}"
        )
    return str(method), facts


def _check_names(method: str, tensors: Mapping[str, Tensor], path: Path) -> None:
    needed = {
        "anomalyclip": ("context_normal", "context_anomalous"),
        "april_gan": ("stage.0.weight", "stage.0.bias"),
    }.get(method)
    if needed is None:
        raise EnvironmentProblem(f"{path} holds weights of {method}, a method that is not known")
    for name in needed:
        if name not in tensors:
            raise EnvironmentProblem(f"{path}: {name} is missing")
