"""I207: a list of words for damaged parts under normal, or one for good parts under a defect.

Why: `include std.anomalous` under `normal` teaches that damage is good: every verdict turns round.
"""

from promptdsl.check.context import Context
from promptdsl.check.modules import Module
from promptdsl.syntax.ast import DefectBlock, IncludeLine, NamedList, NormalBlock

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
    wrong = _wrong_list(module, line, under_normal, set())
    if wrong is None or _is_told(context, line):
        return
    name = f"{line.alias.value}.{line.name.value}" if line.alias else line.name.value
    kind, place = ("damaged", "normal") if under_normal else ("good", "a defect")
    by = "" if name.endswith(wrong) else f" (by {wrong})"
    context.report.warning(
        "I207", line.span, f"{name} holds words for {kind} parts{by} and stands under {place}",
        help="move it to a defect" if under_normal else "move it to normal",
    )  # fmt: skip


def _wrong_list(
    module: Module, line: IncludeLine, under_normal: bool, seen: set[int]
) -> str | None:
    """The standard list of the other side that the line brings, itself or by other lists."""
    home = module.imports.get(line.alias.value) if line.alias is not None else module
    named = home.lists().get(("words", line.name.value)) if home is not None else None
    if home is None or named is None or id(named) in seen:
        return None
    seen.add(id(named))
    if home.standard:
        right = (line.name.value in GOOD_LISTS) == under_normal
        return None if right else line.name.value
    found = (_wrong_list(home, inner, under_normal, seen) for inner in _includes(named))
    return next((name for name in found if name is not None), None)


def _includes(named: NamedList) -> list[IncludeLine]:
    return [line for line in named.lines if isinstance(line, IncludeLine)]


def _is_told(context: Context, line: IncludeLine) -> bool:
    """Whether it was told that the line repeats phrases of the other side."""
    told = [item for item in context.report if item.code == "I207"]
    return any(
        line.span == item.span or any(line.span == place for place, _ in item.related)
        for item in told
    )
