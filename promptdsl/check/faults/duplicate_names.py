"""I314: two objects, or two lists of one kind, with the same name in one file.

Why: `--object NAME` and `include NAME` would not know which is meant.
"""

from promptdsl.check.context import Context
from promptdsl.language.builders.objects import UNNAMED
from promptdsl.source import Span


def duplicate_names(context: Context) -> None:
    """Names are unique per file and kind."""
    for module in context.library.modules():
        seen: dict[tuple[str, str], Span] = {}
        named = [(str(item.kind), item.name) for item in module.file.lists]
        named += [
            ("object", item.name) for item in module.file.objects if item.name.value != UNNAMED
        ]
        for kind, name in named:
            first = seen.setdefault((kind, name.value), name.span)
            if first != name.span:
                what = "an object" if kind == "object" else f"a list of {kind}"
                context.report.error(
                    "I314", name.span, f"there is already {what} named {name.value}",
                    help=f"rename it, for example to {name.value}_2",
                    related=((first, "the first one"),),
                )  # fmt: skip
