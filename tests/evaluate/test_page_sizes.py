"""validation.json and its page with regions, sizes and spots: every line on its own measure."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptdsl.cli.main import main
from promptdsl.judge.measures import SCORE, measure_name
from promptdsl.judge.verdict import holding_rule

from .browser import chromium
from .places import LINES, planned, with_kinds
from .scene import factory
from .test_page import counts, text


@pytest.fixture
def out(seeing_red: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    planned(monkeypatch)
    with_kinds(monkeypatch)
    main(["validate", str(factory(tmp_path)), "-o", str(tmp_path / "out"), "-q"])
    return tmp_path / "out"


@pytest.fixture
def page(out: Path) -> Iterator[Any]:
    with chromium(out / "profile") as driver:
        driver.get((out / "validation.html").as_uri())
        yield driver


def item_of(out: Path) -> Any:
    (item,) = json.loads((out / "validation.json").read_text("utf-8"))["objects"]
    return item


def test_every_measure_of_every_picture_is_written(out: Path) -> None:
    item = item_of(out)
    names = {measure_name(rule) for rule in LINES} - {SCORE}
    assert len(names) == 6
    for picture in item["pictures"]:
        assert set(picture["measures"]) == names
        assert picture["area"] == {"0.30": picture["measures"]["area above 0.30"]}
        rule = holding_rule({SCORE: picture["score"], **picture["measures"]}, LINES)
        assert picture["verdict"] == (rule.verdict if rule else "pass")
    lines = {line["measure"]: line for line in item["thresholds"]}
    assert lines["extent of spot above 0.35 in corner (mm)"] == {
        "rule": LINES[2].text, "verdict": "reject", "kind": "spot", "above": 0.35, "value": 0.6,
        "measure": "extent of spot above 0.35 in corner (mm)", "region": "corner",
        "subject": "spot above 0.35 in corner", "defect": None, "unit": "mm", "promise": None,
    }  # fmt: skip
    holes = [p for p in item["pictures"] if p["label"] == "hole"]
    assert {p["measures"]["area of spot above 0.30 (px2)"] for p in holes} == {14 * 14}
    extents = [p["measures"]["extent of hole above 0.20 (px)"] for p in holes]
    assert extents == pytest.approx([14 * 2**0.5] * 4)


def drag(page: Any, rule: int, share: float) -> None:
    """Let go of a threshold at so much of its own axis."""
    from selenium.webdriver import ActionChains

    grip = page.find_element("css selector", f"#histogram .handle[data-rule='{rule}'] .grip")
    page.execute_script("arguments[0].scrollIntoView({block: 'center'})", grip)
    left, width, now = page.execute_script(
        "const g = arguments[0].getBoundingClientRect(), s = arguments[0].ownerSVGElement"
        ".getBoundingClientRect(); return [s.left, s.width, g.left + g.width / 2]", grip
    )  # fmt: skip
    target = left + width / 880 * (40 + (880 - 40 - 14) * share)
    ActionChains(page).move_to_element(grip).click_and_hold().move_by_offset(
        round(target - now), 0
    ).release().perform()


@pytest.mark.browser
def test_each_line_is_dragged_on_its_own_measure(page: Any) -> None:
    captions = [one.text for one in page.find_elements("css selector", "#histogram h3")]
    assert captions == [
        "score", "area above 0.30, in %", "extent of spot above 0.35 in corner, in mm",
        "area of spot above 0.30, in px2", "number of spots above 0.20", "score in corner",
        "extent of hole above 0.20, in px",
    ]  # fmt: skip
    before = counts(page)
    labels = [
        page.find_element("css selector", f"#histogram .handle[data-rule='{i}'] text").text
        for i in range(len(LINES))
    ]
    assert labels == [
        "reject 0.95", "reject 8%", "reject 0.6 mm", "reject 150 px2", "reject 3", "review 0.45",
        "review 8 px",
    ]  # fmt: skip
    for rule in range(len(LINES)):
        drag(page, rule, 0.0)
        assert counts(page) != before or rule == 1
        assert f"reject when area above 0.30 >= {'0' if rule == 1 else '8'}%" in text(
            page, "spec-lines"
        )
        page.find_element("id", "reset").click()
        assert counts(page) == before


@pytest.mark.browser
def test_a_moved_line_reads_as_a_spec_has_it(page: Any) -> None:
    drag(page, 2, 0.5)
    drag(page, 4, 0.5)
    lines = text(page, "spec-lines").splitlines()
    assert lines[3].strip().startswith("reject when spot above 0.35 in corner >= 0.")
    assert lines[3].endswith(" mm")
    assert lines[5].strip() == "reject when spots above 0.20 >= 2"
    handle = page.find_element("css selector", "#histogram .handle[data-rule='4']")
    handle.send_keys("\ue014")  # an arrow to the right: one more spot
    assert handle.get_attribute("aria-valuetext") == "3"
    slider = page.find_element("id", "slider-6")
    page.execute_script(
        "arguments[0].value = 3.456; arguments[0].dispatchEvent(new Event('input'))", slider
    )
    assert "review when hole above 0.20 >= 3.46 px" in text(page, "spec-lines")


@pytest.mark.browser
def test_a_picture_tells_what_was_measured_of_it(page: Any) -> None:
    page.find_elements("css selector", "#worst-defective .card")[0].click()
    facts = page.find_element("id", "large-facts").text
    for words in (
        "extent of spot above 0.35 in corner",
        " mm",
        "number of spots above 0.20",
        "px2",
    ):
        assert words in facts
    complaints = [line for line in page.get_log("browser") if line["level"] == "SEVERE"]
    assert not complaints
