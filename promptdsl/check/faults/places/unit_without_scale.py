"""I614: millimetres in a threshold line, and nothing says how large a pixel is.

Why: a picture knows pixels alone; what they are on the part, only its author can say.
"""

from promptdsl.check.context import Context
from promptdsl.spec import AreaLimit, ObjectSpec, SpotLimit


def unit_without_scale(context: Context, item: ObjectSpec) -> None:
    """One message for each line that counts in mm or mm2."""
    picture = item.picture
    if picture is not None and (picture.scale is not None or "scale" in picture.spans):
        return
    for limit in item.limits:
        if not isinstance(limit, AreaLimit | SpotLimit) or limit.unit not in ("mm", "mm2"):
            continue
        if item.lost_parts or not context.once("I614", limit.span):
            continue
        context.report.error(
            "I614", limit.span,
            f"this line counts in {limit.unit}, and nothing says how large a pixel is",
            help="say it in the object, for example picture { scale: 0.05 mm per px }"
            if picture is None else "say it in picture, for example scale: 0.05 mm per px",
        )  # fmt: skip
