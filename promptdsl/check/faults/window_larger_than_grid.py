"""I407: a window that does not fit the patches of the picture.

Why: windows are counted in patches of the model; a 15 x 15 grid has no 20x20 window.
"""

from promptdsl.check.context import Context
from promptdsl.spec import ObjectSpec


def window_larger_than_grid(context: Context, item: ObjectSpec) -> None:
    """Compare windows with the grid, where the model's shape is known."""
    settings, facts = item.method.settings, item.method.facts
    size, windows = settings.get("image_size"), settings.get("windows")
    if facts is None or not isinstance(windows, tuple):
        return
    grid = facts.grid(size if isinstance(size, int) else None)
    for window in windows:
        if window != "image" and max(map(int, str(window).split("x"))) > grid:
            context.report.error(
                "I407", item.place_of("windows"),
                f"a window of {window} patches does not fit {item.method.model[0]}, "
                f"whose picture has {grid}x{grid} patches",
                help="use windows of 2x2 to 5x5",
            )  # fmt: skip
