"""Lines that do not fit: misplaced, or begun with a word that nobody knows."""

from collections.abc import Iterable

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.wishes import wish
from promptdsl.language.statements import Statement, is_word, shown
from promptdsl.language.vocabulary import FORMS, RESERVED, SYNONYMS, TOP_LEVEL

_HOMES = {
    **dict.fromkeys(TOP_LEVEL, "the top of the file"),
    "templates": "the object",
    **dict.fromkeys(("reject", "review"), "thresholds { ... }"),
    "expect": 'test "title" { ... }',
    "include": "a block of phrases",
}


def meant(word: str, names: tuple[str, ...]) -> str | None:
    """The word of the language that another word means, or is like; the meaning comes first."""
    synonym = SYNONYMS.get(word.lower())
    return synonym if synonym in names else nearest(word, names)


def misplaced(desk: Desk, statement: Statement, home: str) -> None:
    """A known word in a block that has no place for it."""
    word = statement.first
    place, form = _HOMES.get(word, "the object"), FORMS.get(word, FORMS["rule"])
    message = f"{word} cannot stand in {home}"
    desk.error("I121", statement, message, label="not here", help=f"move it to {place}: {form}")


def unknown(desk: Desk, statement: Statement, home: str, names: tuple[str, ...]) -> str | None:
    """Report a line that begins with no known word; the near word, if there is one."""
    if not statement.atoms:
        message = f"braces open in {home} without a word before them"
        desk.malformed(statement, message, "say what the block is: " + ", ".join(names))
        return None
    first, known = statement.atoms[0], is_word(statement.atoms[0])
    if str(first) in RESERVED:
        desk.error(
            "I123", first, f"{first} is reserved for a later version of the language",
            help="remove the line; this version has no such feature",
        )  # fmt: skip
        return None
    if known and first not in names and wish(desk.report, first, desk.span(first)):
        return None
    near = meant(str(first), names) if known else None
    desk.error(
        "I120", first,
        f"{shown(str(first))} is not a word of this language" if known
        else f"{shown(desk.written(statement))} says nothing here",
        near=near, help=f"{home} takes {_listed(names)}",
    )  # fmt: skip
    return near


def _listed(names: Iterable[str]) -> str:
    *most, last = list(names)
    return f"{', '.join(most)} and {last}" if most else last
