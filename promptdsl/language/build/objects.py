"""From statements to an object: its head, its lines, and mended slips in their first words."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.methods import known_methods
from promptdsl.source import Span
from promptdsl.language.ast import ObjectDef, Parent, Part, Text, Word
from promptdsl.language.build.claims import build_samples, build_test
from promptdsl.language.build.fields import build_fields
from promptdsl.language.build.parts import (
    build_defect,
    build_method,
    build_normal,
    build_remove,
    build_templates,
    build_thresholds,
    name_of,
    twice,
)
from promptdsl.language.recovery.misfits import malformed, misplaced, unknown
from promptdsl.language.statements import Desk, Statement, each, is_word
from promptdsl.language.vocabulary import FORMS, IN_OBJECT, RESERVED, SYNONYMS

UNNAMED = "unnamed"

_PARTS: dict[str, Callable[[Desk, Statement], Part | None]] = {
    "normal": build_normal,
    "defect": build_defect,
    "templates": build_templates,
    "method": build_method,
    "thresholds": build_thresholds,
    "samples": build_samples,
    "test": build_test,
    "remove": build_remove,
}


# Words with which other languages name a parent.
_EXTENDS = {"inherits", "from", "implements", "derives", "based_on"}
_SWAPPABLE = {"loose": ("defect", "method", "samples", "remove"), "phrase": ("test",)}


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
        malformed(desk, statement, "this object has no block", f"for example {FORMS['object']}")
        draft.broken = True
    lines = list(each(statement.block))
    desk = replace(desk, defects=_named(lines, "defect"), labels=_named(lines, "samples"))
    for index, line in enumerate(lines):
        if index and line.after_comma and lines[index - 1].kind == "field":
            lines[index] = _further_value(desk, lines[index - 1], line, draft)
        else:
            _object_line(desk, line, draft)
    desk.nothing_behind(statement, [])
    span = desk.span_of(statement)
    name = name or Word(UNNAMED, desk.head(statement))
    return ObjectDef(
        name, parent, draft.called, tuple(draft.parts), span, desk.head(statement), draft.broken
    )


def _named(lines: list[Statement], kind: str) -> frozenset[str]:
    """The names that the blocks of a kind have."""
    return frozenset(
        str(line.atoms[1]) for line in lines if line.kind == kind and len(line.atoms) > 1
    )


def _swapped_extends(desk: Desk, head: list[Token]) -> list[Token]:
    """`object extends PARENT NAME` or `object extends NAME PARENT`: the name comes first."""
    extends, parent, name = head
    span, written = desk.span(*head), f"{name} extends {parent}"
    desk.report.error(
        "I108", span, "the name of the object comes before extends",
        help=f"write object {written}", fix=Fix(span, written),
    )  # fmt: skip
    return [name, extends, parent]


def _is_extends(desk: Desk, head: list[Token], at: int) -> bool:
    word = str(head[at])
    if word == "extends":
        return True
    between = 0 < at < len(head) - 1
    said_so = word.lower() in _EXTENDS and between
    if at == 0 or not is_word(head[at]) or not (said_so or nearest(word, ("extends",))):
        return False
    desk.report.error(
        "I120", desk.span(head[at]), f"{word} is not a word of this language",
        help="did you mean extends?", fix=Fix(desk.span(head[at]), "extends"),
    )  # fmt: skip
    return True


def _parent(desk: Desk, statement: Statement, atoms: list[Token]) -> Parent | None:
    kinds = ["WORD" if is_word(token) else token.type for token in atoms]
    if kinds == ["WORD", "DOT", "WORD"]:
        return Parent(desk.word(atoms[0]), desk.word(atoms[2]), desk.span(*atoms))
    if kinds == ["WORD"]:
        return Parent(None, desk.word(atoms[0]), desk.span(*atoms))
    if "BROKEN" not in kinds:
        malformed(
            desk, statement, "extends needs the name of one other object",
            "write object brass_nut extends metal_nut { ... }",
        )  # fmt: skip
    return None


def _further_value(desk: Desk, field: Statement, statement: Statement, draft: _Draft) -> Statement:
    """What stands behind a comma after a field's value; the field, if it belongs to that."""
    if statement.kind not in ("loose", "phrase"):
        _object_line(desk, statement, draft)
        return statement
    draft.broken = True
    if str(field.atoms[0]) == "called":
        span = desk.head(statement)
        desk.report.error(
            "I404", span, "called takes one text in quotes, and this is one more",
            help="remove it",
        )  # fmt: skip
    return field


def _object_line(desk: Desk, statement: Statement, draft: _Draft) -> None:
    kind = _true_kind(desk, statement, draft)
    if kind is None:
        draft.broken = True
        return
    if kind == "called":
        _called(desk, statement, draft)
        return
    part = _PARTS[kind](desk, statement)
    if part is None:
        draft.broken = True
    else:
        draft.parts.append(part)


def _true_kind(desk: Desk, statement: Statement, draft: _Draft) -> str | None:
    """Which part of an object a line is, mended if its first word was misspelt or swapped."""
    if statement.kind in _PARTS:
        return statement.kind
    if statement.kind == "list":
        if str(statement.atoms[0]) == "templates":
            return "templates"
        misplaced(desk, statement, "an object")
        return None
    atoms = statement.atoms
    if statement.kind == "field" and str(atoms[0]) == "called":
        return "called"
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if len(atoms) >= 2 and str(atoms[1]) in _SWAPPABLE.get(statement.kind, ()):
        return _swapped(desk, statement)
    if statement.kind == "phrase":
        desk.report.error(
            "I121", desk.head(statement), "a phrase cannot stand directly in an object",
            label="not here", help="put it into normal { ... } or defect NAME { ... }",
        )  # fmt: skip
        return None
    if statement.kind == "include":
        desk.report.error(
            "I121", desk.head(statement), "include cannot stand directly in an object",
            label="not here", help="put it into normal, defect NAME or templates { ... }",
        )  # fmt: skip
        return None
    if statement.kind not in ("loose", "field"):
        misplaced(desk, statement, "an object")
        return None
    return _unknown_part(desk, statement)


def _swapped(desk: Desk, statement: Statement) -> str:
    first, second = statement.atoms[:2]
    span = desk.span(first, second)
    desk.report.error(
        "I108", span, f"{first} and {second} stand in the wrong order",
        help=f"write {second} {first}", fix=Fix(span, f"{second} {first}"),
    )  # fmt: skip
    statement.atoms[0], statement.atoms[1] = second, first
    return str(second)


def _unknown_part(desk: Desk, statement: Statement) -> str | None:
    word = str(statement.atoms[0]) if statement.atoms else ""
    if word == "called" and len(statement.atoms) > 1:
        return "called"
    if word == "called":
        malformed(desk, statement, "called needs a colon", f"for example {FORMS['called']}")
        return None
    for method in known_methods().values():
        if method.field(word) is not None and statement.kind == "field":
            desk.report.error(
                "I121", desk.head(statement), f"{word} is a setting of the method",
                label="not here", help="put it inside method winclip { ... }",
            )  # fmt: skip
            return None
    if word in ("images", "masks", "on") and statement.kind == "field":
        home = "test" if word == "on" else "samples"
        desk.report.error(
            "I121", desk.head(statement), f"{word} belongs in a {home} block",
            label="not here", help=f"for example {FORMS[home]}",
        )  # fmt: skip
        return None
    if _several_in_one(desk, statement):
        return None
    lost = _lost_word(statement)
    if lost is not None and (lost == "samples" or word not in SYNONYMS):
        span = desk.span(statement.atoms[0])
        desk.report.error(
            "I122", span, f"the word {lost} is missing before {word}",
            help=f"write {lost} {word}",
            fix=Fix(Span(span.file, span.start, span.start), f"{lost} "),
        )  # fmt: skip
        statement.atoms.insert(0, Token.new_borrow_pos(lost.upper(), lost, statement.atoms[0]))
        return lost
    near = unknown(desk, statement, "an object", IN_OBJECT)
    if near == "called":
        return "called" if statement.kind == "field" else None
    if near is not None and (statement.block is not None or near == "remove"):
        return near
    return None


def _several_in_one(desk: Desk, statement: Statement) -> bool:
    """Whether one block was to hold all defects, `defects { bent { ... } rust { ... } }`."""
    atoms, lines = statement.atoms, list(each(statement.block))
    if len(atoms) != 1 or nearest(str(atoms[0]), IN_OBJECT) != "defect":
        return False
    named = [line for line in lines if line.block is not None and line.atoms]
    names = [str(line.atoms[0]) for line in named if is_word(line.atoms[0])]
    if not names or len(names) < len(lines):
        return False
    desk.report.error(
        "I120", desk.span(atoms[0]), "each defect has a block of its own in the object",
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
    return "samples" if fields and fields <= {"images", "masks"} else None


def _called(desk: Desk, statement: Statement, draft: _Draft) -> None:
    desk.no_block(statement)
    fields, broken = build_fields(desk, [statement], "an object")
    draft.broken = draft.broken or broken
    for line in fields:
        draft.broken = draft.broken or line.broken
        texts = [value for value in line.values if value.kind == "text"]
        if len(texts) != 1 or len(line.values) != 1:
            if not line.broken:
                desk.report.error(
                    "I404", line.span, "called takes one text in quotes",
                    help=f"for example {FORMS['called']}",
                )  # fmt: skip
            continue
        text = Text(str(texts[0].value), texts[0].span)
        if draft.called is not None:
            twice(desk, "called", line.span, draft.called.span)
        elif not text.value.strip():
            desk.report.error(
                "I203", text.span, "called is empty", help=f"for example {FORMS['called']}"
            )
        else:
            draft.called = text
