"""Learned weights of a method: published checkpoints and our own files, read safely and checked.

Our own are safetensors with their facts in the metadata: the method, its settings, the model that
they belong to and what they were trained on. A published `.pth` is read with PyTorch's weights-only
loader and has no facts but its shapes.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from promptdsl.builtin_words import builtin_weights
from promptdsl.clip.config import ClipConfig
from promptdsl.clip.model import ClipModel
from promptdsl.clip.weights import (
    PICKLE_SUFFIXES,
    hash_of,
    load_plain,
    read_safetensors,
    refuse_unreadable,
)
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.naming import shown
from promptdsl.files.opening import reason
from promptdsl.files.writing import write_atomically
from promptdsl.methods import METHODS
from promptdsl.plan.model import MethodPlan
from promptdsl.scoring.arrays import check_arrays

FORMAT = "promptdsl-weights 1"
# Small, in every CLIP, and different in every training: they tell weights apart in any container.
FINGERPRINT = ("visual.class_embedding", "visual.ln_post.weight", "ln_final.weight")


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


def load_learned(plan: MethodPlan, model: ClipModel, folder: Path) -> LearnedWeights:
    """The weights that a plan names, or the built-in ones, checked against the model.

    Raises EnvironmentProblem when they are missing, damaged, or belong to something else.
    """
    method, weights = plan.name, plan.settings.get("weights")
    if weights is None and plan.model_kind != "builtin":
        raise EnvironmentProblem(
            f"{method} needs learned weights, and the spec names none",
            help='add weights: "FILE": a published checkpoint, or what `promptdsl train` wrote',
        )
    path = builtin_weights(method) if weights is None else folder / str(weights)
    learned = read_learned(path)
    if learned.method != method:
        raise EnvironmentProblem(f"{path} holds weights of {learned.method}, not of {method}")
    check_fit(learned, model)
    return learned


def read_learned(path: Path) -> LearnedWeights:
    """Learned weights of any known layout. Raises EnvironmentProblem when it is none."""
    refuse_unreadable(path, "learned weights")
    if path.suffix in PICKLE_SUFFIXES:
        return _checked(_published(load_plain(path), path))
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
    _layout(learned).check_fit(learned.tensors, config, learned.source, model)


def shape_facts(learned: LearnedWeights, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What shapes say beside settings. EnvironmentProblem where they contradict these."""
    facts: dict[str, Any] = _layout(learned).shape_facts(learned.tensors, settings, learned.source)
    return facts


def _check_fingerprint(learned: LearnedWeights, model: ClipModel) -> None:
    known = learned.facts.get("model_fingerprint")
    if known is not None and known != fingerprint(model):
        name = " ".join(learned.facts.get("model") or ["another model"])
        raise EnvironmentProblem(
            f"{learned.source} was trained on {name}, whose weights are not those of {model.name}",
            help="name that model in the spec, or train again with `promptdsl train`",
        )


def _own(path: Path) -> LearnedWeights:
    refuse_unreadable(path, "learned weights")
    try:
        with safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            names = list(file.keys())
    except Exception as error:  # the bindings raise many kinds for a damaged header
        raise EnvironmentProblem(
            f"{path} is not a whole safetensors file ({reason(error)})"
        ) from error
    method, facts = read_facts(metadata, path)
    return _checked(LearnedWeights(method, read_safetensors(path, names), facts, str(path)))


def _checked(learned: LearnedWeights) -> LearnedWeights:
    """The same. EnvironmentProblem for tensors that are missing, too much, damaged or unlike."""
    layout = _layout(learned)
    layout.check_learned(learned.tensors, learned.source)
    check_arrays(learned.tensors, layout.learned_arrays(learned.tensors), learned.source)
    return learned


def _layout(learned: LearnedWeights) -> Any:
    """The module that knows the method's learned weights."""
    method = METHODS.get(learned.method)
    if method is None or not method.learned:
        raise EnvironmentProblem(
            f"{learned.source} holds weights of {shown(learned.method[:60])}, "
            "a method that is not known"
        )
    return import_module(method.learned)


def _published(content: object, path: Path) -> LearnedWeights:
    """A checkpoint in the published layout of one of the methods."""
    parts = content if isinstance(content, dict) else {}
    layouts = {m: import_module(m.learned) for m in METHODS.values() if m.learned}
    known = " and ".join(f"{{'{lay.PUBLISHED}': ...}} ({m.title})" for m, lay in layouts.items())
    found = [(m, lay) for m, lay in layouts.items() if lay.PUBLISHED in parts]
    if len(found) > 1:
        raise EnvironmentProblem(
            f"{path} holds parts of two methods; the published layouts are {known}"
        )
    for method, layout in found:
        state = parts[layout.PUBLISHED]
        if isinstance(state, Mapping):
            named = {str(name).removeprefix("module."): part for name, part in state.items()}
            origin = {"imported_from": path.name, "sha256": hash_of(path)}
            tensors = layout.read_published(named, path)
            return LearnedWeights(method.name, tensors, origin, str(path))
    raise EnvironmentProblem(
        f"{path} holds no learned weights of a method; the published layouts are {known}"
    )


def read_facts(metadata: Mapping[str, str], path: Path) -> tuple[str, dict[str, Any]]:
    """Method and facts out of a safetensors header. Raises EnvironmentProblem when not ours."""
    try:
        own = json.loads(metadata["promptdsl"])
        form, method, facts = str(own["format"]), str(own["method"]), own["facts"]
        _check_facts(facts)
    except (KeyError, ValueError, TypeError, RecursionError):
        raise EnvironmentProblem(
            f"{path} holds no learned weights of a method",
            help="import a published checkpoint with `promptdsl models import FILE`",
        ) from None
    if form != FORMAT:
        raise EnvironmentProblem(
            f"{path} was written by a newer promptdsl ({shown(form[:60])}); this one reads {FORMAT}"
        )
    return method, facts


def _check_facts(facts: Any) -> None:
    """ValueError where one of those that are used later is not of its kind."""
    if not isinstance(facts, dict):
        raise ValueError("facts")
    settings, model, print_ = (
        facts.get(name) for name in ("settings", "model", "model_fingerprint")
    )
    if settings is not None and not isinstance(settings, dict):
        raise ValueError("settings")
    stages = (settings or {}).get("stages")
    if stages is not None and not (isinstance(stages, list) and all(map(_is_whole, stages))):
        raise ValueError("stages")
    if model is not None and not (isinstance(model, list) and all(map(_is_text, model))):
        raise ValueError("model")
    if print_ is not None and not isinstance(print_, str):
        raise ValueError("model_fingerprint")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)
