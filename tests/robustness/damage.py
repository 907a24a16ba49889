"""Damage to files: what disks, networks and editors do to bytes, and what a hand does to JSON.

`damaged(content, seed)` gives the same damage for the same seed on every machine. A test tries many
seeds and asks for one thing: that the command says a sentence, in time, and touches nothing else.
"""

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

# What may stand in the place of any value of a JSON document.
STRANGE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 10**30, 1.5, "", "x", "../../x", "\ud800", "\0", [], {}, [[]],
    {"a": None}, ["x"], [None], "9" * 300, float("nan"), float("inf"), {"": {"": []}},
)  # fmt: skip


def damaged(content: bytes, seed: int) -> bytes:
    """The content with one kind of damage, chosen by the seed; never the content itself."""
    dice = random.Random(seed)
    for _ in range(20):
        changed = dice.choice(_KINDS)(content, dice)
        if changed != content:
            return changed
    return content + b"\0"


def damages(content: bytes, count: int, first: int = 0) -> Iterator[bytes]:
    """So many different damages."""
    return (damaged(content, seed) for seed in range(first, first + count))


def every_flip(content: bytes, step: int = 1) -> Iterator[bytes]:
    """Each byte (or every `step`th) turned over, one at a time."""
    for place in range(0, len(content), step):
        yield content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]


def strange_json(text: str | bytes, seed: int) -> bytes:
    """A JSON document with one value, or the name of one field, replaced; still JSON."""
    dice = random.Random(seed)
    document = json.loads(text)
    places = list(_places(document))
    if not places:
        return _to_bytes(dice.choice(STRANGE))
    holder, key = dice.choice(places)
    action = dice.random()
    if isinstance(holder, dict) and action < 0.15:
        del holder[key]
    elif isinstance(holder, dict) and action < 0.25:
        holder[f"{key}x"] = holder.pop(key)
    elif isinstance(holder, list) and action < 0.2:
        holder.append(holder[key])
    else:
        holder[key] = dice.choice(STRANGE)
    return _to_bytes(document)


def strange_lines(content: bytes, seed: int) -> bytes:
    """JSON lines of which one is replaced by `strange_json`."""
    lines = content.splitlines()
    at = random.Random(seed).randrange(len(lines))
    lines[at] = strange_json(lines[at], seed)
    return b"\n".join(lines) + b"\n"


def _to_bytes(document: Any) -> bytes:
    return json.dumps(document).encode()


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every (holder, key) of a document."""
    items: Any = ()
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    for key, value in items:
        yield document, key
        yield from _places(value)


def _span(content: bytes, dice: random.Random, most: int = 64) -> tuple[int, int]:
    start = dice.randrange(len(content) + 1)
    return start, min(len(content), start + dice.randint(1, most))


def _flip_bit(content: bytes, dice: random.Random) -> bytes:
    if not content:
        return b"\x01"
    at = dice.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << dice.randrange(8))]) + content[at + 1 :]


def _flip_near_start(content: bytes, dice: random.Random) -> bytes:
    """Headers are where lengths and types stand."""
    head = content[:128]
    return _flip_bit(head, dice) + content[128:]


def _flip_many(content: bytes, dice: random.Random) -> bytes:
    for _ in range(dice.randint(2, 20)):
        content = _flip_bit(content, dice)
    return content


def _cut_end(content: bytes, dice: random.Random) -> bytes:
    return content[: dice.randrange(len(content) + 1)]


def _cut_start(content: bytes, dice: random.Random) -> bytes:
    return content[dice.randrange(len(content) + 1) :]


def _cut_out(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:start] + content[end:]


def _double(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice)
    return content[:end] + content[start:]


def _zeros(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice, 4096)
    return content[:start] + bytes(end - start) + content[end:]


def _ones(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice, 8)
    return content[:start] + b"\xff" * (end - start) + content[end:]


def _noise(content: bytes, dice: random.Random) -> bytes:
    start, end = _span(content, dice, 512)
    return content[:start] + dice.randbytes(end - start) + content[end:]


def _insert(content: bytes, dice: random.Random) -> bytes:
    at = dice.randrange(len(content) + 1)
    return content[:at] + dice.randbytes(dice.randint(1, 16)) + content[at:]


def _swap(content: bytes, dice: random.Random) -> bytes:
    start, middle = _span(content, dice)
    end = min(len(content), 2 * middle - start)
    return content[:start] + content[middle:end] + content[start:middle] + content[end:]


def _line_ends(content: bytes, dice: random.Random) -> bytes:
    """What a transfer in text mode does."""
    return content.replace(b"\n", b"\r\n")


def _something_else(content: bytes, dice: random.Random) -> bytes:
    return dice.choice([b"", b"\n", b"{}", b"[]", b"null", bytes(64), b"x", b"[" * 50_000])


_KINDS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip_bit, _flip_bit, _flip_bit, _flip_near_start, _flip_near_start, _flip_many, _cut_end,
    _cut_end, _cut_start, _cut_out, _double, _zeros, _ones, _noise, _insert, _swap, _line_ends,
    _something_else,
)  # fmt: skip
