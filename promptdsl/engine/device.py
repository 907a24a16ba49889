"""Where to compute and in which number type, and a sentence about the choice."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import torch

from promptdsl.errors import EnvironmentProblem, UsageProblem

DEVICES = ("auto", "cuda", "cpu")
PRECISIONS = ("auto", "fp32", "bf16")
# Processor flags that make bfloat16 products faster than float32 ones.
FAST_BF16_FLAGS = ("amx_bf16", "avx512_bf16")
CGROUPS = Path("/sys/fs/cgroup")  # quotas of containers and services, on Linux
OWN_CGROUP = Path("/proc/self/cgroup")


@dataclass(frozen=True, slots=True)
class Compute:
    """A device, the type of the image tower's weights, and why."""

    device: torch.device
    dtype: torch.dtype
    note: str

    @property
    def precision(self) -> str:
        """`fp32` or `bf16`."""
        return "bf16" if self.dtype == torch.bfloat16 else "fp32"


def choose_compute(device: str = "auto", precision: str = "auto") -> Compute:
    """Resolve `auto`. Raises EnvironmentProblem when CUDA is asked for and absent."""
    if device not in DEVICES:
        raise UsageProblem(f"device: {device} is none of {', '.join(DEVICES)}")
    if precision not in PRECISIONS:
        raise UsageProblem(f"precision: {precision} is none of {', '.join(PRECISIONS)}")
    if device == "cuda" and not torch.cuda.is_available():
        raise EnvironmentProblem(
            "--device cuda: PyTorch finds no CUDA device here", help="use --device cpu or auto"
        )
    place = "cuda" if device != "cpu" and torch.cuda.is_available() else "cpu"
    fast = _fast_bf16(place)
    use_bf16 = precision == "bf16" or (precision == "auto" and fast is not None)
    dtype = torch.bfloat16 if use_bf16 else torch.float32
    if place == "cpu":
        torch.set_num_threads(threads())  # sums depend on it in their last bits
    return Compute(torch.device(place), dtype, _note(place, precision, use_bf16, fast))


def _note(place: str, precision: str, use_bf16: bool, fast: str | None) -> str:
    count = threads()
    cpu = f"CPU, {count} thread" + "s" * (count > 1)
    name = torch.cuda.get_device_name() if place == "cuda" else cpu
    if use_bf16:
        return f"{name}, bf16 ({fast})" if fast else f"{name}, bf16 (slow here: no hardware for it)"
    return f"{name}, fp32" + ("" if precision == "fp32" else " (no fast bf16 here)")


def _fast_bf16(place: str) -> str | None:
    if place == "cuda":
        return "tensor cores" if torch.cuda.get_device_capability()[0] >= 8 else None
    flags = _processor_flags()
    return next((flag for flag in FAST_BF16_FLAGS if flag in flags), None)


def _processor_flags() -> frozenset[str]:
    """Linux tells; elsewhere none are known and float32 is taken."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return frozenset()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return frozenset(flags.partition(":")[2].split())


def processors() -> int:
    """Processors that this process may really use: affinity and quotas count."""
    if hasattr(os, "sched_getaffinity"):
        count = len(os.sched_getaffinity(0))
    else:
        count = os.cpu_count() or 1
    return max(1, min([count, *(round(quota) for quota in _quotas())]))


def threads() -> int:
    """Threads of the matrix products: no more than OMP_NUM_THREADS and its like allow."""
    return max(1, min(processors(), torch.get_num_threads()))


def workers(most: int) -> int:
    """Threads that read or draw beside the model: they wait much, so two even on one processor."""
    return max(2, min(most, processors() // 2))


def _quotas() -> Iterator[float]:
    """Processors that the cgroups of this process and all above it are given."""
    try:
        lines = OWN_CGROUP.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    for line in lines or ["0::/"]:
        controllers, own = line.split(":", 2)[1:] if line.count(":") > 1 else ("", "/")
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = CGROUPS / "cpu" if controllers else CGROUPS
        place = PurePosixPath(own.lstrip("/"))
        for folder in (place, *place.parents):
            quota = _quota(root / folder)
            if quota is not None:
                yield quota


def _quota(folder: Path) -> float | None:
    """Of one cgroup, in processors; of the second version's file, or of the first one's two."""
    try:
        if (folder / "cpu.max").is_file():
            quota, period = (folder / "cpu.max").read_text("utf-8").split()
        else:
            names = ("cpu.cfs_quota_us", "cpu.cfs_period_us")
            quota, period = ((folder / name).read_text("utf-8").strip() for name in names)
        return int(quota) / int(period) if int(quota) > 0 and int(period) > 0 else None
    except (OSError, ValueError):  # no quota
        return None
