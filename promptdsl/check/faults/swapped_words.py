"""I207: a list of words for damaged parts under normal, or one for good parts under a defect.

Why: `include std.anomalous` under `normal` teaches that damage is good: every verdict turns round.
"""

from promptdsl.check.context import Context
from promptdsl.check.resolve.lists import MAX_CHAIN
from promptdsl.check.resolve.modules import Module
from promptdsl.language.ast import NamedList, PhraseBlock, Reference
from promptdsl.source import Span

GOOD_LISTS = frozenset({"normal", "flawless_more"})  # all other lists of words are of damage
_Known = dict[tuple[int, bool], str | None]  # what a list brings, by its identity and the block


def swapped_words(context: Context) -> None:
    """Look at the include lines of every file of the author's."""
    told = _told(context)
    known: _Known = {}
    for module, block, _item in context.blocks:
        if not isinstance(block, PhraseBlock) or block.kind == "templates":
            continue
        under_normal = block.kind == "normal"
        for line in _includes(block):
            if line.span not in told:
                wrong = _wrong_list(module, line, under_normal, known)
                if wrong is not None:
                    _tell(context, line, wrong, under_normal)


def _tell(context: Context, line: Reference, wrong: str, under_normal: bool) -> None:
    name = f"{line.alias.value}.{line.name.value}" if line.alias else line.name.value
    kind, place = ("damaged", "normal") if under_normal else ("good", "a defect")
    by = "" if name.endswith(wrong) else f" (by {wrong})"
    context.report.warning(
        "I207", line.span, f"{name} holds words for {kind} parts{by} and stands under {place}",
        help="move it to a defect" if under_normal else "move it to normal",
    )  # fmt: skip


def _wrong_list(
    module: Module, line: Reference, under_normal: bool, known: _Known, depth: int = 0
) -> str | None:
    """The standard list of the other side that the line brings, itself or by other lists."""
    home = module.imports.get(line.alias.value) if line.alias is not None else module
    named = home.lists.get(("words", line.name.value)) if home is not None else None
    if home is None or named is None or depth > MAX_CHAIN:
        return None
    if home.standard:
        right = (line.name.value in GOOD_LISTS) == under_normal
        return None if right else line.name.value
    key = (id(named), under_normal)
    if key not in known:
        known[key] = None  # what a list in a circle brings is found where the circle begins
        found = (
            _wrong_list(home, inner, under_normal, known, depth + 1) for inner in _includes(named)
        )
        known[key] = next((name for name in found if name is not None), None)
    return known[key]


def _includes(named: NamedList | PhraseBlock) -> list[Reference]:
    return [line for line in named.lines if isinstance(line, Reference)]


def _told(context: Context) -> set[Span]:
    """The lines of which it was told that they repeat phrases of the other side."""
    places: set[Span] = set()
    for item in context.report:
        if item.code == "I207":
            places |= {item.span, *(place for place, _ in item.related)}
    return places
