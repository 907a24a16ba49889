"""The page of `promptdsl regions` in a real browser: drawn on, and its lines read back."""

import json
import math
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from promptdsl.language.format import format_source
from promptdsl.pipeline import compile_text
from promptdsl.source import SourceFile
from promptdsl.spec import ObjectSpec
from tests.evaluate.browser import chromium

from .scene import page_of, spec_of

pytestmark = pytest.mark.browser
UNUSED = "I612"  # a region that no line is about, yet
EXISTING = """  region lip { ring: 600 px 450 px, 230 px to 350 px }
  region print {
    box: 10% 10% 30% 20%
    circle: 900 px 700 px, 120 px
    except { box: 15% 15% 10% 10% }
  }
  ignore "serial number" { polygon: 40 px 700 px, 300 px 700 px, 300 px 860 px, 40 px 860 px }
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Callable[..., "Page"]:
    def show(lines: str = "", size: tuple[int, int] = (1200, 900)) -> Page:
        browser.get("about:blank")
        browser.get(page_of(tmp_path, lines, size).as_uri())
        return Page(browser)

    return show


class Page:
    """What a person does on the page, in pixels of the picture."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.stage = driver.find_element("id", "stage")

    def at(self, x: float, y: float) -> tuple[int, int]:
        """A place of the picture on the screen, from the middle of the stage."""
        script = (
            "const s = arguments[0], v = s.viewBox.baseVal, r = s.getBoundingClientRect();"
            "return [(arguments[1] - v.x) / v.width * r.width - r.width / 2,"
            " (arguments[2] - v.y) / v.height * r.height - r.height / 2]"
        )
        across, down = self.driver.execute_script(script, self.stage, x, y)
        return round(across), round(down)

    def chain(self) -> Any:
        from selenium.webdriver import ActionChains

        return ActionChains(self.driver, duration=10)

    def drag(self, x0: float, y0: float, x1: float, y1: float) -> None:
        (a, b), (c, d) = self.at(x0, y0), self.at(x1, y1)
        grip = self.chain().move_to_element_with_offset(self.stage, a, b).click_and_hold()
        grip = grip.move_by_offset((c - a) // 2, (d - b) // 2)
        grip.move_by_offset(c - a - (c - a) // 2, d - b - (d - b) // 2).release().perform()

    def click(self, x: float, y: float) -> None:
        self.chain().move_to_element_with_offset(self.stage, *self.at(x, y)).click().perform()

    def press(self, key: str, held: str = "") -> None:
        from selenium.webdriver.common.keys import Keys

        keys = [getattr(Keys, name, name) for name in (held, key) if name]
        chain = self.chain()
        if held:
            chain.key_down(keys[0])
        chain.send_keys(keys[-1])
        if held:
            chain.key_up(keys[0])
        chain.perform()

    def tool(self, name: str) -> None:
        self.driver.find_element("css selector", f"[data-tool='{name}']").click()

    def choose(self, where: str, value: str) -> None:
        from selenium.webdriver.support.ui import Select

        Select(self.driver.find_element("css selector", where)).select_by_value(value)

    def name(self, text: str) -> None:
        """Type into the field that has the focus after something was drawn."""
        field = self.driver.switch_to.active_element
        assert field.get_attribute("class") == "name"
        field.send_keys(text + "\n")

    def type(self, field: int, value: str) -> None:
        """A number of the chosen shape."""
        box = self.driver.find_elements("css selector", ".fields input")[field]
        self.driver.execute_script(
            "arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event('change'))",
            box,
            value,
        )

    @property
    def lines(self) -> str:
        return str(self.driver.find_element("id", "lines").get_property("value"))

    @property
    def numbers(self) -> list[float]:
        return [float(number) for number in re.findall(r"-?[\d.]+(?= px|%)", self.lines)]

    @property
    def mistakes(self) -> str:
        return "\n".join(
            one.text for one in self.driver.find_elements("css selector", ".notes .error")
        )

    def state(self) -> list[dict[str, Any]]:
        script = (
            "return JSON.stringify(Editor.state.places.map((p) => "
            "({kind: p.kind, name: p.name, shapes: p.shapes, without: p.without})))"
        )
        return list(json.loads(self.driver.execute_script(script)))


def compiled(lines: str, folder: Path) -> ObjectSpec:
    """The object of the spec with the page's lines, which must be faultless and canonical."""
    text = spec_of(lines)
    compilation = compile_text(text, "gasket.inspect", folder=folder)
    found = [item.message for item in compilation.report if item.code != UNUSED]
    assert found == []
    assert format_source(SourceFile("gasket.inspect", text)).text == text
    assert compilation.spec is not None
    return compilation.spec.objects[0]


def near(numbers: list[float], wanted: list[float], most: float = 3) -> bool:
    return len(numbers) == len(wanted) and all(
        abs(one - other) <= most for one, other in zip(numbers, wanted, strict=True)
    )


def test_four_kinds_are_drawn_and_their_lines_are_a_spec(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened()
    page.tool("ring")
    page.drag(600, 450, 950, 450)
    page.name("lip")
    page.tool("box")
    page.drag(60, 60, 300, 200)
    page.name("print")
    page.tool("polygon")
    for x, y in ((900, 100), (1100, 120), (1120, 300), (880, 260)):
        page.click(x, y)
    page.click(900, 100)
    page.name("corner")
    page.tool("circle")
    page.choose("#into", "ignore")
    page.drag(150, 750, 250, 750)
    page.name('the "serial" number')
    item = compiled(page.lines, tmp_path)
    assert [region.name for region in item.regions] == ["lip", "print", "corner"]
    assert [region.name for region in item.ignored] == ['the "serial" number']
    kinds = [region.shapes[0].kind for region in (*item.regions, *item.ignored)]
    assert kinds == ["ring", "box", "polygon", "circle"]
    ring, box, corner, circle = ([n.value for n in region.shapes[0].lengths]
                                 for region in (*item.regions, *item.ignored))  # fmt: skip
    assert near(ring, [600, 450, 245, 350])
    assert near(box, [60, 60, 240, 140])
    assert near(corner, [900, 100, 1100, 120, 1120, 300, 880, 260])
    assert near(circle, [150, 750, 100])
    assert page.mistakes == ""


def test_what_the_spec_has_comes_back_unchanged(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened(EXISTING)
    assert page.lines == EXISTING
    compiled(page.lines, tmp_path)
    labels = [one.text for one in page.driver.find_elements("css selector", "#stage .label")]
    assert labels == ["lip", "print", "ignored: serial number"]
    chips = [one.text for one in page.driver.find_elements("css selector", ".chip")]
    assert chips == ["ring", "box", "circle", "− box", "polygon"]
    assert len(page.driver.find_elements("css selector", "#stage mask path")) == 1


def circle_of(corners: int) -> str:
    """A polygon of many corners, as somebody's program may write it."""
    turns = [2 * math.pi * i / corners for i in range(corners)]
    places = [(600 + 300 * math.cos(t), 450 + 300 * math.sin(t)) for t in turns]
    return "polygon: " + ", ".join(f"{x:.2f} px {y:.1f} px" for x, y in places)


def test_long_lines_are_broken_as_the_formatter_does(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    lines = (
        f"  region a {{ {circle_of(5)} }}\n  region b {{ {circle_of(40)} }}\n"
        f"  region c {{ box: 0% 0% 50% 50%, {circle_of(12)}, except {{ {circle_of(9)}, "
        f"circle: 600 px 450 px, 12.5 px }} }}\n"
        f'  ignore "{"a reason of many words " * 6}" {{ box: 10 px 20 px 30 px 40 px }}\n'
    )
    written = format_source(SourceFile("gasket.inspect", spec_of(lines))).text
    assert written is not None
    page = opened(lines)
    given = compiled(page.lines, tmp_path)
    found = compile_text(written, "gasket.inspect").spec
    assert found is not None

    def places(item: ObjectSpec) -> list[Any]:
        return [
            (one.name, [(s.kind, s.lengths) for s in one.shapes],
             [(s.kind, s.lengths) for s in one.without])
            for one in (*item.regions, *item.ignored)
        ]  # fmt: skip

    short = [(name.strip(), *rest) for name, *rest in places(found.objects[0])]
    assert places(given) == short


def test_shapes_are_moved_resized_and_put_back(opened: Callable[..., Page]) -> None:
    page = opened("  region print { box: 200 px 100 px 400 px 300 px }\n")
    page.drag(400, 250, 500, 350)
    assert near(page.numbers, [300, 200, 400, 300])
    page.drag(700, 500, 800, 600)  # its right lower corner
    assert near(page.numbers, [300, 200, 500, 400])
    page.drag(300, 400, 250, 400)  # the middle of its left edge
    assert near(page.numbers, [250, 200, 550, 400])
    page.drag(500, 400, 1190, 890)
    assert near(page.numbers, [650, 500, 550, 400]), "it stays inside of the picture"
    for _ in range(4):
        page.press("z", held="CONTROL")
    assert page.lines == "  region print { box: 200 px 100 px 400 px 300 px }\n"
    page.press("y", held="CONTROL")
    assert near(page.numbers, [300, 200, 400, 300])
    page.press("DELETE")
    assert "region" not in page.lines
    page.driver.find_element("id", "undo").click()
    assert near(page.numbers, [300, 200, 400, 300])


def test_corners_are_added_moved_and_removed(opened: Callable[..., Page]) -> None:
    page = opened("  region a { polygon: 200 px 200 px, 600 px 200 px, 400 px 600 px }\n")
    page.click(400, 300)
    page.drag(400, 200, 400, 100)  # the middle of an edge becomes a corner
    assert near(page.numbers, [200, 200, 400, 100, 600, 200, 400, 600])
    page.drag(600, 200, 700, 300)
    assert near(page.numbers, [200, 200, 400, 100, 700, 300, 400, 600])
    page.press("DELETE")  # the corner that was dragged
    assert near(page.numbers, [200, 200, 400, 100, 400, 600])
    page.press("DELETE")  # three are the least: the whole
    assert "region" not in page.lines


def test_keys_and_typed_numbers_do_without_a_mouse(opened: Callable[..., Page]) -> None:
    page = opened()
    page.stage.send_keys("b")
    page.press("ENTER")  # a box in the middle
    page.name("middle")
    before = page.numbers
    page.press("ARROW_RIGHT")
    page.press("ARROW_DOWN", held="SHIFT")
    assert page.numbers == [before[0] + 1, before[1] + 10, *before[2:]]
    page.type(0, "12.5")
    page.type(2, "300")
    assert page.lines == (
        f"  region middle {{ box: 12.5 px {before[1] + 10:.0f} px 300 px {before[3]:.0f} px }}\n"
    )
    page.choose(".fields .row select", "%")
    assert re.fullmatch(r"  region middle \{ box: 1.04% [\d.]+% 25% [\d.]+% \}\n", page.lines)
    page.choose(".place .first select", "ignore")
    assert page.lines.startswith('  ignore "middle" { box: 1.04%')


def test_shapes_are_added_to_a_place_and_cut_out_of_it(
    opened: Callable[..., Page], tmp_path: Path
) -> None:
    page = opened("  region lip { circle: 600 px 450 px, 300 px }\n")
    page.driver.find_element("css selector", "[aria-label='Cut a shape out of it']").click()
    page.tool("circle")
    page.drag(600, 450, 700, 450)
    page.driver.find_element("css selector", "[aria-label='Add a shape to it']").click()
    page.tool("box")
    page.drag(20, 20, 120, 120)
    item = compiled(page.lines, tmp_path)
    (region,) = item.regions
    assert (len(region.shapes), len(region.without)) == (2, 1)
    assert "    except { circle: " in page.lines


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("region a { box: 1100 px 10 px 300 px 200 px }", "reaches 200 px out of the picture"),
        ("region a { box: 1300 px 10 px 300 px 200 px }", "lies outside of the picture"),
        ("region a { ring: 600 px 400 px, 100 px to 350 px }\n"
         "  region b { polygon: 0 px 0 px, 200 px 200 px, 200 px 0 px, 0 px 200 px }",
         "crosses itself"),
        ("region a { box: 300 px 300 px 200 px 200 px, except { circle: 400 px 400 px, 200 px } }",
         "everything is cut out of it"),
        ("region a { box: 300 px 300 px 90 px 90 px }", "the least that the model tells apart"),
    ],
)  # fmt: skip
def test_what_check_would_not_accept_is_told(
    opened: Callable[..., Page], lines: str, said: str
) -> None:
    page = opened(spoilt(lines))
    spoil(page, lines)
    assert said in page.mistakes
    assert said in page.driver.find_element("id", "mistakes").text


def spoilt(lines: str) -> str:
    """Lines that the compiler takes: of each region a box of usual size."""
    names = re.findall(r"region (\w+)", lines)
    return "".join(f"  region {name} {{ box: 100 px 100 px 300 px 300 px }}\n" for name in names)


def spoil(page: Page, lines: str) -> None:
    """Shapes of the page are replaced, as somebody who types numbers would."""
    shape = re.compile(r"(box|circle|ring|polygon): ([^{}]*?)(?=,?\s*(?:\}|$))")
    for place, line in enumerate(lines.splitlines()):
        inside, _, cut = line.partition("except")
        for name, text in (("shapes", inside), ("without", cut)):
            made = [
                {"id": 900 + 10 * place + i, "kind": kind, "path": None,
                 "lengths": [[float(n), "px"] for n in re.findall(r"[\d.]+", numbers)]}
                for i, (kind, numbers) in enumerate(shape.findall(text + " "))
            ]  # fmt: skip
            if made:
                page.driver.execute_script(
                    f"Editor.state.places[arguments[0]].{name} = arguments[1]; Editor.select(null)",
                    place,
                    made,
                )


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Sealing Lip", "write sealing_lip"),
        ("", "needs a name"),
        ("reject", "is a word of the language"),
        ("lip", "two regions are named lip"),
    ],
)
def test_names_are_checked_while_they_are_typed(
    opened: Callable[..., Page], name: str, said: str
) -> None:
    page = opened("  region lip { circle: 300 px 450 px, 200 px }\n")
    page.tool("box")
    page.drag(700, 300, 1000, 600)
    field = page.driver.switch_to.active_element
    field.send_keys(name or "\ue017")  # in place of the name that is selected
    assert said in page.mistakes


def test_a_click_right_after_typing_is_not_lost(opened: Callable[..., Page]) -> None:
    page = opened()
    page.tool("circle")
    page.drag(600, 450, 800, 450)
    page.driver.switch_to.active_element.send_keys("lip")
    page.driver.find_element("css selector", "[aria-label='Cut a shape out of it']").click()
    assert page.driver.find_element("id", "aimed").text == "Cut out of lip"
    page.drag(600, 450, 700, 450)
    assert "region lip {" in page.lines and "except { circle: " in page.lines


def test_fingers_draw_and_zoom(opened: Callable[..., Page]) -> None:
    page = opened()
    page.tool("box")
    rect = page.stage.rect
    middle = rect["x"] + rect["width"] / 2, rect["y"] + rect["height"] / 2
    scroll = page.driver.execute_script("return window.scrollY")

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": middle[0] + x, "y": middle[1] + y - scroll, "id": i}
                  for i, (x, y) in enumerate(places)]  # fmt: skip
        command = {"type": kind, "touchPoints": points}
        page.driver.execute_cdp_cmd("Input.dispatchTouchEvent", command)

    touch("touchStart", (-100, -80))
    touch("touchMove", (0, 0))
    touch("touchMove", (100, 80))
    touch("touchEnd")
    assert page.lines.startswith("  region region_1 { box: ")
    before = page.driver.find_element("id", "zoom").text
    drawn = page.lines
    touch("touchStart", (-50, 0), (50, 0))
    touch("touchMove", (-100, 0), (100, 0))
    touch("touchEnd")
    after = page.driver.find_element("id", "zoom").text
    assert int(after.split()[0]) == pytest.approx(2 * int(before.split()[0]), rel=0.05)
    assert page.lines == drawn, "two fingers draw nothing"


def test_zoomed_in_the_numbers_are_finer(opened: Callable[..., Page]) -> None:
    page = opened()
    for _ in range(8):
        page.driver.find_element("id", "in").click()
    page.tool("box")
    page.drag(560, 420, 640, 480)
    assert near(page.numbers, [560, 420, 80, 60], 1)
    page.press("0")
    assert near(page.numbers, [560, 420, 80, 60], 1)


def test_the_page_tells_what_the_model_can_see(opened: Callable[..., Page]) -> None:
    page = opened("  region lip { ring: 600 px 450 px, 280 px to 350 px }\n")
    text = page.driver.find_element("css selector", "main").text
    assert "The smallest defect that 240 px can show of a 1,200 px picture is about" in text
    assert "tiles show smaller ones: picture { tiles: 480 px }" in text
    assert "the ring is 70 px wide" in page.driver.find_element("css selector", ".notes").text
    page.chain().move_to_element_with_offset(page.stage, 0, 0).perform()
    patch = page.driver.find_element("css selector", "#stage .patch")
    width, height = (float(patch.get_attribute(name)) for name in ("width", "height"))
    assert width / 1200 == pytest.approx(height / 900)


def test_nothing_is_loaded_and_nothing_breaks(opened: Callable[..., Page]) -> None:
    page = opened(EXISTING)
    page.driver.find_element("id", "copy").click()
    said = page.driver.find_element("id", "said")
    until = time.monotonic() + 10
    while said.text != "the lines are in the clipboard" and time.monotonic() < until:
        time.sleep(0.05)
    assert said.text == "the lines are in the clipboard"
    loaded = page.driver.execute_script(
        "return performance.getEntriesByType('resource').map(e => e.name)"
    )
    assert all(name.startswith("data:") for name in loaded)
    assert [line for line in page.driver.get_log("browser") if line["level"] == "SEVERE"] == []
    for width in (1400, 700, 420):
        page.driver.set_window_size(width, 900)
        assert page.driver.execute_script(
            "return document.documentElement.scrollWidth <= document.documentElement.clientWidth"
        ), width
    page.driver.set_window_size(1400, 1000)
