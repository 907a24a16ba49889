"""Comments as other languages write them, `/* ... */`: each is reported once and blanked.

Blanks take their place, so that every offset stays true and nothing inside is judged: a lone quote
or brace in a comment is no mistake. `/*` inside a path, or where a value is expected, is none.
"""

import re

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.source import SourceFile, Span

_TEXT = re.compile(r'"(?:\\.|[^"\\\n])*"')
_CLOSER = re.compile(r'\*/(?=[\s,}"]|$)')  # a path goes on behind it
_TEXT_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|/\*')


def blank_block_comments(source: SourceFile, text: str, report: Report) -> str:
    """The text without its block comments; same length and lines."""
    if "/*" not in text:
        return text
    pieces, done = [], 0
    for match in _TEXT_OR_COMMENT.finditer(text):
        start = match.start()
        if match.group() != "/*" or start < done or not _begins(text, start):
            continue
        closer = _CLOSER.search(text, start + 2)
        end = closer.end() if closer else _line_end(text, start)
        _report(source, start, closer is not None, report)
        pieces += [text[done:start], re.sub(r"[^\n]", " ", text[start:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _begins(text: str, start: int) -> bool:
    """Whether a comment is meant, and not a path without its quotes."""
    before = text[text.rfind("\n", 0, start) + 1 : start]
    rest = text[start + 2 : _line_end(text, start)]
    if before and not before[-1].isspace() and before[-1] not in '{},"':
        return False
    if not before.strip() or _CLOSER.search(rest):
        return True
    statement = _TEXT.sub("", before).rpartition("{")[2]
    return ":" not in statement and not re.match(r"[./\w]", rest)


def _line_end(text: str, start: int) -> int:
    end = text.find("\n", start)
    return len(text) if end < 0 else end


def _report(source: SourceFile, start: int, closes: bool, report: Report) -> None:
    if report.full:
        report.left_out += 1
        return
    report.error(
        "I120",
        Span(source.name, start, start + 2),
        "/* does not begin a comment" + ("" if closes else ", and nothing ends it"),
        help="comments begin with #, on every line, and end with the line",
    )
