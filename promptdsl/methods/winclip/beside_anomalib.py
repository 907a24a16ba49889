"""The same random weights in anomalib's WinCLIP and in ours, timed in turns in one process.

Turns, because another program on the machine then disturbs both alike; of each the fastest round
counts. anomalib computes in float32.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from typing import Any

import numpy as np
import torch

from promptdsl.clip.model import ClipModel
from promptdsl.clip.text import embed_prompts
from promptdsl.engine.device import Compute
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.shared.words import find_directions
from promptdsl.methods.winclip.detector import WinclipDetector, assemble_detector
from promptdsl.methods.winclip.settings import WinclipSettings
from promptdsl.methods.winclip.windows import WindowSize
from promptdsl.plan.model import Origin, Prompt
from promptdsl.scoring.benchmark import SECONDS, Speed, Step, random_pictures, speed_of
from promptdsl.scoring.detector import Pictures

ARCHITECTURE = "ViT-B-16-plus-240"  # the only one that anomalib's WinCLIP offers
OBJECT = "bottle"
SETTINGS = WinclipSettings(
    sizes=(WindowSize(2, 2), WindowSize(3, 3)),
    image_in_map=True,
    stride=1,
    temperature=0.07,
    averaging="plain",
    pooling="mean",
    fuse="harmonic",
    image_score="mean",
    references=(),
    shots=None,
    seed=0,
    image_size=None,
)


@dataclass(frozen=True, slots=True)
class TextSetup:
    """Seconds to embed all prompts of one object."""

    prompts: int
    anomalib: float
    cold: float
    cached: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Speeds of both; differences of scores and maps, by our precision."""

    anomalib_version: str
    open_clip_version: str
    text: TextSetup
    speeds: tuple[Speed, ...]
    score_difference: dict[str, float]
    map_difference: dict[str, float]


def require_anomalib() -> None:
    """Raises EnvironmentProblem where anomalib's WinCLIP cannot be imported."""
    try:
        import anomalib.models.image.winclip.torch_model  # noqa: F401
    except ImportError as error:
        raise EnvironmentProblem(
            f"--against anomalib: anomalib cannot be imported here ({error})",
            help='pip install "anomalib[clip]"',
        ) from error


def compare(
    model: ClipModel, computes: Sequence[Compute], batches: Sequence[int], step: Step
) -> Comparison:
    """Run both at every batch size. `computes` share one device."""
    step("anomalib's model")
    theirs = _anomalib_model(model, computes[0].device)
    prompts = _prompts()
    with _own_cache():
        step("prompts")
        text = _text_setup(theirs, model, prompts, computes[0])
        embeddings_TD = embed_prompts(model, [prompt.text for prompt in prompts])
    words = find_directions(prompts, embeddings_TD, "plain", "mean")
    ours = [assemble_detector(model, SETTINGS, compute, words) for compute in computes]
    step("scores")
    differences = [_differences(detector, theirs) for detector in ours]
    speeds = [s for batch in batches for s in _speeds(theirs, ours, batch, step)]
    return Comparison(
        anomalib_version=_version("anomalib"),
        open_clip_version=_version("open_clip_torch"),
        text=text,
        speeds=tuple(speeds),
        score_difference={c.precision: d[0] for c, d in zip(computes, differences, strict=True)},
        map_difference={c.precision: d[1] for c, d in zip(computes, differences, strict=True)},
    )


def _anomalib_model(model: ClipModel, device: torch.device) -> Any:
    from anomalib.models.image.winclip import torch_model

    torch_model.PRETRAINED = None  # no download: the weights are replaced
    theirs = torch_model.WinClipModel()
    theirs.clip.load_state_dict(dict(model.source.read(model.source.shapes)), strict=False)
    return theirs.eval().to(device)


def _prompts() -> list[Prompt]:
    from anomalib.models.image.winclip.prompting import create_prompt_ensemble

    here = Origin(file="benchmark", line=1, column=1, end_line=1, end_column=1)
    normal, anomalous = create_prompt_ensemble(OBJECT)
    rows: list[tuple[str, str | None, str]] = [("normal", None, text) for text in normal]
    rows += [("anomalous", "damage", text) for text in anomalous]
    return [
        Prompt.model_validate(
            {
                "text": text,
                "label": label,
                "defect": defect,
                "phrase": text,
                "template": "{}",
                "phrase_origin": here,
                "template_origin": None,
            }
        )
        for label, defect, text in rows
    ]


def _text_setup(
    theirs: Any, model: ClipModel, prompts: Sequence[Prompt], compute: Compute
) -> TextSetup:
    texts = [prompt.text for prompt in prompts]
    start = time.perf_counter()
    theirs.setup(OBJECT)
    anomalib = time.perf_counter() - start
    seconds = []
    for _ in range(2):
        start = time.perf_counter()
        embed_prompts(model, texts, device=compute.device)
        seconds.append(time.perf_counter() - start)
    return TextSetup(len(prompts), anomalib, *seconds)


@contextmanager
def _own_cache() -> Iterator[None]:
    """Random weights leave nothing in the user's cache."""
    before = environ.get("PROMPTDSL_CACHE")
    with tempfile.TemporaryDirectory() as folder:
        environ["PROMPTDSL_CACHE"] = folder
        try:
            yield
        finally:
            environ.pop("PROMPTDSL_CACHE")
            if before is not None:
                environ["PROMPTDSL_CACHE"] = before


def _normalized(detector: WinclipDetector, pictures: Pictures) -> torch.Tensor:
    tower = detector.encoder.tower
    pixels = torch.from_numpy(pictures).permute(0, 3, 1, 2).to(tower.mean.device)
    return (pixels.float() - tower.mean) / tower.std


def _differences(detector: WinclipDetector, theirs: Any) -> tuple[float, float]:
    """Largest difference of a score and of a map's value."""
    pictures = random_pictures(1, detector.size)
    ours, batch = detector.inspect(pictures)[0], theirs(_normalized(detector, pictures))
    map_difference = np.abs(ours.map - batch.anomaly_map[0].cpu().numpy()).max()
    return abs(ours.score - float(batch.pred_score[0])), float(map_difference)


def _speeds(
    theirs: Any, ours: Sequence[WinclipDetector], batch: int, step: Step
) -> Iterator[Speed]:
    """All of them in turns, until the slowest has had its time."""
    pictures = random_pictures(batch, ours[0].size)
    ready = _normalized(ours[0], pictures)
    works = [lambda: theirs(ready), *(_inspection(detector, pictures) for detector in ours)]
    names = [("anomalib", _in_fp32(ours[0].compute))]
    names += [("promptdsl", detector.compute) for detector in ours]
    step(f"against anomalib, batch {batch}")
    device = ours[0].compute.device
    seconds = _turns(works, device)
    for (who, compute), times in zip(names, seconds, strict=True):
        yield speed_of(who, compute, batch, times, None)


def _in_fp32(compute: Compute) -> Compute:
    return Compute(compute.device, torch.float32, compute.note)


def _inspection(detector: WinclipDetector, pictures: Pictures) -> Any:
    return lambda: detector.inspect(pictures)


def _turns(works: Sequence[Any], device: torch.device) -> list[list[float]]:
    seconds: list[list[float]] = [[] for _ in works]
    for turn in range(1000):
        for times, work in zip(seconds, works, strict=True):
            start = time.perf_counter()
            work()
            if device.type == "cuda":
                torch.cuda.synchronize()
            if turn >= (3 if device.type == "cuda" else 1):  # the first ones warm up
                times.append(time.perf_counter() - start)
        if len(seconds[0]) >= 5 and sum(map(sum, seconds)) > SECONDS[device.type]:
            break
    return seconds


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
