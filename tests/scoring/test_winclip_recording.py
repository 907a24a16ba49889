"""The engine against the recorded outputs of anomalib 2.7.0 on a tiny CLIP."""

from pathlib import Path

import numpy as np
import pytest
import torch

from promptdsl.clip.model import load_files
from promptdsl.clip.text import embed_prompts
from promptdsl.methods.shared.words import prototype
from promptdsl.scoring.detector import build_detector, restore_detector

from .conftest import PARITY, MakePlan

TOLERANCE = {"rtol": 0, "atol": 1e-4}
Recording = dict[str, np.ndarray]


def detector_of(plan, precision="fp32"):
    return build_detector(plan, spec_folder=PARITY, device="cpu", precision=precision)


def test_embeddings_of_pictures_and_windows(make_plan: MakePlan, recording: Recording) -> None:
    features = detector_of(make_plan()).encode(recording["images"]).tensors
    np.testing.assert_allclose(features["image"], recording["image_embeddings"], **TOLERANCE)
    for size in (2, 3):
        expected = recording[f"window_embeddings_{size}"]
        np.testing.assert_allclose(features[f"{size}x{size}"], expected, **TOLERANCE)


def test_text_embeddings(make_plan: MakePlan, recording: Recording) -> None:
    model = load_files(PARITY / "tiny_clip.json", PARITY / "tiny_clip.safetensors")
    prompts = make_plan().prompts
    embeddings = embed_prompts(model, [prompt.text for prompt in prompts])
    normal = torch.tensor([prompt.label == "normal" for prompt in prompts])
    for row, chosen in zip(recording["text_embeddings"], (normal, ~normal), strict=True):
        np.testing.assert_allclose(embeddings[chosen].mean(dim=0), row, **TOLERANCE)
        unit = row / np.linalg.norm(row)
        np.testing.assert_allclose(prototype(embeddings[chosen], "plain"), unit, **TOLERANCE)


def test_zero_shot(make_plan: MakePlan, recording: Recording) -> None:
    scores = detector_of(make_plan()).inspect(recording["images"])
    np.testing.assert_allclose([s.score for s in scores], recording["zero_shot_score"], **TOLERANCE)
    np.testing.assert_allclose([s.map for s in scores], recording["zero_shot_map"], **TOLERANCE)


def few_shot_plan(make_plan: MakePlan, folder: Path, **changes):
    references = tuple(str(folder / f"good_{index}.png") for index in range(2))
    return make_plan(references=references, **changes)


def test_few_shot(make_plan: MakePlan, recording: Recording, reference_folder: Path) -> None:
    scores = detector_of(few_shot_plan(make_plan, reference_folder)).inspect(recording["images"])
    np.testing.assert_allclose([s.score for s in scores], recording["few_shot_score"], **TOLERANCE)
    np.testing.assert_allclose([s.map for s in scores], recording["few_shot_map"], **TOLERANCE)


@pytest.mark.parametrize("shots", [0, 2])
def test_bf16_is_close_to_fp32(
    make_plan: MakePlan, recording: Recording, reference_folder: Path, shots: int
) -> None:
    plan = few_shot_plan(make_plan, reference_folder) if shots else make_plan()
    for exact, rounded in zip(
        detector_of(plan).inspect(recording["images"]),
        detector_of(plan, "bf16").inspect(recording["images"]),
        strict=True,
    ):
        assert abs(exact.score - rounded.score) < 0.01
        assert np.abs(exact.map - rounded.map).max() < 0.01


def test_a_restored_detector_gives_the_same_scores(
    make_plan: MakePlan, recording: Recording, reference_folder: Path
) -> None:
    plan = few_shot_plan(make_plan, reference_folder)
    built = detector_of(plan)
    for picture in reference_folder.glob("*.png"):
        picture.unlink()
    restored = restore_detector(
        plan, built.state(), spec_folder=PARITY, device="cpu", precision="fp32"
    )
    for before, after in zip(
        built.inspect(recording["images"]), restored.inspect(recording["images"]), strict=True
    ):
        assert before.score == after.score
        assert before.defects == after.defects
        np.testing.assert_array_equal(before.map, after.map)
