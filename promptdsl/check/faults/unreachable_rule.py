"""I502: a threshold line that can never decide.

Why: lines are tried from top to bottom and the first that holds decides, so
`review when score >= 0.7` behind `reject when score >= 0.6` never gets its turn.
"""

from promptdsl.check.context import Context
from promptdsl.spec.model import AreaLimit, Limit, ObjectSpec


def unreachable_rule(context: Context) -> None:
    """Compare each line with those above it."""
    for item in context.objects:
        if "thresholds" not in item.defaulted:
            _object(context, item)


def _object(context: Context, item: ObjectSpec) -> None:
    for index, limit in enumerate(item.limits):
        for earlier in item.limits[:index]:
            if limit.span is not None and earlier.span is not None and covers(earlier, limit):
                lower = "lower" if earlier.verdict != limit.verdict else "other"
                context.report.error(
                    "I502", limit.span,
                    f"this line can never decide: {earlier.text} already holds whenever it does",
                    label="never reached",
                    help=f"put it above the {lower} line, or give it a lower limit"
                    if earlier.verdict != limit.verdict else "remove it",
                    related=((earlier.span, "decides first"),),
                )  # fmt: skip
                break


def covers(earlier: Limit, later: Limit) -> bool:
    """Whether every picture that the later line holds for is taken by the earlier one."""
    if isinstance(earlier, AreaLimit) and isinstance(later, AreaLimit):
        if earlier.share is None or later.share is None:
            return earlier.share is None and later.share is None and earlier.above == later.above
        return earlier.above <= later.above and earlier.share <= later.share
    if isinstance(earlier, AreaLimit) or isinstance(later, AreaLimit):
        return False
    if earlier.at is None or later.at is None:
        return earlier.at is None and later.at is None and earlier.verdict == later.verdict
    return earlier.at <= later.at
