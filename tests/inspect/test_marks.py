"""Heat maps of specs with places: spots with name and size, regions, and what does not count."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.judge.places import layout_of
from promptdsl.plan.model import AreaRule, Length, PictureSettings, Region, Shape, SpotRule
from promptdsl.report import marks as marking
from promptdsl.report.drawing import reduced_to
from promptdsl.report.heatmap import overlay
from promptdsl.report.marks import Marks, boxes_of, free_corner, marks_of, size_in_words
from promptdsl.results import PictureScore, Spot

from .fakes import ORIGIN, FakeSource, make_object, make_plan, paint, paint_many, score_rule
from .going import go, whole_lines

SIZE = (320, 240)
SPOT = Spot((100, 80, 40, 30), 900.0, 48.4, 0.9, "tear", None, above=0.7)


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def grey(size: tuple[int, int] = SIZE) -> Image.Image:
    return Image.new("RGB", size, (128, 128, 128))


def map_with(*spots: Spot, size: tuple[int, int] = SIZE) -> Any:
    found = np.full(size[::-1], 0.1, np.float32)
    for spot in spots:
        x, y, width, height = spot.box
        found[y : y + height, x : x + width] = 0.9
    return found


def white(image: Image.Image) -> Any:
    return (np.asarray(image) == 255).all(axis=2)


def box_region(name: str, *sides: float, unit: Any = "px") -> Region:
    shape = Shape(kind="box", lengths=tuple(Length(side, unit) for side in sides))
    return Region(name=name, shapes=(shape,), without=(), origin=ORIGIN)


def words(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, int]]]:
    """What is written, and where, while the test goes on."""
    written: list[tuple[str, tuple[int, int]]] = []
    real: Callable[..., None] = marking.ImageDraw.ImageDraw.text

    def text(self: Any, at: Any, what: str, *more: Any, **other: Any) -> None:
        written.append((what, at))
        real(self, at, what, *more, **other)

    monkeypatch.setattr(marking.ImageDraw.ImageDraw, "text", text)
    return written


def test_without_marks_nothing_changes() -> None:
    anomaly_map = map_with(SPOT)
    for contours in ((), (0.7,)):
        plain = overlay(grey(), anomaly_map, contours).tobytes()
        assert overlay(grey(), anomaly_map, contours, None).tobytes() == plain
    layout = layout_of(make_object())
    assert marks_of(PictureScore(0.5, {}, anomaly_map), (), layout, SIZE, SIZE) is None


def test_a_spot_has_a_line_its_name_and_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    written = words(monkeypatch)
    image = overlay(grey(), map_with(SPOT), (), Marks(SIZE, (SPOT,)))
    (at,) = [at for what, at in written if what == "tear 48 px"]
    assert at[0] == 101 and 60 < at[1] < 78, "above it"
    edge = white(image)
    assert edge[80, 100:140].all() and edge[80:110, 100].all(), "the line lies on the edge"
    assert not edge[85:105, 105:135].any()
    written.clear()
    in_mm = replace(SPOT, extent_mm=0.42, defect=None)
    overlay(grey(), map_with(SPOT), (), Marks(SIZE, (in_mm,)))
    assert "0.42 mm" in [what for what, _ in written]


@pytest.mark.parametrize(
    ("extent", "in_mm", "shown"),
    [(12.2, None, "12 px"), (1.41, None, "1 px"), (9.0, 0.42, "0.42 mm"), (9.0, 12.345, "12.3 mm"),
     (9.0, 0.0123, "0.0123 mm"), (9.0, 12345.6, "12346 mm")],
)  # fmt: skip
def test_sizes_in_words(extent: float, in_mm: float | None, shown: str) -> None:
    assert size_in_words(replace(SPOT, extent=extent, extent_mm=in_mm)) == shown


def test_a_tiny_spot_gets_a_frame_that_leaves_it_seen() -> None:
    tiny = replace(SPOT, box=(100, 80, 2, 2))
    image = overlay(grey(), map_with(tiny), (), Marks(SIZE, (tiny,)))
    edge = white(image)
    assert edge[78, 98:104].all() and edge[83, 98:104].all()
    assert not edge[80:82, 100:102].any()


def test_words_stay_on_the_picture_and_off_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    boxes = [(0, 0, 8, 8), (312, 0, 8, 8), (0, 232, 8, 8), (150, 100, 4, 4), (156, 102, 4, 4),
             (162, 100, 4, 4), (150, 108, 4, 4)]  # fmt: skip
    spots = tuple(replace(SPOT, box=box, defect=f"n{i}") for i, box in enumerate(boxes))
    written = words(monkeypatch)
    overlay(grey(), map_with(*spots), (), Marks(SIZE, spots))
    places = []
    draw = marking.ImageDraw.Draw(grey())
    for what, at in written:
        if what not in "01":
            width, height = marking._extent_of(draw, what, 10, 1)
            places.append((at[0] - 1, at[1] - 1, at[0] - 1 + width, at[1] - 1 + height))
    assert len(places) >= 6
    for number, one in enumerate(places):
        assert one[0] >= 0 and one[1] >= 0 and one[2] <= 320 and one[3] <= 240
        assert not any(marking._meet(one, other) for other in places[:number])


def test_the_legend_gives_way_to_spots() -> None:
    assert free_corner([], 66, 24, SIZE) == (254, 216, 320, 240)
    assert free_corner([(300, 220, 310, 230)], 66, 24, SIZE) == (0, 216, 66, 240)
    everywhere = [(0, 0, 320, 240)]
    assert free_corner(everywhere, 66, 24, SIZE) == (254, 216, 320, 240)


def test_what_does_not_count_is_grey_and_a_region_has_a_thin_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    item = make_object(
        regions=(box_region("lip", 10, 100, 100, 60),),
        ignored=(box_region("serial number", 200, 20, 80, 60),),
    )
    hot = np.full(SIZE[::-1], 0.95, np.float32)
    marks = marks_of(PictureScore(0.9, {}, hot), (), layout_of(item), SIZE, SIZE)
    assert marks is not None
    written = words(monkeypatch)
    pixels = np.asarray(overlay(grey(), hot, (0.7,), marks)).astype(int)
    inside = pixels[25:75, 205:275].reshape(-1, 3)
    assert np.ptp(inside, axis=1).max() < 15, "no colour where nothing counts"
    assert len(np.unique(inside, axis=0)) >= 2, "hatched"
    assert pixels[50, 150, 0] > pixels[50, 150, 2] + 60
    assert tuple(pixels[130, 10]) == marking.REGION == tuple(pixels[159, 60])
    assert tuple(pixels[130, 12]) != marking.REGION
    assert "lip" in [what for what, _ in written]


def test_what_a_crop_leaves_out_is_grey_too() -> None:
    item = make_object(picture=PictureSettings(fit="crop", origin=ORIGIN))
    seen = np.zeros((24, 32), np.bool_)
    seen[:, 4:28] = True
    score = PictureScore(0.9, {}, np.full((24, 32), 0.9, np.float32), seen=seen)
    marks = marks_of(score, (), layout_of(item), (640, 480), SIZE)
    assert marks is not None and marks.left_out is not None
    assert marks.left_out[:, :40].all() and not marks.left_out[:, 40:280].any()


def test_boxes_follow_a_smaller_drawing() -> None:
    spots = (replace(SPOT, box=(1000, 800, 400, 300)), replace(SPOT, box=(3199, 2399, 1, 1)))
    marks = Marks((3200, 2400), spots)
    assert boxes_of(marks, (320, 240)) == [(100, 80, 140, 110), (319, 239, 320, 240)]


# --- in a run ----------------------------------------------------------------------------------


def placed(**more: Any) -> FakeSource:
    rules = (
        SpotRule(verdict="reject", of="extent", defect=None, above=0.7, at=5.0, unit="px",
                 region=None, text="reject when spot above 0.70 >= 5 px", origin=ORIGIN),
        AreaRule(verdict="review", above=0.5, share=0.9, origin=ORIGIN,
                 text="review when area above 0.50 >= 90%"),
    )  # fmt: skip
    settings = PictureSettings(scale=0.05, origin=ORIGIN)
    return FakeSource(make_plan(make_object(rules=rules, picture=settings, **more)))


def test_a_run_tells_and_draws_the_spots(monkeypatch: pytest.MonkeyPatch) -> None:
    paint(Path("pics/good.png"), 0.1)
    bad = paint(Path("pics/bad.png"), 0.1, (640, 480))
    image = Image.open(bad)
    image.paste((255, 60, 60), (100, 200, 164, 264))
    image.save(bad)
    source = placed()
    source.detector.size = (480, 640)
    written = words(monkeypatch)
    go(source=source)
    first, second = whole_lines()
    (spot,) = first["spots"]
    assert (spot["box"], spot["area"], spot["peak"]) == ([100, 200, 64, 64], 4096.0, 1.0)
    assert spot["extent"] == pytest.approx(64 * 2**0.5)
    assert spot["extent_mm"] == pytest.approx(0.05 * 64 * 2**0.5)
    assert spot["area_mm2"] == pytest.approx(4096 * 0.0025)
    assert (first["verdict"], first["rule"]) == ("reject", "reject when spot above 0.70 >= 5 px")
    assert first["measures"] == {"extent of spot above 0.70 (px)": spot["extent"]}
    assert second["spots"] == []
    assert "4.53 mm" in [what for what, _ in written]
    assert go(source=source, mode="resume").dropped == 0


def test_a_plain_spec_tells_no_spots() -> None:
    paint_many(Path("pics"), 2)
    go()
    assert all("spots" not in line and "measures" not in line for line in whole_lines())


@pytest.mark.parametrize(("longest", "size"), [(None, (640, 480)), (200, (200, 150))])
def test_the_longest_side_of_a_map_is_an_option(longest: int | None, size: tuple[int, int]) -> None:
    paint(Path("pics/a.png"), 0.9, (640, 480))
    outcome = go(map_size=longest)
    with Image.open(Path("out", whole_lines()[0]["map"])) as image:
        assert image.size == size
    assert not outcome.run["notes"]
    go(out="raw", maps="npy", map_size=longest)
    assert np.load(Path("raw", whole_lines("raw")[0]["map"])).shape == (480, 640)


def test_reducing_keeps_the_shape() -> None:
    assert reduced_to(grey((400, 100)), 100).size == (100, 25)
    assert reduced_to(grey((4000, 16)), 100).size == (100, 1)
    same = grey()
    assert reduced_to(same, None) is same is reduced_to(same, 320)


def test_numbers_of_a_spec_with_a_picture_block_keep_the_full_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from promptdsl.inspect import run as running
    from promptdsl.report import drawing

    monkeypatch.setattr(running, "LARGEST", 1000)
    monkeypatch.setattr(drawing.write_raw, "__defaults__", (1000,))
    paint(Path("pics/a.png"), 0.9, (640, 480))
    go(maps="npy", source=placed())
    assert np.load(Path("out", whole_lines()[0]["map"])).shape == (480, 640)
    go(out="plain", maps="npy")
    assert np.load(Path("plain", whole_lines("plain")[0]["map"])).shape == (32, 48)


def test_maps_that_wait_to_be_drawn_are_bounded_by_their_bytes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from promptdsl.inspect import run as running

    paint_many(Path("pics"), 12)
    go(out="whole")
    monkeypatch.setattr(running, "HELD_BYTES", 3 * 32 * 48 * 4)
    waiting: list[int] = []

    def held(work: Any, at_most: int, most_bytes: int) -> None:
        write(work, at_most, most_bytes)
        waiting.append(work._held)

    write = running._Work._write
    monkeypatch.setattr(running._Work, "_write", held)
    go(batch_size=12)
    assert max(waiting) <= 3 * 32 * 48 * 4
    assert [line["score"] for line in whole_lines()] == [
        line["score"] for line in whole_lines("whole")
    ]


def test_a_score_line_alone_asks_for_no_spots() -> None:
    paint_many(Path("pics"), 2)
    settings = PictureSettings(scale=0.05, origin=ORIGIN)
    item = make_object(rules=(score_rule("reject", 0.7),), picture=settings)
    go(source=FakeSource(make_plan(item)))
    assert all("spots" not in line for line in whole_lines())
