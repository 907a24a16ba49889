"""Every registered method on a card: the processor's scores, threads, streams, batches, memory."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from PIL import Image

from promptdsl.methods import METHODS
from promptdsl.pictures.reading import Picture
from promptdsl.results import PictureScore
from promptdsl.scoring.batching import batch_size, score_pictures
from promptdsl.scoring.detector import Detector, build_detector
from promptdsl.scoring.features import Features

from ..methods.conftest import MakePlan, good_folder, make_plan, own_cache, pictures  # noqa: F401

Pictures = npt.NDArray[np.uint8]
THREADS, ROUNDS = 6, 8


def build(
    make_plan: MakePlan,
    folder: Path,
    method: str,
    *,
    device: str = "cuda",
    precision: str = "fp32",
    shots: int = 0,
    temperature: float = 0.07,
) -> Detector:
    few = ('references: "good/*.png"',) if shots else ()
    plan = make_plan(method, f"temperature: {temperature}", *few)
    return build_detector(plan, spec_folder=folder, device=device, precision=precision)


def difference(found: list[PictureScore], expected: list[PictureScore]) -> float:
    pairs = list(zip(found, expected, strict=True))
    scores = max(abs(one.score - other.score) for one, other in pairs)
    maps = max(float(np.abs(one.map - other.map).max()) for one, other in pairs)
    return max(scores, maps)


@pytest.mark.parametrize("shots", [0, 2])
@pytest.mark.parametrize(("precision", "most"), [("fp32", 1e-4), ("bf16", 0.02)])
@pytest.mark.parametrize("method", METHODS)
def test_the_processors_scores(
    method: str,
    precision: str,
    most: float,
    shots: int,
    make_plan: MakePlan,
    good_folder: Path,
    pictures: Pictures,
) -> None:
    if shots and not METHODS[method].few_shot:
        pytest.skip("compares with no references")
    expected = build(make_plan, good_folder, method, device="cpu", shots=shots).inspect(pictures)
    detector = build(make_plan, good_folder, method, precision=precision, shots=shots)
    for _ in range(3):  # the second makes a recording, the third replays it
        assert difference(list(detector.inspect(pictures)), list(expected)) < most


@pytest.mark.parametrize("method", METHODS)
def test_threads_and_streams_get_what_one_thread_gets(
    method: str,
    make_plan: MakePlan,
    tmp_path: Path,
    pictures: Pictures,
) -> None:
    """Two detectors that share a model; each thread works on a stream of its own."""
    detectors = [
        build(make_plan, tmp_path, method, precision="bf16", temperature=warmth)
        for warmth in (0.07, 0.2)
    ]
    work = [
        (detectors[number % 2], np.roll(pictures[: 1 + number % 3], 11 * number, axis=2))
        for number in range(THREADS)
    ]
    for detector, batch in work:  # each size is recorded
        detector.inspect(batch)
    expected = [detector.inspect(batch) for detector, batch in work]
    local = threading.local()

    def inspect(job: tuple[Detector, Pictures]) -> list[PictureScore]:
        if not hasattr(local, "stream"):
            local.stream = torch.cuda.Stream()
        with torch.cuda.stream(local.stream):
            return list(job[0].inspect(job[1]))

    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(ROUNDS):
            for found, single in zip(pool.map(inspect, work), expected, strict=True):
                assert difference(found, list(single)) == 0


@pytest.mark.parametrize("method", METHODS)
def test_features_move_between_card_and_memory(
    method: str,
    make_plan: MakePlan,
    tmp_path: Path,
    pictures: Pictures,
) -> None:
    detector = build(make_plan, tmp_path, method)
    features = detector.encode(pictures)
    expected = detector.score(features)
    moved = Features({name: rows.cpu() for name, rows in features.tensors.items()})
    assert difference(list(detector.score(moved)), list(expected)) == 0


@pytest.mark.parametrize("method", METHODS)
def test_out_of_memory_halves_the_batch(
    method: str,
    make_plan: MakePlan,
    tmp_path: Path,
    pictures: Pictures,
) -> None:
    detector = build(make_plan, tmp_path, method)
    expected = detector.inspect(pictures)
    many = [
        Picture(pictures[number % 5], 120, 120, Image.new("RGB", (1, 1))) for number in range(640)
    ]
    batch = batch_size(640, "cuda")
    gc.collect()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    build(make_plan, tmp_path, method, temperature=0.2).inspect(pictures)
    allowed = torch.cuda.max_memory_reserved() + 16 * 2**20
    torch.cuda.empty_cache()
    torch.cuda.set_per_process_memory_fraction(allowed / torch.cuda.mem_get_info()[1])
    try:
        scores = score_pictures(detector, many, batch)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert batch.halved > 0
    for number, score in enumerate(scores):
        assert score.score == pytest.approx(expected[number % 5].score, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_batches_of_every_size_agree(
    method: str,
    make_plan: MakePlan,
    tmp_path: Path,
    pictures: Pictures,
) -> None:
    """More sizes than recordings are kept: the oldest go, and with them their memory."""
    detector = build(make_plan, tmp_path, method)
    alone = [score for picture in pictures for score in detector.inspect(picture[None])]
    for _ in range(3):
        for size in (1, 2, 3, 4, 5, 2):
            found = list(detector.inspect(pictures[:size]))
            assert difference(found, alone[:size]) < 1e-5
