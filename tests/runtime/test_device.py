"""Where to compute: what `auto` takes, what is refused, and the sentence about it."""

from pathlib import Path

import pytest
import torch

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.runtime import device
from promptdsl.runtime.device import choose_compute, threads


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


def test_a_container_quota_bounds_the_threads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quota = tmp_path / "cpu.max"
    monkeypatch.setattr(device, "QUOTA", quota)
    monkeypatch.setattr(device.torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(device.os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    for text, expected in (("200000 100000", 2), ("max 100000", 4), ("10000 100000", 1), ("", 4)):
        quota.write_text(text, "utf-8")
        assert threads() == expected
