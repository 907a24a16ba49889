"""I422, I423: a picture that takes minutes, or more than any machine has.

Why: tokens grow with the square of `image_size` and attention with its fourth power, so that a
generous number makes a run that never ends. Told are only costs that the author's own lines cause.

    operations = layers (24 T C^2 + 4 C sum(L^2))      T tokens of width C in sequences of length L

for the picture and, under WinCLIP, for every window; comparing with references costs 2 C for each
pair of an embedding and a remembered one. Seconds are for two cores of a usual processor, on which
the products of float32 were measured at a tenth of a TFLOP a second.
"""

from dataclasses import dataclass

from promptdsl.check.context import Context
from promptdsl.files.find import together
from promptdsl.methods import METHODS
from promptdsl.spec import MethodSpec, ObjectSpec

OPERATIONS_A_SECOND = 1e11
_WIDTHS = 14  # that a token takes in work buffers, as measured at 512 px and 768 px
_FLOAT = 4
SLOW_SECONDS = 60.0
LARGE_GIGABYTES = 8.0
MOST_SECONDS = 6 * 3600.0  # of two cores: some ten seconds on the fastest cards
MOST_GIGABYTES = 128.0  # more than the largest cards and most machines have


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one picture on two cores; memory beyond the weights."""

    seconds: float
    gigabytes: float


def costly_picture(context: Context, item: ObjectSpec) -> None:
    """Estimate the cost of a picture where the model's shape is known."""
    facts, size = item.method.facts, item.method.settings.get("image_size")
    if facts is None:
        return
    side = size if isinstance(size, int) else facts.image_size
    shots = item.method.settings.get("shots")
    found = _references(context, item)
    used = min(found, shots) if isinstance(shots, int) and found else found
    cost = picture_cost(item.method, side, used)
    if cost is not None:
        _tell(context, item, cost, side, used)


def _references(context: Context, item: ObjectSpec) -> int:
    """How many pictures the references of an object are."""
    patterns = item.method.settings.get("references")
    if not isinstance(patterns, tuple):
        return 0
    return len(together(context.find(str(pattern)) for pattern in patterns).files)


def _tell(context: Context, item: ObjectSpec, cost: Cost, side: int, references: int) -> None:
    name = _cause(item, side, references) if _is_dear(cost) else None
    if name is None:
        return
    place, advice = item.place_of(name), _advice(item, name, side, references)
    costs = f"{in_words(cost)} a picture on two cores, by estimate"
    what = f"with this {item.method.model[0]} takes {costs}"
    if cost.seconds > MOST_SECONDS or cost.gigabytes > MOST_GIGABYTES:
        context.report.error("I423", place, f"{what}, more than machines have", help=advice)
    else:
        context.report.warning("I422", place, what, help=advice)


def _cause(item: ObjectSpec, side: int, references: int) -> str | None:
    """The line that makes the picture dear; None where the model itself is so dear."""
    facts, written = item.method.facts, item.method.spans
    assert facts is not None
    if "image_size" in written and side > facts.image_size:
        return "image_size"
    alone = picture_cost(item.method, side, 0)
    if references and alone is not None and not _is_dear(alone):
        return "shots" if "shots" in written else "references"
    return "windows" if "windows" in written else None


def _is_dear(cost: Cost) -> bool:
    return cost.seconds >= SLOW_SECONDS or cost.gigabytes >= LARGE_GIGABYTES


def _advice(item: ObjectSpec, name: str, side: int, references: int) -> str:
    if name == "image_size":
        return f"write image_size: {_affordable(item, side, references)} px or less"
    if name == "windows":
        return "use fewer and smaller windows, or a larger stride"
    return "use fewer references, for example shots: 4"


def _affordable(item: ObjectSpec, side: int, references: int) -> int:
    """The largest size that is not dear, at least the model's own."""
    facts = item.method.facts
    assert facts is not None
    own = facts.grid()
    for grid in range(side // facts.patch, own, -1):
        cost = picture_cost(item.method, grid * facts.patch, references)
        if cost is not None and not _is_dear(cost):
            return grid * facts.patch
    return own * facts.patch


def in_words(cost: Cost) -> str:
    """`about 40 s and 9 GB`."""
    seconds = cost.seconds
    time = (
        f"{seconds:.0f} s" if seconds < 120 else
        f"{seconds / 60:.0f} minutes" if seconds < 7_200 else
        f"{seconds / 3_600:,.0f} hours"
    )  # fmt: skip
    memory = f"{cost.gigabytes:,.0f}" if cost.gigabytes >= 2 else f"{cost.gigabytes:.1f}"
    return f"about {time} and {memory} GB"


def picture_cost(method: MethodSpec, size: int, references: int) -> Cost | None:
    """The cost of a picture of that side; None where the model's shape is not known."""
    facts = method.facts
    if facts is None or not facts.width or size < facts.patch:
        return None
    width, tokens = facts.width, facts.grid(size) ** 2 + 1
    sequences = [(1, tokens), *_windows(method, facts.grid(size))]
    linear = 24 * width * width * sum(count * length for count, length in sequences)
    attention = 4 * width * sum(count * length * length for count, length in sequences)
    operations = facts.blocks * (linear + attention) * METHODS[method.name].paths
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
