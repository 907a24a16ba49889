"""Whatever the layout of a spec, formatting keeps its words and comments and is stable."""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from lark import Token

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.format import format_source
from promptdsl.language.parser import parse
from promptdsl.language.statements import Statement, comments_of
from promptdsl.source import SourceFile

from .layouts import specs


def tokens_of(statements: list[Statement]) -> Iterator[Token]:
    """All words and braces of some statements, in their order."""
    for statement in statements:
        for part in statement.parts:
            if isinstance(part, Token):
                yield part
            else:
                yield from (part.opener, *tokens_of(part.statements), part.closer)


def words_of(text: str) -> list[str]:
    """All tokens but separators, in a spelling that ignores spaces and case of sizes."""
    tokens = tokens_of(parse(SourceFile("x", text), Report()))
    return ["".join(token.split()).lower().replace("×", "x").replace("≥", ">=") for token in tokens]


@given(specs())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@example('inspect 1\nobject a # c\n# d\n{ "a" }\n')
@example("scratch 3 x  3 % ")
@example("scratch 3 X 3scratch ")
@example("a { windows: image, # c\n { x } }")
def test_every_layout_is_formatted(text: str) -> None:
    """Nothing is lost, and the second pass changes nothing."""
    formatted = format_source(SourceFile("x", text))  # checks itself, and raises on a fault
    assume(formatted.text is not None)
    assert formatted.text is not None
    assert words_of(formatted.text) == words_of(text)
    assert [c.text for c in comments_of(formatted.text)] == [c.text for c in comments_of(text)]
    assert format_source(SourceFile("x", formatted.text)).text == formatted.text


@given(specs())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_layout_is_tidy(text: str) -> None:
    """No tabs or blanks at line ends, no double blank lines, none inside braces' edges."""
    formatted = format_source(SourceFile("x", text)).text
    assume(formatted)
    assert formatted is not None
    assert formatted.endswith("\n")
    assert not formatted.startswith("\n")
    assert "\n\n\n" not in formatted
    lines = formatted.splitlines()
    for line, following in zip(lines, [*lines[1:], "end"], strict=True):
        assert line == line.rstrip()
        code = line.split("  #")[0]
        if code.endswith("{"):
            assert following
        if not line:
            assert not following.strip().startswith("}")


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_line_ends_become_newlines(line_end: str) -> None:
    """CRLF files become LF files."""
    text = line_end.join(["inspect 1  # c", "", "object a {", 'called: "a"', "}"])
    formatted = format_source(SourceFile("x", text)).text
    assert formatted == 'inspect 1  # c\n\nobject a {\n  called: "a"\n}\n'
