"""Which models there are, and which weights are on this machine already.

open_clip keeps weights from the Hugging Face hub in that hub's cache, others in its own folder.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from promptdsl.methods import BUILTIN_MODEL

HUB_FILES = ("open_clip_model.safetensors", "open_clip_pytorch_model.bin")


@dataclass(frozen=True, slots=True)
class Offered:
    """One model that a spec may name, and where its weights lie on this machine, if they do."""

    kind: Literal["builtin", "open_clip"]
    model: tuple[str, ...]
    path: str | None
    bytes: int | None

    @property
    def cached(self) -> bool:
        """True when no download is needed."""
        return self.path is not None


def builtin() -> Offered:
    """The model inside the package."""
    from promptdsl.clip.builtin import builtin_folder

    return _offered("builtin", (BUILTIN_MODEL,), builtin_folder() / "weights.safetensors")


def open_clip_models(pairs: Iterable[tuple[str, str]]) -> list[Offered]:
    """Those pairs of name and tag that the installed open_clip knows."""
    from open_clip.pretrained import get_pretrained_cfg

    entries = [(pair, get_pretrained_cfg(*pair)) for pair in pairs]
    return [_offered("open_clip", pair, cached_file(entry)) for pair, entry in entries if entry]


def cached_file(entry: Mapping[str, Any]) -> Path | None:
    """Where open_clip would find these weights without a network, or None."""
    if entry.get("hf_hub"):
        return _in_hub_cache(entry["hf_hub"])
    if entry.get("url"):
        path = Path("~/.cache/clip").expanduser() / Path(entry["url"]).name
        return path if path.is_file() else None
    return None


def _in_hub_cache(place: str) -> Path | None:
    from huggingface_hub import try_to_load_from_cache

    repository, _, file = place.rpartition("/")
    for name in (file,) if file else HUB_FILES:
        found = try_to_load_from_cache(repository, name)
        if isinstance(found, str):
            return Path(found)
    return None


def hub_cache() -> Path:
    """The folder to copy to a machine without internet."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def _offered(
    kind: Literal["builtin", "open_clip"], model: tuple[str, ...], path: Path | None
) -> Offered:
    if path is None or not path.is_file():
        return Offered(kind, model, None, None)
    return Offered(kind, model, str(path), path.stat().st_size)
