"""I508, I509: a threshold line that holds for every picture, or practically for none.

Why: `reject when score >= 0` throws every part away, and `reject when score >= 1` catches none.
"""

from promptdsl.check.context import Context
from promptdsl.source import Span
from promptdsl.spec import (
    AreaLimit,
    LocatedLimit,
    ObjectSpec,
    ScoreLimit,
    SpotLimit,
    limit_number,
)

Numbered = ScoreLimit | AreaLimit | SpotLimit
_WHAT_HAPPENS = {"reject": "every part is rejected", "review": "every part goes to review"}


def one_sided_rule(context: Context, item: ObjectSpec) -> None:
    """Look at each line by itself; a line that several objects have is told once."""
    for limit in () if "thresholds" in item.defaulted else item.limits:
        if isinstance(limit, LocatedLimit):
            continue
        if limit.span is not None and not _always(context, limit, limit.span):
            _never(context, item, limit, limit.span)


def _example(limit: AreaLimit | SpotLimit) -> str:
    """A line that measures the same from a likely local score on."""
    if isinstance(limit, AreaLimit):
        subject, size = "area", "0.5%" if limit.unit == "%" else f"2 {limit.unit}"
    else:
        subject = "spots" if limit.of == "number" else "spot"
        subject = limit.defect.value if limit.defect is not None else subject
        size = f"0.5{limit.unit}" if limit.unit == "%" else f"3 {limit.unit}".rstrip()
    region = f" in {limit.region.value}" if limit.region is not None else ""
    return f"{subject} above 0.70{region} >= {size}"


def _always(context: Context, limit: Numbered, place: Span) -> bool:
    rule = f"{limit.verdict} when"
    if isinstance(limit, ScoreLimit):
        what, lowest = "a score", limit.at == 0
        region = f" in {limit.region.value}" if limit.region is not None else ""
        help = f"write a higher limit, for example {rule} score{region} >= 0.5, or auto"
    else:
        what, lowest = "a local score", limit.above == 0
        help = f"write the local score of a defect, for example {rule} {_example(limit)}"
    if isinstance(limit, SpotLimit) and limit.of == "number" and (limit.at != 1 or limit.defect):
        return False  # from 0 on, the whole picture is one spot
    if lowest:
        message = f"{what} is never below 0, so this line holds for every picture"
        label = _WHAT_HAPPENS[limit.verdict]
        context.report.warning("I508", place, message, label=label, help=help)
    return lowest


def _never(context: Context, item: ObjectSpec, limit: Numbered, place: Span) -> None:
    rule, reason = f"{limit.verdict} when", None
    if isinstance(limit, ScoreLimit):
        summed = item.method.settings.get("image_score") == "sum"  # which is cut at 1
        if limit.at == 1 and not summed:
            reason = "a score of 1 is practically never reached"
        help = f"write a lower limit, for example {rule} score >= 0.9, or auto"
    else:
        if limit.above == 1:
            reason = "a local score of 1 is practically never reached"
        elif limit.above == 0 and isinstance(limit, SpotLimit) and limit.of == "number":
            if limit.at is not None and limit.at > 1:
                reason = "from a local score of 0 on, the whole picture is one spot"
        elif limit.unit == "%" and limit_number(limit) == 1:
            whole = "region" if limit.region is not None else "picture"
            reason = f"no defect covers the whole {whole}"
        help = f"write for example {rule} {_example(limit)}"
    if reason:
        message = f"{reason}, so this line decides nothing"
        context.report.warning("I509", place, message, help=help)
