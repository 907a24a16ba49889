"""The page of regions as eyes see it: light and dark, wide and narrow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.evaluate.browser import chromium
from tests.evaluate.test_pages_for_eyes import CONTRAST

from .scene import draw_mask, page_of

pytestmark = pytest.mark.browser
LINES = """  region lip { ring: 600 px 450 px, 230 px to 350 px }
  region narrow { box: 20 px 20 px 30 px 400 px }
  region half { mask: "half.png" }
  ignore "serial number" { polygon: 40 px 700 px, 300 px 700 px, 300 px 860 px, 40 px 860 px }
"""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with chromium(tmp_path_factory.mktemp("profile")) as driver:
        yield driver


@pytest.mark.parametrize("width", [1400, 700])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_can_be_read(browser: Any, tmp_path: Path, scheme: str, width: int) -> None:
    draw_mask(tmp_path / "half.png")
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    browser.set_window_size(width, 900)
    browser.get(page_of(tmp_path, LINES).as_uri())
    browser.execute_script("Editor.select(Editor.state.places[1].shapes[0].id)")
    pale, count, _ground = browser.execute_script(CONTRAST)
    assert pale == []
    assert count > 80
    chips = [chip.text for chip in browser.find_elements("css selector", ".chip")]
    assert chips == ["ring", "box", "mask", "polygon"]
    images = browser.execute_script("return document.querySelectorAll('#stage image').length")
    assert images == 2, "the picture, and the mask over it"


def test_a_mask_of_another_shape_is_told(browser: Any, tmp_path: Path) -> None:
    draw_mask(tmp_path / "half.png")
    browser.get(page_of(tmp_path, LINES, size=(900, 900)).as_uri())
    notes = browser.find_element("css selector", "#mistakes").text
    assert "the mask has 1200 x 900 px, and the picture 900 x 900" in notes
