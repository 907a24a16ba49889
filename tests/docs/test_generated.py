"""The generated tables of the documentation are those of the program."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from promptdsl.diagnostics.catalogue import CATALOGUE
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.methods import METHODS

DOCS = Path(__file__).parents[2] / "docs"


def generator() -> ModuleType:
    """docs/generate.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_page_is_up_to_date(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    assert generator().generated(text) == text, "run: python docs/generate.py"


def test_every_field_code_and_keyword_is_documented() -> None:
    language = (DOCS / "language.md").read_text(encoding="utf-8")
    for method in METHODS.values():
        section = language.split(f"### `method {method.name}`")[1].split("\n##")[0]
        assert all(f"| `{field.name}` |" in section for field in method.fields)
    assert all(f"| `{word}` |" in language for word in KEYWORDS)
    messages = (DOCS / "diagnostics.md").read_text(encoding="utf-8")
    assert all(f"[{code}](" in messages for code in CATALOGUE)
