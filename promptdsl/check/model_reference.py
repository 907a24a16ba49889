"""`model:` resolved: built-in, an open_clip name with its tag, or a config and a weights file."""

from dataclasses import dataclass

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
    first = names[0]
    if first == BUILTIN_MODEL:
        if len(names) > 1:
            message = f"{BUILTIN_MODEL} has no pretrained tag: its weights are built in"
            _tell(library, "I411", span, message, f'write model: "{BUILTIN_MODEL}"')
        return ModelReference((BUILTIN_MODEL,), "builtin", builtin_facts())
    if any(name.endswith((".json", ".safetensors", ".pt", ".pth", ".bin")) for name in names):
        return _files(names, span, library)
    if first.startswith(HUB):
        help = "promptdsl models lists them; for another one, download its config and "
        help += 'weights and write model: "config.json", "weights.safetensors"'
        message = "models of the hub are named by open_clip's name and tag"
        _tell(library, "I410", span, message, help)
        return ModelReference(names[:1], "open_clip", None)
    facts = open_clip_facts(first)
    if span is not None:
        _check_open_clip(names, facts, span, library)
    return ModelReference(names, "open_clip", facts)


def _tell(library: Library, code: str, span: Span | None, message: str, help: str) -> None:
    """An error about what is written; a default has no place, and no mistakes."""
    if span is not None:
        library.report.error(code, span, message, help=help)


def _check_open_clip(
    names: tuple[str, ...], facts: ModelFacts | None, span: Span, library: Library
) -> None:
    first, reason = names[0], refusal(names[0])
    if reason is not None:
        help = 'write for example model: "ViT-B-16-plus-240", "laion400m_e31"'
        _tell(library, "I410", span, f"{first} cannot serve: {reason}", help)
    elif facts is None:
        near = nearest(first, (BUILTIN_MODEL, *open_clip_names()))
        help = f"did you mean {near}?" if near else "promptdsl models lists what there is"
        _tell(library, "I410", span, f"open_clip has no model named {first}", help)
    elif len(names) < 2:
        example = next(iter(facts.tags), None)
        help = f'open_clip has no weights for it; write model: "{first}" with files of your own'
        help = f'write model: "{first}", "{example}"' if example else help
        _tell(library, "I411", span, f"{first} needs the tag of its pretrained weights", help)
    elif facts.tags:  # else weights that only a newer open_clip lists; loading decides
        _check_tag(first, names[1], facts, span, library)


def _check_tag(first: str, tag: str, facts: ModelFacts, span: Span, library: Library) -> None:
    tags = facts.tags
    if tag not in tags:
        near = nearest(tag, tags)
        help = f"did you mean {near}?" if near else f"it has {', '.join(list(tags)[:6])}"
        _tell(library, "I411", span, f"{first} has no pretrained weights tagged {tag}", help)
    elif tags[tag] != facts.quick_gelu:
        other = f"{first}-quickgelu" if tags[tag] else first.removesuffix("-quickgelu")
        known, with_or = open_clip_facts(other), {True: "with", False: "without"}
        message = f"the weights {tag} were trained {with_or[tags[tag]]} QuickGELU, "
        message += f"and {first} runs {with_or[facts.quick_gelu]} it"
        help = "choose weights that were trained with this model's activation"
        if known is not None and tag in known.tags:
            help = f'write model: "{other}", "{tag}"'
        _tell(library, "I412", span, message, help)


def _files(names: tuple[str, ...], span: Span | None, library: Library) -> ModelReference:
    config = next((name for name in names if name.endswith(".json")), None)
    weights = next((name for name in names if not name.endswith(".json")), None)
    if config is None or weights is None or len(names) != 2:
        message = "a model out of files is a pair: config JSON and weights"
        help = 'write model: "clip/config.json", "clip/weights.safetensors"'
        _tell(library, "I413", span, message, help)
        return ModelReference(names, "files", None)
    facts, path = None, library.root_folder / config
    if span is not None and library.loader.exists(path):
        try:
            facts = read_facts(parse_config(library.loader.read(path)))
        except (OSError, ValueError) as error:
            why = f": {error}" if type(error) is ValueError and error.args else ""
            message = f"{config} is not an open_clip model config{why}"
            help = "it needs embed_dim, vision_cfg and text_cfg, as open_clip writes them"
            _tell(library, "I413", span, message, help)
    return ModelReference((config, weights), "files", facts)
