"""From statements to the lines inside blocks: phrases, includes, values, rules, expectations."""

from collections.abc import Iterable
from itertools import pairwise
from typing import Literal, cast

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix
from promptdsl.diagnostics.nearest import nearest
from promptdsl.source import Span
from promptdsl.syntax.ast import FieldLine, IncludeLine, Line, RuleLine, Text, Value, Word
from promptdsl.syntax.statements import Block, Desk, Statement, each, is_word, quote, shown
from promptdsl.syntax.vocabulary import FORMS, IN_OBJECT, KEYWORDS, RESERVED, SYNONYMS, TOP_LEVEL


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


_BULLETS = set("-+*\u00b7\u2013\u2014\u2022\u2023\u25aa\u25cf\u25e6")


def _bullet(atoms: list[Token]) -> int:
    """How many tokens in front are a bullet (`-`, `•`) or a number (`1.`, `1)`) of a list."""
    kinds = [token.type for token in atoms[:2]]
    if kinds[:1] == ["UNKNOWN"] and len(atoms) > 1 and set(atoms[0]) <= _BULLETS:
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


def build_include(desk: Desk, statement: Statement, atoms: list[Token]) -> IncludeLine | None:
    """`include NAME` or `include ALIAS.NAME`; None after a report."""
    desk.no_block(statement)
    kinds = ["WORD" if is_word(token) else token.type for token in atoms]
    span = desk.span_of(statement)
    if kinds[:3] == ["WORD", "DOT", "WORD"]:
        desk.nothing_behind(statement, atoms[3:])
        return IncludeLine(desk.word(atoms[0]), desk.word(atoms[2]), span)
    if kinds[:1] == ["WORD"] and kinds[1:2] != ["DOT"]:
        desk.nothing_behind(statement, atoms[1:])
        return IncludeLine(None, desk.word(atoms[0]), span)
    if "BROKEN" not in kinds:
        help = f"write {FORMS['include']}"
        if kinds[:1] == ["STRING"]:
            help = f"names are written without quotes; {help}"
        malformed(desk, statement, "include needs the name of a list", help)
    return None


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


_SINGLE_QUOTES = " ,'`\u00b4\u2018\u2019\u201a\u2039\u203a"


def _loose_in_phrases(desk: Desk, statement: Statement) -> None:
    """Bare words among phrases: a lost `include`, or a phrase without its quotes."""
    atoms, span = statement.atoms, desk.span_of(statement)
    first = str(atoms[0])
    near = nearest(first, ("include",))
    dotted = len(atoms) == 3 and atoms[1].type == "DOT" and is_word(atoms[0]) and is_word(atoms[2])
    if near and len(atoms) > 1:
        desk.report.error(
            "I120",
            desk.span(atoms[0]),
            f"{first} is not a word of this language",
            help="did you mean include?",
            fix=Fix(desk.span(atoms[0]), "include"),
        )
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
        written = text.strip(_SINGLE_QUOTES)
        desk.report.error(
            "I125",
            span,
            f"{shown(text)} is not in {'quotes' if text == written else 'double quotes'}",
            label="phrases are written in double quotes",
            help=f"write {quote(shown(written, 200))}",
            fix=Fix(span, quote(written)),
        )


def malformed(desk: Desk, statement: Statement, message: str, help: str) -> None:
    """A line whose words are right but whose form is not."""
    desk.report.error("I122", desk.head(statement), message, help=help)


# fields and their values


def build_fields(
    desk: Desk, statements: Iterable[Statement], home: str
) -> tuple[list[FieldLine], bool]:
    """The `name: value, ...` lines of a block; values go on behind a comma."""
    groups: list[list[Statement]] = []
    broken = False
    for statement in statements:
        if statement.kind == "field":
            groups.append([statement])
        elif _mended_colon(desk, statement):
            broken = True
            groups.append([statement])
        elif groups and statement.after_comma and statement.kind in ("loose", "phrase"):
            groups[-1].append(statement)
        else:
            broken = True
            _not_a_field(desk, statement, home)
    return [_field(desk, group) for group in groups], broken


def _field(desk: Desk, group: list[Statement]) -> FieldLine:
    first = group[0]
    name = desk.word(first.atoms[0])
    span = desk.span_of(first).to(desk.span_of(group[-1]))
    values: list[Value] = []
    broken = False
    for index, statement in enumerate(group):
        desk.no_block(statement)
        atoms = statement.atoms[2:] if index == 0 else statement.atoms
        found = _values(desk, name, atoms)
        broken = broken or found is None
        values += found or []
    if not values and not broken:
        desk.report.error(
            "I122",
            span,
            f"{name.value} has no value",
            label="a value is missing behind the colon",
            help=f"write the value behind {name.value}:, or remove the line",
        )
        broken = True
    return FieldLine(name, tuple(values), span, broken)


def _values(desk: Desk, name: Word, atoms: list[Token]) -> list[Value] | None:
    """Values between two commas: one, or several that lack commas; None when it is beyond us."""
    if any(token.type == "BROKEN" for token in atoms):
        return None
    if not atoms:
        return []
    if _is_bare_text(name, atoms):
        span = desk.span(*atoms)
        written = desk.written(span)
        bare = written.strip(_SINGLE_QUOTES)
        desk.report.error(
            "I125",
            span,
            f"{shown(written)} is not in {'quotes' if bare == written else 'double quotes'}",
            label="texts, names of models and paths are written in quotes",
            help=f"write {quote(shown(bare, 200))}",
            fix=Fix(span, quote(bare)),
        )
        return None
    if _other_unit(desk, atoms):
        return None
    values, at = [], 0
    while at < len(atoms):
        value, used = _value(desk, atoms, at)
        values.append(value)
        at += used
    if len(values) > 1:
        listed = ", ".join(desk.written(value.span) for value in values)
        span = desk.span(*atoms)
        desk.report.error(
            "I126",
            span,
            "values need commas between them",
            help=f"write {name.value}: {listed}",
            fix=Fix(span, listed),
        )
        return None
    return values


_UNITS = {"mm", "cm", "m", "in", "inch", "inches", "pt", "deg", "patch", "patches"}


def _other_unit(desk: Desk, atoms: list[Token]) -> bool:
    """Whether a number has a unit that the language does not know, which is reported."""
    if len(atoms) != 2 or atoms[0].type != "NUMBER" or str(atoms[1]).lower() not in _UNITS:
        return False
    desk.report.error(
        "I406", desk.span(*atoms), f"{atoms[1]} is not a unit of this language",
        help=f"pictures are measured in pixels ({atoms[0]} px), windows in patches (2x2)",
    )  # fmt: skip
    return True


_TEXT_FIELDS = {"called", "model", "weights", "references", "images", "masks"}
_NEVER_VALUES = {"UNKNOWN", "DOT", "COLON", "COMPARISON", "PLACEHOLDER"}


def _is_bare_text(name: Word, atoms: list[Token]) -> bool:
    """Whether the author left out the quotes of a text."""
    if any(token.type in _NEVER_VALUES for token in atoms):
        return True
    if len(atoms) == 1 and atoms[0] == "none":
        return False  # the field's own message says what to do
    return name.value in _TEXT_FIELDS and any(is_word(token) for token in atoms)


def _value(desk: Desk, atoms: list[Token], at: int) -> tuple[Value, int]:
    token = atoms[at]
    span, written = desk.span(token), str(token)
    if token.type == "STRING":
        return Value("text", desk.text(token).value, span), 1
    if token.type == "NUMBER":
        follower = atoms[at + 1] if at + 1 < len(atoms) else None
        if follower is not None and str(follower).lower() in ("px", "pixel", "pixels"):
            return Value("pixels", number(written), desk.span(token, follower)), 2
        return Value("number", number(written), span), 1
    if token.type == "PERCENT":
        return Value("percent", share(written), span), 1
    if token.type == "SIZE":
        return Value("size", written.lower().replace("×", "x").replace(" ", ""), span), 1
    return Value("word", written, span), 1


def number(written: str) -> int | float:
    """A number as its author wrote it: whole unless it has a point."""
    return float(written) if "." in written or len(written) > 18 else int(written)


def share(percent: str) -> float:
    """`0.5%` as a share of 1, rounded so that 95% is exactly 0.95."""
    return round(float(percent.rstrip("% \t")) / 100.0, 12)


def _mended_colon(desk: Desk, statement: Statement) -> bool:
    """Whether only the colon lacks in `stride 1` or `stride = 1`; it is reported and added."""
    atoms = statement.atoms
    if statement.kind != "loose" or len(atoms) < 2 or statement.after_comma:
        return False
    if not is_word(atoms[0]) or any(token.type == "BROKEN" for token in atoms):
        return False
    equals = atoms[1] == "=" and len(atoms) > 2
    name, value = desk.span(atoms[0]), atoms[2 if equals else 1]
    rest = desk.written(desk.span(value).to(desk.span(atoms[-1])))
    desk.report.error(
        "I122",
        desk.head(statement),
        f"{atoms[0]} needs a colon before its value",
        label="a colon is missing",
        help=f"write {atoms[0]}: {shown(rest)}",
        fix=Fix(Span(name.file, name.end, desk.span(atoms[1]).end if equals else name.end), ":"),
    )
    atoms[1 : 2 if equals else 1] = [Token.new_borrow_pos("COLON", ":", atoms[1])]
    return True


def _not_a_field(desk: Desk, statement: Statement, home: str) -> None:
    atoms = statement.atoms
    if any(token.type == "BROKEN" for token in atoms):
        return
    span = desk.head(statement)
    if statement.kind == "phrase":
        desk.report.error(
            "I121",
            span,
            f"a text stands alone in {home}, where lines have the form name: value",
            help="put the name of the field and a colon before it",
        )
        return
    word = str(atoms[0]) if atoms else "{"
    if word in KEYWORDS:
        misplaced(desk, statement, home)
    else:
        desk.report.error(
            "I120",
            span,
            f"{shown(desk.written(span))} says nothing in {home}",
            help="lines here have the form name: value",
        )


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
            "write what the block is: " + ", ".join(names),
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
    near = nearest(word, names) if is_word(first) else None
    if near is None and SYNONYMS.get(word.lower()) in names:
        near = SYNONYMS[word.lower()]
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


# thresholds


def build_rule(desk: Desk, statement: Statement) -> RuleLine | None:
    """`reject when score >= 0.62` or an area rule; None after a report."""
    desk.no_block(statement)
    verdict, rest = statement.atoms[0], statement.atoms[1:]
    if any(token.type == "BROKEN" for token in rest):
        return None
    rest = _mended_when(desk, verdict, rest)
    words = [str(token).lower() for token in rest]
    if words[:1] == ["when"] and words[1:2] == ["score"]:
        return _finish_rule(desk, statement, verdict, None, rest[2:])
    if words[:1] == ["when"] and words[1:3] == ["area", "above"]:
        above = rest[3] if len(rest) > 3 else None
        if above is not None and above.type in ("NUMBER", "PERCENT"):
            return _finish_rule(desk, statement, verdict, above, rest[4:])
    message, help = "this is not a threshold line", f"write {FORMS['rule']}"
    if words[:2] == ["when", "area"]:
        message = "a rule on the area needs a local score: area above 0.70"
        help = f"write {verdict} when area above 0.70 >= 0.5%"
    elif words[:1] == ["when"] and len(rest) > 1:
        near = nearest(words[1], ("score", "area"))
        if near and near != words[1]:
            message = f"{rest[1]} is not something that a rule can look at"
            help = f"did you mean {near}?"
    desk.report.error("I501", desk.head(statement), message, help=help)
    return None


def _mended_when(desk: Desk, verdict: Token, rest: list[Token]) -> list[Token]:
    """The words behind the verdict with `when` in its place; a slip is reported once."""
    words = [str(token).lower() for token in rest[:2]]
    if len(words) == 2 and words[0] in ("score", "area") and words[1] == "when":
        span, swapped = desk.span(*rest[:2]), f"when {rest[0]}"
        desk.report.error(
            "I108", span, f"{rest[0]} and when stand in the wrong order",
            help=f"write {swapped}", fix=Fix(span, swapped),
        )  # fmt: skip
        return [rest[1], rest[0], *rest[2:]]
    if words[:1] in (["score"], ["area"]):
        span = desk.span(verdict)
        desk.report.error(
            "I501", span, f"when is missing behind {verdict}", help=f"write {verdict} when",
            fix=Fix(Span(span.file, span.end, span.end), " when"),
        )  # fmt: skip
        return [Token.new_borrow_pos("NAME", "when", verdict), *rest]
    if len(words) == 2 and words[1] in ("score", "area") and words[0] != "when":
        span = desk.span(rest[0])
        desk.report.error(
            "I501", span, f"a threshold line says when, not {rest[0]}", help="write when",
            fix=Fix(span, "when"),
        )  # fmt: skip
        return [Token.new_borrow_pos("NAME", "when", rest[0]), *rest[1:]]
    return rest


def _finish_rule(
    desk: Desk, statement: Statement, verdict: Token, above: Token | None, rest: list[Token]
) -> RuleLine | None:
    measure: Literal["score", "area"] = "score" if above is None else "area"
    if not rest or rest[0].type != "COMPARISON" or len(rest) < 2:
        desk.report.error(
            "I501",
            desk.head(statement),
            f"the condition on the {measure} is not complete: {_lacking(rest)} missing",
            help=f"write {FORMS['rule']}",
        )
        return None
    compares = _check_comparison(desk, measure, rest[0])
    bound, at = _bound(desk, measure, rest[1])
    desk.nothing_behind(statement, rest[2:])
    level = _level(desk, above) if above is not None else None
    if bound == "broken" or level == "broken" or not compares:
        return None
    span = desk.span(*statement.atoms)
    text = " ".join(desk.written(span).split())
    return RuleLine(
        cast(Literal["reject", "review"], str(verdict)),
        measure,
        cast("float | None", level),
        cast("float | None", bound),
        text,
        span,
        at,
    )


def _lacking(rest: list[Token]) -> str:
    if len(rest) != 1:
        return ">= and a limit are"
    return "the limit is" if rest[0].type == "COMPARISON" else ">= is"


def _check_comparison(desk: Desk, measure: str, token: Token) -> bool:
    """Whether a wrong comparison can only have meant `>=`."""
    written = str(token)
    if written in (">=", "≥"):
        return True
    if written in ("<", "<=", "=<", "≤"):
        message = f"a higher {measure} means more anomalous, so a rule cannot use {written}"
    else:
        message = f"a rule compares with >=, and this is {written}"
    desk.report.error(
        "I505", desk.span(token), message, label="needs >=", help="write >=",
        fix=Fix(desk.span(token), ">="),
    )  # fmt: skip
    return "<" not in written and written != "≤"


def _bound(desk: Desk, measure: str, token: Token) -> tuple[float | str | None, Span]:
    span, written = desk.span(token), str(token)
    if written == "auto":
        return None, span
    if measure == "score" and token.type == "NUMBER":
        value = float(written)
        if 0.0 <= value <= 1.0:
            return value, span
        desk.report.error(
            "I503", span, f"a score lies between 0 and 1, and {written} does not",
            help=f"write {value / 100:g}" if 2 <= value <= 100 else "write a number from 0 to 1",
            fix=Fix(span, f"{value / 100:g}") if 2 <= value <= 100 else None,
        )  # fmt: skip
        return "broken", span
    if measure == "area" and token.type == "PERCENT":
        value = share(written)
        if 0.0 < value <= 1.0:
            return value, span
        desk.report.error(
            "I503", span, f"a share of the picture is more than 0% and at most 100%, not {written}",
            help="write for example 0.5%",
        )  # fmt: skip
        return "broken", span
    if measure == "score" and token.type == "PERCENT":
        value = share(written)
        desk.report.error(
            "I406", span, "a score is a plain number from 0 to 1, not a percentage",
            help=f"write {value:g}", fix=Fix(span, f"{value:g}"),
        )  # fmt: skip
    elif measure == "area" and token.type == "NUMBER":
        percent = written if float(written) >= 0.05 else f"{float(written) * 100:g}"
        desk.report.error(
            "I406", span, "the share of the picture is a percentage, and the % is missing",
            help=f"write {percent}%", fix=Fix(span, f"{percent}%"),
        )  # fmt: skip
    else:
        desk.report.error(
            "I501", span, f"{shown(written)} is not a limit",
            help=f"write a number or auto; {FORMS['rule']}",
        )  # fmt: skip
    return "broken", span


def _level(desk: Desk, token: Token) -> float | str:
    span, written = desk.span(token), str(token)
    value = share(written) if token.type == "PERCENT" else float(written)
    if token.type == "NUMBER" and 0.0 <= value <= 1.0:
        return value
    desk.report.error(
        "I503" if token.type == "NUMBER" else "I406",
        span,
        f"the local score behind above is a number from 0 to 1, and {written} is not",
        help=f"write {value / 100 if value > 1 else value:g}",
    )
    return "broken"
