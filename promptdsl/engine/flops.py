"""Floating-point operations of one picture, by formula: a multiplication and an addition count two.

`needed` counts the arithmetic that is left after the engine's exact savings, `naive` that of
sending every token of every window through every block. Layer norms, activations and softmax are
left out; they are below one percent.

A block costs 2 T C (4 C + 2 M) for its linear layers and 4 C sum(L^2) for attention, where T tokens
of width C pass, M is the width inside the MLP and L the length of a sequence.

Methods that read the tower's inside are counted alike: a path beside the usual one costs attention
and output projection in each block; a read-out is a projection of all patches to the joint width.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from promptdsl.clip.tower import VisionTower


@dataclass(frozen=True, slots=True)
class Flops:
    """Operations for one picture."""

    needed: int
    naive: int


def count_flops(tower: VisionTower, windows: Sequence[tuple[int, int]], *, patches: bool) -> Flops:
    """`windows` are (how many, patches in each); `patches`: the patch tokens are wanted as well."""
    tokens, width = tower.position.shape
    hidden = tower.blocks[0].up.weight.shape[0]
    cut = [(count, inside + 1) for count, inside in windows]
    sequences = [(1, tokens), *cut]
    layers = len(tower.blocks)
    embed = 2 * (tokens - 1) * tower.patch[0].numel() * width
    project = 2 * width * tower.projection.shape[1] * sum(count for count, _ in sequences)
    block = _qkv(sequences, width) + _rest(sequences, width, hidden)
    naive = embed + layers * block + project
    shared_qkv = _qkv([(1, tokens)], width)
    last = _last(cut if patches else sequences, width, hidden)
    if patches:
        last += _qkv([(1, tokens)], width) + _rest([(1, tokens)], width, hidden)
    first = shared_qkv + _rest(sequences, width, hidden)
    needed = embed + first + (layers - 2) * block + last + project
    return Flops(needed, naive)


Sequences = Sequence[tuple[int, int]]  # how many, how long


def _tokens(sequences: Sequences) -> int:
    return sum(count * length for count, length in sequences)


def _qkv(sequences: Sequences, width: int) -> int:
    return 2 * _tokens(sequences) * 3 * width * width


def _rest(sequences: Sequences, width: int, hidden: int) -> int:
    linear = 2 * _tokens(sequences) * (width * width + 2 * width * hidden)
    return linear + 4 * width * sum(count * length * length for count, length in sequences)


def _last(sequences: Sequences, width: int, hidden: int) -> int:
    """Keys and values of all tokens, everything else of the class tokens."""
    count = sum(count for count, _ in sequences)
    keys_values = 2 * _tokens(sequences) * 2 * width * width
    attention = 4 * width * _tokens(sequences)
    return keys_values + attention + 2 * count * (2 * width * width + 2 * width * hidden)


def count_path_flops(
    tower: VisionTower, *, beside: int, beside_read: int, read_outs: int, whole_last: bool
) -> Flops:
    """`beside` blocks have a second path, of which `beside_read` are read by anybody."""
    tokens, width = tower.position.shape
    patches, layers = tokens - 1, len(tower.blocks)
    embed = 2 * patches * tower.patch[0].numel() * width
    project = 2 * width * tower.projection.shape[1] * (1 + read_outs * patches)
    block = _linear(tower, tokens, tokens) + 4 * width * tokens * tokens
    last = block if whole_last else _linear(tower, tokens, 1) + 4 * width * tokens
    naive = beside * (4 * width * tokens * tokens + 2 * tokens * width * width)
    needed = beside_read * (4 * width * patches * tokens + 2 * patches * width * width)
    rest = embed + project
    return Flops(rest + (layers - 1) * block + last + needed, rest + layers * block + naive)


def _linear(tower: VisionTower, tokens: int, rows: int) -> int:
    """Keys and values of all tokens; query, output projection and MLP of some rows."""
    width, hidden = tower.width, tower.blocks[0].up.weight.shape[0]
    return 2 * tokens * 2 * width * width + 2 * rows * (2 * width * width + 2 * width * hidden)
