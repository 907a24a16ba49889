"""Floating-point operations of one picture for methods that read the tower's inside, by formula.

Counted as in `flops.py`. A path beside the usual one costs attention and output projection in each
block; a read-out is a projection of all patches to the joint width.
"""

from promptdsl.clip.tower import VisionTower
from promptdsl.engine.flops import Flops


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
