"""What holds for every method of the registry: a new one is tested by being registered."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from safetensors.torch import load_file, save_file

from promptdsl.clip.model import ClipModel
from promptdsl.engine.shared_encoders import SharedEncoders
from promptdsl.methods import METHODS
from promptdsl.methods.shared import clip_detector
from promptdsl.plan.file import read_plan_file
from promptdsl.scoring.compiled import compile_to_file, detector_state
from promptdsl.scoring.detector import (
    Detector,
    build_detector,
    find_builders,
    restore_detector,
)
from promptdsl.scoring.features import Features

from .conftest import MakePlan

Pictures = npt.NDArray[np.uint8]
WAYS = [
    (name, shots)
    for name, method in METHODS.items()
    for shots in ((0, 1, 2) if method.few_shot else (0,))
]


def built(
    make_plan: MakePlan, folder: Path, method: str, shots: int, *lines: str, precision: str = "fp32"
) -> tuple[object, Detector]:
    few = ('references: "good/*.png"', f"shots: {shots}") if shots else ()
    plan = make_plan(method, *few, *lines)
    return plan, build_detector(plan, spec_folder=folder, device="cpu", precision=precision)


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_scores_and_maps(
    method: str, shots: int, make_plan: MakePlan, good_folder: Path, pictures: Pictures
) -> None:
    plan, detector = built(make_plan, good_folder, method, shots)
    found = detector.inspect(pictures)
    names = plan.defects if METHODS[method].uses_words else ()
    assert detector.defects == names
    for one in found:
        assert 0 <= one.score <= 1
        assert one.map.shape == detector.size and one.map.dtype == np.float32
        assert 0 <= one.map.min() <= one.map.max() <= 1
        assert tuple(one.defects) == names
        assert all(0 <= share <= 1 for share in one.defects.values())
    assert len({one.score for one in found}) > 1
    assert detector.flops.needed <= detector.flops.naive


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_the_batch_changes_nothing(
    method: str, shots: int, make_plan: MakePlan, good_folder: Path, pictures: Pictures
) -> None:
    _, detector = built(make_plan, good_folder, method, shots)
    together = detector.inspect(pictures)
    alone = [detector.inspect(pictures[n : n + 1])[0] for n in range(len(pictures))]
    for one, other in zip(together, alone, strict=True):
        assert abs(one.score - other.score) < 1e-5
        np.testing.assert_allclose(one.map, other.map, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_features_are_the_boundary(
    method: str, shots: int, make_plan: MakePlan, good_folder: Path, pictures: Pictures
) -> None:
    _, detector = built(make_plan, good_folder, method, shots)
    tensors = {name: rows.contiguous() for name, rows in detector.encode(pictures).tensors.items()}
    save_file(tensors, good_folder / "features.safetensors")
    later = detector.score(Features(load_file(good_folder / "features.safetensors")))
    for one, other in zip(detector.inspect(pictures), later, strict=True):
        assert one.score == other.score
        np.testing.assert_array_equal(one.map, other.map)


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_other_words_score_as_a_detector_that_was_built_with_them(
    method: str, shots: int, make_plan: MakePlan, good_folder: Path, pictures: Pictures
) -> None:
    plan, detector = built(make_plan, good_folder, method, shots)
    words = tuple(prompt for prompt in plan.prompts if prompt.defect != "rust")
    edited = plan.model_copy(update={"prompts": words})
    other = build_detector(edited, spec_folder=good_folder, device="cpu", precision="fp32")
    features = detector.encode(pictures[:2])
    for one, expected in zip(detector.score(features, words), other.score(features), strict=True):
        assert one.score == expected.score and one.defects == expected.defects
        np.testing.assert_array_equal(one.map, expected.map)


@pytest.mark.parametrize("method", METHODS)
def test_the_image_tower_is_loaded_when_a_picture_has_to_be_encoded(
    method: str, make_plan: MakePlan, good_folder: Path, pictures: Pictures,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    plan, detector = built(make_plan, good_folder, method, 0)
    features, expected = detector.encode(pictures[:1]), detector.inspect(pictures[:1])
    build = find_builders(method, plan.name).build

    def never(*_: object, **__: object) -> None:
        raise AssertionError("the image tower was loaded")

    monkeypatch.setattr(clip_detector, "_encoders", SharedEncoders())
    monkeypatch.setattr(ClipModel, "vision_tower", never)
    bare = build(plan, good_folder, detector.compute, None)
    assert [one.score for one in bare.score(features)] == [one.score for one in expected]


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_a_compiled_plan_needs_neither_references_nor_weights(
    method: str, shots: int, make_plan: MakePlan, good_folder: Path, pictures: Pictures
) -> None:
    plan, detector = built(make_plan, good_folder, method, shots)
    file = good_folder / "part.plan"
    whole = _plan_of(plan)
    compile_to_file(whole, file, lambda _: detector, spec="s", spec_hash="0" * 64, calibrated={})
    for picture in (good_folder / "good").glob("*.png"):
        picture.unlink()
    content = read_plan_file(file)
    state = detector_state(content, content.plan.objects[0])
    restored = restore_detector(
        content.plan.objects[0], state, spec_folder=good_folder, device="cpu", precision="fp32"
    )
    for one, other in zip(detector.inspect(pictures), restored.inspect(pictures), strict=True):
        assert one.score == other.score and one.defects == other.defects
        np.testing.assert_array_equal(one.map, other.map)


def _plan_of(item: object) -> object:
    from promptdsl.plan.model import Plan

    return Plan(language=1, spec="part.inspect", objects=(item,), hash="0" * 64)


@pytest.mark.parametrize("method", METHODS)
def test_bf16_is_close(
    method: str, make_plan: MakePlan, good_folder: Path, pictures: Pictures
) -> None:
    # At T = 0.01 one hundredth of a cosine is a whole unit of the logit: compare at 0.07.
    line = "temperature: 0.07"
    _, exact = built(make_plan, good_folder, method, 0, line)
    _, rounded = built(make_plan, good_folder, method, 0, line, precision="bf16")
    for one, other in zip(exact.inspect(pictures), rounded.inspect(pictures), strict=True):
        assert abs(one.score - other.score) < 0.03
        assert np.abs(one.map - other.map).max() < 0.06


@pytest.mark.parametrize("method", METHODS)
def test_every_field_is_in_the_plan(method: str, make_plan: MakePlan) -> None:
    plan = make_plan(method)
    assert set(plan.method.settings) == {f.name for f in METHODS[method].fields} - {"model"}
