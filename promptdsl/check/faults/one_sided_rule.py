"""I508, I509: a threshold line that holds for every picture, or practically for none.

Why: `reject when score >= 0` throws every part away, and `reject when score >= 1` catches none.
"""

from promptdsl.check.context import Context
from promptdsl.spec import AreaLimit, Limit, ObjectSpec, ScoreLimit

_WHAT_HAPPENS = {"reject": "every part is rejected", "review": "every part goes to review"}


def one_sided_rule(context: Context) -> None:
    """Look at each line by itself; a line that several objects have is told once."""
    for item in context.objects:
        if "thresholds" not in item.defaulted:
            for limit in item.limits:
                _always(context, limit)
                _never(context, item, limit)


def _always(context: Context, limit: Limit) -> None:
    if limit.span is None:
        return
    if isinstance(limit, ScoreLimit) and limit.at == 0:
        context.report.warning(
            "I508", limit.span, "a score is never below 0, so this line holds for every picture",
            label=_WHAT_HAPPENS[limit.verdict],
            help=f"write a higher limit, for example {limit.verdict} when score >= 0.5, or auto",
        )  # fmt: skip
    elif isinstance(limit, AreaLimit) and limit.above == 0:
        context.report.warning(
            "I508", limit.span,
            "a local score is never below 0, so this line holds for every picture",
            label=_WHAT_HAPPENS[limit.verdict],
            help="write the local score of a defect, for example "
            f"{limit.verdict} when area above 0.70 >= 0.5%",
        )  # fmt: skip


def _never(context: Context, item: ObjectSpec, limit: Limit) -> None:
    if limit.span is None:
        return
    if isinstance(limit, ScoreLimit):
        summed = item.method.settings.get("image_score") == "sum"  # which is cut at 1
        if limit.at == 1 and not summed:
            context.report.warning(
                "I509", limit.span,
                "a score of 1 is practically never reached, so this line decides nothing",
                help=f"write a lower limit, for example {limit.verdict} when score >= 0.9, or auto",
            )  # fmt: skip
    elif limit.above == 1 or (limit.share == 1 and limit.above > 0):
        reason = (
            "a local score of 1 is practically never reached" if limit.above == 1
            else "no defect covers the whole picture"
        )  # fmt: skip
        context.report.warning(
            "I509", limit.span, f"{reason}, so this line decides nothing",
            help=f"write for example {limit.verdict} when area above 0.70 >= 0.5%",
        )  # fmt: skip
