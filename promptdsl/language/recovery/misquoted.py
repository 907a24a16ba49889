"""Quotes as other notations write them: `""text""`, `\\"text\\"`, and a path that ends with `\\`.

Each makes a quote that never closes, or texts that touch; what was meant is certain all the same.
The line is told once, and the further passes see it mended, at the same length.
"""

import re

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.tokens import TEXT, Rewriting, line_end, line_start
from promptdsl.source import SourceFile, Span

TEXTS = re.compile(TEXT + r'|#[^\n]*|"')
_HINT = re.compile(r'\\"|""')
_BEFORE = r"(?<![^\s{,:(\[=])"
_BEHIND = r"(?=[\s,}\])]|$)"
_DOUBLED = re.compile(rf'{_BEFORE}("{{2,3}})(?=[^\s",}}])([^"\n]*[^\s"\\])\1{_BEHIND}')
_ESCAPED = re.compile(rf'{_BEFORE}\\"([^"\\\n]*)\\"{_BEHIND}')
_ENDED = re.compile(r'"((?:\\[^"\n]|[^"\\\n])*)\\"(?=\s*(?:[,{})\]#]|$|as\b))')
_PATHS = re.compile(r"\b(?:images|masks|references)\b[^{}]*$")
_FILE = re.compile(r"[.*][^\\/]*$")


def mend_misquoted(source: SourceFile, text: str, report: Report) -> str:
    """The text with such lines mended; the same length."""
    made = Rewriting(text)
    found = _HINT.search(text)
    while found is not None:
        start, end = line_start(text, found.start()), line_end(text, found.start())
        mended = _mended(text[start:end])
        if mended is not None:
            message, held, whole = mended
            if not report.skips():
                _tell(source, start, text[start:end], message, whole, report)
            made.put(start, end, held)
        found = _HINT.search(text, end)
    return made.finished()


def _mended(line: str) -> tuple[str, str, str] | None:
    """What is wrong with a line, the line at its length, and as it should be written."""
    if _is_sound(line):
        return None
    doubled = _DOUBLED.sub(lambda m: f'"{m[2]}"'.center(len(m[0])), line)
    if doubled != line and not _lone(doubled):
        return "two quotes stand where one belongs", doubled, _DOUBLED.sub(r'"\2"', line)
    if not _lone(line):
        return None
    escaped = _ESCAPED.sub(r' "\1" ', line)
    if escaped != line and not _lone(escaped):
        message = "a text begins and ends with a quote that has no backslash before it"
        return message, escaped, _ESCAPED.sub(r'"\1"', line)
    ended = _ENDED.sub(lambda m: _closed(line, m, " "), line)
    if ended != line and not _lone(ended):
        message = "the backslash before this quote makes it a part of the text"
        return message, ended, _ENDED.sub(lambda m: _closed(line, m, ""), line)
    return None


def _closed(line: str, match: re.Match[str], blank: str) -> str:
    """A text whose last backslash took its closing quote: a path's, or a slip of the finger."""
    inner = match.group(1)
    folder = "\\" in inner or _PATHS.search(line[max(match.start() - 200, 0) : match.start()])
    if folder and not _FILE.search(inner):
        return '"' + inner.replace("\\", "/") + '/"'
    inner = inner.replace("\\", "/") if folder else inner
    return f'"{inner}"{blank}'


def _is_sound(line: str) -> bool:
    """Whether no text of the line touches another, and all are closed."""
    last = -1
    for match in TEXTS.finditer(line):
        if match.group() == '"' or (match.group() != "#" and match.start() == last):
            return False
        last = match.end()
        behind = line[last : last + 1]
        if match.group() == '""' and behind and behind not in " \t\r,}#)]":
            return False
    return True


def _lone(line: str) -> bool:
    return any(match.group() == '"' for match in TEXTS.finditer(line))


def _tell(
    source: SourceFile, start: int, line: str, message: str, whole: str, report: Report
) -> None:
    found, written = _HINT.search(line), whole.strip()
    at = start + (found.start() if found else 0)
    begin = start + len(line) - len(line.lstrip())
    report.error(
        "I104", Span(source.name, at, at + 2), message,
        label='needs "', write=written, at=Span(source.name, begin, start + len(line.rstrip())),
        help=None if len(written) <= 160 else "write the text between two plain quotes",
    )  # fmt: skip
