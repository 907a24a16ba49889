"""From statements to regions and ignored places: their names, shapes and exceptions."""

from promptdsl.language.ast import PlaceBlock, Reference, Shape, Word
from promptdsl.language.builders.fields import group_fields
from promptdsl.language.builders.names import base_only, name_of
from promptdsl.language.builders.shapes import build_shape
from promptdsl.language.desk import Desk
from promptdsl.language.recovery.misfits import misplaced
from promptdsl.language.statements import Statement, each, is_broken, quote, shown
from promptdsl.language.vocabulary import FORMS, KEYWORDS


def build_region(desk: Desk, statement: Statement) -> PlaceBlock | None:
    """`region NAME { shapes }`."""
    atoms = statement.atoms[1:]
    name = name_of(desk, statement, "region", atoms)
    if not desk.needs_block(statement, "region") or name is None:
        return None
    shapes, without, base, broken = _shapes(desk, statement, f"region {name.value}")
    return PlaceBlock(
        "region", name, shapes, without, desk.span_of(statement), desk.place(statement), base,
        broken,
    )  # fmt: skip


def build_ignore(desk: Desk, statement: Statement) -> PlaceBlock | None:
    """`ignore "why" { shapes }`."""
    atoms = statement.atoms[1:]
    if is_broken(atoms):
        return None
    why = None
    if atoms and atoms[0].type == "STRING":
        text = desk.text(atoms[0])
        why = Word(text.value, text.span)
        desk.nothing_behind(statement, atoms[1:])
        if not text.value.strip():
            help = f"for example {FORMS['ignore']}"
            desk.error("I203", text.span, "this text does not say why", help=help)
            why = None
    else:
        bare = desk.written(atoms).strip() if atoms and atoms[0].type != "COLON" else ""
        made = quote(shown(bare.strip("'` "), 80)) if bare else ""
        desk.error(
            "I122", statement, "ignore says why in quotes",
            help=f"write ignore {made} {{ ... }}" if made else f"for example {FORMS['ignore']}",
            write=made or None, at=desk.place(atoms or statement),
        )  # fmt: skip
    if not desk.needs_block(statement, "ignore") or why is None:
        return None
    shapes, without, base, broken = _shapes(desk, statement, f"ignore {quote(why.value)}")
    return PlaceBlock(
        "ignore", why, shapes, without, desk.span_of(statement), desk.place(statement), base,
        broken,
    )  # fmt: skip


_Found = tuple[tuple[Shape, ...], tuple[Shape, ...], Reference | None, bool]


def _shapes(desk: Desk, statement: Statement, home: str) -> _Found:
    """The shapes of a block, those of its `except`, its base, and whether a line was lost."""
    block = statement.block
    broken = block is not None and block.forced
    excepts, bases, fields = [], [], []
    for line in each(block):
        if line.kind == "except" or _is_except(line):
            excepts.append(line)
        elif line.kind == "include":
            bases.append(base_only(desk, line))
        elif line.first in KEYWORDS and line.kind != "field":
            misplaced(desk, line, home)
            broken = True
        else:
            fields.append(line)
    shapes, lost = _of_lines(desk, fields, home)
    without: list[Shape] = []
    for line in excepts:
        if line is not excepts[0]:
            desk.twice("except", line, excepts[0])
        found, gone = _except(desk, line, home)
        without += found
        lost = lost or gone
    base = next((each for each in bases if each), None)
    return tuple(shapes), tuple(without), base, broken or lost or None in bases


def _is_except(line: Statement) -> bool:
    return line.kind == "loose" and line.first == "except"


def _of_lines(
    desk: Desk, lines: list[Statement], home: str, *, excepted: bool = False
) -> tuple[list[Shape], bool]:
    groups, broken = group_fields(desk, lines, home)
    found = [build_shape(desk, group, home, excepted=excepted) for group in groups]
    return [shape for shape in found if shape is not None], broken or None in found


def _except(desk: Desk, line: Statement, home: str) -> tuple[list[Shape], bool]:
    """The shapes that are taken out."""
    rest = line.atoms[1:]
    if rest and not is_broken(rest):
        desk.stray(rest, "except takes no name", write="", help="write except {")
    if not desk.needs_block(line, "except"):
        return [], True
    if line.block is not None and not line.block.statements:
        help = f"write for example {FORMS['except']}, or remove it"
        desk.error("I127", line, "except has no shapes", help=help)
        return [], True
    inner, broken = list(each(line.block)), False
    nested = [one for one in inner if one.kind in ("except", "include") or _is_except(one)]
    for one in nested:
        misplaced(desk, one, "except")
        broken = True
    found, lost = _of_lines(desk, [one for one in inner if one not in nested], home, excepted=True)
    return found, broken or lost
