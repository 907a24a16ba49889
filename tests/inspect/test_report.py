"""The report: complete in itself, bounded, and working in a real browser."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from promptdsl.inspect.run import run
from promptdsl.report import html
from promptdsl.report.colors import TABLE, levels
from promptdsl.report.heatmap import overlay
from promptdsl.report.histogram import Threshold, histogram
from promptdsl.report.html import report_page
from promptdsl.report.previews import Preview, preview_line, read_previews
from promptdsl.report.table import print_table
from promptdsl.results import Record

from .fakes import (
    FakeDetector,
    FakeSource,
    Seen,
    make_object,
    make_plan,
    paint,
    paint_many,
    score_rule,
)

BROWSER = next(
    (
        found
        for name in ("chromium", "chromium-browser", "google-chrome")
        if (found := shutil.which(name))
    ),
    None,
)
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --no-first-run "
    "--disable-component-update --disable-sync --virtual-time-budget=4000 --dump-dom"
).split()


@pytest.fixture
def page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    paint_many(Path("pics"), 70)
    Path("pics/bad.png").write_text("hello")
    Path("pics/notes.txt").write_text("x")
    source: Any = FakeSource(make_plan(), FakeDetector())
    run(source, ("pics",), Path("out"), Seen())
    return Path("out/report.html")


def data_of(text: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def test_nothing_is_loaded_from_anywhere(page: Path) -> None:
    text = page.read_text()
    assert "default-src 'none'" in text
    assert not re.search(r"""(src|href)=["'](?!data:)""", text)
    assert not re.search(r"https?://|@import|url\(", text)


def test_what_identifies_the_run_is_there(page: Path) -> None:
    text = unescape(page.read_text())
    for fact in ("part.inspect", "a" * 64, "b" * 64, "f" * 64, "fp32", "a fake processor", "pillow",
                 "reject when score >= 0.7", "1 .txt", "Scored by promptdsl-mini"):  # fmt: skip
        assert fact in text
    assert "Uncalibrated" not in text


def test_rows_hold_the_records(page: Path) -> None:
    rows = data_of(page.read_text())["rows"]
    assert len(rows) == 71
    assert [row["verdict"] for row in rows[:1]] == ["reject"]
    records = {
        r["image"]: r for r in map(json.loads, Path("out/results.jsonl").read_text().splitlines())
    }
    for row in rows:
        record = records[row["image"]]
        assert all(
            row[name] == record[name] for name in ("score", "verdict", "rule", "map", "error")
        )
        assert ("preview" in row) == (record["verdict"] != "error")


SCRIPT = Path(__file__).with_name("operate_report.js")


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_in_a_browser(page: Path, tmp_path: Path) -> None:
    copy = tmp_path / "operated.html"
    operate = f"<script>{SCRIPT.read_text()}</script></body>"
    copy.write_text(page.read_text().replace("</body>", operate))
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", copy.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="seen">(.*?)</pre>', shown.stdout, re.S)
    assert found is not None, shown.stderr[-2000:]
    seen = json.loads(unescape(found[1]))
    assert (seen["first"], seen["shown"], seen["count"]) == ("p69.png", 50, "71 of 71")
    assert seen["second_page"] == 21
    assert (seen["review"], seen["reviews"]) == (["review"], 14)
    assert (seen["highest"], seen["lowest"]) == ("p69.png", ["bad.png", "p0.png"])
    assert seen["names"] == ["bad.png", "p0.png", "p1.png", "p2.png"]
    assert seen["found"] == ["bad.png"]
    assert seen["scratches"] == "35 of 71"
    assert (seen["heat"], seen["opacity"]) == (True, "1"), "heat maps are shown from the start"
    assert (seen["named"], seen["passed"]) == ("scratchlikeness 1.00", "–")
    assert (seen["open"], seen["large"]) == (True, "pics/p69.png")
    assert seen["color"][3] > 150
    assert seen["color"][0] > seen["color"][2] + 60
    assert (seen["right"], seen["left"]) == ("pics/p68.png", "pics/bad.png")
    assert seen["images"] is True


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_on_paper_24_pictures_take_three_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paint_many(Path("pics"), 24)
    run(FakeSource(make_plan(), FakeDetector()), ("pics",), Path("out"), Seen())
    paper = tmp_path / "page.pdf"
    flags = [flag for flag in FLAGS if flag != "--dump-dom"]
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    address = Path("out/report.html").absolute().as_uri()
    subprocess.run(
        [str(BROWSER), *flags, profile, f"--print-to-pdf={paper}", address],
        capture_output=True, timeout=120, check=True,
    )  # fmt: skip
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", paper.read_bytes())) <= 3


@pytest.mark.browser
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize(("width", "least"), [(1400, 180), (700, 350), (500, 200)])
def test_the_reason_has_room_at_any_width(
    page: Path, tmp_path: Path, width: int, least: int
) -> None:
    copy = tmp_path / "narrow.html"
    measure = (
        'const out = document.createElement("pre"); out.id = "seen"; out.textContent = '
        'document.querySelector(".why").getBoundingClientRect().width + " " + '
        "(document.documentElement.scrollWidth - window.innerWidth); document.body.append(out);"
    )
    copy.write_text(page.read_text().replace("</body>", f"<script>{measure}</script></body>"))
    command = [str(BROWSER), *FLAGS, f"--window-size={width},900",
               f"--user-data-dir={tmp_path / 'profile'}", copy.as_uri()]  # fmt: skip
    shown = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    found = re.search(r'<pre id="seen">([\d.]+) (-?\d+)</pre>', shown.stdout)
    assert found is not None
    assert float(found[1]) >= least
    assert int(found[2]) <= 0, "nothing reaches out of the window"


def test_below_the_limits_no_defect_is_named(page: Path) -> None:
    rows = data_of(page.read_text())["rows"]
    for row in rows:
        assert (row["defect"] is not None) == (row["verdict"] in ("review", "reject"))
        assert bool(row["defects"]) == (row["defect"] is not None)
    records = [json.loads(line) for line in Path("out/results.jsonl").read_text().splitlines()]
    assert all(r["defects"] for r in records if r["verdict"] == "pass"), "numbers stay on disk"
    assert "It is no probability" in page.read_text()


@pytest.mark.parametrize("width", [80, 120])
def test_the_terminal_table_fits(width: int, capsys: pytest.CaptureFixture[str]) -> None:
    long = "line_3/2026-11-27/camera_left/part_000000123456_retake.png"
    shares = {"missing_part": 0.984}
    records = [
        Record(long, "nut", 0.612, "reject", "reject when area above 0.70 >= 0.5%", "missing_part",
               shares, {}),
        Record("pics/1_nut_03_rust.jpg", "nut", 0.7, "reject", "reject when score >= 0.40",
               "missing_part", shares, {}),
        Record("pics/good.jpg", "nut", 0.1, "pass", None, "missing_part", {"missing_part": 0.02}),
    ]  # fmt: skip
    console = Console(width=width, force_terminal=True, no_color=True, legacy_windows=False)
    print_table(console, records, "out")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert max(map(len, lines)) <= width
    (rust,) = [line for line in lines if "rust" in line]
    assert "pics/1_nut_03_rust.jpg" in rust
    assert "score >= 0.40" in rust
    assert "missing_part 0.98" in rust
    (good,) = [line for line in lines if "good" in line]
    assert "missing_part" not in good
    assert "%" not in rust + good


def test_a_long_path_breaks_before_the_name_of_the_picture(
    capsys: pytest.CaptureFixture[str],
) -> None:
    image, rule = "examples/metal_nut/pictures/nut_05_missing_part.jpg", "reject when score >= 0.40"
    record = Record(image, "nut", 0.7, "reject", rule, "missing_part", {"missing_part": 0.98}, {})
    console = Console(width=80, force_terminal=True, no_color=True, legacy_windows=False)
    print_table(console, [record], "out")
    lines = re.sub(r"\x1b\[[0-9;]*m", "", capsys.readouterr().out).splitlines()
    assert lines[1].startswith("examples/metal_nut/pictures/  reject")
    assert lines[2].strip() == "nut_05_missing_part.jpg"


def many(count: int) -> tuple[list[Record], dict[tuple[str, str], Preview]]:
    random = np.random.default_rng(0)
    records, previews = [], {}
    for i in range(count):
        score = float(random.random())
        verdict: Any = "reject" if score > 0.9 else "pass"
        image = f"line/{i:06d}.png"
        records.append(
            Record(image, "nut", score, verdict, None, "scratch", {"scratch": score}, {})
        )
        previews[image, "nut"] = Preview(image, "nut", 320, 240, "x" * 12_000, "x" * 3072)
    return records, previews


def test_doubts_stand_at_the_top_and_once(page: Path) -> None:
    run = json.loads(Path("out/run.json").read_text("utf-8"))
    run |= {
        "notes": {"very dark pictures": 1},
        "noted": {"very dark pictures": ["night.png"]},
        "changed_since_calibration": {"nut": ["the normal phrases"]},
        "unreadable": {"shelf": "no permission"},
        "remarks": ["samples/good: left out 3 .txt"],
        "legs": [
            {"device": device, "versions": {}, "started": "", "inspected": 1, "device_name": ""}
            for device in ("cpu", "cuda")
        ],
    }
    text = unescape(report_page(run, [], {}))
    top, rest = text.split('<section class="tiles"')
    assert "Before you believe these verdicts" in top
    for doubt in (
        "very dark pictures (1: night.png)",
        "nut changed since it was calibrated: the normal phrases",
        "shelf: this folder was not looked at: no permission",
        "samples/good: left out 3 .txt",
        "made with device cpu and cuda",
    ):
        assert doubt in top and doubt not in rest
    assert "Before you believe" not in page.read_text("utf-8"), "where there is no doubt"


def test_the_table_and_the_tiles_say_not_inspected_alike(page: Path) -> None:
    text = page.read_text("utf-8")
    assert 'NAMES = { error: "not inspected" }' in text
    assert text.count("NAMES[row.verdict]") == 2, "in the table and in the large view"


def test_ten_thousand_pictures_stay_bounded_and_it_is_said(page: Path) -> None:
    run = json.loads(Path("out/run.json").read_text())
    records, previews = many(10_000)
    text = report_page(run, records, previews)
    assert len(text) < html.PREVIEW_BYTES + 6_000_000
    rows = data_of(text)["rows"]
    assert len(rows) == 10_000
    assert all("preview" in row for row in rows if row["verdict"] == "reject")
    assert "the page shows the pictures of" in text


def test_rows_are_bounded_worst_first(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "MAX_ROWS", 50)
    run = json.loads(Path("out/run.json").read_text())
    text = report_page(run, many(1000)[0], {})
    rows = data_of(text)["rows"]
    assert len(rows) == 50
    assert {row["verdict"] for row in rows} == {"reject"}
    assert "50 most doubtful of 1,000" in text


def test_hostile_names_stay_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    name = "<script>alert(1)<!--.png"
    paint(Path("pics") / name, 0.9)
    rule = score_rule("reject", 0.5).model_copy(update={"text": "</script><b>"})
    source: Any = FakeSource(make_plan(make_object("nut", (rule,))))
    run(source, ("pics",), Path("out"), Seen())
    text = Path("out/report.html").read_text()
    assert name not in text
    assert "</script><b>" not in text
    assert data_of(text)["rows"][0]["image"] == f"pics/{name}"


def test_an_unfinished_run_says_so(page: Path) -> None:
    run = {**json.loads(Path("out/run.json").read_text()), "status": "interrupted"}
    assert "This run is not complete" in report_page(run, [], {})


# --- heat maps ---------------------------------------------------------------------------------


def flat(value: float) -> Any:
    return np.full((30, 30), value, np.float32)


def test_the_scale_is_fixed_and_not_stretched() -> None:
    grey = Image.new("RGB", (100, 80), (128, 128, 128))
    calm = np.asarray(overlay(grey, flat(0.1)))
    noisy = flat(0.1)
    noisy[0, 0] = 1.0
    beside = np.asarray(overlay(grey, noisy))
    assert np.array_equal(calm[-20:], beside[-20:])
    hot = np.asarray(overlay(grey, flat(0.95)))
    assert hot[40, 50, 0] > calm[40, 50, 0] + 30
    assert np.abs(calm.astype(int) - 128).max() < 40


def test_overlay_has_the_size_of_the_picture_and_a_legend_when_there_is_room() -> None:
    for size in ((1, 1), (7, 3), (500, 300)):
        assert overlay(Image.new("RGB", size), flat(0.5), (0.4, 0.6)).size == size
    large = np.asarray(overlay(Image.new("RGB", (500, 300)), flat(0.0)))
    assert (large[-30:, -130:] == 255).all(axis=2).any()


def test_levels_cut_and_colors_go_from_blue_to_red() -> None:
    assert list(levels(np.array([-1, 0, 0.5, 1, 2], np.float32))) == [0, 0, 128, 255, 255]
    assert TABLE.shape == (256, 3)
    assert TABLE[0, 2] > TABLE[0, 0]
    assert TABLE[255, 0] > TABLE[255, 2]


def test_previews_survive_a_torn_line(tmp_path: Path) -> None:
    line = preview_line("a.png", "nut", Image.new("RGB", (40, 30)), flat(0.5)).encode()
    (tmp_path / "previews").write_bytes(line + line[:50] + b'\n[]\n{"image": 1}\n')
    previews = read_previews(tmp_path / "previews")
    assert list(previews) == [("a.png", "nut")]


def test_histogram_counts_every_score_once() -> None:
    records = [Record(str(i), "nut", i / 99, "pass") for i in range(100)]
    records.append(Record("bad", "nut", None, "error"))
    text = histogram(records, [Threshold(0.5, "reject", "reject 0.5")])
    counts = [int(n) for n in re.findall(r": (\d+) pass", text)]
    assert sum(counts) == 100
    assert "reject 0.5" in text
    assert "<rect" not in histogram([], [])
