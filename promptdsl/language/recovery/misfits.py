"""Lines that do not fit: incomplete, misplaced, or begun with a word that nobody knows."""

from collections.abc import Iterable

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.recovery.wishes import wish
from promptdsl.language.statements import Desk, Statement, is_word, shown
from promptdsl.language.vocabulary import FORMS, RESERVED, SYNONYMS


def meant(word: str, names: tuple[str, ...]) -> str | None:
    """The word of the language that another word means, or is like; the meaning comes first."""
    synonym = SYNONYMS.get(word.lower())
    return synonym if synonym in names else nearest(word, names)


def malformed(desk: Desk, statement: Statement, message: str, help: str) -> None:
    """A line whose words are right but whose form is not."""
    desk.report.error("I122", desk.head(statement), message, help=help)


def misplaced(desk: Desk, statement: Statement, home: str) -> None:
    """A known word in a block that has no place for it."""
    word = str(statement.atoms[0])
    place = (
        "the top of the file" if word in ("inspect", "use", "words", "object") else
        "thresholds { ... }" if word in ("reject", "review") else
        'test "title" { ... }' if word == "expect" else
        "a block of phrases" if word == "include" else
        "the object"
    )  # fmt: skip
    desk.report.error(
        "I121",
        desk.head(statement),
        f"{word} cannot stand in {home}",
        label="not here",
        help=f"move it to {place}: {FORMS.get(word, FORMS['rule'])}",
    )


def unknown(desk: Desk, statement: Statement, home: str, names: tuple[str, ...]) -> str | None:
    """Report a line that begins with no known word; the near word, if there is one."""
    first = statement.atoms[0] if statement.atoms else None
    if first is None:
        malformed(
            desk, statement, f"braces open in {home} without a word before them",
            "say what the block is: " + ", ".join(names),
        )  # fmt: skip
        return None
    word, span = str(first), desk.span(first)
    if word in RESERVED:
        desk.report.error(
            "I123",
            span,
            f"{word} is reserved for a later version of the language",
            help="remove the line; this version has no such feature",
        )
        return None
    if is_word(first) and word not in names and wish(desk.report, first, span):
        return None
    near = meant(word, names) if is_word(first) else None
    help = f"did you mean {near}?" if near else f"{home} takes {_listed(names)}"
    desk.report.error(
        "I120",
        span,
        f"{shown(word)} is not a word of this language" if is_word(first) else
        f"{shown(desk.written(desk.head(statement)))} says nothing here",
        help=help,
        fix=Fix(span, near) if near else None,
    )  # fmt: skip
    return near


def _listed(names: Iterable[str]) -> str:
    *most, last = list(names)
    return f"{', '.join(most)} and {last}" if most else last
