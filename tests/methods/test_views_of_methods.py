"""Every method heeds what is seen: tiles, padding, ignored places; also in what it remembers."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from promptdsl.methods import METHODS
from promptdsl.plan.model import ObjectPlan, Origin, PictureSettings, Region
from promptdsl.results import BoolMap, PictureScore
from promptdsl.scoring.batching import batch_size, score_pieces
from promptdsl.scoring.decoding import pieces_ahead
from promptdsl.scoring.detector import Detector, build_detector
from promptdsl.scoring.views import viewing_of

from .conftest import MakePlan

WAYS = [
    (name, shots)
    for name, method in METHODS.items()
    for shots in ((0, 1, 2) if method.few_shot else (0,))
]
ORIGIN = Origin(file="s", line=1, column=1, end_line=1, end_column=2)
IGNORED = Region(name="print", shapes=(), without=(), origin=ORIGIN)


class Corner:
    """The upper left quarter is ignored."""

    def ignored(self, size: tuple[int, int]) -> BoolMap:
        found = np.zeros(size[::-1], np.bool_)
        found[: size[1] // 2, : size[0] // 2] = True
        return found


def surface(size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Grained, as good parts are here."""
    dice = np.random.default_rng(seed)
    rows, columns = np.mgrid[: size[1], : size[0]]
    base = 120 + 30 * np.sin(rows / 9) + 20 * np.cos(columns / 7)
    grain = dice.normal(0, 6, (size[1], size[0], 1))
    return Image.fromarray(np.clip(base[..., None] + grain + [0, -8, -20], 0, 255).astype(np.uint8))


def blotted(image: Image.Image, box: tuple[int, int, int, int]) -> Image.Image:
    dice = np.random.default_rng(9)
    spot = dice.uniform(0, 255, (box[3] - box[1], box[2] - box[0], 3)).astype(np.uint8)
    changed = image.copy()
    changed.paste(Image.fromarray(spot), box[:2])
    return changed


Plan = Callable[..., ObjectPlan]


@pytest.fixture
def plan_of(make_plan: MakePlan, tmp_path: Path) -> Plan:
    """With references of 200 x 160, two of them, and a picture block."""

    def make(method: str, shots: int, **more: Any) -> ObjectPlan:
        (tmp_path / "good").mkdir(exist_ok=True)
        for number in range(2):
            surface((200, 160), number).save(tmp_path / "good" / f"{number}.png")
        few = ('references: "good/*.png"', f"shots: {shots}") if shots else ()
        fewer = ("windows: image, 3x3", "stride: 3") if method == "winclip" else ()
        return make_plan(method, *few, *fewer).model_copy(update=more)

    return make


def scored(plan: ObjectPlan, detector: Detector, file: Path, layout: Any = None) -> PictureScore:
    viewing = viewing_of(plan, detector, layout)
    pieces = list(pieces_ahead([str(file)], viewing, lambda: 4))
    for piece, score in zip(
        pieces, score_pieces(detector, viewing, pieces, batch_size(3, "cpu")), strict=True
    ):
        assert piece.of.stitcher is not None and piece.view is not None
        piece.of.stitcher.add(piece.view, score)
    assert pieces[0].of.stitcher is not None
    return pieces[0].of.stitcher.finished()


def build(plan: ObjectPlan, folder: Path, layout: Any = None) -> Detector:
    return build_detector(plan, spec_folder=folder, device="cpu", precision="fp32", layout=layout)


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_what_is_ignored_is_in_no_map_and_in_no_memory(
    method: str, shots: int, plan_of: Plan, tmp_path: Path
) -> None:
    settings = PictureSettings(tile=110, origin=None)
    plan = plan_of(method, shots, picture=settings, ignored=(IGNORED,))
    corner = Corner()
    detector = build(plan, tmp_path, corner)
    file, other = tmp_path / "a.png", tmp_path / "b.png"
    surface((200, 160), 7).save(file)
    blotted(surface((200, 160), 7), (20, 20, 60, 50)).save(other)
    one, blot = (scored(plan, detector, path, corner) for path in (file, other))
    assert one.map.shape == (160, 200) and one.size == (200, 160)
    assert float(one.map[:60, :80].max()) == 0 < float(one.map[90:, 110:].max())
    assert blot.score == pytest.approx(one.score, abs=1e-6), "nothing in it can be seen"
    np.testing.assert_allclose(blot.map, one.map, atol=1e-5)
    if shots:
        spoilt = blotted(surface((200, 160), 0), (20, 20, 60, 50))
        clean = scored(plan, detector, file, corner)
        spoilt.save(tmp_path / "good" / "0.png")
        again = scored(plan, build(plan, tmp_path, corner), file, corner)
        assert again.score == pytest.approx(clean.score, abs=1e-6)


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_padding_is_not_seen(method: str, shots: int, plan_of: Plan, tmp_path: Path) -> None:
    plan = plan_of(method, shots, picture=PictureSettings(fit="pad", origin=None))
    file = tmp_path / "a.png"
    surface((200, 100), 7).save(file)
    found = scored(plan, build(plan, tmp_path), file)
    assert found.map.shape == (60, 120) and found.seen is None
    assert found.kinds is None or found.kinds.shape[1:] == (8, 15)
    assert np.isfinite(found.map).all() and 0 <= found.map.min() <= found.map.max() <= 1


@pytest.mark.parametrize(("method", "shots"), WAYS)
def test_tiles_of_the_references_teach(
    method: str, shots: int, plan_of: Plan, tmp_path: Path
) -> None:
    plan = plan_of(method, shots, picture=PictureSettings(tiles=(2, 2), origin=None))
    detector = build(plan, tmp_path)
    good, bad = tmp_path / "a.png", tmp_path / "b.png"
    surface((200, 160), 1).save(good)
    blotted(surface((200, 160), 1), (140, 100, 170, 130)).save(bad)
    one, blot = (scored(plan, detector, path) for path in (good, bad))
    assert blot.size == (200, 160) and blot.map.shape == (160, 200)
    assert bool(blot.defects) == bool(plan.defects and METHODS[method].uses_words)
    if shots:
        assert blot.score > one.score
        row, column = np.unravel_index(blot.map.argmax(), blot.map.shape)
        assert 90 <= row < 140 and 130 <= column < 180
        names = [n for n in detector.state().tensors if n.startswith("memory/")]
        rows: npt.NDArray[Any] = np.array([len(detector.state().tensors[n]) for n in names])
        assert (rows % (4 * shots) == 0).all()
