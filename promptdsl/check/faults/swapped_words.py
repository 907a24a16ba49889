"""I207: a list of words for damaged parts under normal, or one for good parts under a defect.

Why: `include std.anomalous` under `normal` teaches that damage is good: every verdict turns round.
"""

from promptdsl.check.context import Context
from promptdsl.check.modules import Module
from promptdsl.syntax.ast import DefectBlock, IncludeLine, NormalBlock

GOOD_LISTS = frozenset({"normal", "flawless_more"})  # all other lists of words are of damage


def swapped_words(context: Context) -> None:
    """Look at the include lines of every file of the author's."""
    for module in context.library.modules():
        if module.standard:
            continue
        for definition in module.file.objects:
            for part in definition.parts:
                if isinstance(part, (NormalBlock, DefectBlock)):
                    for line in part.lines:
                        if isinstance(line, IncludeLine):
                            _include(context, module, line, isinstance(part, NormalBlock))


def _include(context: Context, module: Module, line: IncludeLine, under_normal: bool) -> None:
    home = module.imports.get(line.alias.value) if line.alias is not None else None
    if home is None or not home.standard or ("words", line.name.value) not in home.lists():
        return
    if (line.name.value in GOOD_LISTS) == under_normal:
        return
    if any(item.code == "I207" and item.span == line.span for item in context.report):
        return  # it repeats phrases of the other side, which was told
    name = f"{line.alias.value}.{line.name.value}" if line.alias else line.name.value
    kind, place = ("damaged", "normal") if under_normal else ("good", "a defect")
    context.report.warning(
        "I207", line.span, f"{name} holds words for {kind} parts and stands under {place}",
        help="move it to a defect" if under_normal else "move it to normal",
    )  # fmt: skip
