"""What the built-in model has seen: its objects, their defects, and every single word.

No torch here: `check` asks while the user types. A word outside the list has no meaning to the
model: its token rows were never trained and are zero.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

WORDS_FILE = "models_builtin/promptdsl-mini/words.json"
WORD = re.compile(r"[^\W_]+")
PLACEHOLDER = re.compile(r"\{[^{}]*\}")


def builtin_weights(method: str) -> Path:
    """Where the built-in model's learned weights of a method lie, for methods that learn."""
    return (Path(__file__).parent / WORDS_FILE).with_name(f"{method}.safetensors")


@cache
def _lists() -> dict[str, Any]:
    text = (Path(__file__).parent / WORDS_FILE).read_text("utf-8")
    lists: dict[str, Any] = json.loads(text)
    return lists


@cache
def known_words() -> frozenset[str]:
    """Every word of the training texts, in lower case."""
    return frozenset(_lists()["words"])


@cache
def known_objects() -> tuple[str, ...]:
    """The objects that the model was trained on, by their first name."""
    return tuple(_lists()["objects"])


def object_names(known_object: str) -> tuple[str, ...]:
    """All names under which the model knows one of its objects."""
    return tuple(_lists()["objects"][known_object])


def known_defects(known_object: str | None = None) -> tuple[str, ...]:
    """The defects of one object, or of all objects."""
    defects: dict[str, list[str]] = _lists()["defects"]
    if known_object is not None:
        return tuple(defects[known_object])
    return tuple(dict.fromkeys(name for names in defects.values() for name in names))


def unknown_words(text: str) -> list[str]:
    """The words of `text` that the model has never seen, each once, in their order.

    A `{placeholder}` is not a word.
    """
    words = WORD.findall(PLACEHOLDER.sub(" ", text).lower())
    return [word for word in dict.fromkeys(words) if word not in known_words()]
