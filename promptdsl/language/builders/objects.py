"""From statements to an object: its head, its lines, and mended slips in their first words."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial

from lark import Token

from promptdsl.diagnostics.nearest import nearest
from promptdsl.language.ast import ObjectDef, Part, Reference, Text, Word
from promptdsl.language.builders.claims import build_samples, build_test
from promptdsl.language.builders.fields import build_fields
from promptdsl.language.builders.names import name_of
from promptdsl.language.builders.parts import (
    build_method,
    build_phrases,
    build_remove,
    build_thresholds,
)
from promptdsl.language.builders.pictures import build_picture
from promptdsl.language.builders.places import build_ignore, build_region
from promptdsl.language.desk import Desk
from promptdsl.language.picture_words import SHAPES, home_of_line
from promptdsl.language.recovery.misfits import is_known_elsewhere, misplaced, unknown
from promptdsl.language.statements import Statement, each, is_broken, is_word
from promptdsl.language.vocabulary import BLOCK_NAMES, FORMS, IN_OBJECT, RESERVED, SYNONYMS
from promptdsl.methods import known_methods

UNNAMED = "unnamed"

_PARTS: dict[str, Callable[[Desk, Statement], Part | None]] = {
    "normal": partial(build_phrases, "normal"),
    "defect": partial(build_phrases, "defect"),
    "templates": partial(build_phrases, "templates"),
    "method": build_method,
    "thresholds": build_thresholds,
    "samples": build_samples,
    "test": build_test,
    "remove": build_remove,
    "picture": build_picture,
    "region": build_region,
    "ignore": build_ignore,
}
# Words with which other languages name a parent.
_EXTENDS = {"inherits", "from", "implements", "derives", "based_on"}
_SWAPPABLE = {"loose": ("defect", "method", "samples", "remove"), "phrase": ("test",)}
_NOT_IN_AN_OBJECT = {  # what stands there, and where it belongs
    "phrase": ("a phrase", "put it into normal { ... } or defect NAME { ... }"),
    "include": ("include", "put it into normal, defect NAME or templates { ... }"),
}


@dataclass(slots=True)
class _Draft:
    """An object while its lines are read."""

    called: Text | None = None
    parts: list[Part] = field(default_factory=list)
    broken: bool = False


def build_object(desk: Desk, statement: Statement) -> ObjectDef:
    """One object; its faulty lines are reported and left out."""
    head = statement.atoms[1:]
    cut = next((i for i, token in enumerate(head) if _is_extends(desk, head, i)), len(head))
    if cut == 0 and len(head) == 3:
        head, cut = _swapped_extends(desk, head), 1
    name = name_of(desk, statement, "object", head[:cut])
    parent = _parent(desk, statement, head[cut + 1 :]) if cut < len(head) else None
    draft = _Draft(broken=name is None or (cut < len(head) and parent is None))
    if statement.block is None:
        desk.lacks(statement, "this object has no block", "object")
        draft.broken = True
    lines = list(each(statement.block))
    desk = replace(
        desk,
        defects=_named(lines, "defect"),
        labels=_named(lines, "samples"),
        inherits=cut < len(statement.atoms[1:]),
    )
    for line in lines:
        if line.value_of is None or line.value_of.kind != "field":
            _object_line(desk, line, draft)
            continue
        draft.broken = True
        if line.value_of.first == "called":
            message = "called takes one text in quotes, and this is one more"
            desk.error("I404", line, message, help="remove it")
    desk.nothing_behind(statement)
    span, place = desk.span_of(statement), desk.place(statement)
    name = name or Word(UNNAMED, place)
    return ObjectDef(name, parent, draft.called, tuple(draft.parts), span, place, draft.broken)


def _named(lines: list[Statement], kind: str) -> frozenset[str]:
    """The names that the blocks of a kind have."""
    return frozenset(
        str(line.atoms[1]) for line in lines if line.kind == kind and len(line.atoms) > 1
    )


def _swapped_extends(desk: Desk, head: list[Token]) -> list[Token]:
    """`object extends PARENT NAME` or `object extends NAME PARENT`: the name comes first."""
    extends, parent, name = head
    written, message = f"{name} extends {parent}", "the name of the object comes before extends"
    desk.error("I108", head, message, write=written, help=f"write object {written}")
    return [name, extends, parent]


def _is_extends(desk: Desk, head: list[Token], at: int) -> bool:
    word = str(head[at])
    if word == "extends":
        return True
    said_so = word.lower() in _EXTENDS and 0 < at < len(head) - 1
    if at == 0 or not is_word(head[at]) or not (said_so or nearest(word, ("extends",))):
        return False
    desk.error("I120", head[at], f"{word} is not a word of this language", near="extends")
    return True


def _parent(desk: Desk, statement: Statement, atoms: list[Token]) -> Reference | None:
    kinds = ["WORD" if is_word(token) else token.type for token in atoms]
    if kinds in (["WORD", "DOT", "WORD"], ["WORD"]):
        alias = desk.word(atoms[0]) if len(atoms) > 1 else None
        return Reference(alias, desk.word(atoms[-1]), desk.span(*atoms))
    if not is_broken(atoms):
        message = "extends needs the name of one other object"
        desk.malformed(statement, message, "write object brass_nut extends metal_nut { ... }")
    return None


def _object_line(desk: Desk, statement: Statement, draft: _Draft) -> None:
    kind = _true_kind(desk, statement)
    if kind == "called":
        _called(desk, statement, draft)
        return
    part = _PARTS[kind](desk, statement) if kind is not None else None
    draft.broken = draft.broken or part is None
    draft.parts += [part] if part is not None else []


def _true_kind(desk: Desk, statement: Statement) -> str | None:
    """Which part of an object a line is, mended if its first word was misspelt or swapped."""
    kind, atoms = statement.kind, statement.atoms
    if kind in _PARTS:
        return kind
    if kind == "list" and statement.first == "templates":
        return "templates"
    if kind == "field" and statement.first == "called":
        return "called"
    if statement.first in BLOCK_NAMES and statement.first in _PARTS:
        if kind == "field" and statement.block is not None:
            desk.stray(atoms[1], f"{statement.first} takes no colon", write="")
            del atoms[1]
            kind = "loose"
        if kind == "loose":
            return statement.first
    if kind != "list" and statement.is_broken:
        return None
    if len(atoms) >= 2 and str(atoms[1]) in _SWAPPABLE.get(kind, ()):
        desk.swapped(atoms[:2], *atoms[:2])
        atoms[0], atoms[1] = atoms[1], atoms[0]
        return statement.first
    if kind in _NOT_IN_AN_OBJECT:
        what, help = _NOT_IN_AN_OBJECT[kind]
        message = f"{what} cannot stand directly in an object"
        desk.error("I121", statement, message, label="not here", help=help)
        return None
    if kind not in ("loose", "field"):
        misplaced(desk, statement, "an object")
        return None
    return _unknown_part(desk, statement)


def _unknown_part(desk: Desk, statement: Statement) -> str | None:
    word, is_field = statement.first, statement.kind == "field"
    if word == "called" and len(statement.atoms) > 1:
        return "called"
    if word == "called":
        desk.lacks(statement, "called needs a colon", "called")
        return None
    if is_field and any(method.field(word) is not None for method in known_methods().values()):
        message, help = f"{word} is a setting of the method", "put it inside method winclip { ... }"
        desk.error("I121", statement, message, label="not here", help=help)
        return None
    if is_field and (home := home_of_line(word)) is not None:
        message, help = f"{word} is a line of {home}", f"put it into {home} {{ ... }} in the object"
        help = "put it into region NAME { ... }" if home == "a region" else help
        desk.error("I121", statement, message, label="not here", help=help)
        return None
    if is_field and word in ("images", "masks", "on"):
        home = "test" if word == "on" else "samples"
        message, help = f"{word} belongs in a {home} block", f"for example {FORMS[home]}"
        desk.error("I121", statement, message, label="not here", help=help)
        return None
    if _several_in_one(desk, statement):
        return None
    lost = _lost_word(statement)
    if lost is not None and (lost == "samples" or word not in SYNONYMS):
        add_word(desk, statement, lost)
        return lost
    near = unknown(desk, statement, "an object", IN_OBJECT)
    if near == "called":
        return "called" if is_field else None
    return near if statement.block is not None or near == "remove" else None


def add_word(desk: Desk, statement: Statement, lost: str) -> None:
    """Report the word of the language that was left out before a name, and put it there."""
    name = statement.atoms[0]
    span = desk.span(name)
    desk.error(
        "I122", span, f"the word {lost} is missing before {name}",
        write=f"{lost} ", help=f"write {lost} {name}", at=span._replace(end=span.start),
    )  # fmt: skip
    statement.atoms.insert(0, Token.new_borrow_pos(lost.upper(), lost, name))


def _several_in_one(desk: Desk, statement: Statement) -> bool:
    """Whether one block was to hold all defects, `defects { bent { ... } rust { ... } }`."""
    atoms, lines = statement.atoms, list(each(statement.block))
    if len(atoms) != 1 or nearest(str(atoms[0]), IN_OBJECT) != "defect":
        return False
    named = [line for line in lines if line.block is not None and line.atoms]
    names = [str(line.atoms[0]) for line in named if is_word(line.atoms[0])]
    if not names or len(names) < len(lines):
        return False
    desk.error(
        "I120", atoms[0], "each defect has a block of its own in the object",
        help=f"remove the outer braces, and write defect {names[0]} {{ ... }}",
    )  # fmt: skip
    return True


def _lost_word(statement: Statement) -> str | None:
    """Which word was left out before a name and its block: `scratch { "scratched {object}" }`."""
    atoms, lines = statement.atoms, list(each(statement.block))
    word = str(atoms[0]) if len(atoms) == 1 and is_word(atoms[0]) else ""
    if statement.kind != "loose" or not word or not lines or word in RESERVED:
        return None
    if nearest(word, IN_OBJECT) is not None:
        return None
    if word in known_methods():
        return "method"
    if all(line.kind in ("phrase", "include") for line in lines):
        return "defect"
    fields = {str(line.atoms[0]) for line in lines if line.kind == "field"}
    if fields and fields <= set(SHAPES) and not is_known_elsewhere(word):
        return "region"
    return "samples" if fields and fields <= {"images", "masks"} else None


def _called(desk: Desk, statement: Statement, draft: _Draft) -> None:
    desk.no_block(statement)
    fields, broken = build_fields(desk, [statement], "an object")
    draft.broken = draft.broken or broken
    for line in fields:
        draft.broken = draft.broken or line.broken
        texts = [Text(str(v.value), v.span) for v in line.values if v.kind == "text"]
        if len(texts) != 1 or len(line.values) != 1:
            if not line.broken:
                help = f"for example {FORMS['called']}"
                desk.error("I404", line.span, "called takes one text in quotes", help=help)
        elif draft.called is not None:
            desk.twice("called", line.span, draft.called.span)
        elif not texts[0].value.strip():
            help = f"for example {FORMS['called']}"
            desk.error("I203", texts[0].span, "called is empty", help=help)
        else:
            draft.called = texts[0]
