"""results.csv and spots.csv: what a spreadsheet opens, and what a run may do with these files."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from promptdsl.errors import UsageProblem
from promptdsl.inspect.interrupts import Stop
from promptdsl.report.spreadsheet import FORMULA, results_csv, spots_csv
from promptdsl.results import Record, Spot

from .fakes import Seen, paint, paint_many
from .going import go, whole_lines

TEAR = Spot((10, 20, 30, 8), 123.0, 31.048, 0.91, "tear", "lip", 0.3075, 1.5524, 0.7)
HOLE = Spot((1, 2, 3, 3), 9.0, 4.2426, 0.8, None, None)
RECORD = Record(
    "pics/A_top.png", "gasket", 0.7123456789, "reject", "reject when spot above 0.70 >= 0.3 mm",
    "tear", {"tear": 0.8}, {"0.70": 0.0125}, "maps/a.png", None,
    {"extent of spot above 0.70 (mm)": 1.5524}, "2026-11-27T10:15:30.123Z", "a" * 64, "b" * 64,
    "A", (4000, 3000), (TEAR, HOLE), 2, 0.25,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def table(name: str, out: str = "out") -> list[dict[str, str]]:
    content = Path(out, name).read_bytes()
    assert content.startswith(b"\xef\xbb\xbftime_utc,part,picture,")
    return rows(content.decode("utf-8-sig"))


def test_a_row_tells_a_picture_with_units_in_the_names() -> None:
    error = Record("b.png", "gasket", None, "error", error="the file is empty (0 bytes)")
    plain = Record("c.png", "nut", 0.25, "pass", None, "scratch", {"scratch": 0.1}, {})
    first, second, third = rows(results_csv([RECORD, error, plain]))
    assert first == {
        "time_utc": "2026-11-27T10:15:30.123Z", "part": "A", "picture": "pics/A_top.png",
        "object": "gasket", "verdict": "reject", "score": "0.7123456789",
        "rule": "reject when spot above 0.70 >= 0.3 mm", "looks_like": "tear", "likeness": "0.8",
        "spots": "4", "spots_left_out": "2", "largest_extent_px": "31.048",
        "largest_extent_mm": "1.5524", "width_px": "4000", "height_px": "3000",
        "locating_residual_px": "0.25", "why_not_located": "", "why_not_inspected": "",
        "heat_map": "maps/a.png", "picture_sha256": "a" * 64, "plan_hash": "b" * 64,
        "area above 0.70": "0.0125", "extent of spot above 0.70 (mm)": "1.5524",
    }  # fmt: skip
    assert (second["verdict"], second["score"]) == ("error", "")
    assert second["why_not_inspected"] == "the file is empty (0 bytes)"
    assert (third["spots"], third["extent of spot above 0.70 (mm)"]) == ("", "")


def test_a_row_tells_a_spot() -> None:
    first, second = rows(spots_csv([RECORD, replace(RECORD, spots=None)]))
    assert first == {
        "time_utc": "2026-11-27T10:15:30.123Z", "part": "A", "picture": "pics/A_top.png",
        "object": "gasket", "verdict": "reject", "spot": "1", "defect": "tear", "region": "lip",
        "x_px": "10", "y_px": "20", "width_px": "30", "height_px": "8", "area_px2": "123",
        "extent_px": "31.048", "area_mm2": "0.3075", "extent_mm": "1.5524", "peak": "0.91",
        "above": "0.7", "picture_sha256": "a" * 64,
    }  # fmt: skip
    assert (second["spot"], second["defect"], second["area_mm2"]) == ("2", "", "")


def test_large_numbers_stay_whole() -> None:
    spot = replace(HOLE, area=107_999_999.0)
    assert rows(spots_csv([replace(RECORD, spots=(spot,))]))[0]["area_px2"] == "107999999"


@pytest.mark.parametrize("start", [*FORMULA, " =", "  +"])
def test_no_cell_is_a_formula(start: str) -> None:
    name = start + 'HYPERLINK("http://x","y").png'
    named = replace(RECORD, image=name, part=start, error=start)
    (row,) = rows(results_csv([named]))
    assert (row["picture"], row["part"], row["why_not_inspected"]) == (
        f"'{name}",
        f"'{start}",
        f"'{start}",
    )
    assert rows(spots_csv([named]))[0]["picture"] == f"'{name}"


def test_quotes_commas_and_line_ends_stay_in_their_cell() -> None:
    name = 'a "b", c\nd;e.png'
    (row,) = rows(results_csv([replace(RECORD, image=name)]))
    assert row["picture"] == name


# --- in the folder of a run --------------------------------------------------------------------


def test_a_run_writes_both_tables() -> None:
    paint_many(Path("pics"), 3)
    paint(Path("pics/=1+1.png"), 0.2)
    paint(Path("pics/größe.png"), 0.2)
    go(tables=True)
    records = whole_lines()
    shown = table("results.csv")
    assert [row["time_utc"] for row in shown] == [line["time"] for line in records]
    assert [row["picture"] for row in shown] == [line["image"] for line in records]
    assert {row["width_px"] for row in shown} == {"64"}
    assert table("spots.csv") == []


def test_without_being_asked_there_are_none() -> None:
    paint_many(Path("pics"), 2)
    go()
    assert not list(Path("out").glob("*.csv"))


def test_a_resumed_run_brings_them_up_to_date() -> None:
    paint_many(Path("pics"), 4)
    go("pics/p0.png", tables=True)
    assert len(table("results.csv")) == 1
    go(mode="resume")
    assert len(table("results.csv")) == 4
    go(mode="resume", tables=True)
    assert len(table("results.csv")) == 4


def test_a_stopped_run_has_whole_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    paint_many(Path("pics"), 6)
    seen = Seen()
    monkeypatch.setattr(Stop, "asked", property(lambda stop: len(seen.records) >= 2))
    outcome = go(tables=True, batch_size=1, watch=seen)
    assert outcome.run["status"] == "interrupted"
    assert len(table("results.csv")) == len(whole_lines()) < 6
    monkeypatch.undo()


def test_overwriting_without_asking_again_removes_them() -> None:
    paint_many(Path("pics"), 2)
    go(tables=True)
    go(mode="overwrite")
    assert not list(Path("out").glob("*.csv"))


@pytest.mark.parametrize("mode", ["resume", "overwrite"])
@pytest.mark.parametrize("name", ["results.csv", "spots.csv"])
def test_tables_of_somebody_else_stay(name: str, mode: Any) -> None:
    paint_many(Path("pics"), 2)
    go()
    mine = Path("out", name)
    mine.write_text("time_utc;part;picture;saved by a spreadsheet\n")
    with pytest.raises(UsageProblem, match=f"{name}: this file was not written by promptdsl run"):
        go(mode=mode, tables=True)
    go(mode=mode)
    assert mine.read_text() == "time_utc;part;picture;saved by a spreadsheet\n"


def test_a_link_in_the_place_of_a_table_is_not_followed() -> None:
    paint_many(Path("pics"), 2)
    go(tables=True)
    Path("precious.csv").write_bytes(Path("out/results.csv").read_bytes())
    Path("out/results.csv").unlink()
    Path("out/results.csv").symlink_to(Path("precious.csv").absolute())
    before = Path("precious.csv").read_bytes()
    with pytest.raises(UsageProblem, match="this is a link"):
        go(mode="resume", tables=True)
    paint(Path("pics/new.png"), 0.3)
    go(mode="resume")
    assert Path("precious.csv").read_bytes() == before


def test_half_written_tables_are_swept_away() -> None:
    paint_many(Path("pics"), 1)
    go()
    half = Path("out/.results.csv.ab_c1234.tmp")
    half.write_text("half")
    go(mode="resume")
    assert not half.exists()


def test_what_the_tables_say_is_what_the_records_say() -> None:
    paint_many(Path("pics"), 5)
    go(tables=True)
    for row, line in zip(table("results.csv"), whole_lines(), strict=True):
        assert float(row["score"]) == pytest.approx(line["score"], abs=1e-9)
        assert json.loads(f'"{row["verdict"]}"') == line["verdict"]
