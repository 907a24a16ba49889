"""Several threads, detectors that share a model, batches and the cache: one picture, one score."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from promptdsl.engine.shared_encoders import SharedEncoders
from promptdsl.methods import METHODS
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import Detector, build_detector
from promptdsl.scoring.features import Features, join_features

from .conftest import MakePlan

Pictures = npt.NDArray[np.uint8]
THREADS, ROUNDS = 4, 3


def two_detectors(make_plan: MakePlan, folder: Path, method: str) -> list[Detector]:
    """Of one model, with other scores; WinCLIP's with few windows, for speed."""
    lines = ("windows: image, 3x3", "stride: 3") if method == "winclip" else ()
    return [
        build_detector(
            make_plan(method, *lines, f"temperature: {temperature}"),
            spec_folder=folder,
            device="cpu",
            precision="fp32",
        )
        for temperature in (0.07, 0.2)
    ]


def same(found: Sequence[PictureScore], expected: Sequence[PictureScore]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert one.score == other.score and one.defects == other.defects
        np.testing.assert_array_equal(one.map, other.map)


@pytest.mark.parametrize("method", METHODS)
def test_threads_get_what_one_thread_gets(
    method: str, make_plan: MakePlan, tmp_path: Path, pictures: Pictures
) -> None:
    detectors = two_detectors(make_plan, tmp_path, method)
    shifted = [np.roll(pictures[:3], 11 * number, axis=2) for number in range(THREADS)]
    work = [(detectors[number % 2], batch) for number, batch in enumerate(shifted)]
    expected = [detector.inspect(batch) for detector, batch in work]
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in range(ROUNDS):
            found = list(pool.map(lambda job: job[0].inspect(job[1]), work))
            for one, other in zip(found, expected, strict=True):
                same(one, other)


@pytest.mark.parametrize("method", METHODS)
def test_detectors_are_built_in_several_threads(
    method: str, make_plan: MakePlan, tmp_path: Path, pictures: Pictures
) -> None:
    plan = make_plan(method)

    def build(_: int) -> Detector:
        return build_detector(plan, spec_folder=tmp_path, device="cpu", precision="fp32")

    with ThreadPoolExecutor(THREADS) as pool:
        detectors = list(pool.map(build, range(THREADS)))
    assert len({id(detector.encoder) for detector in detectors}) == 1  # type: ignore[attr-defined]
    same(detectors[-1].inspect(pictures[:1]), build(0).inspect(pictures[:1]))


def test_an_encoder_is_made_once_and_goes_with_its_last_user() -> None:
    class Heavy:
        pass

    made = []

    def make() -> Heavy:
        made.append(1)
        return Heavy()

    shared: SharedEncoders[Heavy] = SharedEncoders()
    with ThreadPoolExecutor(THREADS) as pool:
        found = list(pool.map(lambda _: shared.find("key", make), range(20)))
    assert len({id(heavy) for heavy in found}) == len(made) == 1
    del found
    shared.find("key", make)
    assert len(made) == 2


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shots", [0, 2])
def test_a_picture_scores_alike_in_any_company(
    method: str, shots: int, make_plan: MakePlan, good_folder: Path, pictures: Pictures
) -> None:
    """In one batch or another, in another place of it, with features from a file: to the bit."""
    if shots and not METHODS[method].few_shot:
        pytest.skip("compares with no references")
    few = ('references: "good/*.png"',) if shots else ()
    lines = ("windows: image, 2x2", "stride: 2") if method == "winclip" else ()
    plan = make_plan(method, *few, *lines)
    detector = build_detector(plan, spec_folder=good_folder, device="cpu", precision="fp32")
    expected = detector.inspect(pictures)
    for order in ([4, 0, 0, 3], [2], [1, 4, 2]):
        same(detector.inspect(pictures[order]), [expected[number] for number in order])
    features = detector.encode(pictures)
    moved = join_features([features[3:4], features[:2], features[3:4]])
    same(detector.score(moved), [expected[number] for number in (3, 0, 1, 3)])
    same(detector.score(_unaligned(features)), expected)


@pytest.mark.parametrize("method", METHODS)
def test_turned_arrays(
    method: str, make_plan: MakePlan, tmp_path: Path, pictures: Pictures
) -> None:
    """Views with negative steps, also of one picture, which NumPy calls contiguous."""
    detector = build_detector(
        make_plan(method), spec_folder=tmp_path, device="cpu", precision="fp32"
    )
    for turned in (pictures[:1][::-1], pictures[:2, ::-1, ::-1]):
        same(detector.inspect(turned), detector.inspect(turned.copy()))


def _unaligned(features: Features) -> Features:
    """The same numbers, one number further on in memory."""
    return Features(
        {
            name: rows.new_empty(rows.numel() + 1)[1:].view(rows.shape).copy_(rows)
            for name, rows in features.tensors.items()
        }
    )
