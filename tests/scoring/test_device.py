"""Where to compute: what `auto` takes, what is refused, and the sentence about it."""

from pathlib import Path

import pytest
import torch

from promptdsl.engine import device
from promptdsl.engine.device import choose_compute, processors, threads, workers
from promptdsl.errors import EnvironmentProblem, UsageProblem


@pytest.fixture
def no_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("no_cuda")
def test_cuda_that_is_not_there_is_told() -> None:
    with pytest.raises(EnvironmentProblem, match="finds no CUDA device"):
        choose_compute("cuda")


@pytest.mark.usefixtures("no_cuda")
@pytest.mark.parametrize(
    ("flags", "precision", "taken", "said"),
    [
        ({"amx_bf16", "avx512_bf16"}, "auto", "bf16", "amx_bf16"),
        ({"avx512_bf16"}, "auto", "bf16", "avx512_bf16"),
        ({"avx2"}, "auto", "fp32", "no fast bf16 here"),
        ({"avx2"}, "bf16", "bf16", "slow here"),
        ({"amx_bf16"}, "fp32", "fp32", "fp32"),
    ],
)
def test_precision_follows_the_processor(
    monkeypatch: pytest.MonkeyPatch, flags: set[str], precision: str, taken: str, said: str
) -> None:
    monkeypatch.setattr(device, "_processor_flags", lambda: frozenset(flags))
    compute = choose_compute("auto", precision)
    assert (compute.device.type, compute.precision) == ("cpu", taken)
    assert said in compute.note


@pytest.mark.parametrize(("place", "precision"), [("gpu", "auto"), ("cpu", "fp16")])
def test_unknown_words_are_refused(place: str, precision: str) -> None:
    with pytest.raises(UsageProblem, match="is none of"):
        choose_compute(place, precision)


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Four processors, and cgroups that a test writes."""
    monkeypatch.setattr(device, "CGROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(device, "OWN_CGROUP", tmp_path / "own")
    monkeypatch.setattr(device.torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    (tmp_path / "cgroup").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("text", "expected"), [("200000 100000", 2), ("max 100000", 4), ("10000 100000", 1), ("", 4)]
)
def test_a_container_quota_bounds_the_threads(cgroups: Path, text: str, expected: int) -> None:
    (cgroups / "cgroup/cpu.max").write_text(text, "utf-8")
    assert threads() == processors() == expected


def test_a_quota_further_up_counts_too(cgroups: Path) -> None:
    inner = cgroups / "cgroup/system.slice/inspect.service"
    inner.mkdir(parents=True)
    (cgroups / "own").write_text("0::/system.slice/inspect.service\n", "utf-8")
    (inner / "cpu.max").write_text("300000 100000\n", "utf-8")
    assert processors() == 3
    (inner.parent / "cpu.max").write_text("100000 100000\n", "utf-8")
    assert processors() == 1


def test_quotas_of_the_first_version_count(cgroups: Path) -> None:
    (cgroups / "own").write_text("4:cpu,cpuacct:/docker/ab\n3:memory:/docker/ab\n", "utf-8")
    inner = cgroups / "cgroup/cpu/docker/ab"
    inner.mkdir(parents=True)
    (inner / "cpu.cfs_quota_us").write_text("200000\n", "utf-8")
    (inner / "cpu.cfs_period_us").write_text("100000\n", "utf-8")
    assert processors() == 2
    (inner / "cpu.cfs_quota_us").write_text("-1\n", "utf-8")
    assert processors() == 4


@pytest.mark.parametrize(("count", "expected"), [(1, 2), (4, 2), (8, 4), (64, 8)])
def test_reading_threads_follow_the_processors_of_this_process(
    cgroups: Path, monkeypatch: pytest.MonkeyPatch, count: int, expected: int
) -> None:
    monkeypatch.setattr(device.os, "cpu_count", lambda: 512)
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: set(range(count)), raising=False)
    assert workers(8) == expected


@pytest.mark.usefixtures("no_cuda")
def test_the_choice_of_a_processor_sets_its_threads(cgroups: Path) -> None:
    before = torch.get_num_threads()
    (cgroups / "cgroup/cpu.max").write_text("100000 100000", "utf-8")
    asked: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(device.torch, "set_num_threads", asked.append)
        assert "1 thread," in choose_compute("cpu").note
    assert asked == [1] and torch.get_num_threads() == before
