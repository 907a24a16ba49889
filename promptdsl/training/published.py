"""A published checkpoint with all that is known of it, as a weights file of our own."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promptdsl.clip.catalogue import open_clip_models
from promptdsl.clip.config import read_config
from promptdsl.clip.model import ClipModel, load_model, open_clip_config
from promptdsl.errors import UsageProblem
from promptdsl.files.writing import disk_told_plainly
from promptdsl.methods import METHODS
from promptdsl.methods.shared.checkpoints import (
    LearnedWeights,
    check_fit,
    check_shapes,
    fingerprint,
    read_learned,
    shape_facts,
    write_learned,
)
from promptdsl.plan.model import MethodPlan
from promptdsl.training.method_lines import compile_method
from promptdsl.training.prepare import SUFFIX

NOT_KEPT = {"weights", "references", "shots", "seed", "model"}


def import_checkpoint(
    file: Path, out: Path, model: str | None, settings: Sequence[str]
) -> tuple[MethodPlan, LearnedWeights, str | None]:
    """Writes `out`; also what it is for, and a note on the settings."""
    learned = read_learned(file)
    if file.suffix == SUFFIX:
        raise UsageProblem(
            f"{file} is in promptdsl's own form, so there is nothing to import",
            f'name it in a spec: weights: "{file.name}"',
        )
    objects, note = compile_method(learned.method, model, settings)
    plan = objects[0].method
    checked = _checked(learned, plan)
    with disk_told_plainly(out.parent):
        write_learned(out, checked)
    return plan, checked, note


def in_words(value: object) -> str:
    """A setting's value, of a list its members."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _checked(learned: LearnedWeights, plan: MethodPlan) -> LearnedWeights:
    """The weights with all that is known of them, after holding their shapes against the model."""
    name = " ".join(plan.model)
    config, model = _model(plan)
    if model is not None:
        check_fit(learned, model)
        learned = learned.with_facts(model_fingerprint=fingerprint(model))
    else:
        check_shapes(learned, read_config(config, name), name)
    return learned.with_facts(
        model=[Path(part).name for part in plan.model],
        model_kind=plan.model_kind,
        settings=_settings(learned, plan),
    )


def _model(plan: MethodPlan) -> tuple[dict[str, Any], ClipModel | None]:
    """The model's config, and the model where its weights are on this machine already."""
    if plan.model_kind != "open_clip":
        return {}, load_model(plan, Path.cwd())
    here = any(m.cached for m in open_clip_models([(plan.model[0], plan.model[1])]))
    return open_clip_config(plan.model[0]), load_model(plan, Path.cwd()) if here else None


def _settings(learned: LearnedWeights, plan: MethodPlan) -> dict[str, Any]:
    kept = {field.name for field in METHODS[plan.name].fields} - NOT_KEPT
    known: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in plan.settings.items()
        if name in kept and value is not None
    }
    return known | shape_facts(learned, known)
