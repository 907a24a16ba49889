"""From text to abstract syntax: the top of a file."""

from dataclasses import dataclass, field

from lark import Token

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import ListKind, NamedList, ObjectDef, SpecFile, Use, Word
from promptdsl.language.builders.lines import build_lines
from promptdsl.language.builders.names import NO_NAME
from promptdsl.language.builders.objects import add_word, build_object
from promptdsl.language.desk import Desk
from promptdsl.language.parser import parse
from promptdsl.language.recovery.foreign_signs import with_plain_signs
from promptdsl.language.recovery.misfits import meant, unknown
from promptdsl.language.statements import Statement, each, is_broken, is_word
from promptdsl.language.vocabulary import (
    FORMS,
    IN_OBJECT,
    KEYWORDS,
    LANGUAGE_VERSION,
    NAME,
    TOP_LEVEL,
    snake_case,
)
from promptdsl.source import SourceFile, Span

_KIND = {"use": "use", "words": "list", "templates": "list", "object": "object"}
_HEADER = f"inspect {LANGUAGE_VERSION}"


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
    statements = parse(source, report)
    uses = [line.atoms[-1] for line in statements if line.kind == "use" and len(line.atoms) > 1]
    aliases = frozenset(str(token) for token in uses if is_word(token))
    desk, draft = Desk(source, report, aliases=aliases), _Draft()
    for index, statement in enumerate(statements):
        if index > 0 or not _mended_header(desk, statement, draft):
            _statement(desk, statement, draft, index)
    _check_header(desk, draft)
    return SpecFile(
        source.name, draft.version, tuple(draft.uses), tuple(draft.lists), tuple(draft.objects),
        Span(source.name, 0, len(source.text)), draft.broken_uses, draft.broken_lists,
    )  # fmt: skip


def _mended_header(desk: Desk, statement: Statement, draft: _Draft) -> bool:
    """Whether the first line is the language version, and was told not to look like it."""
    if statement.kind != "loose":
        return False
    if statement.atoms == [str(LANGUAGE_VERSION)]:
        message = "the word inspect is missing before the language version"
        desk.error("I110", statement, message, write=_HEADER)
    elif "inspect" in statement.atoms[1:]:
        message = "the word inspect comes before the language version"
        desk.error("I108", statement, message, write=_HEADER)
    elif _meant(statement, ("inspect",)):
        unknown(desk, statement, "a file", ("inspect",))
    else:
        return False
    draft.header_told = True
    return True


def _statement(desk: Desk, statement: Statement, draft: _Draft, index: int) -> None:
    kind = statement.kind
    if _lacks_object(statement):
        add_word(desk, statement, "object")
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


def _mended_kind(desk: Desk, statement: Statement) -> str:
    """The kind of a statement whose first words were swapped or misspelt, once reported."""
    first, second = statement.atoms[:2]
    if is_word(first) and str(second) in ("object", "words") and statement.block is not None:
        desk.swapped(statement.atoms[:2], first, second)
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


def _header(desk: Desk, statement: Statement, draft: _Draft, index: int) -> None:
    desk.no_block(statement)
    atoms = statement.atoms[1:]
    if draft.header is not None:
        desk.twice("inspect", statement, draft.header)
        return
    draft.header = statement
    if index > 0 and not draft.header_told:
        message = "the language version must be the first line of the file"
        desk.error("I112", statement, message, help="move inspect 1 to the top")
    version = str(LANGUAGE_VERSION)
    if atoms and str(atoms[0]) == f'"{version}"':
        desk.error(
            "I122", statement, "the language version is a number without quotes",
            write=version, help=f"write {_HEADER}", at=desk.span(atoms[0]),
        )  # fmt: skip
    elif not atoms or atoms[0].type != "NUMBER":
        desk.error("I122", statement, "the language version is missing", write=_HEADER)
    else:
        desk.nothing_behind(statement, atoms[1:])
        if str(atoms[0]) != version:
            message = f"this promptdsl knows language version {version}, not {atoms[0]}"
            help = f"write {_HEADER}, or install a newer promptdsl"
            desk.error("I111", atoms[0], message, write=version, help=help)


def _check_header(desk: Desk, draft: _Draft) -> None:
    if draft.header is None and not draft.header_told:
        name, end = desk.source.name, desk.source.text.partition("\n")[0]
        desk.error(
            "I110", Span(name, 0, min(len(end), 80)),
            "the first line must name the language version",
            write=f"{_HEADER}\n\n", help=f"write {_HEADER} as the first line", at=Span(name, 0, 0),
        )  # fmt: skip


def _use(desk: Desk, statement: Statement) -> Use | None:
    """`use "path" as NAME`; without `as` the file's name is the short name."""
    desk.no_block(statement)
    atoms = statement.atoms[1:]
    if is_broken(atoms):
        return None
    if not atoms or atoms[0].type != "STRING":
        _no_path(desk, statement, atoms)
        return None
    path, rest, span = desk.text(atoms[0]), atoms[1:], desk.span_of(statement)
    if not rest:
        stem = path.value.replace("\\", "/").rsplit("/", 1)[-1].removesuffix(".inspect")
        return Use(path, Word(snake_case(stem), path.span), span)
    if str(rest[0]).lower() == "as":
        alias = _alias(desk, statement, rest[1:2])
        desk.nothing_behind(statement, rest[2:])
    else:
        named = len(rest) <= 3 and is_word(rest[-1]) and rest[-1] != "as"
        desk.error(
            "I122", rest, "the short name of a used file comes behind the word as",
            write=f"as {rest[-1]}" if named else None,
            help=f"write use {atoms[0]} as {rest[-1] if named else 'NAME'}",
        )  # fmt: skip
        words = [token for token in rest if is_word(token) and str(token) != "as"]
        alias = _alias(desk, statement, words[:1]) if words else None
    return Use(path, alias, span) if alias else None


def _no_path(desk: Desk, statement: Statement, atoms: list[Token]) -> None:
    written = desk.written(atoms) if atoms else ""
    bare, _as, short = written.partition(" as ")
    bare = bare.strip("'` ")
    made = f'"{bare}"' + (f" as {short.strip()}" if short else "")
    desk.error(
        "I125" if atoms else "I122", statement, "use needs the path of a file in quotes",
        write=made if bare else None, at=desk.place(atoms or statement),
        help=f"write use {made}" if bare else f"for example {FORMS['use']}",
    )  # fmt: skip


def _alias(desk: Desk, statement: Statement, atoms: list[Token]) -> Word | None:
    if not atoms:
        desk.lacks(statement, "as needs a short name behind it", "use")
        return None
    span, written = desk.span(*atoms), str(atoms[0]).strip('"')
    if is_word(atoms[0]) and NAME.fullmatch(written) and written not in KEYWORDS:
        return Word(written, span)
    made = snake_case(written) if snake_case(written) not in KEYWORDS else "words_1"
    quoted = "a short name is written without quotes"
    message = quoted if made == written else f"{written} cannot be a short name"
    desk.error("I124", span, message, write=made, help=f"write as {made}")
    return Word(made, span)


def _list(desk: Desk, statement: Statement) -> NamedList | None:
    """`words NAME { ... }` or `templates NAME { ... }`."""
    kind: ListKind = "words" if statement.first == "words" else "templates"
    atoms = statement.atoms[1:]
    if is_broken(atoms):
        return None
    lines, broken = build_lines(desk, statement.block)
    desk.nothing_behind(statement, atoms[1:])
    if not atoms:
        help = f'write {kind} NAME {{ "..." }}, and include NAME inside an object'
        desk.malformed(statement, f"{kind} outside of an object needs a name", help)
        return None
    if statement.block is None:
        desk.lacks(statement, f"{kind} needs a block in braces", kind)
        return None
    name = _list_name(desk, kind, atoms[0])
    return NamedList(kind, name, lines, desk.span_of(statement), broken)


def _list_name(desk: Desk, kind: ListKind, token: Token) -> Word:
    name = desk.word(token)
    if is_word(token) and NAME.fullmatch(name.value) and name.value != "base":
        return name
    made, message = snake_case(name.value.strip('"')), NO_NAME
    if name.value == f'"{made}"' and made != "base":
        message = "a name is written without quotes"
    if made == "base":
        made = f"base_{kind}"
    if name.value == "base":
        message = "base means the lines of a parent object and cannot be a name"
    desk.error("I124", name.span, message, write=made, help=f"write {kind} {made}")
    return Word(made, name.span)


def _stray(desk: Desk, statement: Statement, draft: _Draft) -> None:
    """What cannot stand at the top of a file."""
    if statement.is_broken:
        draft.broken_uses = draft.broken_lists = True
        return
    if any(str(token) in ("use", "as") for token in statement.atoms):
        draft.broken_uses = True
    word = statement.first
    if statement.kind == "phrase":
        message = "a text stands alone at the top of the file"
        help = f"put it into a list: {FORMS['words']}"
    elif word in KEYWORDS or word in IN_OBJECT:
        message = f"{word} stands outside of any object"
        help = "put it between the braces of object NAME { ... }"
    else:
        draft.broken_lists = draft.broken_lists or statement.block is not None
        near = unknown(desk, statement, "a file", TOP_LEVEL)
        draft.broken_uses = draft.broken_uses or near == "use"
        return
    desk.error("I121", statement, message, label="not here", help=help)
