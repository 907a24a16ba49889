"""What one picture costs, from the model's shape: tokens, operations and memory, without torch.

    operations = layers (24 T C^2 + 4 C sum(L^2))      T tokens of width C in sequences of length L

for the picture and, under WinCLIP, for every window; comparing with references costs 2 C for each
pair of an embedding and a remembered one. Seconds are for two cores of a usual processor, on which
the products of float32 were measured at a tenth of a TFLOP a second.
"""

from dataclasses import dataclass

from promptdsl.spec import MethodSpec

OPERATIONS_A_SECOND = 1e11
_WIDTHS = 14  # that a token takes in work buffers, as measured at 512 px and 768 px
_FLOAT = 4
_SIDE_BY_SIDE = {"anomalyclip": 2}  # paths through the tower


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one picture on two cores; memory beyond the weights."""

    seconds: float
    gigabytes: float


def picture_cost(method: MethodSpec, size: int, references: int) -> Cost | None:
    """The cost of a picture of that side; None where the model's shape is not known."""
    facts = method.facts
    if facts is None or not facts.width or size < facts.patch:
        return None
    width, tokens = facts.width, facts.grid(size) ** 2 + 1
    sequences = [(1, tokens), *_windows(method, facts.grid(size))]
    linear = 24 * width * width * sum(count * length for count, length in sequences)
    attention = 4 * width * sum(count * length * length for count, length in sequences)
    operations = facts.blocks * (linear + attention) * _SIDE_BY_SIDE.get(method.name, 1)
    embeddings = tokens + sum(count for count, _ in sequences[1:])
    compared = sum(count * count for count in (tokens, *(count for count, _ in sequences[1:])))
    operations += 2 * width * references * compared
    rows = sum(count * length for count, length in sequences)
    held = _WIDTHS * rows + (references + 1) * embeddings
    return Cost(operations / OPERATIONS_A_SECOND, held * width * _FLOAT / 1e9)


def _windows(method: MethodSpec, grid: int) -> list[tuple[int, int]]:
    """How many windows of each size there are, and the tokens in each."""
    written, stride = method.settings.get("windows"), method.settings.get("stride")
    step = stride if isinstance(stride, int) else 1
    found = []
    for name in written if isinstance(written, tuple) else ():
        if name != "image":
            rows, columns = (int(side) for side in str(name).split("x"))
            if max(rows, columns) <= grid:
                down, across = -(-(grid - rows) // step) + 1, -(-(grid - columns) // step) + 1
                found.append((down * across, rows * columns + 1))
    return found
