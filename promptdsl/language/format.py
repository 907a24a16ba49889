"""The formatter: a spec in its canonical layout, or the reasons why it has none.

What comes out is checked before anybody writes it: the same words in the same blocks, the same
comments in the same places, and no change on a second pass.
"""

from dataclasses import dataclass

from lark import Token

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.builders.tree import build_ast
from promptdsl.language.layout import lay_out, written
from promptdsl.language.parser import parse
from promptdsl.language.recovery.foreign_signs import with_plain_signs
from promptdsl.language.statements import Statement, comments_of
from promptdsl.language.tokens import begin
from promptdsl.source import SourceFile


class FormatFault(Exception):
    """The formatter would have changed more than the layout; its text must not be used."""


@dataclass(frozen=True, slots=True)
class Formatted:
    """The canonical text; None when the file has mistakes of form, which the report holds."""

    text: str | None
    report: Report


Shape = tuple[object, ...]


def format_source(source: SourceFile) -> Formatted:
    """Lay a spec out; raises FormatFault rather than give a text that means something else."""
    report = Report()
    statements = parse(with_plain_signs(source, report), report)
    if report.errors:
        return Formatted(None, report)
    text = _lay_out(source.text, statements)
    if text == source.text:
        return Formatted(text, report)
    found = Report()
    after = parse(SourceFile(source.name, text), found)
    if found.errors:
        return _mistaken(source)
    _compare(source.text, statements, text, after)
    return Formatted(text, report)


def _lay_out(text: str, statements: list[Statement]) -> str:
    return lay_out(text, statements, comments_of(text))


def _mistaken(source: SourceFile) -> Formatted:
    """A misplaced word may look misplaced only once it begins a line; its own report says so."""
    report = Report()
    build_ast(source, report)
    if not report.errors:
        raise FormatFault("the formatted text would have mistakes that this one does not have")
    return Formatted(None, report)


def _compare(text: str, before: list[Statement], new: str, after: list[Statement]) -> None:
    """Hold the formatted text against the original."""
    if _shapes(before, text) != _shapes(after, new):
        raise FormatFault("the formatted text would not have the same words")
    if _stream(before, text) != _stream(after, new):
        raise FormatFault("a comment would have been lost or moved")
    if _lay_out(new, after) != new:
        raise FormatFault("formatting twice would not give the same text")


def _shapes(statements: list[Statement], text: str) -> list[Shape]:
    """Words, blocks and values, without their places."""
    return [
        (
            one.value_of is not None,
            *(
                written(part, text) if isinstance(part, Token) else _shapes(part.statements, text)
                for part in one.parts
            ),
        )
        for one in statements
    ]


def _stream(statements: list[Statement], text: str) -> list[str]:
    """Words, closing braces and comments in order: a comment may only move behind a `{`."""
    pieces = [(comment.start, comment.text) for comment in comments_of(text)]
    todo = list(statements)
    while todo:
        for part in todo.pop().parts:
            if isinstance(part, Token):
                pieces.append((begin(part), written(part, text)))
            else:
                todo += part.statements
                pieces.append((begin(part.closer), "}"))
    return [piece for _, piece in sorted(pieces)]
