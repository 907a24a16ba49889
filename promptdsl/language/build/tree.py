"""From Lark tree to abstract syntax: the top of a file."""

from dataclasses import dataclass, field

from lark import Token, Tree

from promptdsl.diagnostics.diagnostic import Fix, Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.source import SourceFile, Span
from promptdsl.language.ast import ListKind, NamedList, ObjectDef, SpecFile, Use, Word
from promptdsl.language.build.lines import build_lines
from promptdsl.language.build.objects import build_object
from promptdsl.language.build.parts import twice
from promptdsl.language.recovery.foreign_signs import with_plain_signs
from promptdsl.language.recovery.misfits import malformed, meant, unknown
from promptdsl.language.parser import parse
from promptdsl.language.statements import Desk, Statement, each, is_word, statements_of
from promptdsl.language.vocabulary import (
    FORMS,
    IN_OBJECT,
    KEYWORDS,
    LANGUAGE_VERSION,
    NAME,
    TOP_LEVEL,
    snake_case,
)


@dataclass(slots=True)
class _Draft:
    """A file while its statements are read."""

    header: Statement | None = None
    header_told: bool = False
    version: int = LANGUAGE_VERSION
    uses: list[Use] = field(default_factory=list)
    lists: list[NamedList] = field(default_factory=list)
    objects: list[ObjectDef] = field(default_factory=list)
    broken_uses: bool = False
    broken_lists: bool = False


def build_ast(source: SourceFile, report: Report) -> SpecFile:
    """Parse one file; every mistake of form goes to the report."""
    source = with_plain_signs(source, report)
    return from_tree(parse(source, report), source, report)


def from_tree(tree: Tree[Token], source: SourceFile, report: Report) -> SpecFile:
    """The abstract syntax of a parsed file."""
    statements = statements_of(tree)
    desk, draft = Desk(source, report, aliases=_aliases(statements)), _Draft()
    for index, statement in enumerate(statements):
        _statement(desk, statement, draft, index)
    _check_header(desk, draft)
    return SpecFile(
        source.name,
        draft.version,
        tuple(draft.uses),
        tuple(draft.lists),
        tuple(draft.objects),
        Span(source.name, 0, len(source.text)),
        draft.broken_uses,
        draft.broken_lists,
    )


def _aliases(statements: list[Statement]) -> frozenset[str]:
    """The short names that `use` lines give."""
    ends = [line.atoms[-1] for line in statements if line.kind == "use" and len(line.atoms) > 1]
    return frozenset(str(token) for token in ends if is_word(token))


def _statement(desk: Desk, statement: Statement, draft: _Draft, index: int) -> None:
    kind = statement.kind
    if index == 0 and kind == "loose" and statement.atoms == [str(LANGUAGE_VERSION)]:
        span = desk.head(statement)
        desk.report.error(
            "I110", span, "the word inspect is missing before the language version",
            help="write inspect 1", fix=Fix(span, "inspect 1"),
        )  # fmt: skip
        draft.header_told = True
        return
    if index == 0 and kind == "loose" and "inspect" in statement.atoms[1:]:
        span = desk.head(statement)
        desk.report.error(
            "I108", span, "the word inspect comes before the language version",
            help="write inspect 1", fix=Fix(span, "inspect 1"),
        )  # fmt: skip
        draft.header_told = True
        return
    if index == 0 and kind == "loose" and _meant(statement, ("inspect",)):
        unknown(desk, statement, "a file", ("inspect",))
        draft.header_told = True
        return
    if _lacks_object(statement):
        _mend_object(desk, statement)
        kind = "object"
    elif kind == "loose" and len(statement.atoms) >= 2:
        kind = _mended_kind(desk, statement)
    if kind == "header":
        _header(desk, statement, draft, index)
    elif kind == "use":
        use = _use(desk, statement)
        draft.broken_uses = draft.broken_uses or use is None
        draft.uses += [use] if use else []
    elif kind == "list":
        found = _list(desk, statement)
        draft.broken_lists = draft.broken_lists or found is None
        draft.lists += [found] if found else []
    elif kind == "object":
        draft.objects.append(build_object(desk, statement))
    else:
        _stray(desk, statement, draft)


def _meant(statement: Statement, names: tuple[str, ...]) -> str | None:
    first = statement.atoms[0] if statement.atoms else None
    return meant(str(first), names) if first is not None and is_word(first) else None


_KIND = {"use": "use", "words": "list", "templates": "list", "object": "object"}


def _mended_kind(desk: Desk, statement: Statement) -> str:
    """The kind of a statement whose first words were swapped or misspelt, once reported."""
    first, second = statement.atoms[:2]
    if is_word(first) and str(second) in ("object", "words") and statement.block is not None:
        span = desk.span(first, second)
        desk.report.error(
            "I108", span, f"{first} and {second} stand in the wrong order",
            help=f"write {second} {first}", fix=Fix(span, f"{second} {first}"),
        )  # fmt: skip
        statement.atoms[0], statement.atoms[1] = second, first
        return _KIND[str(second)]
    near = _meant(statement, TOP_LEVEL)
    fits = near == "use" or (near in _KIND and statement.block is not None)
    if near is None or not fits:
        return statement.kind
    unknown(desk, statement, "a file", TOP_LEVEL)
    statement.atoms[0] = Token.new_borrow_pos(near.upper(), near, first)
    return _KIND[near]


def _lacks_object(statement: Statement) -> bool:
    """Whether this is an object but for the word `object`: `metal_nut { called: ... }`."""
    atoms = statement.atoms
    if statement.kind != "loose" or not atoms or not is_word(atoms[0]) or not statement.block:
        return False
    named = len(atoms) == 1 or str(atoms[1]) == "extends"
    lines = list(each(statement.block))
    parts = [line.kind in IN_OBJECT or "called" in line.atoms[:1] for line in lines]
    return named and any(parts) and nearest(str(atoms[0]), TOP_LEVEL) is None


def _mend_object(desk: Desk, statement: Statement) -> None:
    name = statement.atoms[0]
    span = desk.span(name)
    desk.report.error(
        "I122", span, f"the word object is missing before {name}", help=f"write object {name}",
        fix=Fix(Span(span.file, span.start, span.start), "object "),
    )  # fmt: skip
    statement.atoms.insert(0, Token.new_borrow_pos("OBJECT", "object", name))


def _header(desk: Desk, statement: Statement, draft: _Draft, index: int) -> None:
    desk.no_block(statement)
    atoms = statement.atoms[1:]
    span = desk.head(statement)
    if draft.header is not None:
        twice(desk, "inspect", span, desk.head(draft.header))
        return
    draft.header = statement
    if index > 0 and not draft.header_told:
        desk.report.error(
            "I112", span, "the language version must be the first line of the file",
            help="move inspect 1 to the top",
        )  # fmt: skip
    if atoms and str(atoms[0]) == f'"{LANGUAGE_VERSION}"':
        desk.report.error(
            "I122", span, "the language version is a number without quotes",
            help=f"write inspect {LANGUAGE_VERSION}",
            fix=Fix(desk.span(atoms[0]), str(LANGUAGE_VERSION)),
        )  # fmt: skip
        return
    if not atoms or atoms[0].type != "NUMBER":
        desk.report.error(
            "I122", span, "the language version is missing",
            help=f"write inspect {LANGUAGE_VERSION}", fix=Fix(span, f"inspect {LANGUAGE_VERSION}"),
        )  # fmt: skip
        return
    desk.nothing_behind(statement, atoms[1:])
    if str(atoms[0]) != str(LANGUAGE_VERSION):
        desk.report.error(
            "I111", desk.span(atoms[0]),
            f"this promptdsl knows language version {LANGUAGE_VERSION}, not {atoms[0]}",
            help=f"write inspect {LANGUAGE_VERSION}, or install a newer promptdsl",
            fix=Fix(desk.span(atoms[0]), str(LANGUAGE_VERSION)),
        )  # fmt: skip


def _check_header(desk: Desk, draft: _Draft) -> None:
    if draft.header is not None or draft.header_told:
        return
    text = desk.source.text
    end = text.find("\n") if "\n" in text else len(text)
    desk.report.error(
        "I110",
        Span(desk.source.name, 0, max(0, min(end, 80))),
        "the first line must name the language version",
        help="write inspect 1 as the first line",
        fix=Fix(Span(desk.source.name, 0, 0), "inspect 1\n\n"),
    )


def _use(desk: Desk, statement: Statement) -> Use | None:
    """`use "path" as NAME`; without `as` the file's name is the short name."""
    desk.no_block(statement)
    atoms = statement.atoms[1:]
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms or atoms[0].type != "STRING":
        written = desk.written(desk.span(*atoms)) if atoms else ""
        bare, _as, short = written.partition(" as ")
        bare = bare.strip("'` ")
        behind = f" as {short.strip()}" if short else ""
        desk.report.error(
            "I125" if atoms else "I122",
            desk.head(statement),
            "use needs the path of a file in quotes",
            help=f'write use "{bare}"{behind}' if bare else f"for example {FORMS['use']}",
            fix=Fix(desk.span(*atoms), f'"{bare}"{behind}') if bare else None,
        )
        return None
    path, rest = desk.text(atoms[0]), atoms[1:]
    span = desk.span_of(statement)
    if rest and str(rest[0]).lower() != "as":
        named = len(rest) <= 3 and is_word(rest[-1]) and rest[-1] != "as"
        desk.report.error(
            "I122", desk.span(*rest), "the short name of a used file comes behind the word as",
            help=f"write use {atoms[0]} as {rest[-1] if named else 'NAME'}",
            fix=Fix(desk.span(*rest), f"as {rest[-1]}") if named else None,
        )  # fmt: skip
        words = [token for token in rest if is_word(token) and str(token) != "as"]
        meant = _alias(desk, statement, words[:1]) if words else None
        return Use(path, meant, span) if meant else None
    if rest:
        alias = _alias(desk, statement, rest[1:2])
        desk.nothing_behind(statement, rest[2:])
        return Use(path, alias, span) if alias else None
    stem = path.value.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".inspect")
    return Use(path, Word(snake_case(stem), path.span), span)


def _alias(desk: Desk, statement: Statement, atoms: list[Token]) -> Word | None:
    if not atoms:
        malformed(desk, statement, "as needs a short name behind it", f"for example {FORMS['use']}")
        return None
    span, written = desk.span(*atoms), str(atoms[0]).strip('"')
    if not is_word(atoms[0]) or not NAME.fullmatch(written) or written in KEYWORDS:
        made = snake_case(written) if snake_case(written) not in KEYWORDS else "words_1"
        reason = (
            "a short name is written without quotes" if made == written
            else f"{written} cannot be a short name"
        )  # fmt: skip
        desk.report.error(
            "I124", span, reason, help=f"write as {made}",
            fix=Fix(span, made),
        )  # fmt: skip
        return Word(made, span)
    return Word(written, span)


def _list(desk: Desk, statement: Statement) -> NamedList | None:
    """`words NAME { ... }` or `templates NAME { ... }`."""
    kind: ListKind = "words" if str(statement.atoms[0]) == "words" else "templates"
    atoms = statement.atoms[1:]
    if any(token.type == "BROKEN" for token in atoms):
        return None
    span = desk.span_of(statement)
    lines, broken = build_lines(desk, statement.block)
    desk.nothing_behind(statement, atoms[1:])
    if not atoms:
        help = f'write {kind} NAME {{ "..." }}, and include NAME inside an object'
        malformed(desk, statement, f"{kind} outside of an object needs a name", help)
        return None
    if statement.block is None:
        malformed(desk, statement, f"{kind} needs a block in braces", f"for example {FORMS[kind]}")
        return None
    name = desk.word(atoms[0])
    if not is_word(atoms[0]) or not NAME.fullmatch(name.value) or name.value == "base":
        made = snake_case(name.value.strip('"'))
        made = f"{made}_{kind}" if made == "base" else made
        reason = (
            "base means the lines of a parent object and cannot be a name" if name.value == "base"
            else "a name is written without quotes" if name.value == f'"{made}"'
            else "a name is one word of small letters, digits and _, beginning with a letter"
        )  # fmt: skip
        desk.report.error(
            "I124", name.span, reason,
            help=f"write {kind} {made}", fix=Fix(name.span, made),
        )  # fmt: skip
        name = Word(made, name.span)
    return NamedList(kind, name, lines, span, broken)


def _stray(desk: Desk, statement: Statement, draft: _Draft) -> None:
    """What cannot stand at the top of a file."""
    atoms = statement.atoms
    if any(token.type == "BROKEN" for token in atoms):
        draft.broken_uses = draft.broken_lists = True
        return
    if any(str(token) in ("use", "as") for token in atoms):
        draft.broken_uses = True
    word = str(atoms[0]) if atoms else "{"
    span = desk.head(statement)
    if statement.kind == "phrase":
        message, help = (
            "a text stands alone at the top of the file",
            (f"put it into a list: {FORMS['words']}"),
        )
    elif word in KEYWORDS or word in IN_OBJECT:
        message = f"{word} stands outside of any object"
        help = "put it between the braces of object NAME { ... }"
    else:
        draft.broken_lists = draft.broken_lists or statement.block is not None
        near = unknown(desk, statement, "a file", TOP_LEVEL)
        draft.broken_uses = draft.broken_uses or near == "use"
        return
    desk.report.error("I121", span, message, label="not here", help=help)
