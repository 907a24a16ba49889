"""Pages as eyes see them: light and dark, narrow, on paper; in a real browser."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptdsl.cli.main import main
from promptdsl.inspect.run import run
from promptdsl.report.comparison import comparison_page
from tests.inspect.fakes import FakeDetector, FakeSource, Seen, make_plan, paint_many

from .browser import chromium
from .scene import factory

pytestmark = pytest.mark.browser
PAPER = 703  # pixels between the margins of a sheet of A4
CONTRAST = """
const rgb = (text) => {
  const [a, b, c, d] = text.match(/[\\d.]+/g).map(Number);
  const whole = text.startsWith("color") ? 255 : 1;
  return [a * whole, b * whole, c * whole, d ?? 1];
};
const curve = (v) => v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
const light = (color) => {
  const [red, green, blue] = color.slice(0, 3).map((v) => curve(v / 255));
  return .2126 * red + .7152 * green + .0722 * blue;
};
const over = (top, low) => [0, 1, 2].map((i) => top[i] * top[3] + low[i] * (1 - top[3])).concat(1);
const above = (e) => { const all = []; for (; e; e = e.parentElement) all.push(e); return all; };
const ground = (e) => above(e).reverse().reduce(
  (low, p) => over(rgb(getComputedStyle(p).backgroundColor), low), [255, 255, 255, 1]);
const pale = [], all = document.querySelectorAll("body *");
all.forEach((e) => {
  if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim())) return;
  if (!e.checkVisibility() || e.closest("script, style, option, :disabled")) return;
  const style = getComputedStyle(e), drawn = e.namespaceURI.includes("svg"), under = ground(e);
  const color = rgb(drawn ? style.fill : style.color);
  above(e).forEach((p) => { color[3] *= Number(getComputedStyle(p).opacity); });
  const [dark, bright] = [light(over(color, under)), light(under)].sort((a, b) => a - b);
  if ((bright + .05) / (dark + .05) < 4.5)
    pale.push([e.tagName, e.getAttribute("class"), e.textContent.slice(0, 40)]);
});
return [pale, all.length, getComputedStyle(document.body).backgroundColor];
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def pages(
    seeing_red: Callable[[], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> list[Path]:
    """One of each kind."""
    monkeypatch.chdir(tmp_path)
    main(["validate", str(factory(tmp_path)), "-o", "validation", "-q"])
    paint_many(Path("pics"), 24)
    run(FakeSource(make_plan(), FakeDetector()), ("pics",), Path("run"), Seen())
    Path("diff.html").write_text(comparison(), "utf-8")
    found = [Path(name) for name in ("validation/validation.html", "run/report.html", "diff.html")]
    return [path.absolute() for path in found]


def comparison() -> str:
    before, after = {"verdict": "pass", "score": 0.4}, {"verdict": "reject", "score": 0.6}
    rows = [
        {"image": f"{n}.png", "flips": True, "moved": 0.2, "before": before, "after": after}
        for n in range(8)
    ]
    prompt = {"defect": "scratch", "phrase": "scratched {object}"}
    item = {
        "object": "nut", "prompts": {"removed": [prompt], "added": [prompt]}, "fields": [],
        "pictures": 8, "flips": 8, "mean_move": 0.2, "unreadable": [], "results": rows,
    }  # fmt: skip
    described = {
        "before": "line/metal_nut.inspect", "after": "line/new.inspect",
        "only_before": [], "only_after": [], "objects": [item],
    }  # fmt: skip
    square = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'/%3E"
    return comparison_page(described, {("nut", row["image"]): [square] * 3 for row in rows}, [])


def show(browser: Any, page: Path, *, media: str = "screen", width: int = 1400, dark: bool) -> None:
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    size = {"width": width, "height": 1000, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": [scheme]})
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    browser.get(page.as_uri())


@pytest.mark.parametrize("media", ["screen", "print"])
@pytest.mark.parametrize("dark", [False, True])
def test_every_word_stands_out_from_its_ground(
    browser: Any, pages: list[Path], media: str, *, dark: bool
) -> None:
    for page in pages:
        show(browser, page, media=media, dark=dark)
        pale, elements, ground = browser.execute_script(CONTRAST)
        assert elements > 40 and pale == [], page.name
        black = dark and media == "screen"
        assert (ground == "rgb(15, 18, 23)") is black, "and dark is really dark, paper white"


def test_on_paper_nothing_is_cut_and_pictures_are_small(browser: Any, pages: list[Path]) -> None:
    for page in pages:
        show(browser, page, media="print", width=PAPER, dark=False)
        wide, words, small = browser.execute_script(
            "const q = (s) => [...document.querySelectorAll(s)];"
            "return [q('main, main *').filter((e) => e.scrollWidth > e.clientWidth + 1 && "
            "  getComputedStyle(e).display !== 'inline' && e.checkVisibility() "
            "  && !e.closest('svg, .hidden')).map((e) => e.outerHTML.slice(0, 90)),"
            "document.body.innerText, q('.card').map((e) => e.getBoundingClientRect().width)]"
        )
        assert wide == [], page.name
        assert "drag" not in words, "nothing can be dragged on paper"
        assert all(width < PAPER / 2 for width in small)
        assert not small or page.name != "validation.html" or max(small) < PAPER / 6


def test_a_table_that_scrolls_keeps_its_key_in_sight(browser: Any, pages: list[Path]) -> None:
    show(browser, pages[0], width=500, dark=False)
    found = browser.execute_script(
        "return [...document.querySelectorAll('.scroll')].filter((s) => s.checkVisibility()"
        " && s.scrollWidth > s.clientWidth + 1).map((s) => { s.scrollLeft = 9999; "
        "const key = s.querySelector('td.key-cell').getBoundingClientRect();"
        "return [s.firstElementChild.id, Math.round(key.left - s.getBoundingClientRect().left)]; })"
    )
    assert "figures" in dict(found), "the widest table scrolls at this width"
    assert set(dict(found).values()) == {20}, found


def test_results_of_tests_stay_inside_of_a_narrow_table(browser: Any, pages: list[Path]) -> None:
    show(browser, pages[0], width=700, dark=False)
    past = browser.execute_script(
        "const end = document.querySelector('#tests').getBoundingClientRect().right;"
        "const all = [...document.querySelectorAll('#tests .pill')];"
        "all.forEach((pill) => { pill.textContent = 'passed, not proven'; });"
        "return all.map((pill) => pill.getBoundingClientRect().right - end)"
    )
    assert past and max(past) <= 0


def test_intervals_of_tests_stay_on_one_line_in_a_narrow_window(
    browser: Any, pages: list[Path]
) -> None:
    show(browser, pages[0], width=700, dark=False)
    heights, cut = browser.execute_script(
        "const all = [...document.querySelectorAll('#tests .interval')];"
        "return [all.map((e) => e.getBoundingClientRect().height / 12), "
        "all.filter((e) => e.scrollWidth > e.clientWidth).length]"
    )
    assert heights and max(heights) < 2 and cut == 0


def test_a_picture_and_its_heat_map_stand_side_by_side_in_a_narrow_window(
    browser: Any, pages: list[Path]
) -> None:
    for page, opens in zip(pages[:2], (".card", "#rows tr"), strict=True):
        show(browser, page, width=700, dark=False)
        one, other, facts = browser.execute_script(
            "document.querySelector(arguments[0]).click();"
            "return ['#stage-plain', '#stage-heat', '#large-facts'].map((q) => "
            "document.querySelector(q).getBoundingClientRect().toJSON())",
            opens,
        )
        assert one["top"] == other["top"] and one["right"] <= other["left"]
        assert facts["bottom"] < 1000, "what is known of it is in sight without scrolling"


def test_no_dot_is_left_behind_at_the_end_of_a_line(browser: Any, pages: list[Path]) -> None:
    for page in pages:
        show(browser, page, width=280, dark=False)
        left = browser.execute_script(
            "const box = document.querySelector('.sub').getBoundingClientRect().left;"
            "return [...document.querySelectorAll('.sub span')].map((e) => [e.textContent, "
            "Math.round(e.getBoundingClientRect().left - box), "
            "getComputedStyle(e, '::after').content, getComputedStyle(e, '::before').left])"
        )
        assert any(place == 0 for _, place, _, _ in left[1:]), "it wraps here"
        assert all(after in ("none", "normal") for _, _, after, _ in left)
        assert all(int(before.removesuffix("px")) < 0 for *_, before in left), (
            "a dot stands before its word, and outside of the box where a line begins"
        )
