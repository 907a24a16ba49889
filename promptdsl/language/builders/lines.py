"""From statements to the lines of a block of phrases: texts and includes."""

import re
from collections.abc import Sequence
from itertools import pairwise

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import Line, Reference
from promptdsl.language.builders.fields import is_field, not_quoted
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.misfits import wish
from promptdsl.language.recovery.signs import BULLETS
from promptdsl.language.statements import (
    Block,
    Statement,
    each,
    is_broken,
    is_word,
    shown,
    touching,
)
from promptdsl.language.tokens import begin, finish
from promptdsl.language.vocabulary import CONTEXT_WORDS, FORMS, IN_OBJECT, KEYWORDS, TOP_LEVEL
from promptdsl.source import Span

_WORDS = {*KEYWORDS, *CONTEXT_WORDS}
_LIST_NAME = re.compile(r"[a-z]\w*(?:\.[a-z]\w*)?")
_HOMES = {
    "rule": "thresholds { ... }",
    "expect": 'test "title" { ... }',
    "field": "method NAME { ... } or samples NAME { ... }",
}


def build_lines(desk: Desk, block: Block | None) -> tuple[tuple[Line, ...], bool]:
    """Phrases and includes of a block, and whether some line was lost."""
    lines: list[Line] = []
    broken = block is not None and block.forced
    for statement in each(block):
        found = _line(desk, statement)
        broken = broken or not found
        lines += found
    return tuple(lines), broken


def _line(desk: Desk, statement: Statement) -> Sequence[Line]:
    if statement.kind == "include":
        include = build_include(desk, statement, statement.atoms[1:])
        return [include] if include else []
    loose = statement.kind == "loose"
    if statement.kind == "phrase" or (loose and _without_bullet(desk, statement)):
        return _phrases(desk, statement)
    if not statement.is_broken:
        _misplaced_in_phrases(desk, statement)
    return []


def _bullet(atoms: list[Token]) -> int:
    """How many tokens in front are a bullet (`-`, `•`) or a number (`1.`, `1)`) of a list."""
    kinds = [token.type for token in atoms[:2]]
    if kinds[:1] == ["UNKNOWN"] and len(atoms) > 1 and set(atoms[0]) <= BULLETS:
        return 1
    return 2 if kinds in (["NUMBER", "DOT"], ["NUMBER", "UNKNOWN"]) and len(atoms) > 2 else 0


def _without_bullet(desk: Desk, statement: Statement) -> bool:
    """Whether a phrase in quotes stands behind a bullet, which is reported and dropped."""
    count = _bullet(statement.atoms)
    if not count or statement.atoms[count].type != "STRING":
        return False
    span = desk.span(*statement.atoms[:count])
    desk.error(
        "I120", span, f"phrases need no {desk.written(span)} before them", label="not here",
        write="", at=Span(span.file, span.start, begin(statement.atoms[count])),
    )  # fmt: skip
    del statement.atoms[:count]
    return True


def _phrases(desk: Desk, statement: Statement) -> Sequence[Line]:
    atoms = statement.atoms
    texts = [token for token in atoms if token.type == "STRING"]
    others = [token for token in atoms if token.type != "STRING"]
    if statement.is_broken:
        return []
    if _quote_inside(atoms):
        desk.error(
            "I129", atoms, "a quote inside this text ends it too early",
            label="read as several texts",
            help='leave the inner quotes out, or write \\" for each of them',
        )  # fmt: skip
        return []
    if others:
        desk.nothing_behind(statement, others)
    else:
        for left, right in pairwise(texts):
            desk.error(
                "I126", [left, right], "two phrases need a comma or a new line between them",
                label="a comma is missing here", help="put a comma between them",
                write=", ", at=Span(desk.source.name, finish(left), begin(right)),
            )  # fmt: skip
    desk.no_block(statement)
    return [desk.text(token) for token in texts]


def _quote_inside(atoms: list[Token]) -> bool:
    """Whether a text and a bare word touch, as in `"with a "deep" scratch"`."""
    return any(
        touching(left, right) and left.type != right.type
        for left, right in pairwise(atoms)
        if "STRING" in (left.type, right.type)
    )


def build_include(desk: Desk, statement: Statement, atoms: list[Token]) -> Reference | None:
    """`include NAME` or `include ALIAS.NAME`; None after a report."""
    desk.no_block(statement)
    kinds = ["WORD" if is_word(token) else token.type for token in atoms]
    span = desk.span_of(statement)
    meant = _meant_name(desk, atoms)
    if meant is not None:
        desk.error(
            "I122", statement, "a point stands between a file's short name and its list",
            write=meant, help=f"did you mean include {meant}?", at=desk.span(*atoms),
        )  # fmt: skip
    elif kinds[:3] == ["WORD", "DOT", "WORD"]:
        desk.nothing_behind(statement, atoms[3:])
        return Reference(desk.word(atoms[0]), desk.word(atoms[2]), span)
    elif kinds[:1] == ["WORD"] and kinds[1:2] != ["DOT"]:
        desk.nothing_behind(statement, atoms[1:])
        return Reference(None, desk.word(atoms[0]), span)
    elif not is_broken(atoms):
        _no_list_name(desk, statement, atoms, kinds)
    return None


def _meant_name(desk: Desk, atoms: list[Token]) -> str | None:
    """`std.normal` for `include std normal`, `std/normal`, `std::normal`, `normal from std`."""
    words = [str(token) for token in atoms if is_word(token) and str(token).lower() != "the"]
    between = [str(token) for token in atoms if not is_word(token)]
    if any(sign not in ("/", ":", "->", "-", ">", "\\", ",") for sign in between) or len(atoms) > 5:
        return None
    if len(words) == 3 and words[1] in ("from", "of", "in") and not between:
        words = [words[2], words[0]]
    elif len(words) == 3 and words[2] in ("words", "list", "phrases", "templates"):
        words = words[:2]
    if len(words) == 1 and not between:
        alias, _, name = words[0].replace("-", "_").partition("_")
        words = [alias, name] if name else words
    exact = len(words) == 2 and words[0] in desk.aliases and words[1] not in desk.aliases
    return ".".join(words) if exact else None


def _no_list_name(desk: Desk, statement: Statement, atoms: list[Token], kinds: list[str]) -> None:
    """`include`, `include std.`, `include "std.normal"`."""
    name, example = str(atoms[0])[1:-1].strip() if kinds == ["STRING"] else "", FORMS["include"]
    if _LIST_NAME.fullmatch(name):
        message = "the name of a list is written without quotes"
        help, at = f"write include {name}", desk.span(*atoms)
        desk.error("I122", statement, message, write=name, help=help, at=at)
    elif kinds == ["STRING"]:
        message = "include needs the name of a list, and this is a text in quotes"
        desk.malformed(statement, message, f"remove include, or for example {example}")
    elif kinds[:2] == ["WORD", "DOT"]:
        message = f"the name of a list of {atoms[0]} is missing behind the point"
        help = f"for example {example}; a list of this file is named without a point"
        desk.malformed(statement, message, help)
    else:
        desk.lacks(statement, "include needs the name of a list", "include")


def _misplaced_in_phrases(desk: Desk, statement: Statement) -> None:
    atoms, word = statement.atoms, statement.first
    if statement.kind == "loose" and atoms and all(token.type != "COLON" for token in atoms):
        _loose_in_phrases(desk, statement)
        return
    if not atoms:
        desk.malformed(statement, "braces open here without a word before them", "remove them")
        return
    named = _is_named_phrase(statement)
    wished = statement.kind == "field" and not is_field(word) and not named
    if wished and wish(desk.report, word, desk.span(atoms[0])):
        return
    if named:
        desk.error(
            "I120", atoms[:2], f"{word} is not a word of this language",
            label="phrases stand alone, with no word before them",
            write="", help=f"write {shown(desk.written(atoms[2:]), 200)}",
        )  # fmt: skip
        return
    if word == "called" or word in IN_OBJECT:
        home = "the object, outside of this block"
    elif word in TOP_LEVEL:
        home = "the top of the file, outside of any block"
    else:
        home = _HOMES.get(statement.kind, "another block")
    span = desk.span_of(statement)
    desk.error(
        "I121", span if span.end - span.start < 80 else statement,
        f"{word} cannot stand among phrases", help=f"move it to {home}",
        label="only phrases in quotes and include lines belong here",
    )  # fmt: skip


def _is_named_phrase(statement: Statement) -> bool:
    """`phrase: "scratched {object}"`: a text of a block of phrases behind a word of its own."""
    kinds = [token.type for token in statement.atoms[1:]]
    texts = kinds[:1] == ["COLON"] and set(kinds[1:]) == {"STRING"}
    return texts and statement.first not in _WORDS and not is_field(statement.first)


def _loose_in_phrases(desk: Desk, statement: Statement) -> None:
    """Bare words among phrases: a lost `include`, or a phrase without its quotes."""
    atoms, span = statement.atoms, desk.span_of(statement)
    first, meant = statement.first, _meant_name(desk, statement.atoms)
    near = "include" if first == "import" else nearest(first, ("include",))
    dotted = len(atoms) == 3 and atoms[1].type == "DOT" and is_word(atoms[0]) and is_word(atoms[2])
    if near and len(atoms) > 1:
        desk.error("I120", atoms[0], f"{first} is not a word of this language", near=near)
    elif meant is not None:
        desk.error(
            "I122", span, "include is missing before the name of a list",
            write=f"include {meant}", help=f"did you mean include {meant}?",
        )  # fmt: skip
    elif dotted:
        name = desk.written(atoms)
        desk.error(
            "I122", span, f"{name} is the name of a list, and include is missing before it",
            write="include ", help=f"write include {name}", at=span._replace(end=span.start),
        )  # fmt: skip
    else:
        text = desk.written(span.to(desk.span(atoms[-1])))
        text = text[begin(atoms[_bullet(atoms)]) - span.start :]
        not_quoted(desk, span, text, "phrases are written in double quotes")
