"""I408: words under a method whose prompts are learned.

Why: AnomalyCLIP asks every object the same learned question; the author's phrases change nothing.
"""

from promptdsl.check.context import Context
from promptdsl.methods import METHODS
from promptdsl.spec import ObjectSpec


def words_without_effect(context: Context, item: ObjectSpec) -> None:
    """One message per object, naming the blocks."""
    method = METHODS[item.method.name]
    if method.uses_words:
        return
    blocks = [name for name in ("normal", "templates") if name not in item.defaulted]
    blocks[1:1] = [f"defect {defect.name}" for defect in item.defects]
    if blocks:
        context.report.warning(
            "I408", item.method.span or item.head,
            f"under {method.name} these words have no effect: {', '.join(blocks)}",
            label="it does not read them",
            help="keep them for the day you change the method, or remove them",
        )  # fmt: skip
