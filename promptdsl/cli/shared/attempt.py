"""What is finished is shown even where it cannot be written; files come before a closed pipe."""

from collections.abc import Callable

from promptdsl.errors import Problem


def attempted(write: Callable[[], object]) -> Problem | None:
    """Write, and give back what stood in the way, to be raised once the result was shown."""
    try:
        write()
    except Problem as problem:
        return problem
    return None
