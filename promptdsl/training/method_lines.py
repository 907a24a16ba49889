"""A method without a spec: lines of its block become a plan, and a block to write into a spec."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from promptdsl.errors import UsageProblem
from promptdsl.language.statements import quote
from promptdsl.methods import METHODS
from promptdsl.pipeline import Compilation, compile_text

if TYPE_CHECKING:
    from promptdsl.plan.model import MethodPlan, ObjectPlan

WITHOUT_EFFECT, SCALED = "I403", "I416"  # warnings about a setting
NOT_SET = {
    "model": "the model has an option of its own, --model",
    "weights": "a training begins anew and takes no weights",
    "references": "references belong to a spec, and a training uses none",
    "shots": "shots belong to a spec, and a training uses no references",
}


def compile_method(
    method: str, model: str | None, settings: Sequence[str], called: Sequence[str] = ("object",)
) -> "tuple[tuple[ObjectPlan, ...], str | None]":
    """The plan of one object for each name, and a note on its settings.

    Raises UsageProblem where a setting does not hold.
    """
    for name in (line.partition(":")[0].strip() for line in settings):
        if name in NOT_SET:
            raise UsageProblem(f"--set {name}: {NOT_SET[name]}")
    text = _spec(method, model, settings, called)
    compilation = compile_text(text, "train", allow=(Path(Path.cwd().anchor),), to_train=True)
    note = _note(compilation)
    return compilation.plan().objects, note


def _spec(method: str, model: str | None, settings: Sequence[str], called: Sequence[str]) -> str:
    parts = [part.strip() for part in (model or "").split(",") if part.strip()]
    lines = [f"model: {', '.join(map(quote, parts))}"] if model is not None else []
    block = "\n".join(f"    {line}" for line in (*lines, *settings))
    objects = [
        f"object part_{number} {{\n  called: {quote(name)}\n"
        f"  defect damage {{ include std.anomalous }}\n  method {method} {{\n{block}\n  }}\n}}\n"
        for number, name in enumerate(called)
    ]
    return f'inspect 1\nuse "{METHODS[method].profile}" as std\n{"".join(objects)}'


def _note(compilation: Compilation) -> str | None:
    """UsageProblem for errors, and for settings without effect."""
    for fault in compilation.report.errors:
        raise UsageProblem(fault.message, fault.help)
    told = {fault.code: fault for fault in compilation.report.warnings}
    if WITHOUT_EFFECT in told:
        raise UsageProblem(f"--set: {told[WITHOUT_EFFECT].message}", told[WITHOUT_EFFECT].help)
    if SCALED not in told:
        return None
    return f"{told[SCALED].message}: {(told[SCALED].help or '').removeprefix('write ')}"


def method_block(plan: "MethodPlan", settings: Sequence[str], weights: Path) -> str:
    """What to write into a spec of the current folder, to use the weights."""
    default = METHODS[plan.name].field("model")
    lines = [f"weights: {quote(weights.as_posix())}", *settings]
    if default is None or tuple(plan.model) != default.default:
        lines.insert(0, f"model: {', '.join(map(quote, plan.model))}")
    inner = "".join(f"    {line.strip()}\n" for line in lines)
    return f"in a spec of this folder:\n  method {plan.name} {{\n{inner}  }}"
