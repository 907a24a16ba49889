"""I320: an object without a single defect has nothing to look for.

Why: without anomalous phrases there is no second class for the score to be about.
"""

from promptdsl.check.context import Context
from promptdsl.methods import METHODS
from promptdsl.spec import ObjectSpec


def no_defect(context: Context, item: ObjectSpec) -> None:
    """Objects whose method reads words need a defect."""
    needs = METHODS[item.method.name].uses_words
    if needs and not item.defects and not item.lost_parts:
        context.report.error(
            "I320", item.head, f"object {item.name} has no defect to look for",
            help='write for example defect scratch { "scratched {object}" }',
        )  # fmt: skip
