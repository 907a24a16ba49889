"""validation.html in a real browser: thresholds are dragged and the counts read."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptdsl.cli.main import main
from promptdsl.judge.shares import clopper_pearson

from .browser import chromium
from .scene import factory

pytestmark = pytest.mark.browser
COUNTS = ("escapes", "false-rejects", "reviews")


@pytest.fixture
def page(seeing_red: Callable[[], int], tmp_path: Path) -> Iterator[Any]:
    spec = factory(tmp_path)
    main(["validate", str(spec), "-o", str(tmp_path / "out"), "-q"])
    with chromium(tmp_path / "profile") as driver:
        driver.get((tmp_path / "out" / "validation.html").as_uri())
        yield driver


def text(page: Any, name: str) -> str:
    return str(page.find_element("id", name).text)


def counts(page: Any) -> list[int]:
    return [int(text(page, f"count-{name}")) for name in COUNTS]


def drag_to(page: Any, rule: int, score: float) -> None:
    """Take hold of a threshold's grip and let go at a score."""
    from selenium.webdriver import ActionChains

    chart = page.find_element("css selector", "#histogram svg")
    grip = page.find_element("css selector", f"#histogram .handle[data-rule='{rule}'] .grip")
    scale = chart.rect["width"] / 880
    target = chart.rect["x"] + scale * (40 + (880 - 40 - 14) * score)
    now = grip.rect["x"] + grip.rect["width"] / 2
    ActionChains(page).move_to_element(grip).click_and_hold().move_by_offset(
        round(target - now), 0
    ).release().perform()


def test_dragging_a_threshold_moves_the_counts(page: Any) -> None:
    assert counts(page) == [1, 0, 5]
    assert text(page, "count-tests") == "1 of 2"
    drag_to(page, 0, 0.30)  # the reject threshold, below all scratches and some good parts
    escapes, rejects, reviews = counts(page)
    assert (escapes, reviews) == (0, 0)
    assert rejects == 8, "good parts above 0.30"
    assert text(page, "count-tests") == "1 of 2"
    row = page.find_element("css selector", "#outcomes tr[data-label='good']").text
    assert "8 of 20 false rejects" in row
    lines = text(page, "spec-lines")
    assert re.search(r"reject when score >= 0\.(29|30)", lines)
    page.find_element("id", "reset").click()
    assert counts(page) == [1, 0, 5]


def test_the_page_says_first_whether_good_and_bad_are_told_apart(page: Any) -> None:
    first = page.find_element("css selector", "#banners .banner")
    assert first.text.startswith("Tells good from bad well: AUROC 0.99, 0.94 to 1.00; 20 good")
    assert "Next: choose thresholds" in first.text


def test_the_tile_of_tests_has_the_colour_of_its_result(page: Any) -> None:
    tile = page.find_element("id", "count-tests").find_element("xpath", "..")
    assert tile.get_attribute("class") == "tile reject", "one of two failed"
    drag_to(page, 0, 0.45)
    assert text(page, "count-tests") == "2 of 2"
    assert tile.get_attribute("class") == "tile pass"


def test_the_tile_of_tests_is_not_green_where_nothing_is_proven(
    seeing_red: Callable[[], int], tmp_path: Path
) -> None:
    spec = factory(tmp_path, "    reject when score >= 0.45")
    main(["validate", str(spec), "-o", str(tmp_path / "out"), "-q"])
    with chromium(tmp_path / "profile") as page:
        page.get((tmp_path / "out" / "validation.html").as_uri())
        tile = page.find_element("id", "count-tests").find_element("xpath", "..")
        assert text(page, "count-tests") == "2 of 2"
        assert tile.get_attribute("class") == "tile review"
        assert text(page, "note-tests") == "not proven: too few pictures"


def test_labels_of_close_thresholds_do_not_cover_each_other(page: Any) -> None:
    for score in (0.40, 0.42, 0.46, 0.97):
        drag_to(page, 0, score)
        labels = page.find_elements("css selector", "#histogram svg:first-of-type .handle text")
        one, other = (label.rect for label in labels)
        apart = (
            one["x"] + one["width"] <= other["x"]
            or other["x"] + other["width"] <= one["x"]
            or abs(one["y"] - other["y"]) >= 0.8 * one["height"]
        )
        assert apart, (score, one, other)


def test_intervals_follow_and_are_exact(page: Any) -> None:
    exact = clopper_pearson(1, 12)
    low, high = 100 * exact.low, 100 * exact.high
    assert text(page, "share-escapes") == f"8.3 % ({low:.1f} to {high:.1f} %)"
    drag_to(page, 0, 0.30)
    exact = clopper_pearson(8, 20)
    low, high = 100 * exact.low, 100 * exact.high
    assert text(page, "share-false-rejects") == f"40.0 % ({low:.1f} to {high:.1f} %)"


def test_keys_and_sliders_move_thresholds_too(page: Any) -> None:
    handle = page.find_element("css selector", "#histogram .handle[data-rule='2']")
    handle.send_keys("\ue00e" * 20)  # PageUp: 0.4 -> 0.6, so nothing goes to review
    assert handle.get_attribute("aria-valuenow").startswith("0.6")
    assert counts(page)[2] == 0
    area = page.find_element("id", "slider-1")
    page.execute_script(
        "arguments[0].value = 0; arguments[0].dispatchEvent(new Event('input'))", area
    )
    assert counts(page)[:2] == [0, 20], "an area of 0 % holds for every picture"


def test_pictures_open_and_nothing_is_loaded_or_broken(page: Any) -> None:
    cards = page.find_elements("css selector", "#worst-defective .card")
    assert len(cards) == 12
    assert cards[0].find_element("css selector", ".pill").text == "escape"
    cards[0].click()
    assert page.find_element("id", "large").get_attribute("open") is not None
    facts = page.find_element("id", "large-facts").text
    assert "no rule held" in facts and "likeliest" not in facts
    assert len(page.find_elements("css selector", "#stage-plain .outline")) == 1
    complaints = [line for line in page.get_log("browser") if line["level"] == "SEVERE"]
    assert not complaints
    loaded = page.execute_script("return performance.getEntriesByType('resource').map(e => e.name)")
    assert all(name.startswith("data:") for name in loaded)


def test_the_page_says_what_ran(page: Any) -> None:
    shown = page.find_element("tag name", "main").text
    for words in ("weights of nut", "5" * 64, "Clopper-Pearson", "promptdsl", "scratched nuts"):
        assert words in shown
    assert page.find_element("id", "words-panel").get_attribute("hidden") is not None
