"""`model:` resolved: built-in, an open_clip name with its tag, or a config and a weights file."""

from dataclasses import dataclass
from pathlib import Path

from promptdsl.check.known_models import (
    builtin_facts,
    open_clip_facts,
    open_clip_names,
    read_facts,
    refusal,
)
from promptdsl.check.resolve.modules import Library
from promptdsl.diagnostics.nearest import nearest
from promptdsl.methods import BUILTIN_MODEL
from promptdsl.model_config import parse_config
from promptdsl.source import Span
from promptdsl.spec import ModelFacts, ModelKind

HUB = "hf-hub:"


@dataclass(frozen=True, slots=True)
class ModelReference:
    """Which CLIP; `facts` is None where nothing is known without loading it."""

    names: tuple[str, ...]
    kind: ModelKind
    facts: ModelFacts | None


def read_model(names: tuple[str, ...], span: Span | None, library: Library) -> ModelReference:
    """What a `model:` line means; its mistakes are reported at `span`."""
    report = library.report
    first = names[0]
    if first == BUILTIN_MODEL:
        if len(names) > 1 and span is not None:
            report.error(
                "I411", span, f"{BUILTIN_MODEL} has no pretrained tag: its weights are built in",
                help=f'write model: "{BUILTIN_MODEL}"',
            )  # fmt: skip
        return ModelReference((BUILTIN_MODEL,), "builtin", builtin_facts())
    if any(name.endswith((".json", ".safetensors", ".pt", ".pth", ".bin")) for name in names):
        return _files(names, span, library)
    if first.startswith(HUB):
        if span is not None:
            report.error(
                "I410", span, "models of the hub are named by open_clip's name and tag",
                help="promptdsl models lists them; for another one, download its config and "
                'weights and write model: "config.json", "weights.safetensors"',
            )  # fmt: skip
        return ModelReference(names[:1], "open_clip", None)
    return _open_clip(names, span, library)


def _open_clip(names: tuple[str, ...], span: Span | None, library: Library) -> ModelReference:
    report, first = library.report, names[0]
    facts = open_clip_facts(first)
    if span is None:
        return ModelReference(names, "open_clip", facts)
    reason = refusal(first)
    if reason is not None:
        report.error(
            "I410", span, f"{first} cannot serve: {reason}",
            help='write for example model: "ViT-B-16-plus-240", "laion400m_e31"',
        )  # fmt: skip
    elif facts is None:
        near = nearest(first, (BUILTIN_MODEL, *open_clip_names()))
        report.error(
            "I410", span, f"open_clip has no model named {first}",
            help=f"did you mean {near}?" if near else "promptdsl models lists what there is",
        )  # fmt: skip
    else:
        _check_tag(names, facts, span, library)
    return ModelReference(names, "open_clip", facts)


def _check_tag(names: tuple[str, ...], facts: ModelFacts, span: Span, library: Library) -> None:
    report, first, tags = library.report, names[0], facts.tags
    example = next(iter(tags), None)
    if len(names) < 2:
        report.error(
            "I411", span, f"{first} needs the tag of its pretrained weights",
            help=f'write model: "{first}", "{example}"' if example else
            f'open_clip has no weights for it; write model: "{first}" with files of your own',
        )  # fmt: skip
        return
    tag = names[1]
    if tag not in tags:
        if not tags:
            return  # weights that only a newer open_clip lists; loading decides
        near = nearest(tag, tags)
        report.error(
            "I411", span, f"{first} has no pretrained weights tagged {tag}",
            help=f"did you mean {near}?" if near else f"it has {', '.join(list(tags)[:6])}",
        )  # fmt: skip
        return
    if tags[tag] != facts.quick_gelu:
        other = f"{first}-quickgelu" if tags[tag] else first.removesuffix("-quickgelu")
        known = open_clip_facts(other)
        help = (
            f'write model: "{other}", "{tag}"' if known is not None and tag in known.tags
            else "choose weights that were trained with this model's activation"
        )  # fmt: skip
        report.error(
            "I412", span,
            f"the weights {tag} were trained {'with' if tags[tag] else 'without'} QuickGELU, "
            f"and {first} runs {'with' if facts.quick_gelu else 'without'} it",
            help=help,
        )  # fmt: skip


def _files(names: tuple[str, ...], span: Span | None, library: Library) -> ModelReference:
    report = library.report
    config = next((name for name in names if name.endswith(".json")), None)
    weights = next((name for name in names if not name.endswith(".json")), None)
    if config is None or weights is None or len(names) != 2:
        if span is not None:
            report.error(
                "I413", span, "a model out of files is a pair: config JSON and weights",
                help='write model: "clip/config.json", "clip/weights.safetensors"',
            )  # fmt: skip
        return ModelReference(names, "files", None)
    facts = None
    path = library.root_folder / config
    if span is not None and library.loader.exists(path):
        facts = _config_facts(path, config, span, library)
    return ModelReference((config, weights), "files", facts)


def _config_facts(path: Path, shown: str, span: Span, library: Library) -> ModelFacts | None:
    try:
        return read_facts(parse_config(library.loader.read(path)))
    except (OSError, ValueError) as error:
        library.report.error(
            "I413", span, f"{shown} is not an open_clip model config{_why(error)}",
            help="it needs embed_dim, vision_cfg and text_cfg, as open_clip writes them",
        )  # fmt: skip
        return None


def _why(error: Exception) -> str:
    """What is wrong with a config that could be parsed."""
    return f": {error}" if type(error) is ValueError and error.args else ""
