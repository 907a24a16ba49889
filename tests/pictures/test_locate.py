"""Pictures are brought to the golden one, or not located with a reason."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from promptdsl.errors import EnvironmentProblem
from promptdsl.pictures import geometry
from promptdsl.pictures.geometry import inverse, resized, seen_on, square, transform_box, unwarp
from promptdsl.pictures.locate import Locator

cv2 = pytest.importorskip("cv2")

from tests.benchmarks.bench_locate import golden, missed, posed  # noqa: E402
from tools.pictures.posed import Pose  # noqa: E402

SIZE = 192
KINDS = ("circuit board", "capsule")


@pytest.fixture(scope="module")
def boards() -> Locator:
    return Locator(golden("circuit board", 7, SIZE), 30, 0.15)


@pytest.fixture(scope="module")
def capsules() -> Locator:
    return Locator(golden("capsule", 7, SIZE), 15, 0.10)


@pytest.mark.parametrize("number", range(4))
def test_turned_shifted_blurred_noisy_boards(boards: Locator, number: int) -> None:
    image, pose = posed("circuit board", 7, number, SIZE, 30)
    found = boards.locate(image)
    assert found.reason is None
    pixels, degrees = missed(found, pose, SIZE)
    assert pixels < 1 and degrees < 0.3 and found.residual < 1
    assert found.turn == pytest.approx(pose.turn, abs=0.3)


def test_a_defect_does_not_hinder(boards: Locator) -> None:
    image, pose = posed("circuit board", 7, 5, SIZE, 20, "missing part")
    found = boards.locate(image)
    assert found.reason is None and missed(found, pose, SIZE)[0] < 1


@pytest.mark.parametrize("kind", ["washer", "gear", "capsule", "screw", "pill", "metal nut"])
def test_another_part_is_not_located(boards: Locator, kind: str) -> None:
    found = boards.locate(posed(kind, 7, 3, SIZE, 30)[0])
    assert found.reason is not None
    assert found.reason.startswith("it does not look like the golden picture")


@pytest.mark.parametrize("kind", ["flat", "noise", "stripes"])
def test_nothing_is_not_located(boards: Locator, kind: str) -> None:
    dice = np.random.default_rng(0)
    pixels = np.full((SIZE, SIZE, 3), 90, np.uint8)
    if kind == "noise":
        pixels = dice.integers(0, 256, pixels.shape, np.uint8)
    if kind == "stripes":
        pixels[:, ::8] = 200
    assert boards.locate(Image.fromarray(pixels)).reason is not None


def placed(pose: Pose) -> Image.Image:
    from tools.pictures import Product
    from tools.pictures.posed import draw_posed

    return Image.fromarray(draw_posed(Product("capsule", 7), 3, pose, SIZE))


def test_out_of_bounds_is_told(capsules: Locator) -> None:
    assert capsules.locate(placed(Pose(12, 0.05, -0.05))).reason is None
    turned = capsules.locate(placed(Pose(24, 0.02, 0)))
    assert turned.reason == "turned by 24 degrees, more than 15"
    shifted = capsules.locate(placed(Pose(3, 0.17, 0)))
    assert shifted.reason is not None
    assert shifted.reason.startswith("shifted by 17%, more than 10%")


@pytest.mark.slow
def test_growth_within_its_bound() -> None:
    locator = Locator(golden("capsule", 7, SIZE), 10, 0.1, 0.1)
    found = locator.locate(placed(Pose(5, 0.03, 0, 1.07)))
    assert found.reason is None and found.growth == pytest.approx(1.07, abs=0.01)
    beyond = locator.locate(placed(Pose(5, 0.03, 0, 1.14)))
    assert beyond.reason == "larger by 14%, more than 10%"


def test_parts_that_look_alike_when_turned() -> None:
    gear = Locator(golden("gear", 7, SIZE), 30, 0.1)
    assert gear.doubt is not None and "looks alike turned by 26 degrees" in gear.doubt
    assert gear.locate(golden("gear", 7, SIZE)).reason == gear.doubt
    washer = Locator(golden("washer", 7, SIZE), 30, 0.1)
    assert washer.locate(posed("washer", 7, 1, SIZE, 30)[0]).reason is not None
    still = Locator(golden("washer", 7, SIZE), 0, 0.1)
    image, _ = posed("washer", 7, 2, SIZE, 0)
    assert still.locate(image).turn == 0


def test_a_golden_picture_with_nothing_on_it() -> None:
    locator = Locator(Image.new("RGB", (200, 150), "grey"), 10, 0.1)
    assert locator.doubt is not None and "nothing on the golden picture" in locator.doubt


def test_pictures_of_another_shape_and_of_another_size(boards: Locator) -> None:
    found = boards.locate(Image.new("RGB", (300, 200)))
    assert found.reason is not None and "its shape is another (300 x 200 pixels)" in found.reason
    large, _ = posed("circuit board", 7, 0, 2 * SIZE, 20)
    assert boards.locate(large).reason is None


def test_a_small_golden_copy_speaks_of_the_large_one() -> None:
    full = golden("circuit board", 7, 400)
    small = full.resize((200, 200), Image.Resampling.BOX)
    image, pose = posed("circuit board", 7, 1, 400, 20)
    found = Locator(small, 20, 0.15, size=(400, 400)).locate(image)
    assert found.reason is None and missed(found, pose, 400)[0] < 1.5


def test_the_same_result_in_every_thread(boards: Locator) -> None:
    images = [posed("circuit board", 7, number, SIZE, 30)[0] for number in range(3)]
    alone = [boards.locate(image) for image in images]
    with ThreadPoolExecutor(3) as pool:
        together = list(pool.map(boards.locate, images * 2))
    for one, other in zip(alone * 2, together, strict=True):
        assert np.array_equal(one.matrix, other.matrix) and one.residual == other.residual


def test_without_opencv_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(EnvironmentProblem) as caught:
        Locator(Image.new("RGB", (64, 64)), 10, 0.1)
    assert caught.value.help == 'install it with: pip install "promptdsl[locate]"'


def test_boxes_there_and_back() -> None:
    matrix = Pose(90).matrix(100)
    assert np.allclose(transform_box(matrix, (10, 20, 30, 5)), (75, 10, 5, 30))
    assert np.allclose(square(inverse(matrix)) @ square(matrix), np.eye(3))
    double = resized((10, 10), (20, 20))[:2]
    assert np.allclose(transform_box(double, (1, 2, 3, 4)), (2, 4, 6, 8))


def test_a_picture_and_its_map_go_there_and_back() -> None:
    dice = np.random.default_rng(0)
    pixels = cv2.GaussianBlur(dice.integers(0, 256, (60, 80, 3), np.uint8), (0, 0), 4)
    matrix = np.column_stack([Pose(20, 0.1).matrix(80)[:, :2], [12.5, -9.0]])
    there = geometry.warp(Image.fromarray(pixels), matrix, (80, 60))
    grey = np.asarray(there)[..., 0].astype(np.float32)
    back, seen = unwarp(grey, matrix, (80, 60), (80, 60))
    assert 0.3 < seen.mean() < 1 and (back[~seen] == 0).all()
    assert np.abs(back - pixels[..., 0])[seen].mean() < 4
    shown = seen_on(matrix, (80, 60), (80, 60))
    assert 0.3 < shown.mean() < 1


def test_a_map_coarser_than_the_golden_picture() -> None:
    values = np.zeros((10, 10), np.float32)
    values[4:6, 4:6] = 1
    still = np.array([[1.0, 0, 0], [0, 1, 0]])
    spread, seen = unwarp(values, still, (100, 100), (100, 100))
    assert seen.all() and spread[45:55, 45:55].min() > 0.5
    assert spread[:30].max() == 0 and spread.sum() == pytest.approx(400, rel=0.01)
