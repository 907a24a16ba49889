"""I407: a window that does not fit the patches of the picture.

Why: windows are counted in patches of the model; a 15 x 15 grid has no 20x20 window.
"""

from promptdsl.check.context import Context
from promptdsl.spec import ObjectSpec


def window_larger_than_grid(context: Context) -> None:
    """Compare windows and stride with the grid, where the model's shape is known."""
    for item in context.objects:
        facts, size = item.method.facts, item.method.settings.get("image_size")
        if facts is None:
            continue
        grid = facts.grid(size if isinstance(size, int) else None)
        _windows(context, item, grid)


def _windows(context: Context, item: ObjectSpec, grid: int) -> None:
    windows = item.method.settings.get("windows")
    place = item.method.spans.get("windows") or item.method.span or item.head
    for window in windows if isinstance(windows, tuple) else ():
        if window == "image":
            continue
        rows, columns = (int(side) for side in str(window).split("x"))
        if max(rows, columns) > grid:
            context.report.error(
                "I407", place,
                f"a window of {window} patches does not fit {item.method.model[0]}, "
                f"whose picture has {grid}x{grid} patches",
                help="use windows of 2x2 to 5x5",
            )  # fmt: skip
