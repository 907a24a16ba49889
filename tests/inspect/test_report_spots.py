"""Spots on the report: listed, filtered, shown on their picture, in a bounded page."""

import json
import random
import re
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.report import spot_list as listing
from promptdsl.report.html import report_page
from promptdsl.report.previews import Preview, preview
from promptdsl.report.spot_list import spot_list, spots_in_words
from promptdsl.results import Record, Spot

from .fakes import paint_many
from .going import go, run_json
from .test_report import BROWSER, FLAGS, data_of

SCRIPT = Path(__file__).with_name("operate_spots.js")
SIZE = (4000, 3000)
RULE = "reject when spot above 0.70 >= 0.3 mm"


def make_spot(rnd: random.Random, scale: float | None = 0.05) -> Spot:
    width, height = rnd.randrange(8, 300), rnd.randrange(8, 200)
    box = (rnd.randrange(SIZE[0] - width), rnd.randrange(SIZE[1] - height), width, height)
    extent, area = float(np.hypot(width, height)), 0.7 * width * height
    return Spot(
        box, area, extent, 0.7 + 0.3 * rnd.random(), rnd.choice(["tear", "hole", None]),
        rnd.choice(["lip", None]), area * scale**2 if scale else None,
        extent * scale if scale else None, 0.7,
    )  # fmt: skip


def make_records(count: int, most: int = 4, scale: float | None = 0.05) -> list[Record]:
    rnd = random.Random(1)
    records = []
    for number in range(count):
        found = sorted((make_spot(rnd, scale) for _ in range(rnd.randrange(most + 1))),
                       key=lambda spot: -spot.extent)  # fmt: skip
        verdict: Any = "reject" if found else "pass"
        image, score = f"line_3/A{number:04d}_top.png", 0.8 if found else 0.2
        record = Record(
            image, "gasket", score, verdict, RULE if found else None, "tear", {"tear": 0.8}, {},
            time="2026-11-27T10:15:30.123Z", picture_sha256="a" * 64, plan_hash="b" * 64,
            part=f"A{number:04d}", size=SIZE, spots=tuple(found),
        )  # fmt: skip
        records.append(record)
    return records


@pytest.fixture
def described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    paint_many(Path("pics"), 2)
    go()
    run = run_json()
    run["objects"]["nut"] |= {
        "regions": {"lip": "ring: 50% 50%, 30% to 42%"},
        "picture": "fit: pad",
    }
    run["objects"]["nut"]["thresholds"] += [
        {"kind": "score", "verdict": "reject", "at": 0.31, "text": "in lip", "region": "lip"},
        {"kind": "located", "verdict": "review", "text": "review when part not located"},
    ]
    return run


def small_pictures(records: list[Record]) -> dict[tuple[str, str], Preview]:
    image, heat = Image.new("RGB", (320, 240), (150, 150, 150)), np.zeros((30, 40), np.float32)
    return {(r.image, r.object): preview(r.image, r.object, image, heat) for r in records}


def test_a_plain_run_shows_no_spots(described: dict[str, Any]) -> None:
    text = Path("out/report.html").read_text()
    assert 'id="spots-panel"' not in text
    assert data_of(text)["spots"] == {
        "asked": False, "unit": "px", "total": 0, "names": [], "unnamed": False, "regions": [],
        "outside": False, "list": [],
    }  # fmt: skip
    row = data_of(text)["rows"][0]
    assert row["size"] == [64, 48]
    assert re.fullmatch(r"\d{4}-.*Z", row["time"])


def test_the_page_tells_places_and_draws_no_threshold_of_a_region(
    described: dict[str, Any],
) -> None:
    text = unescape(report_page(described, make_records(5), {}))
    assert "ring: 50% 50%, 30% to 42%" in text
    assert "review when part not located" in text
    assert "reject 0.31" not in text, "it is no threshold on the score of the picture"


def test_spots_are_the_longest_first_in_mm_where_all_have_them() -> None:
    found = spot_list(make_records(20))
    assert (found["unit"], found["names"], found["regions"]) == ("mm", ["hole", "tear"], ["lip"])
    lengths = [spot[11] for spot in found["list"]]
    assert lengths == sorted(lengths, reverse=True)
    assert spot_list([*make_records(3), *make_records(3, scale=None)])["unit"] == "px"


def test_the_list_is_bounded_and_it_is_said(
    described: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    records = make_records(100, 100)
    total = sum(len(record.spots or ()) for record in records)
    monkeypatch.setattr(listing, "MAX_SPOTS", 500)
    text = report_page(described, records, {})
    assert len(data_of(text)["spots"]["list"]) == 500
    assert f"Of {total:,} spots the page lists the 500 longest" in text


def test_ten_thousand_pictures_with_spots_stay_small(described: dict[str, Any]) -> None:
    text = report_page(described, make_records(10_000), {})
    assert len(text) < 6_000_000
    assert len(data_of(text)["spots"]["list"]) == listing.MAX_SPOTS


def test_spots_of_a_picture_in_words() -> None:
    spot = Spot((0, 0, 9, 9), 81.0, 12.2, 0.9, None, None)
    record = Record("a.png", "nut", 0.9, "reject", spots=(spot,))
    assert spots_in_words(record) == "1 spot of 12 px"
    many = Record("a.png", "nut", 0.9, "reject", spots=(spot,), spots_left_out=1999)
    assert spots_in_words(many) == "2,000 spots, the longest 12 px"
    assert spots_in_words(Record("a.png", "nut", 0.9, "reject", spots=())) is None


def test_hostile_names_stay_text(described: dict[str, Any]) -> None:
    spot = Spot((0, 0, 9, 9), 81.0, 12.2, 0.9, "</script><b>", "<i>x")
    record = Record("a.png", "nut", 0.9, "reject", part="<img>", size=SIZE, spots=(spot,))
    text = report_page(described, [record], {})
    assert "<i>x" not in text and "</script><b>" not in text and "<img>" not in text


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("width", [1400, 700, 500])
def test_in_a_browser(described: dict[str, Any], tmp_path: Path, width: int) -> None:
    records = make_records(30)
    text = report_page(described, records, small_pictures(records))
    copy = tmp_path / "operated.html"
    copy.write_text(text.replace("</body>", f"<script>{SCRIPT.read_text()}</script></body>"))
    command = [str(BROWSER), *FLAGS, f"--window-size={width},900",
               f"--user-data-dir={tmp_path / 'profile'}", copy.as_uri()]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="seen">(.*?)</pre>', shown.stdout, re.S)
    assert found is not None, shown.stderr[-2000:]
    seen = json.loads(unescape(found[1]))
    spots = [spot for record in records for spot in record.spots or ()]
    assert seen["count"] == f"{len(spots)} of {len(spots)}"
    assert (seen["first"], seen["rows"]) == ("17.3 mm345 px", 50)
    assert (seen["tears"], seen["lip"], seen["nameless"]) == (["tear"], ["lip"], ["–", "–"])
    assert seen["tear_count"] == f"{sum(s.defect == 'tear' for s in spots)} of {len(spots)}"
    assert seen["long"] and min(seen["long"]) >= 15
    assert len(seen["long"]) == sum(float(f"{s.extent_mm:.4g}") >= 15 for s in spots)
    assert seen["none"] is True
    assert seen["smallest"] == pytest.approx(min(s.extent_mm or 0 for s in spots), rel=0.01)
    assert seen["sorted"] == "ascending"
    assert seen["pictures"][0] == "A0000_top.png"
    assert (seen["focused"], seen["open"], seen["chosen"]) == (True, True, 1)
    assert seen["place"].startswith(f"spot 2 of {len(spots)}")
    assert seen["next"].startswith(f"spot 3 of {len(spots)}")
    assert seen["label"].endswith(" mm")
    assert "2026-11-27 10:15:30 UTC" in seen["facts"]
    assert "4,000 × 3,000 px" in seen["facts"]
    assert seen["unchosen"] == 0
    assert seen["by_part"] == 1
    assert "part A0004 · 2026-11-27 10:15:30 UTC · 4,000 × 3,000 px" in seen["file"]
    assert "spots, the longest" in seen["why"]
    assert seen["frames"] == len(records[4].spots or ())
    assert seen["wide"] <= 0, "nothing reaches out of the window"
