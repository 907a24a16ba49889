"""The published lists of states, as the compiler reads them, and which words are alike."""

from functools import cache

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.ast import Text
from promptdsl.language.builders.tree import build_ast
from promptdsl.resources import standard_library
from promptdsl.source import DiskLoader, load

LIBRARY = "std/states"
ENDINGS = ("ches", "shes", "ched", "shed", "ing", "ed", "es", "s")


@cache
def state_lists() -> dict[str, tuple[str, ...]]:
    """The phrases of each list of `std/states`: one for each kind of damage."""
    path = standard_library() / f"{LIBRARY}.inspect"
    file = build_ast(load(path, f"{LIBRARY}.inspect", DiskLoader()), Report())
    return {
        named.name.value: tuple(line.value for line in named.lines if isinstance(line, Text))
        for named in file.lists
    }


def stem(word: str, endings: tuple[str, ...] = ENDINGS) -> str:
    """Without its ending: scratches, scratched and scratch are alike."""
    for ending in endings:
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + (ending[:2] if ending[1:2] == "h" else "")
    return word
