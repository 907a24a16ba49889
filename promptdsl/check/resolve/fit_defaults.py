"""Published defaults for another model: scaled to its blocks and patches, and never silently."""

from promptdsl.check.model_reference import ModelReference
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.methods import Method, Setting
from promptdsl.source import Span

PUBLISHED_BLOCKS = 24  # AnomalyCLIP and APRIL-GAN were published on ViT-L/14, which has 24


def fit_defaults(
    method: Method,
    filled: dict[str, Setting],
    written: set[str],
    reference: ModelReference,
    place: Span,
    report: Report,
) -> None:
    """Change defaults in `filled` that the model cannot take; only built-in models stay untold."""
    facts = reference.facts
    if facts is None:
        return
    changed: dict[str, str] = {}
    for field in method.fields:
        if field.name in written or field.default is None:
            continue
        fitted = _fitted(field.name, field.kind, field.default, facts.blocks, facts.patch)
        if reference.kind == "builtin" and field.builtin is not None:
            fitted = field.builtin
        if fitted != field.default:
            filled[field.name] = fitted
            changed[field.name] = as_written(
                fitted if fitted is not None else facts.image_size, field.kind
            )
    if changed and reference.kind != "builtin":
        report.warning(
            "I416", place,
            f"the published settings of {method.name} do not fit {reference.names[0]}, "
            f"which has {facts.blocks} blocks and patches of {facts.patch} px",
            label="scaled settings are used",
            help="write " + "; ".join(f"{name}: {value}" for name, value in changed.items()),
        )  # fmt: skip


def _fitted(name: str, kind: str, default: Setting, blocks: int, patch: int) -> Setting:
    if kind == "blocks" and isinstance(default, tuple):
        return tuple(dict.fromkeys(_scaled(int(block), blocks) for block in default))
    if name == "dpam_layer" and isinstance(default, int):
        return max(2, _scaled(default, blocks))
    if name == "image_size" and isinstance(default, int) and default % patch:
        return None
    return default


def _scaled(block: int, blocks: int) -> int:
    return max(1, round(block * blocks / PUBLISHED_BLOCKS))


def as_written(value: Setting, kind: str) -> str:
    """A setting as a line of a method block has it."""
    listed = ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)
    return f"{listed} px" if kind == "pixels" else listed
