"""WinCLIP on a card: the recordings, graphs against eager, bfloat16, running out of memory."""

import gc

import numpy as np
import pytest
import torch

from promptdsl.engine.graphs import GraphedEncoder
from promptdsl.methods.winclip.detector import WinclipDetector
from promptdsl.scoring.detector import build_detector

from ..scoring.conftest import PARITY, MakePlan, make_plan, own_cache, recording  # noqa: F401

Recording = dict[str, np.ndarray]


def detector_of(make_plan: MakePlan, precision: str, **changes: object) -> WinclipDetector:
    detector = build_detector(
        make_plan(**changes), spec_folder=PARITY, device="cuda", precision=precision
    )
    assert isinstance(detector, WinclipDetector)
    return detector


@pytest.mark.parametrize("rounds", [1, 3])  # the first is eager, later ones replay a graph
def test_recordings(make_plan: MakePlan, recording: Recording, rounds: int) -> None:
    detector = detector_of(make_plan, "fp32")
    for _ in range(rounds):
        scores = detector.inspect(recording["images"])
    expected = recording["zero_shot_score"]
    np.testing.assert_allclose([s.score for s in scores], expected, rtol=0, atol=1e-4)
    expected = recording["zero_shot_map"]
    np.testing.assert_allclose([s.map for s in scores], expected, rtol=0, atol=1e-4)


def test_graphs_see_every_new_picture(make_plan: MakePlan, recording: Recording) -> None:
    detector = detector_of(make_plan, "bf16")
    for pictures in (recording["images"], recording["images"][::-1], 255 - recording["images"]):
        eager = detector.inspect(pictures[:1]) + detector.inspect(pictures[1:])
        for _ in range(3):
            together = detector.inspect(pictures)
        for one, other in zip(eager, together, strict=True):
            assert abs(one.score - other.score) < 0.01
            assert np.abs(one.map - other.map).max() < 0.01


def test_the_fused_kernels_are_in_use(make_plan: MakePlan, recording: Recording) -> None:
    detector = detector_of(make_plan, "bf16")
    detector.inspect(recording["images"])
    assert isinstance(detector.encoder, GraphedEncoder)
    assert detector.encoder.fused


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_detector_survives_running_out_of_memory(
    make_plan: MakePlan, recording: Recording, precision: str
) -> None:
    detector = detector_of(make_plan, precision)
    before = detector.inspect(recording["images"])
    gc.collect()
    torch.cuda.empty_cache()
    total = torch.cuda.mem_get_info()[1]
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 2**26) / total)
    try:
        with pytest.raises(torch.OutOfMemoryError):
            detector.inspect(np.repeat(recording["images"], 3000, axis=0))
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    after = detector.inspect(recording["images"])
    assert [s.score for s in after] == pytest.approx([s.score for s in before], abs=0.01)
