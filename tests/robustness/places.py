"""Values without the places where they were written."""

from dataclasses import fields, is_dataclass
from typing import Any

from promptdsl.source import Span


def without_places(value: Any) -> Any:
    """A value without spans and what depends on the layout."""
    if isinstance(value, Span):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return [without_places(getattr(value, each.name)) for each in fields(value)]
    if isinstance(value, dict):
        return {key: without_places(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_places(each) for each in value]
    return value
