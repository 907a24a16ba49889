"""The fields of `method winclip { ... }` as typed values."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from promptdsl.methods import Setting
from promptdsl.methods.shared.words import Averaging, Pooling
from promptdsl.methods.winclip.windows import Fuse, WindowSize, parse_windows

ImageScore = Literal["mean", "sum", "words", "references"]


@dataclass(frozen=True, slots=True)
class WinclipSettings:
    """What changes embeddings (`sizes`, `stride`, `image_size`) and what only changes scores."""

    sizes: tuple[WindowSize, ...]
    image_in_map: bool
    stride: int
    temperature: float
    averaging: Averaging
    pooling: Pooling
    fuse: Fuse
    image_score: ImageScore
    references: tuple[str, ...]
    shots: int | None
    seed: int
    image_size: int | None


def read_settings(settings: Mapping[str, Setting]) -> WinclipSettings:
    """Take the settings of a plan, which the checker has validated."""
    image_in_map, sizes = parse_windows(_names(settings["windows"]))
    return WinclipSettings(
        sizes=sizes,
        image_in_map=image_in_map,
        stride=cast(int, settings["stride"]),
        temperature=float(cast(float, settings["temperature"])),
        averaging=cast(Averaging, settings["averaging"]),
        pooling=cast(Pooling, settings["pooling"]),
        fuse=cast(Fuse, settings["fuse"]),
        image_score=cast(ImageScore, settings["image_score"]),
        references=_names(settings.get("references") or ()),
        shots=cast("int | None", settings.get("shots")),
        seed=cast(int, settings.get("seed") or 0),
        image_size=cast("int | None", settings.get("image_size")),
    )


def _names(setting: Setting) -> tuple[str, ...]:
    return tuple(str(name) for name in cast("tuple[str, ...]", setting))
