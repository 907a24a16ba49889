"""Two versions of a text as a unified diff, which `patch` and `git apply` take."""

from collections.abc import Iterator
from difflib import unified_diff

_NO_NEWLINE = "\n\\ No newline at end of file\n"


def unified_lines(before: str, after: str, name_before: str, name_after: str) -> Iterator[str]:
    """Each line with its end; behind a last line without one stands that it has none."""
    for line in unified_diff(_lines(before), _lines(after), name_before, name_after):
        yield line if line.endswith("\n") else line + _NO_NEWLINE


def _lines(text: str) -> list[str]:
    """Lines with their ends; `splitlines` would also split at rarer characters."""
    *whole, rest = text.split("\n")
    return [line + "\n" for line in whole] + ([rest] if rest else [])
