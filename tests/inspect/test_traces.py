"""What traces a verdict back: time, bytes, plan, part and size; folders without it go on."""

import hashlib
import json
import re
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from promptdsl.inspect.part_names import part_of
from promptdsl.inspect.traces import largest, told_spots
from promptdsl.plan.model import PictureSettings, SpotRule
from promptdsl.results import Record, Spot

from .fakes import ORIGIN, FakeSource, Seen, make_object, make_plan, paint, paint_many
from .going import go, images, lines, run_json, whole_lines

EARLY = "time picture_sha256 plan_hash part size".split()


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def named_by(pattern: str) -> FakeSource:
    settings = PictureSettings(part=pattern, origin=ORIGIN)
    return FakeSource(make_plan(make_object(picture=settings)))


def test_every_line_says_when_of_what_and_by_which_plan() -> None:
    paint_many(Path("pics"), 3)
    Path("pics/bad.png").write_text("hello")
    before = datetime.now(UTC)
    go()
    bad, *good = whole_lines()
    for line in (bad, *good):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"])
        made = datetime.fromisoformat(line["time"])
        assert before - timedelta(seconds=1) < made <= datetime.now(UTC)
        assert line["plan_hash"] == run_json()["plan_hash"] == "b" * 64
        assert line["part"] is None
    assert (bad["picture_sha256"], bad["size"]) == (hashlib.sha256(b"hello").hexdigest(), None)
    for line in good:
        content = Path(line["image"]).read_bytes()
        assert line["picture_sha256"] == hashlib.sha256(content).hexdigest()
        assert line["size"] == [64, 48]


def test_what_was_not_inspected_tells_its_bytes_where_they_could_be_read() -> None:
    Path("pics").mkdir()
    Image.new("RGB", (64, 48)).save("pics/black.png")
    Path("pics/empty.png").touch()
    paint(Path("pics/gone.png"), 0.2)

    class Removing(Seen):
        def begins(self, total: int, done: int) -> None:
            Path("pics/gone.png").unlink()

    go(watch=Removing())
    hashes = {line["image"]: line["picture_sha256"] for line in whole_lines()}
    content = Path("pics/black.png").read_bytes()
    assert hashes["pics/black.png"] == hashlib.sha256(content).hexdigest()
    assert hashes["pics/empty.png"] is None
    assert hashes["pics/gone.png"] is None


def test_the_name_tells_the_part_and_one_that_does_not_is_a_note() -> None:
    for name in ("A_12_top", "A_12_side", "whole"):
        paint(Path(f"pics/{name}.png"), 0.2)
    Path("pics/B_1.png").write_text("hello")
    outcome = go(source=named_by("{part}_{view}.png"))
    parts = {line["image"]: line["part"] for line in lines()}
    assert parts == {
        "pics/A_12_side.png": "A_12",
        "pics/A_12_top.png": "A_12",
        "pics/B_1.png": "B",
        "pics/whole.png": None,
    }
    note = 'pictures without a part: their names are not of the form "{part}_{view}.png"'
    assert run_json()["notes"] == {note: 1}
    assert run_json()["noted"] == {note: ["pics/whole.png"]}
    assert [record.part for record in outcome.records] == list(parts.values())
    assert go(source=named_by("{part}_{view}.png"), mode="resume").dropped == 0


@pytest.mark.parametrize(
    ("image", "pattern", "part"),
    [
        ("p/A_top.png", "{part}_{view}.png", "A"),
        ("p/A_b_top.png", "{part}_{view}.png", "A_b"),
        ("p/top_A.png", "{view}_{part}.png", "A"),
        ("A__top.png", "{part}_{view}.png", "A_"),
        ("_top.png", "{part}_{view}.png", None),
        ("A_.png", "{part}_{view}.png", None),
        ("A_top.jpg", "{part}_{view}.png", None),
        ("A_top.png.png", "{part}_{view}.png", "A"),
        ("line/7/top.png", "{part}/{view}.png", "7"),
        ("top.png", "{part}/{view}.png", None),
        ("A-A.png", "{part}-{part}.png", "A"),
        ("A-B.png", "{part}-{part}.png", None),
        ("AB.png", "{part}{view}.png", "A"),
        ("(A)+.png", "({part})+.png", "A"),
        ("Ä ü_1.png", "{part}_{n}.png", "Ä ü"),
        ("x.png", "x.png", None),
        (".png", "{part}.png", None),
        ("a.p", "{part}.png", None),
    ],
)
def test_the_first_takes_as_much_as_it_can(image: str, pattern: str, part: str | None) -> None:
    assert part_of(image, pattern) == part


def test_a_long_name_and_a_long_pattern_take_no_time() -> None:
    pattern = "".join(f"{{n{i}}}_" for i in range(60)) + "{part}!"
    assert part_of("_a" * 2000, pattern) is None


# --- spots of a record -------------------------------------------------------------------------


def spot(extent: float, above: float = 0.7, region: str | None = None, area: float = 9.0) -> Spot:
    return Spot((0, 0, 3, 3), area, extent, 0.9, None, region, above=above)


def spot_rule(above: float, region: str | None = None) -> SpotRule:
    return SpotRule(
        verdict="reject", of="extent", defect=None, above=above, at=5.0, unit="px", region=region,
        text="reject when ...", origin=ORIGIN,
    )  # fmt: skip


def test_each_place_is_told_once_at_the_lowest_level_that_looks_there() -> None:
    high, low = spot(4, 0.8), spot(9, 0.6)
    assert told_spots([high, low], [spot_rule(0.8), spot_rule(0.6)]) == [low]
    assert told_spots([high], [spot_rule(0.8), spot_rule(0.6)]) == [high]
    in_lip, beside, above = spot(9, 0.6, "lip"), spot(4, 0.8), spot(5, 0.8, "lip")
    rules = [spot_rule(0.8), spot_rule(0.6, "lip")]
    assert told_spots([beside, above, in_lip], rules) == [in_lip, beside]


def test_two_hundred_spots_are_kept_the_longest_first() -> None:
    spots = [spot(float(extent)) for extent in range(300)]
    kept, left = largest(spots)
    assert (len(kept), left) == (200, 100)
    assert [one.extent for one in kept[:2]] == [299.0, 298.0]
    assert largest(reversed(spots)) == (kept, left)


# --- folders of earlier versions ---------------------------------------------------------------


def make_early(count: int) -> list[dict[str, Any]]:
    """Lines as they were before records could be traced; the last ones are not yet made."""
    records = [{k: v for k, v in line.items() if k not in EARLY} for line in whole_lines()]
    text = "".join(json.dumps(record) + "\n" for record in records[:count])
    Path("out/results.jsonl").write_text(text)
    return records


def test_an_early_folder_goes_on_and_keeps_its_records() -> None:
    paint_many(Path("pics"), 4)
    go()
    early = make_early(2)
    assert list(early[0]) == "image object score verdict rule defect defects area map error".split()
    before = Path("out/results.jsonl").read_text()
    outcome = go(mode="resume")
    assert (outcome.dropped, len(outcome.records)) == (0, 4)
    assert Path("out/results.jsonl").read_text().startswith(before)
    assert ["time" in line for line in whole_lines()] == [False, False, True, True]
    assert [record.time is None for record in outcome.records] == [True, True, False, False]


def test_an_early_record_stays_one_when_the_file_is_written_anew() -> None:
    paint_many(Path("pics"), 4)
    go()
    early = make_early(3)
    with Path("out/results.jsonl").open("a") as file:
        file.write("torn")
    assert go(mode="resume").dropped == 1
    assert whole_lines()[:3] == early[:3]
    assert go(mode="resume").dropped == 0
    assert len(images()) == 4


def test_half_of_what_traces_a_record_back_is_an_edit() -> None:
    paint_many(Path("pics"), 2)
    go(out="whole")
    go()
    records = whole_lines()
    for name in ("time", "size", "part"):
        del records[0][name]
        text = "".join(json.dumps(record) + "\n" for record in records)
        Path("out/results.jsonl").write_text(text)
        assert go(mode="resume").dropped == 1
        assert lines() == [*lines("whole")[1:], lines("whole")[0]]
        records = sorted(whole_lines(), key=lambda line: str(line["image"]))


# --- the page that tells of it -----------------------------------------------------------------


def test_the_page_names_every_field() -> None:
    text = (Path(__file__).parents[2] / "docs/results.md").read_text(encoding="utf-8")
    for field in (*fields(Record), *fields(Spot)):
        assert f"`{field.name}`" in text, field.name
