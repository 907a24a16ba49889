"""I613, I623: threshold lines about the spots of a defect that no spot can have for its name.

Why: such a line never holds, so the parts that it should catch pass. And where a defect is called
`spot`, a line about spots may mean it, and is about spots of every kind.
"""

from promptdsl.check.context import Context, listed
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.rule_form import MEASURES
from promptdsl.methods import METHODS
from promptdsl.spec import ObjectSpec, SpotLimit


def unnamed_spots(context: Context, item: ObjectSpec) -> None:
    """Names are those of the object's defects, and need a method that reads words."""
    defects = [defect.name for defect in item.defects]
    for limit in item.limits:
        if not isinstance(limit, SpotLimit):
            continue
        if limit.defect is None:
            _of_every_kind(context, limit, defects)
            continue
        name, span = limit.defect.value, limit.defect.span
        if name not in defects:
            if not item.lost_parts and context.once("I613", span):
                _unknown(context, item, name, limit)
        elif not METHODS[item.method.name].uses_words and context.once("I613", span):
            context.report.error(
                "I613", span,
                f"{item.method.name} does not read the words, so no spot is called {name}",
                help="spot is for spots of any kind; or choose method winclip",
            )  # fmt: skip


def _of_every_kind(context: Context, limit: SpotLimit, defects: list[str]) -> None:
    """`spot above 0.7` of an object with a defect of that name."""
    word = "spots" if limit.of == "number" else "spot"
    if word in defects and context.once("I623", limit.span):
        context.report.warning(
            "I623", limit.span, f"{word} means spots of every kind here, and not the defect {word}",
            help="give the defect another name, for example stain, to write lines about it alone",
        )  # fmt: skip


def _unknown(context: Context, item: ObjectSpec, name: str, limit: SpotLimit) -> None:
    defects = [defect.name for defect in item.defects]
    gone = item.removed.get(name)
    help = f"spot is for any of them; or write the defect first: defect {name} {{ ... }}"
    if defects:
        help = f"spot is for any defect; {item.name} has {listed(defects, 8)}"
    if gone is not None:
        help = "give this object thresholds of its own, without that line"
    assert limit.defect is not None
    context.report.error(
        "I613", limit.defect.span, f"{item.name} has no defect {name}",
        near=None if gone else nearest(name, [*defects, *MEASURES[1:]]), help=help,
        related=((gone, "removed here"),) if gone is not None else (),
    )  # fmt: skip
