"""The order in which files are shown and inspected: `part_9` before `part_10`."""

import re

_PARTS = re.compile(r"[/\\]")
_DIGITS = re.compile(r"([0-9]+)")


Order = tuple[tuple[tuple[str | int, ...], ...], str]


def natural_order(path: str) -> Order:
    """Sort key that puts `part_9` before `part_10`, folder by folder."""
    parts = _PARTS.split(path.casefold())
    return tuple(_digits_as_numbers(part) for part in parts), path


def _digits_as_numbers(part: str) -> tuple[str | int, ...]:
    pieces = _DIGITS.split(part)
    return tuple(int(piece) if i % 2 else piece for i, piece in enumerate(pieces))
