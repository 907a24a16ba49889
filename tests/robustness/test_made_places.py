"""Random places: a clear error or a Spec, never an exception; right ones mean what they say."""

import os
import re
from pathlib import Path

import pytest
from PIL import Image

from promptdsl.diagnostics.catalogue import CATALOGUE
from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.format import format_source
from promptdsl.pipeline import compile_text
from promptdsl.source import SourceFile
from tests.robustness.made_places import made_spec, right_spec
from tests.robustness.places import without_places
from tests.robustness.test_made_specs import plan_without_places

ROUNDS = int(os.environ.get("PROMPTDSL_FUZZ_ROUNDS", "0"))
ANY, RIGHT = max(40, ROUNDS), max(15, ROUNDS // 5)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one picture, which also is a mask."""
    made = tmp_path_factory.mktemp("places")
    Image.new("L", (320, 240), 255).save(made / "lip.png")
    return made


def sound(report: Report) -> None:
    """Messages are sentences with a place, a known code and something to do."""
    for item in report:
        assert item.code in CATALOGUE and item.message and item.help, item
        assert "\n" not in item.message and not re.search(r"(?<!\.\.)\.$", item.message), item
        assert 0 <= item.span.start <= item.span.end


def test_any_places_end_in_errors_or_a_plan(folder: Path) -> None:
    for seed in range(ANY):
        text = made_spec(seed)
        compilation = compile_text(text, "a.inspect", folder=folder)
        sound(compilation.report)
        assert compilation.ok == (not compilation.report.errors)
        if compilation.ok:
            compilation.plan()
        formatted = format_source(SourceFile("a.inspect", text))
        assert formatted.text is not None or formatted.report.errors, seed


def test_right_places_have_no_errors_and_survive_the_formatter(folder: Path) -> None:
    for seed in range(RIGHT):
        text = right_spec(seed)
        first = compile_text(text, "a.inspect", folder=folder)
        assert not first.report.errors, (seed, text, first.report.errors)
        formatted = format_source(SourceFile("a.inspect", text)).text
        assert formatted is not None
        again = compile_text(formatted, "a.inspect", folder=folder)
        assert without_places(first.spec) == without_places(again.spec)
        assert plan_without_places(first) == plan_without_places(again)


def test_a_correction_takes_its_message_away(folder: Path) -> None:
    """Each fix of each error, applied alone: its message is gone."""
    tried = 0
    for seed in range(max(15, ANY // 5)):
        text = made_spec(seed)
        compilation = compile_text(text, "a.inspect", folder=folder)
        for item in compilation.report.errors:
            if item.fix is None or tried > max(40, ANY):
                continue
            tried += 1
            start, end = item.fix.span.start, item.fix.span.end
            mended = compile_text(
                text[:start] + item.fix.replacement + text[end:], "a.inspect", folder=folder
            )
            left = [each for each in mended.report.errors if _same(each.message, item.message)]
            had = [each for each in compilation.report.errors if _same(each.message, item.message)]
            assert len(left) < len(had), (seed, item.message, item.fix)
    assert tried > 20


def _same(one: str, other: str) -> bool:
    return re.sub(r"\s+", " ", one) == re.sub(r"\s+", " ", other)
