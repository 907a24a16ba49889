"""What of a picture is seen, and how the scores of its views become one."""

import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from PIL.Image import Resampling

from promptdsl.pictures.opening import PictureError
from promptdsl.plan.model import PictureSettings
from promptdsl.results import BoolMap, PictureScore
from promptdsl.scoring.decoding import pieces_ahead
from promptdsl.scoring.stitching import Stitcher, _weights
from promptdsl.scoring.views import Viewing, divided, spread

SIZE, GRID = (24, 24), (3, 3)


def viewing(**chosen: object) -> Viewing:
    return Viewing(PictureSettings(origin=None, **chosen), None, SIZE, GRID)  # type: ignore[arg-type]


def picture(size: tuple[int, int], seed: int = 0) -> Image.Image:
    dice = np.random.default_rng(seed)
    return Image.fromarray(dice.integers(0, 256, (size[1], size[0], 3), np.uint8))


def by_red(pixels: np.ndarray) -> PictureScore:
    red = pixels[..., 0].astype(np.float32) / 255
    return PictureScore(float(red.max()), {}, red, kinds=red[None, ::8, ::8])


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 500), st.integers(1, 300), st.floats(0, 0.9))
def test_tiles_cover_a_side_evenly_and_end_with_it(length: int, tile: int, overlap: float) -> None:
    starts, side = spread(length, tile, overlap)
    assert starts[0] == 0 and starts[-1] + side == length
    steps = np.diff(starts)
    if len(steps):
        assert side == tile and steps.max() - steps.min() <= 1
        assert steps.max() <= max(1, round(tile * (1 - overlap)) + 1)
    weights = _weights(tuple(starts), side, length, length)
    total = np.zeros(length)
    for place, weight in weights:
        total[place] += weight
    np.testing.assert_allclose(total, 1, atol=1e-6)


def test_a_grid_has_as_many_tiles_as_it_says_where_they_show_something() -> None:
    assert divided(400, 3, 0.25) == ([0, 120, 240], 160)
    assert divided(400, 3, 0.0)[1] * 3 >= 400
    starts, side = divided(40, 30, 0.25)
    assert side >= 16 and starts[-1] + side == 40


def test_without_tiles_a_squeezed_picture_is_that_of_always() -> None:
    image, how = picture((50, 30)), viewing()
    cut = how.cut(image.size)
    assert how.is_plain and not cut.tiled
    expected = np.asarray(image.resize(SIZE[::-1], Resampling.BICUBIC))
    np.testing.assert_array_equal(how.pixels(image, cut.views[0]), expected)


def test_padding_keeps_the_shape_and_is_in_no_map() -> None:
    image, how = picture((60, 20)), viewing(fit="pad")
    cut = how.cut(image.size)
    (view,) = cut.views
    assert view.inside == (0, 8, 24, 16)
    assert view.seen is not None and view.seen.tolist() == [[False] * 3, [True] * 3, [False] * 3]
    stitcher = Stitcher(cut)
    stitcher.add(view, by_red(how.pixels(image, view)))
    found = stitcher.finished()
    assert found.map.shape == (8, 24) and found.size == (60, 20) and found.seen is None
    np.testing.assert_allclose(
        found.map, np.asarray(image.resize((24, 8), Resampling.BICUBIC))[..., 0] / 255, atol=1e-6
    )


def test_what_a_crop_leaves_out_is_not_seen() -> None:
    image, how = picture((48, 24)), viewing(fit="crop")
    cut = how.cut(image.size)
    stitcher = Stitcher(cut)
    stitcher.add(cut.views[0], by_red(how.pixels(image, cut.views[0])))
    found = stitcher.finished()
    assert found.map.shape == (24, 48) and found.seen is not None
    assert found.seen[:, 12:36].all() and found.seen.sum() == 24 * 24
    assert not found.map[:, :12].any() and not found.map[:, 36:].any()
    red = np.asarray(image)[:, 12:36, 0] / np.float32(255)
    np.testing.assert_allclose(found.map[:, 12:36], red, atol=1e-6)


def stitched(how: Viewing, image: Image.Image, order: random.Random | None = None) -> PictureScore:
    cut = how.cut(image.size)
    stitcher, views = Stitcher(cut), list(cut.views)
    if order is not None:
        order.shuffle(views)
    for view in views:
        stitcher.add(view, by_red(how.pixels(image, view)))
    assert stitcher.complete
    return stitcher.finished()


def test_tiles_of_the_models_size_give_the_picture_back_in_any_order() -> None:
    image, how = picture((90, 70)), viewing(tile=24)
    one, other = stitched(how, image), stitched(how, image, random.Random(1))
    np.testing.assert_allclose(one.map, np.asarray(image)[..., 0] / 255, atol=1e-5)
    np.testing.assert_allclose(one.map, other.map, atol=1e-5)
    assert one.score == other.score == 1.0 and one.size == (90, 70) and one.seen is None
    assert one.kinds is not None and one.kinds.shape == (1, 9, 11)


def test_a_flat_picture_has_no_seams() -> None:
    how = viewing(tile=48, overlap=0.25)
    cut = how.cut((200, 150))
    rows, columns = np.mgrid[:24, :24]
    uneven = 0.02 * np.cos(rows / 8) * np.cos(columns / 9)  # a model sees edges otherwise
    stitcher = Stitcher(cut)
    for view in cut.views:
        stitcher.add(view, PictureScore(0.5, {}, (0.4 + uneven).astype(np.float32)))
    found = stitcher.finished().map
    edges = [*cut.columns[1:], *(left + 48 for left in cut.columns[:-1])]
    second = np.abs(np.diff(found, n=2, axis=1))
    assert max(second[:, edge - 2 : edge + 1].max() for edge in edges) < 1e-3


def test_no_number_is_lost_and_the_worst_tile_names_the_defects() -> None:
    how = viewing(tile=24)
    cut = how.cut((40, 24))
    flat = np.zeros(SIZE, np.float32)
    first, second = cut.views
    stitcher = Stitcher(cut)
    stitcher.add(second, PictureScore(0.7, {"a": 0.7}, flat))
    stitcher.add(first, PictureScore(0.2, {"a": 0.1}, flat))
    assert stitcher.finished().defects == {"a": 0.7} and stitcher.worst is second
    stitcher = Stitcher(cut)
    stitcher.add(first, PictureScore(float("nan"), {}, flat))
    stitcher.add(second, PictureScore(0.9, {}, flat))
    assert np.isnan(stitcher.finished().score)


class Left:
    """The left part of every picture is ignored."""

    def __init__(self, share: float) -> None:
        self.share = share

    def ignored(self, size: tuple[int, int]) -> BoolMap:
        found = np.zeros(size[::-1], np.bool_)
        found[:, : round(size[0] * self.share)] = True
        return found


def test_tiles_that_are_ignored_are_not_scored_and_what_is_ignored_is_not_shown() -> None:
    how = replace(viewing(tile=24, overlap=0.0), layout=Left(0.5), ignores=True)
    cut = how.cut((72, 24))
    assert [view.box[0] for view in cut.views] == [24, 48]
    seen = cut.views[0].seen
    assert seen is not None and seen.tolist() == [[False, True, True]] * 3
    image = picture((72, 24))
    changed = image.copy()
    changed.paste((255, 0, 255), (0, 0, 36, 24))
    one, other = (how.pixels(shown, cut.views[0]) for shown in (image, changed))
    np.testing.assert_array_equal(one, other)
    with pytest.raises(PictureError, match="ignored"):
        replace(how, layout=Left(1.0), _cuts={}).cut((72, 24))


def test_too_many_tiles_are_a_sentence() -> None:
    with pytest.raises(PictureError, match="10,000: make them larger"):
        viewing(tile=16, overlap=0.5).cut((4000, 3000))


def test_views_come_in_order_and_few_pictures_are_held(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from promptdsl.scoring import decoding

    monkeypatch.setattr(decoding, "HELD_PIXELS", 1000)
    files = []
    for number in range(5):
        files.append(str(tmp_path / f"{number}.png"))
        picture((60, 40), number).save(files[-1])
    (tmp_path / "2.png").write_text("no picture")
    how = viewing(tile=24)
    views = len(how.cut((60, 40)).views)
    pieces = list(pieces_ahead(files, how, lambda: 3))
    assert len(pieces) == 4 * views + 1
    assert [piece.alone for piece in pieces] == ([False] * (views - 1) + [True]) * 2 + [False] + (
        [False] * (views - 1) + [True]
    ) * 2
    order = list(dict.fromkeys(piece.of for piece in pieces))
    assert [opened.stitcher is None for opened in order] == [False, False, True, False, False]
