"""One near name for a misspelt one, or none: a wrong guess is worse than no guess."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import islice

_CLOSE = 0.7
_MOST_NAMES = 300
_LONGEST = 60


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The single closest name when it is close enough to be a slip of the finger."""
    return _nearest(word, tuple(islice(names, _MOST_NAMES))) if len(word) <= _LONGEST else None


@lru_cache(maxsize=4096)
def _nearest(word: str, names: tuple[str, ...]) -> str | None:
    ranked = sorted(
        ((_likeness(word, name), name) for name in names), key=lambda pair: (-pair[0], pair[1])
    )
    if not ranked or ranked[0][0] < _CLOSE:
        return None
    return ranked[0][1]


def _likeness(word: str, name: str) -> float:
    """Twice the common letters by all letters, 0 where that cannot reach _CLOSE."""
    if 2 * min(len(word), len(name)) < _CLOSE * (len(word) + len(name)):
        return 0.0
    left, right = word.lower().replace("-", "_"), name.lower().replace("-", "_")
    if left == right:
        return 1.0
    if sorted(left) == sorted(right) and left[:1] == right[:1]:
        return 0.95  # two letters swapped
    if sum(min(left.count(c), right.count(c)) for c in set(left)) * 2 < _CLOSE * len(left + right):
        return 0.0
    from difflib import SequenceMatcher  # slow to import, and most specs have no misspelt word

    return SequenceMatcher(None, left, right, autojunk=False).ratio()


def did_you_mean(word: str, names: Iterable[str]) -> str | None:
    """The help line for a misspelt name, or None."""
    name = nearest(word, names)
    return f"did you mean {name}?" if name else None
