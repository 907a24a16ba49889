"""A CLIP from open_clip, from files or from the package: its shape, tokenizer and towers.

The only file that touches open_clip. Of it promptdsl takes the model configs, the table of
pretrained weights with its download and cache, and the tokenizer; the towers are our own
(`tower.py`).
"""

import functools
import hashlib
import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import torch

from promptdsl.clip.catalogue import cached_file
from promptdsl.clip.config import ClipConfig, expected_shapes, read_config
from promptdsl.clip.tower import Resize, TextTower, VisionTower, read_text, read_vision
from promptdsl.clip.weight_layouts import WITHOUT_EFFECT
from promptdsl.clip.weights import StateSource, open_weights, state_from_tensors
from promptdsl.diagnostics.nearest import nearest
from promptdsl.errors import EnvironmentProblem
from promptdsl.files.opening import read_regular, reason
from promptdsl.model_config import MAX_CONFIG_BYTES, parse_config
from promptdsl.plan.model import MethodPlan

# Before open_clip 2.27 its table did not say which weights were trained with QuickGELU.
QUICK_GELU_TAGS = ("openai", "metaclip_", "dfn", "yfcc15m", "cc12m")
QUICK_GELU_MARK, QUICK_GELU_SUFFIX = "quickgelu", "-quickgelu"
PROXIES = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")
BRING_WEIGHTS = (
    "`promptdsl models` shows what is there and how to bring weights to a machine without internet"
)


@dataclass(frozen=True, slots=True)
class ClipModel:
    """A model that can serve, its weights still on disk."""

    name: str
    config: ClipConfig
    source: StateSource

    @property
    def weights_sha256(self) -> str:
        """SHA-256 of the weights file (of the tensors, for weights that are no file)."""
        return self.source.sha256

    @property
    def identity(self) -> str:
        """Changes with everything that changes an embedding: weights and shape."""
        return hashlib.sha256(f"{self.source.sha256} {self.config!r}".encode()).hexdigest()

    def tokenize(self, prompt: str) -> list[int]:
        """Token ids from start-of-text to end-of-text, never cut."""
        return _tokenize(self.config.clean, prompt)

    def grid(self, image_size: tuple[int, int] | None = None) -> tuple[int, int]:
        """Patches down and across at an image size. EnvironmentProblem where they do not fit."""
        size, patch = image_size or self.config.image_size, self.config.patch_size
        if any(side % patch or not side for side in size):
            raise EnvironmentProblem(
                f"image_size: {size[0]} px is not a multiple of the {patch} px patches of "
                f"{self.name}"
            )
        return size[0] // patch, size[1] // patch

    def vision_tower(
        self,
        image_size: tuple[int, int] | None = None,
        *,
        resize: Resize = "bicubic",
        device: torch.device,
        dtype: torch.dtype = torch.float32,
    ) -> VisionTower:
        """The image tower at an image size (default: the model's own)."""
        size = image_size or self.config.image_size
        self.grid(image_size)
        names = [name for name in expected_shapes(self.config) if name.startswith("visual.")]
        return read_vision(self.source.read(names), self.config, size, resize, device, dtype)

    def text_tower(self, device: torch.device) -> TextTower:
        """The text tower, in float32."""
        names = [name for name in expected_shapes(self.config) if not name.startswith("visual.")]
        return read_text(self.source.read(names), self.config, device)


def load_model(method: MethodPlan, spec_folder: Path) -> ClipModel:
    """The CLIP that a plan names. EnvironmentProblem when it is not there or cannot serve."""
    if method.model_kind == "builtin":
        return load_builtin()
    if method.model_kind == "open_clip":
        return load_open_clip(method.model[0], method.model[1])
    return load_files(spec_folder / method.model[0], spec_folder / method.model[1])


def load_builtin() -> ClipModel:
    """The small model that ships with promptdsl."""
    from promptdsl.clip.builtin import builtin_config, load_builtin_state_dict
    from promptdsl.methods import BUILTIN_MODEL

    return assemble(BUILTIN_MODEL, builtin_config(), state_from_tensors(load_builtin_state_dict()))


def load_files(config: Path, weights: Path) -> ClipModel:
    """A config JSON with open_clip's keys and a weights file."""
    try:
        content = parse_config(read_regular(config, MAX_CONFIG_BYTES))
    except FileNotFoundError as error:
        raise EnvironmentProblem(
            f"{config} is not there; it should hold the model's config"
        ) from error
    except (OSError, ValueError) as error:
        raise EnvironmentProblem(
            f"{config} is not a readable JSON file ({reason(error)})"
        ) from error
    read_config(content, config.stem)  # refuse before weights of gigabytes are opened
    return assemble(config.stem, content, open_weights(weights))


def load_open_clip(name: str, tag: str) -> ClipModel:
    """A model of open_clip, downloaded into open_clip's own cache if need be."""
    content = open_clip_config(name)
    entry = _pretrained_entry(name, tag)
    _check_activation(name, tag, bool(content.get("quick_gelu", False)), entry)
    preprocess = {key: entry[key] for key in ("mean", "std") if entry.get(key) is not None}
    read_config(content, name)  # refuse before a download of gigabytes
    path = _download(name, tag, entry)
    return assemble(f"{name} {tag}", {**content, "preprocess_cfg": preprocess}, open_weights(path))


def open_clip_config(name: str) -> dict[str, Any]:
    """open_clip's config for a model name."""
    import open_clip

    config = open_clip.get_model_config(name) if "/" not in name and ":" not in name else None
    if config is None and name.endswith(QUICK_GELU_SUFFIX):  # older versions lack some of these
        config = open_clip.get_model_config(name.removesuffix(QUICK_GELU_SUFFIX))
        config = None if config is None else {**config, "quick_gelu": True}
    if config is None:
        near = nearest(name, open_clip.list_models())
        raise EnvironmentProblem(
            f'open_clip has no model "{name}"', help=f'did you mean "{near}"?' if near else None
        )
    return dict(config)


def assemble(name: str, config: Mapping[str, Any], source: StateSource) -> ClipModel:
    """Check that the weights fit the config. Raises EnvironmentProblem naming what does not."""
    shape = read_config(config, name)
    wrong = []
    for tensor, expected in expected_shapes(shape).items():
        actual = source.shapes.get(tensor)
        if actual is None:
            wrong.append(f"{tensor} is missing")
        elif tensor == "visual.positional_embedding":
            if not _is_square_grid(actual, expected):
                wrong.append(f"{tensor} is {_text(actual)}, not {_text(expected)}")
        elif actual != expected:
            wrong.append(f"{tensor} is {_text(actual)}, not {_text(expected)}")
    wrong += _without_place(shape, source.shapes)
    if wrong:
        more = f" and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise EnvironmentProblem(
            f"the weights do not fit the config of {name}: {'; '.join(wrong[:3])}{more}",
            help="bring the weights and the config of one model",
        )
    return ClipModel(name, shape, source)


def random_model(architecture: str, seed: int = 0) -> ClipModel:
    """A model of open_clip with random weights, for benchmarks."""
    config = open_clip_config(architecture)
    shape = read_config(config, architecture)
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, size in expected_shapes(shape).items():
        if len(size) == 1 and name.endswith("weight"):
            tensors[name] = torch.ones(size)
        elif name.endswith("bias"):
            tensors[name] = torch.zeros(size)
        else:
            scale = 0.02 if "embedding" in name else size[-1] ** -0.5
            tensors[name] = torch.randn(size, generator=generator) * scale
    return assemble(architecture, config, state_from_tensors(tensors, f"random-{seed}"))


def _text(shape: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in shape) or "a number"


def _without_place(config: ClipConfig, shapes: Mapping[str, tuple[int, ...]]) -> list[str]:
    """What the weights hold and the config has no place for: leaving it out changes scores."""
    names = shapes.keys() - expected_shapes(config).keys() - WITHOUT_EFFECT
    wrong = []
    towers = {"visual.": ("image", config.vision.layers), "": ("text", config.text.layers)}
    for start, (tower, layers) in towers.items():
        pattern = re.compile(re.escape(start) + r"transformer\.resblocks\.(\d{1,9})\..*")
        found = {name: int(match[1]) for name in names if (match := pattern.fullmatch(name))}
        beyond = {name for name, layer in found.items() if layer >= layers}
        if beyond:
            most = 1 + max(found[name] for name in beyond)
            wrong.append(
                f"the weights have {most} layers of the {tower} tower, and the config has {layers}"
            )
        names = names - beyond
    return wrong + [f"there is no place for {name[:100]} in the config" for name in sorted(names)]


def _is_square_grid(actual: tuple[int, ...], expected: tuple[int, ...]) -> bool:
    """Another image size is fine: the embedding is resized."""
    side = round(max(actual[0] - 1, 0) ** 0.5) if len(actual) == 2 else 0
    return len(actual) == 2 and actual[1] == expected[1] and side > 0 and actual[0] == side**2 + 1


@functools.cache
def _tokenizer(clean: str) -> Any:
    from open_clip.tokenizer import SimpleTokenizer

    return SimpleTokenizer(clean=clean)


def _tokenize(clean: str, prompt: str) -> list[int]:
    tokenizer = _tokenizer(clean)
    return [tokenizer.sot_token_id, *tokenizer.encode(prompt), tokenizer.eot_token_id]


def _pretrained_entry(name: str, tag: str) -> dict[str, Any]:
    from open_clip.pretrained import get_pretrained_cfg, list_pretrained_tags_by_model

    entry = get_pretrained_cfg(name, tag) or get_pretrained_cfg(
        name.removesuffix(QUICK_GELU_SUFFIX), tag
    )
    if not entry:
        tags = ", ".join(list_pretrained_tags_by_model(name)) or "none"
        raise EnvironmentProblem(f'{name} has no weights called "{tag}"; open_clip knows: {tags}')
    return dict(entry)


def trained_with_quick_gelu(tag: str, entry: Mapping[str, Any]) -> bool:
    """Whether the weights want QuickGELU; older tables of open_clip are read by file name."""
    from open_clip import pretrained

    if "quick_gelu" in entry or _table_knows_quick_gelu(pretrained):
        return bool(entry.get("quick_gelu", False))
    return tag.startswith(QUICK_GELU_TAGS) or QUICK_GELU_MARK in entry.get("url", "")


def _table_knows_quick_gelu(pretrained: Any) -> bool:
    return any(
        "quick_gelu" in entry for tags in pretrained._PRETRAINED.values() for entry in tags.values()
    )


def _check_activation(name: str, tag: str, model_quick: bool, entry: Mapping[str, Any]) -> None:
    weights_quick = trained_with_quick_gelu(tag, entry)
    if weights_quick == model_quick:
        return
    wanted = f"{name}{QUICK_GELU_SUFFIX}" if weights_quick else name.removesuffix(QUICK_GELU_SUFFIX)
    raise EnvironmentProblem(
        f'the weights "{tag}" were trained with {_activation(weights_quick)}, '
        f"but {name} computes {_activation(model_quick)}: its scores would be wrong",
        help=f'write model: "{wanted}", "{tag}"',
    )


def _activation(quick: bool) -> str:
    return "QuickGELU" if quick else "plain GELU"


def _download(name: str, tag: str, entry: dict[str, Any]) -> Path:
    """The weights out of open_clip's cache, else by its download; quick to give up offline."""
    from open_clip.pretrained import download_pretrained

    cached = cached_file(entry)
    if cached is not None:  # asking the hub whether there are newer ones would need a network
        return cached
    _demand_network(name, tag, entry)
    try:
        return Path(download_pretrained(entry))
    except (OSError, RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())[:160]
        raise EnvironmentProblem(
            f'the weights {name} "{tag}" are not on this machine and could not be downloaded '
            f"({reason})",
            help=BRING_WEIGHTS,
        ) from error


def _demand_network(name: str, tag: str, entry: dict[str, Any]) -> None:
    """Fail within seconds where the download's own retries would take a minute."""
    if any(os.environ.get(key) for key in PROXIES):
        return  # the proxy knows what can be reached
    from huggingface_hub.constants import ENDPOINT, HF_HUB_OFFLINE

    address = urlsplit(ENDPOINT if entry.get("hf_hub") else str(entry.get("url", "")))
    if not address.hostname:
        return
    try:
        if HF_HUB_OFFLINE and entry.get("hf_hub"):
            raise OSError("HF_HUB_OFFLINE is set")
        port = address.port or (80 if address.scheme == "http" else 443)
        socket.create_connection((address.hostname, port), timeout=5).close()
    except OSError as error:
        raise EnvironmentProblem(
            f'the weights {name} "{tag}" are not on this machine, and {address.hostname} cannot '
            f"be reached ({error})",
            help=BRING_WEIGHTS,
        ) from error
