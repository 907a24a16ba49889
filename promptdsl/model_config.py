"""Values out of a model's config JSON, which anybody may have written: types and ranges checked.

The limits lie far beyond every published model. They keep a damaged or forged file from asking for
more memory than any machine has, and for shapes that cannot be computed with.
"""

import json
from collections.abc import Mapping
from typing import Any

MAX_CONFIG_BYTES = 1_000_000
MAX_WIDTH = 16_384
MAX_LAYERS = 256
MAX_PATCH = 512
MAX_IMAGE = 8_192
MAX_CONTEXT = 4_096
MAX_VOCABULARY = 1_000_000
Config = Mapping[str, Any]


def parse_config(content: bytes) -> dict[str, Any]:
    """The JSON object of a config file. Raises ValueError with the reason."""
    try:
        found = json.loads(content)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    if not isinstance(found, dict):
        raise ValueError("it holds no object")
    return found


def part(config: Config, name: str) -> dict[str, Any]:
    """An object inside the config. Raises ValueError."""
    found = config.get(name)
    if not isinstance(found, dict):
        raise ValueError(f"{name} is missing" if found is None else f"{name} is no object")
    return found


def whole(config: Config, name: str, default: int | None, low: int, high: int) -> int:
    """A whole number between the limits; `default` where there is none. Raises ValueError."""
    value = config.get(name, default)
    if value is None:
        raise ValueError(f"{name} is missing")
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{name} is {in_short(value)}, not a whole number")
    return int(_between(name, value, low, high))


def number(config: Config, name: str, default: float, low: float, high: float) -> float:
    """A number between the limits. Raises ValueError."""
    value = config.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{name} is {in_short(value)}, not a number")
    return float(_between(name, value, low, high))


def flag(config: Config, name: str) -> bool:
    """true or false; false where there is none. Raises ValueError."""
    value = config.get(name, False)
    if not isinstance(value, bool):
        raise ValueError(f"{name} is {in_short(value)}, neither true nor false")
    return value


def sides(config: Config, name: str, default: int, low: int, high: int) -> tuple[int, int]:
    """(height, width), written as one number or as a list of two. Raises ValueError."""
    value = config.get(name, default)
    pair = list(value) if isinstance(value, list | tuple) else [value, value]
    if len(pair) != 2:
        raise ValueError(f"{name} is {in_short(value)}, not one number or two")
    height, width = (whole({name: side}, name, None, low, high) for side in pair)
    return height, width


def _between(name: str, value: int | float, low: float, high: float) -> int | float:
    if value != value or not low <= value <= high:  # NaN is not equal to itself
        raise ValueError(f"{name} is {in_short(value)}, and must be {low:g} to {high:g}")
    return value


def in_short(value: object) -> str:
    """A value for a message, cut where it is long."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # an endless list, a number of thousands of digits
        return f"a {type(value).__name__}"
    return text if len(text) <= 40 else f"{text[:40]}..."
