"""The pages of `promptdsl explain`: one per code, and their examples do what they say."""

import re
from pathlib import Path

import pytest
from PIL import Image

from promptdsl.diagnostics.catalogue import CATALOGUE, codes_with_pages, page
from promptdsl.pipeline import Compilation, compile_text

# A missing file, wrong bytes, a huge file and 200 files cannot be shown as text.
WITHOUT_EXAMPLE = {"I001", "I002", "I003", "I309"}
WITH_EXAMPLE = [code for code in CATALOGUE if code not in WITHOUT_EXAMPLE]
FENCE = re.compile(r"^```(inspect|file) ([^\n]+)\n(.*?)^```$", re.M | re.S)
LONGEST = 46  # lines: a page is read in a terminal


def text_of(code: str) -> str:
    """The page of a code, which must exist."""
    found = page(code)
    assert found is not None, f"{code} has no page"
    return found


def compiled(code: str, which: str, folder: Path) -> Compilation:
    """The failing or the corrected example of a page, with its side files beside it."""
    blocks = FENCE.findall(text_of(code))
    for kind, name, content in blocks:
        if kind == "file":
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if name.endswith(".png"):
                Image.new("L", (64, 48), 255).save(folder / name)
            else:
                (folder / name).write_text(content, encoding="utf-8")
    (example,) = [content for kind, name, content in blocks if (kind, name) == ("inspect", which)]
    return compile_text(example, "nut.inspect", folder=folder)


def test_every_code_has_a_page_and_no_page_is_left_over() -> None:
    assert codes_with_pages() == sorted(CATALOGUE)


@pytest.mark.parametrize("code", CATALOGUE)
def test_page_has_title_meaning_and_reason(code: str) -> None:
    text = text_of(code)
    assert text.startswith(f"# {code}: {CATALOGUE[code].title}\n\n")
    assert "\nWhy it matters: " in text
    assert len(text.splitlines()) <= LONGEST
    prose = FENCE.sub("", text)
    assert max(map(len, prose.splitlines())) <= 100
    assert ("\nWhat to do: " in text) == (code in WITHOUT_EXAMPLE)


@pytest.mark.parametrize("code", WITH_EXAMPLE)
def test_failing_example_fails_with_this_code_alone(code: str, tmp_path: Path) -> None:
    found = {item.code for item in compiled(code, "failing", tmp_path).report}
    allowed = {"I107": {"I122"}}.get(code, set())  # a nest of braces has no words before them
    assert code in found and found - allowed == {code}


@pytest.mark.parametrize("code", WITH_EXAMPLE)
def test_corrected_example_has_nothing_to_say(code: str, tmp_path: Path) -> None:
    compilation = compiled(code, "corrected", tmp_path)
    assert [item.message for item in compilation.report] == []
    assert compilation.ok
