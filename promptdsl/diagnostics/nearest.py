"""One near name for a misspelt one, or none: a wrong guess is worse than no guess."""

from collections.abc import Iterable
from difflib import SequenceMatcher


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The single closest name when it is close enough to be a slip of the finger."""
    ranked = sorted(
        ((_likeness(word, name), name) for name in names), key=lambda pair: (-pair[0], pair[1])
    )
    if not ranked or ranked[0][0] < 0.7:
        return None
    return ranked[0][1]


def _likeness(word: str, name: str) -> float:
    left, right = word.lower().replace("-", "_"), name.lower().replace("-", "_")
    if left == right:
        return 1.0
    if sorted(left) == sorted(right) and left[:1] == right[:1]:
        return 0.95  # two letters swapped
    return SequenceMatcher(None, left, right, autojunk=False).ratio()


def did_you_mean(word: str, names: Iterable[str]) -> str | None:
    """The help line for a misspelt name, or None."""
    name = nearest(word, names)
    return f"did you mean {name}?" if name else None
