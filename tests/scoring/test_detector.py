"""Building and restoring detectors: references, sizes, hashes, and what is told when it fails."""

import re
from pathlib import Path

import numpy as np
import pytest

from promptdsl.errors import EnvironmentProblem, SpecProblem
from promptdsl.methods import METHODS
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.detector import (
    Detector,
    DetectorState,
    build_detector,
    find_builders,
    restore_detector,
)

from .conftest import PARITY, MakePlan

Recording = dict[str, np.ndarray]


def build(plan: ObjectPlan, folder: Path = PARITY, **options: object) -> Detector:
    return build_detector(plan, spec_folder=folder, device="cpu", precision="fp32", **options)


def test_every_registered_method_can_be_built_and_restored() -> None:
    for name in METHODS:
        assert all(map(callable, find_builders(name, "part")))


def test_what_a_detector_tells_of_itself(make_plan: MakePlan) -> None:
    detector = build(make_plan())
    assert detector.size == (96, 96)
    assert detector.defects == ("hole", "scratch")
    assert detector.compute.precision == "fp32"
    assert len(detector.weights_sha256) == 64
    assert detector.flops.needed < detector.flops.naive


def test_scores_name_each_defect(make_plan: MakePlan, recording: Recording) -> None:
    for score in build(make_plan()).inspect(recording["images"]):
        assert list(score.defects) == ["hole", "scratch"]
        assert all(0 <= probability <= 1 for probability in score.defects.values())
        assert score.map.shape == (96, 96)
        assert score.map.dtype == np.float32


def test_one_by_one_is_the_same_as_together(make_plan: MakePlan, recording: Recording) -> None:
    detector = build(make_plan())
    together = detector.inspect(recording["images"])
    for picture, expected in zip(recording["images"], together, strict=True):
        (actual,) = detector.inspect(picture[None])
        assert abs(actual.score - expected.score) < 1e-5
        np.testing.assert_allclose(actual.map, expected.map, rtol=0, atol=1e-5)


def test_another_image_size(make_plan: MakePlan) -> None:
    detector = build(make_plan(image_size=128))
    assert detector.size == (128, 128)
    picture = np.full((1, 128, 128, 3), 127, np.uint8)
    assert detector.inspect(picture)[0].map.shape == (128, 128)


def test_references_from_a_glob_drawn_by_seed(make_plan: MakePlan, reference_folder: Path) -> None:
    references = (str(reference_folder / "*.png"),)
    drawn = build(make_plan(references=references, shots=1, seed=1)).state().tensors
    every = build(make_plan(references=references)).state().tensors
    assert len(every["memory/2x2"]) == 3 * len(drawn["memory/2x2"])
    assert "memory/patches" in drawn


def test_progress_is_told(make_plan: MakePlan, reference_folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    plan = make_plan(references=(str(reference_folder / "*.png"),))
    build(plan, progress=lambda *step: told.append(step))
    assert told[-1] == ("references", 3, 3)
    assert ("prompts", 220, 220) in told


def test_a_broken_reference_is_named(make_plan: MakePlan, reference_folder: Path) -> None:
    broken = reference_folder / "good_1.png"
    broken.write_bytes(b"text")
    with pytest.raises(EnvironmentProblem, match=re.escape(str(broken))):
        build(make_plan(references=(str(reference_folder / "*.png"),)))


def test_a_missing_reference_is_named(make_plan: MakePlan, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="nowhere"):
        build(make_plan(references=(str(tmp_path / "nowhere.png"),)))


def test_a_window_larger_than_the_grid_is_told(make_plan: MakePlan) -> None:
    with pytest.raises(SpecProblem, match="7x7 is larger than the model's grid of 6x6"):
        build(make_plan(windows=("7x7",)))


def test_restoring_checks_the_weights(make_plan: MakePlan) -> None:
    plan = make_plan()
    state = build(plan).state()
    other = DetectorState("0" * 64, state.tensors)
    with pytest.raises(EnvironmentProblem, match="are not those that this plan was compiled with"):
        restore_detector(plan, other, spec_folder=PARITY, device="cpu", precision="fp32")


def test_objects_with_the_same_model_share_one_tower(make_plan: MakePlan) -> None:
    first, second = build(make_plan()), build(make_plan(temperature=0.01))
    assert first.encoder is second.encoder  # type: ignore[attr-defined]
    assert build(make_plan(stride=2)).encoder is not first.encoder  # type: ignore[attr-defined]


def test_weights_that_are_missing_are_named(make_plan: MakePlan, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match=r"tiny_clip\.json is not there"):
        build(make_plan(), tmp_path)
