"""Which part a picture shows, by its file name: `{part}_{view}.png` says it of `A12_top.png`.

Each `{name}` stands for one character or more; where a name can be read in several ways, the first
takes as much as it can, so `A_12_top.png` is the part `A_12`. A pattern with folders is laid beside
as many of the last pieces of the path.
"""

import re

FIELD = re.compile(r"\{([a-z]\w*)\}", re.ASCII)
PART = "part"


def part_of(image: str, pattern: str) -> str | None:
    """The part that a picture's path names; None where the path does not fit the pattern."""
    pieces = pattern.split("/")
    names = image.split("/")[-len(pieces) :]
    if len(names) < len(pieces):
        return None
    found: dict[str, str] = {}
    for piece, name in zip(pieces, names, strict=True):
        fields = _fields(piece, name)
        if fields is None or any(found.get(key, value) != value for key, value in fields.items()):
            return None
        found |= fields
    return found.get(PART)


def _fields(piece: str, name: str) -> dict[str, str] | None:
    """From the right, each as short as can be, which leaves most to the first; never goes back."""
    first, *rest = FIELD.split(piece)
    keys, between = rest[::2], rest[1::2]
    if not keys:
        return {} if name == piece else None
    if not name.startswith(first) or not name.endswith(between[-1]):
        return None
    end = len(name) - len(between[-1])
    found: dict[str, str] = {}
    for key, text in zip(keys[:0:-1], between[-2::-1], strict=True):
        at = name.rfind(text, len(first), end - 1)
        if at < 0:
            return None
        value, end = name[at + len(text) : end], at
        if found.setdefault(key, value) != value:
            return None
    value = name[len(first) : end]
    if not value or found.setdefault(keys[0], value) != value:
        return None
    return found
