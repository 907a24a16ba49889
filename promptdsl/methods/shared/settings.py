"""The settings of a plan as a method's own typed values."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar, cast

from promptdsl.methods import Setting

S = TypeVar("S")


def read_fields(kind: type[S], settings: Mapping[str, Setting]) -> S:
    """A dataclass whose fields are named as in the spec; the checker has validated the values."""
    names = [field.name for field in fields(cast(Any, kind))]
    return kind(**{name: settings[name] for name in names if settings.get(name) is not None})
