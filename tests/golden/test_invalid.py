"""Broken specs, each with its expected diagnostics in the file.

PROMPTDSL_REWRITE=1 writes what is found into the files; read the difference before keeping it.
"""

import os
from pathlib import Path

import pytest

from promptdsl.diagnostics.catalogue import CATALOGUE
from promptdsl.pipeline import compile_file, compile_text
from tests.golden.expectations import described, expectations_in, with_expectations

FOLDER = Path(__file__).parent / "invalid"
NAMES = sorted(path.name for path in FOLDER.glob("*.inspect"))
REWRITE = os.environ.get("PROMPTDSL_REWRITE") == "1"
# Files that are missing, huge or too many are in test_unreadable.py.
NOT_IN_A_CORPUS = {"I001", "I003", "I309"}


@pytest.mark.parametrize("name", NAMES)
def test_diagnostics_are_the_expected_ones(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    path = Path(name)
    before = path.read_bytes()
    found = described(compile_file(path))
    if REWRITE:
        path.write_bytes(with_expectations(before, found))
    else:
        assert found == expectations_in(before)
    assert found, "a file of this corpus has at least one mistake"


@pytest.mark.parametrize("name", NAMES)
def test_a_fix_mends_what_it_is_offered_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(FOLDER)
    compilation = compile_file(Path(name))
    for item in compilation.report:
        if item.fix is None or item.span.file != compilation.name:
            continue
        text = compilation.sources[compilation.name].text
        start, end = item.fix.span.start, item.fix.span.end
        mended = compile_text(text[:start] + item.fix.replacement + text[end:], name)
        left = [other.message for other in mended.report.errors if other.code == item.code]
        had = [other.message for other in compilation.report.errors if other.code == item.code]
        assert left.count(item.message) < had.count(item.message) or item.severity == "warning"
        assert len(left) <= len(had), (item.message, left)


@pytest.mark.parametrize("name", NAMES)
def test_messages_are_sentences_with_the_severity_of_their_code(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)
    for item in compile_file(Path(name)).report:
        assert item.severity == CATALOGUE[item.code].severity
        assert item.message == item.message.strip() and not item.message.endswith(".")
        assert "\n" not in item.message and "None" not in item.message
        assert item.help, f"{item.code} does not say what to do"


def test_every_code_has_a_file() -> None:
    files = (FOLDER / name for name in NAMES)
    shown = {line.split(" ")[1] for path in files for line in expectations_in(path.read_bytes())}
    assert set(CATALOGUE) - shown == NOT_IN_A_CORPUS


def test_one_missing_brace_or_quote_costs_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes behind it is checked all the same: these files have a second mistake there."""
    monkeypatch.chdir(FOLDER)
    both = ("braces_close_missing_defect", "braces_close_missing_method", "quotes_missing_end")
    for name in both:
        assert len(compile_file(Path(f"{name}.inspect")).report) == 2, name
