"""Batches: found by trying, halved when memory runs out, and without effect on the results."""

import numpy as np
import pytest
import torch
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.pictures.reading import Picture
from promptdsl.scoring.batching import BatchSize, batch_size, is_out_of_memory, score_pictures

from .fakes import FakeDetector


def some_pictures(count: int) -> list[Picture]:
    blank = Image.new("RGB", (4, 4))
    return [Picture(np.full((32, 48, 3), i, np.uint8), 48, 32, blank) for i in range(count)]


def test_out_of_memory_halves_and_loses_nothing() -> None:
    detector, batch = FakeDetector(fits=3), batch_size(16, "cuda")
    scores = score_pictures(detector, some_pictures(11), batch)  # type: ignore[arg-type]
    assert [round(score.score * 255) for score in scores] == list(range(11))
    assert detector.batches == [11, 8, 4, 2, 2, 2, 2, 2, 1]
    assert (batch.size, batch.halved, batch.searching) == (2, 3, False)


def test_not_even_one_fits() -> None:
    with pytest.raises(EnvironmentProblem, match="single picture"):
        score_pictures(FakeDetector(fits=0), some_pictures(4), batch_size(4, "cuda"))  # type: ignore[arg-type]


def test_a_failing_device_is_one_sentence() -> None:
    class Broken(FakeDetector):
        def inspect(self, pictures: object) -> list[object]:  # type: ignore[override]
            raise RuntimeError("CUDA error: unspecified launch failure\nlong story")

    with pytest.raises(EnvironmentProblem) as caught:
        score_pictures(Broken(), some_pictures(1), batch_size(1, "cuda"))  # type: ignore[arg-type]
    assert caught.value.sentence == "the device failed: CUDA error: unspecified launch failure"


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        torch.OutOfMemoryError("x"),
        RuntimeError("CUDA out of memory. Tried"),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("CUBLAS_STATUS_ALLOC_FAILED when calling"),
    ],
)
def test_kinds_of_out_of_memory(error: BaseException) -> None:
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("shape mismatch"))


def simulate(batch: BatchSize, seconds_for: dict[int, float], rounds: int = 40) -> list[int]:
    sizes = []
    for _ in range(rounds):
        sizes.append(batch.size)
        batch.took(batch.size, seconds_for[batch.size])
    return sizes


def test_auto_grows_while_it_pays() -> None:
    batch = batch_size(None, "cpu")
    simulate(batch, {1: 0.10, 2: 0.15, 4: 0.24, 8: 0.48, 16: 9.9})
    assert batch.size == 4
    assert not batch.searching


def test_auto_stays_at_one_where_a_picture_is_slow() -> None:
    batch = batch_size(None, "cpu")
    assert set(simulate(batch, {1: 2.0})) == {1}


def test_auto_stops_at_the_largest() -> None:
    batch = batch_size(None, "cpu")
    simulate(batch, {2**k: 0.01 for k in range(12)})
    assert batch.size == 16


def test_a_shorter_last_batch_is_not_measured() -> None:
    batch = batch_size(None, "cuda")
    for _ in range(10):
        batch.took(3, 100.0)
    assert batch.size == 8
