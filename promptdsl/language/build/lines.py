"""From statements to the lines of a block of phrases: texts and includes."""

import re
from collections.abc import Iterable
from itertools import pairwise

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.source import Span
from promptdsl.language.ast import IncludeLine, Line, Text
from promptdsl.language.build.fields import SINGLE_QUOTES, is_field
from promptdsl.language.recovery.misfits import malformed
from promptdsl.language.recovery.signs import BULLETS
from promptdsl.language.statements import Block, Desk, Statement, each, is_word, quote, shown
from promptdsl.language.tokens import begin, finish
from promptdsl.language.vocabulary import (
    CONTEXT_WORDS,
    FORMS,
    IN_OBJECT,
    KEYWORDS,
    TOP_LEVEL,
)
from promptdsl.language.recovery.wishes import wish

_WORDS = {*KEYWORDS, *CONTEXT_WORDS}


_LIST_NAME = re.compile(r"[a-z]\w*(?:\.[a-z]\w*)?")


def build_lines(desk: Desk, block: Block | None) -> tuple[tuple[Line, ...], bool]:
    """Phrases and includes of a block, and whether some line was lost."""
    lines: list[Line] = []
    broken = False
    for statement in each(block):
        found = _line(desk, statement)
        broken = broken or not found
        lines += found
    return tuple(lines), broken or (block is not None and block.forced)


def _line(desk: Desk, statement: Statement) -> list[Line]:
    if statement.kind == "phrase":
        return list(_phrases(desk, statement))
    if statement.kind == "include":
        include = build_include(desk, statement, statement.atoms[1:])
        return [include] if include else []
    if statement.kind == "loose" and _without_bullet(desk, statement):
        return list(_phrases(desk, statement))
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
    desk.report.error(
        "I120", span, f"phrases need no {desk.written(span)} before them",
        label="not here", help="remove it",
        fix=Fix(Span(span.file, span.start, desk.span(statement.atoms[count]).start), ""),
    )  # fmt: skip
    del statement.atoms[:count]
    return True


def _phrases(desk: Desk, statement: Statement) -> Iterable[Text]:
    texts = [token for token in statement.atoms if token.type == "STRING"]
    if any(token.type == "BROKEN" for token in statement.atoms):
        return []
    if _quote_inside(statement.atoms):
        desk.report.error(
            "I129",
            desk.span(*statement.atoms),
            "a quote inside this text ends it too early",
            label="read as several texts",
            help='leave the inner quotes out, or write \\" for each of them',
        )
        return []
    others = [token for token in statement.atoms if token.type != "STRING"]
    if others:
        desk.nothing_behind(statement, others)
    elif len(texts) > 1:
        for left, right in pairwise(texts):
            gap = Span(desk.source.name, desk.span(left).end, desk.span(right).start)
            desk.report.error(
                "I126",
                desk.span(left, right),
                "two phrases need a comma or a new line between them",
                label="a comma is missing here",
                help="put a comma between them",
                fix=Fix(gap, ", "),
            )
    desk.no_block(statement)
    return [desk.text(token) for token in texts]


def _quote_inside(atoms: list[Token]) -> bool:
    """Whether a text and a bare word touch, as in `"with a "deep" scratch"`."""
    return any(
        "STRING" in (left.type, right.type)
        and left.type != right.type
        and finish(left) == begin(right)
        for left, right in pairwise(atoms)
    )


def build_include(desk: Desk, statement: Statement, atoms: list[Token]) -> IncludeLine | None:
    """`include NAME` or `include ALIAS.NAME`; None after a report."""
    desk.no_block(statement)
    kinds = ["WORD" if is_word(token) else token.type for token in atoms]
    span = desk.span_of(statement)
    meant = _meant_name(desk, atoms)
    if meant is not None:
        desk.report.error(
            "I122", desk.head(statement), "a point stands between a file's short name and its list",
            help=f"did you mean include {meant}?", fix=Fix(desk.span(*atoms), meant),
        )  # fmt: skip
        return None
    if kinds[:3] == ["WORD", "DOT", "WORD"]:
        desk.nothing_behind(statement, atoms[3:])
        return IncludeLine(desk.word(atoms[0]), desk.word(atoms[2]), span)
    if kinds[:1] == ["WORD"] and kinds[1:2] != ["DOT"]:
        desk.nothing_behind(statement, atoms[1:])
        return IncludeLine(None, desk.word(atoms[0]), span)
    if "BROKEN" not in kinds:
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
    name = str(atoms[0])[1:-1].strip() if kinds == ["STRING"] else ""
    if _LIST_NAME.fullmatch(name):
        span = desk.span(*atoms)
        desk.report.error(
            "I122", desk.head(statement), "the name of a list is written without quotes",
            help=f"write include {name}", fix=Fix(span, name),
        )  # fmt: skip
    elif kinds == ["STRING"]:
        malformed(
            desk, statement, "include needs the name of a list, and this is a text in quotes",
            f"remove include, or for example {FORMS['include']}",
        )  # fmt: skip
    elif kinds[:2] == ["WORD", "DOT"]:
        malformed(
            desk, statement, f"the name of a list of {atoms[0]} is missing behind the point",
            f"for example {FORMS['include']}; a list of this file is named without a point",
        )  # fmt: skip
    else:
        malformed(
            desk, statement, "include needs the name of a list", f"for example {FORMS['include']}"
        )


def _misplaced_in_phrases(desk: Desk, statement: Statement) -> None:
    atoms, span = statement.atoms, desk.span_of(statement)
    kinds = {token.type for token in atoms}
    if "BROKEN" in kinds:
        return
    if statement.kind == "loose" and atoms and not (kinds & {"COLON"}):
        _loose_in_phrases(desk, statement)
        return
    if not atoms:
        malformed(desk, statement, "braces open here without a word before them", "remove them")
        return
    word = str(atoms[0])
    wished = statement.kind == "field" and not is_field(word)
    if wished and not _is_named_phrase(statement) and wish(desk.report, word, desk.span(atoms[0])):
        return
    if _is_named_phrase(statement):
        texts = desk.span(*atoms[2:])
        desk.report.error(
            "I120", desk.span(*atoms[:2]), f"{word} is not a word of this language",
            label="phrases stand alone, with no word before them",
            help=f"write {shown(desk.written(texts), 200)}",
            fix=Fix(desk.span(*atoms[:2]), ""),
        )  # fmt: skip
        return
    homes = {
        "rule": "thresholds { ... }",
        "expect": 'test "title" { ... }',
        "field": "method NAME { ... } or samples NAME { ... }",
    }
    if word == "called" or word in IN_OBJECT:
        home = "the object, outside of this block"
    elif word in TOP_LEVEL:
        home = "the top of the file, outside of any block"
    else:
        home = homes.get(statement.kind, "another block")
    desk.report.error(
        "I121",
        span if len(span) and span.end - span.start < 80 else desk.head(statement),
        f"{word} cannot stand among phrases",
        label="only phrases in quotes and include lines belong here",
        help=f"move it to {home}",
    )


def _is_named_phrase(statement: Statement) -> bool:
    """`phrase: "scratched {object}"`: a text of a block of phrases behind a word of its own."""
    atoms = statement.atoms
    kinds = [token.type for token in atoms[1:]]
    texts = kinds[:1] == ["COLON"] and set(kinds[1:]) == {"STRING"}
    return texts and str(atoms[0]) not in _WORDS and not is_field(str(atoms[0]))


def _loose_in_phrases(desk: Desk, statement: Statement) -> None:
    """Bare words among phrases: a lost `include`, or a phrase without its quotes."""
    atoms, span = statement.atoms, desk.span_of(statement)
    first = str(atoms[0])
    near = "include" if first == "import" else nearest(first, ("include",))
    dotted = len(atoms) == 3 and atoms[1].type == "DOT" and is_word(atoms[0]) and is_word(atoms[2])
    if near and len(atoms) > 1:
        desk.report.error(
            "I120",
            desk.span(atoms[0]),
            f"{first} is not a word of this language",
            help="did you mean include?",
            fix=Fix(desk.span(atoms[0]), "include"),
        )
    elif " ".join(map(str, atoms[:2])) and _meant_name(desk, atoms) is not None:
        meant = _meant_name(desk, atoms)
        desk.report.error(
            "I122", span, "include is missing before the name of a list",
            help=f"did you mean include {meant}?", fix=Fix(span, f"include {meant}"),
        )  # fmt: skip
    elif dotted:
        name = desk.written(desk.span(*atoms))
        desk.report.error(
            "I122",
            span,
            f"{name} is the name of a list, and include is missing before it",
            help=f"write include {name}",
            fix=Fix(Span(span.file, span.start, span.start), "include "),
        )
    else:
        text = desk.written(span.to(desk.span(atoms[-1])))[
            desk.span(atoms[_bullet(atoms)]).start - span.start :
        ]
        written = text.strip(SINGLE_QUOTES)
        desk.report.error(
            "I125",
            span,
            f"{shown(text)} is not in {'quotes' if text == written else 'double quotes'}",
            label="phrases are written in double quotes",
            help=f"write {quote(shown(written, 200))}",
            fix=Fix(span, quote(written)),
        )
