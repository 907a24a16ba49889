"""WinCLIP with random weights: as fast as real ones, nothing to download, also beside anomalib's.

Both are timed in turns in one process, because another program on the machine then disturbs both
alike; of each the fastest round counts. anomalib computes in float32.
"""

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from os import environ
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from promptdsl.clip.model import ClipModel, random_model
from promptdsl.clip.text import embed_prompts
from promptdsl.engine.device import Compute
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.shared.settings import read_fields
from promptdsl.methods.shared.words import Directions, find_directions
from promptdsl.methods.winclip.detector import WinclipDetector, assemble_detector
from promptdsl.methods.winclip.fields import METHOD
from promptdsl.methods.winclip.settings import WinclipSettings
from promptdsl.plan.model import Origin, Prompt
from promptdsl.scoring.benchmark import (
    SECONDS,
    Comparison,
    Speed,
    Step,
    TextSetup,
    random_pictures,
    speed_of,
)
from promptdsl.scoring.detector import Detector
from promptdsl.scoring.features import Pictures

ARCHITECTURE = "ViT-B-16-plus-240"  # the only one that anomalib's WinCLIP offers
OBJECT, DEFECTS = "bottle", ("damage",)
SETTINGS = read_fields(WinclipSettings, {field.name: field.default for field in METHOD.fields})


def random_detectors(architecture: str, computes: Sequence[Compute]) -> list[Detector]:
    """Default settings on a model of open_clip, once for each way to compute."""
    model = random_model(architecture)
    generator = torch.Generator().manual_seed(0)
    normal, bad = F.normalize(
        torch.randn(2, 1, model.config.embed_dim, generator=generator), dim=-1
    )
    words = Directions(normal, bad, bad, torch.zeros(1, dtype=torch.long), DEFECTS)
    return [assemble_detector(model, SETTINGS, compute, words) for compute in computes]


def compare(computes: Sequence[Compute], batches: Sequence[int], step: Step) -> Comparison:
    """Run both at every batch size. `computes` share one device.

    Raises EnvironmentProblem where anomalib's WinCLIP cannot be imported.
    """
    _require_anomalib()
    model = random_model(ARCHITECTURE)
    step("anomalib's model")
    theirs = _anomalib_model(model, computes[0].device)
    prompts = _prompts()
    with _own_cache():
        step("prompts")
        text = _text_setup(theirs, model, prompts, computes[0])
        embeddings_TD = embed_prompts(model, [prompt.text for prompt in prompts])
    words, settings = find_directions(prompts, embeddings_TD, "plain", "mean"), SETTINGS
    settings = replace(settings, averaging="plain")
    ours = [assemble_detector(model, settings, compute, words) for compute in computes]
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


def _require_anomalib() -> None:
    try:
        import anomalib.models.image.winclip.torch_model  # noqa: F401
    except ImportError as error:
        raise EnvironmentProblem(
            f"--against anomalib: anomalib cannot be imported here ({error})",
            help='pip install "anomalib[clip]"',
        ) from error


def _anomalib_model(model: ClipModel, device: torch.device) -> Any:
    from anomalib.models.image.winclip import torch_model

    torch_model.PRETRAINED = None  # no download: the weights are replaced
    theirs = torch_model.WinClipModel()
    theirs.clip.load_state_dict(dict(model.source.read(model.source.shapes)), strict=False)
    return theirs.eval().to(device)


def _prompts() -> list[Prompt]:
    from anomalib.models.image.winclip.prompting import create_prompt_ensemble

    normal, anomalous = create_prompt_ensemble(OBJECT)
    good = [_prompt(text, None) for text in normal]
    return good + [_prompt(text, DEFECTS[0]) for text in anomalous]


def _prompt(text: str, defect: str | None) -> Prompt:
    here = Origin(file="benchmark", line=1, column=1, end_line=1, end_column=1)
    return Prompt(
        text=text,
        label="anomalous" if defect else "normal",
        defect=defect,
        phrase=text,
        template="{}",
        phrase_origin=here,
        template_origin=None,
    )


def _text_setup(
    theirs: Any, model: ClipModel, prompts: Sequence[Prompt], compute: Compute
) -> TextSetup:
    texts = [prompt.text for prompt in prompts]
    embed = partial(embed_prompts, model, texts, device=compute.device)
    anomalib, cold, cached = map(_seconds, (partial(theirs.setup, OBJECT), embed, embed))
    return TextSetup(len(prompts), anomalib, cold, cached)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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
    ready, device = _normalized(ours[0], pictures), ours[0].compute.device
    works = [partial(theirs, ready), *(partial(d.inspect, pictures) for d in ours)]
    names = [("anomalib", Compute(device, torch.float32, ours[0].compute.note))]
    names += [("promptdsl", detector.compute) for detector in ours]
    step(f"against anomalib, batch {batch}")
    for (who, compute), times in zip(names, _turns(works, device), strict=True):
        yield speed_of(who, compute, batch, times, None)


def _turns(works: Sequence[Callable[[], object]], device: torch.device) -> list[list[float]]:
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
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
