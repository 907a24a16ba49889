"""Speed of a detector: pictures per second, latency, and the share of the machine's matrix rate.

The matrix rate is measured in the same run, as one large product of the same number type.
"""

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from promptdsl.engine.device import Compute, choose_compute
from promptdsl.scoring.detector import Detector
from promptdsl.scoring.features import Pictures

MATRIX_SIDE = {"cpu": 4096, "cuda": 8192}
SECONDS = {"cpu": 6.0, "cuda": 2.0}  # of measuring, for each batch size
LEAST_ROUNDS = 3
Step = Callable[[str], None]  # told before each measurement


@dataclass(frozen=True, slots=True)
class Speed:
    """One batch size. Shares are of the measured matrix rate."""

    who: str
    device: str
    precision: str
    batch: int
    pictures_per_second: float  # of the fastest round
    latency_ms: float  # of a batch; median over the rounds
    rounds: int
    share_needed: float | None  # None where the arithmetic is not ours to count
    peak_memory_mb: float


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that one benchmark measured."""

    device: str
    matrix_tflops: dict[str, float]  # by precision
    gflop_needed: float
    gflop_naive: float
    speeds: tuple[Speed, ...]
    out_of_memory: tuple[int, ...]  # batch sizes that did not fit


@dataclass(frozen=True, slots=True)
class TextSetup:
    """Seconds to embed all prompts of one object."""

    prompts: int
    anomalib: float
    cold: float
    cached: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Speeds of anomalib and of ours; differences of scores and maps, by our precision."""

    anomalib_version: str
    open_clip_version: str
    text: TextSetup
    speeds: tuple[Speed, ...]
    score_difference: dict[str, float]
    map_difference: dict[str, float]


def precisions(device: str, precision: str) -> list[Compute]:
    """The ways to compute that are worth comparing: for auto, float32 and what it would choose."""
    chosen = choose_compute(device, precision)
    if precision != "auto" or chosen.precision == "fp32":
        return [chosen]
    return [choose_compute(device, "fp32"), chosen]


def matrix_rate(compute: Compute) -> float:
    """Operations per second of a large matrix product, the best of several."""
    side = MATRIX_SIDE[compute.device.type]
    generator = torch.Generator(compute.device).manual_seed(0)
    left, right = (
        torch.randn(side, side, device=compute.device, generator=generator).to(compute.dtype)
        for _ in range(2)
    )
    out = torch.empty_like(left)
    seconds = rounds(lambda: torch.mm(left, right, out=out), compute.device, 1.0)
    return float(2 * side**3 / min(seconds))


def rounds(work: Callable[[], object], device: torch.device, limit: float) -> list[float]:
    """Seconds of each run of `work`, after three that warm up (one where a run is long)."""
    first = _timed(work, device)
    for _ in range(2 if first < limit / 4 else 0):
        _timed(work, device)
    seconds: list[float] = []
    while len(seconds) < LEAST_ROUNDS or sum(seconds) < limit:
        seconds.append(_timed(work, device))
    return seconds


def _timed(work: Callable[[], object], device: torch.device) -> float:
    _wait(device)
    start = time.perf_counter()
    work()
    _wait(device)
    return time.perf_counter() - start


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def random_pictures(batch: int, size: tuple[int, int], seed: int = 0) -> Pictures:
    """Noise: the speed does not depend on what a picture shows."""
    generator = np.random.default_rng(seed)
    return generator.integers(0, 256, (batch, *size, 3), dtype=np.uint8)


def measure(detector: Detector, batch: int, rate: float) -> Speed:
    """Time whole inspections, from 8-bit pictures in memory to scores and maps."""
    pictures = random_pictures(batch, detector.size)
    device = detector.compute.device
    seconds = rounds(lambda: detector.inspect(pictures), device, SECONDS[device.type])
    return speed_of("promptdsl", detector.compute, batch, seconds, detector.flops.needed / rate)


def speed_of(
    who: str, compute: Compute, batch: int, seconds: Sequence[float], ideal: float | None
) -> Speed:
    """`ideal` is the time of one picture's arithmetic at the full matrix rate."""
    best = batch / min(seconds)
    return Speed(
        who=who,
        device=compute.device.type,
        precision=compute.precision,
        batch=batch,
        pictures_per_second=best,
        latency_ms=1000 * statistics.median(seconds),
        rounds=len(seconds),
        share_needed=None if ideal is None else best * ideal,
        peak_memory_mb=peak_memory_mb(compute.device),
    )


def _of_rate(speed: Speed, factor: float) -> Speed:
    """The same speed, its share relative to another matrix rate."""
    share = speed.share_needed
    return speed if share is None else replace(speed, share_needed=share * factor)


def benchmark(detectors: Sequence[Detector], batches: Sequence[int], step: Step) -> Report:
    """Measure one detector for each precision at all batch sizes, smallest first."""
    rates: dict[str, float] = {}
    speeds: list[Speed] = []
    too_large: set[int] = set()
    for detector in detectors:
        compute = detector.compute
        step(f"matrix rate in {compute.precision}")
        rate, found = matrix_rate(compute), []
        for batch in sorted(batches):
            step(f"{compute.precision}, batch {batch}")
            try:
                found.append(measure(detector, batch, rate))
            except torch.OutOfMemoryError:
                too_large.add(batch)
        # Other programs may have disturbed the first measurement: the better of two counts.
        rates[compute.precision] = max(rate, matrix_rate(compute))
        speeds += [_of_rate(speed, rate / rates[compute.precision]) for speed in found]
    flops = detectors[0].flops
    return Report(
        device=detectors[0].compute.note,
        matrix_tflops={precision: rate / 1e12 for precision, rate in rates.items()},
        gflop_needed=flops.needed / 1e9,
        gflop_naive=flops.naive / 1e9,
        speeds=tuple(speeds),
        out_of_memory=tuple(sorted(too_large)),
    )


KINDS = {
    "matrix products": ("addmm", "aten::mm", "bmm", "gemm", "nvjet", "cutlass"),
    "attention": ("attention", "attend", "flash", "fmha"),
    "layer norm and residual": ("layer_norm", "add_norm", "aten::add"),
    "activation": ("gelu", "silu"),
    "copies and gathers": ("copy", "index", "cat", "gather", "memcpy"),
}


def where_time_goes(detector: Detector, batch: int) -> dict[str, float]:
    """Share of the time of one inspection by kind of work, from PyTorch's profiler."""
    from torch.profiler import ProfilerActivity, profile

    cuda = detector.compute.device.type == "cuda"
    pictures = random_pictures(batch, detector.size)
    for _ in range(3 if cuda else 1):
        detector.inspect(pictures)
    activity = ProfilerActivity.CUDA if cuda else ProfilerActivity.CPU
    with profile(activities=[activity]) as record:
        detector.inspect(pictures)
    times: dict[str, float] = dict.fromkeys([*KINDS, "other"], 0.0)
    for event in record.key_averages():
        spent = event.self_device_time_total if cuda else event.self_cpu_time_total
        times[_kind(event.key)] += spent
    total = sum(times.values()) or 1.0
    return {kind: spent / total for kind, spent in times.items()}


def _kind(name: str) -> str:
    lowered = name.lower()
    return next((k for k, marks in KINDS.items() if any(m in lowered for m in marks)), "other")


def peak_memory_mb(device: torch.device) -> float:
    """Highest use so far: of the card, or of this process."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated() / 1e6
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak / 1e3
