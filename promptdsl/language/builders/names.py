"""Names that a block's head gives, and the one include that stands outside of phrases."""

from lark import Token

from promptdsl.language.ast import Reference, Word
from promptdsl.language.builders.lines import build_include
from promptdsl.language.desk import Desk
from promptdsl.language.statements import Statement, is_broken, shown
from promptdsl.language.vocabulary import KEYWORDS, NAME, snake_case

MAX_NAME = 80
NO_NAME = "a name is one word of small letters, digits and _, beginning with a letter"
_NOT_NAMES = {*KEYWORDS, "base", "good"}


def name_of(desk: Desk, statement: Statement, what: str, atoms: list[Token]) -> Word | None:
    """The name that a block's head must give; a wrong one is mended after its report."""
    if is_broken(atoms):
        return None
    if not atoms:
        desk.lacks(statement, f"{what} needs a name", what)
        return None
    span = desk.span(*atoms)
    if span.start == span.end:  # put there by the brace repair, which has told the author
        return Word(str(atoms[0]), span)
    written = desk.written(span).strip('"')
    made, reason = snake_case(written[:MAX_NAME]), NO_NAME
    if len(atoms) > 1 or not NAME.fullmatch(written) or atoms[0].type == "STRING":
        if atoms[0].type == "STRING" and made == written:
            reason = "a name is written without quotes"
    elif len(written) > MAX_NAME:
        made = written[:20].rstrip("_")
        reason = f"a name has at most {MAX_NAME} letters, and this one has {len(written):,}"
    elif written in _NOT_NAMES:
        made = f"{written}_{what}"
        reason = f"{written} is a word of the language and cannot be a name"
    else:
        return Word(written, span)
    label = f"cannot be a name: {shown(written)}"
    desk.error("I124", span, reason, label=label, write=made, help=f"write {what} {made}")
    return Word(made, span)


def base_only(desk: Desk, statement: Statement) -> Reference | None:
    """`include base`, the only include that makes sense outside of phrases."""
    include = build_include(desk, statement, statement.atoms[1:])
    if include is None or include.is_base:
        return include
    message = "only include base can stand here: lists hold phrases"
    help = "write include base to bring the lines of the parent object"
    desk.error("I307", include.span, message, help=help)
    return None
