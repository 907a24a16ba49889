"""The pages behind `promptdsl explain`: one Markdown file per code, and its plain-text parts."""

import re
from functools import cache
from pathlib import Path

_PAGES = Path(__file__).resolve().parent / "pages"
_CODE = re.compile(r"[A-Z]\d{3}")


@cache
def page(code: str) -> str | None:
    """The page of a code as Markdown; None when there is none."""
    if not _CODE.fullmatch(code):
        return None
    try:
        return (_PAGES / f"{code}.md").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def codes_with_pages() -> list[str]:
    """Codes that have a page, sorted."""
    return sorted(path.stem for path in _PAGES.glob("*.md") if _CODE.fullmatch(path.stem))
