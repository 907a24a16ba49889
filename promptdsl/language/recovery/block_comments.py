"""Comments as other languages write them, `/* ... */`: each is reported once and blanked.

Blanks take their place, so that every offset stays true and nothing inside is judged: a lone quote
or brace in a comment is no mistake. `/*` inside a path, or where a value is expected, is none.
"""

import re

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.tokens import TEXT, Rewriting, line_end, line_start
from promptdsl.source import SourceFile, Span

_TEXT = re.compile(TEXT)
_CLOSER = re.compile(r'\*/(?=[\s,}"]|$)')  # a path goes on behind it
_TEXT_OR_COMMENT = re.compile(TEXT + r"|#[^\n]*|/\*")


def blank_block_comments(source: SourceFile, text: str, report: Report) -> str:
    """The text without its block comments; same length and lines."""
    made = Rewriting(text)
    for match in _TEXT_OR_COMMENT.finditer(text) if "/*" in text else ():
        start = match.start()
        if match.group() != "/*" or start < made.done or not _begins(text, start):
            continue
        closer = _CLOSER.search(text, start + 2)
        end = closer.end() if closer else line_end(text, start)
        if not report.skips():
            report.error(
                "I120", Span(source.name, start, start + 2),
                "/* does not begin a comment" + ("" if closer else ", and nothing ends it"),
                help="comments begin with #, on every line, and end with the line",
            )  # fmt: skip
        made.put(start, end, re.sub(r"[^\n]", " ", text[start:end]))
    return made.finished()


def _begins(text: str, start: int) -> bool:
    """Whether a comment is meant, and not a path without its quotes."""
    before = text[line_start(text, start) : start]
    rest = text[start + 2 : line_end(text, start)]
    if before and not before[-1].isspace() and before[-1] not in '{},"':
        return False
    if not before.strip() or _CLOSER.search(rest):
        return True
    statement = _TEXT.sub("", before).rpartition("{")[2]
    return ":" not in statement and not re.match(r"[./\w]", rest)
