"""I403, I509: lines of a picture block, or about it, that change nothing.

Why: `overlap` without `tiles`, or a line about parts that are not located where nobody locates
them, looks like a setting that is made.
"""

from promptdsl.check.context import Context
from promptdsl.spec import LocatedLimit, ObjectSpec


def idle_picture_lines(context: Context, item: ObjectSpec) -> None:
    """Look at the block, and at the lines that need it."""
    picture = item.picture
    spans = picture.spans if picture is not None else {}
    if "overlap" in spans and "tiles" not in spans and context.once("I403", spans["overlap"]):
        context.report.warning(
            "I403", spans["overlap"], "overlap has no effect without tiles",
            help="remove the line, or add tiles: 480 px",
        )  # fmt: skip
    if "locate" in spans or item.lost_parts:
        return
    for limit in item.limits:
        if isinstance(limit, LocatedLimit) and context.once("I509", limit.span):
            context.report.warning(
                "I509", limit.span,
                "nothing locates the part, so this line decides nothing",
                help="remove it, or add picture { locate { like: \"good/000.png\" } }",
            )  # fmt: skip
