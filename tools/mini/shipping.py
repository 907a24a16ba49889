"""The words file that ships with the weights: what the model has seen, as plain lists."""

import re
from typing import Any

from tools.pictures import DEFECTS, TRAINED

from .words import NAMES, every_text

WORD = re.compile(r"[a-z0-9]+")


def words_list() -> dict[str, Any]:
    """Objects with their names and defects, and every single word of the training texts."""
    words = {word for text in every_text() for word in WORD.findall(text.lower())}
    return {
        "objects": {name: list(NAMES[name]) for name in TRAINED},
        "defects": {name: list(DEFECTS[name]) for name in TRAINED},
        "words": sorted(words),
    }
