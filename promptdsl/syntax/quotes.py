"""Quotes first: a quote that never closes must cost one message, not the rest of the file.

A text never spans lines, so a lone quote spoils at most its own line. That line is blanked from its
first quote on with U+FFFF, which the grammar knows as BROKEN, except for braces that are not part
of a `{placeholder}`: these still open and close blocks. The text keeps its length, so every offset
stays true.
"""

import re

from promptdsl.diagnostics.diagnostic import Fix, Report
from promptdsl.source import SourceFile, Span

BLANK = "\uffff"
_CURLY = "\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb"
_TEXTS = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|"')
_TEXTS_AND_CURLY = re.compile(rf'"(?:\\.|[^"\\\n])*"|#[^\n]*|["{_CURLY}]')
_PLACEHOLDER = re.compile(r"\{[ \t]*\w*[ \t]*\}")


def mend_quotes(source: SourceFile, report: Report) -> str:
    """The text with every line that has a lone quote made harmless; same length."""
    text = source.text.replace(BLANK, "\ufffd")
    text = _straighten(source, text, report)
    lone = [match.start() for match in _TEXTS.finditer(text) if match.group() == '"']
    if not lone:
        return text
    pieces, done = [], 0
    for offset in lone:
        start = text.rfind("\n", 0, offset) + 1
        end = text.find("\n", offset)
        end = len(text) if end < 0 else end
        first = text.index('"', start)
        _report_lone_quote(source, text[:end], first, offset, report)
        pieces += [text[done:first], _blank(text[first:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _straighten(source: SourceFile, text: str, report: Report) -> str:
    if not any(mark in text for mark in _CURLY):
        return text
    pieces, done, told = [], 0, -1
    for match in _TEXTS_AND_CURLY.finditer(text):
        if match.group() not in _CURLY:
            continue
        pieces += [text[done : match.start()], '"']
        done = match.end()
        line = source.position(match.start()).line
        if line != told:
            report.error(
                "I105",
                Span(source.name, match.start(), match.end()),
                f"this is the typographic quote {match.group()}, and specs use the straight one",
                label='needs "',
                help='write every quote as " (a word processor changes them: use a text editor)',
                fix=Fix(Span(source.name, match.start(), match.end()), '"'),
            )
            told = line
    return "".join([*pieces, text[done:]])


def _report_lone_quote(
    source: SourceFile, text: str, first: int, lone: int, report: Report
) -> None:
    """Point at the quote that most likely lacks its partner: a text that ends in a comma ran on."""
    start, end = lone, len(text)
    for match in _TEXTS.finditer(text, first):
        content = match.group()[1:-1]
        if (
            match.start() < lone
            and content.rstrip().endswith((",", "{", "}"))
            and (content.rstrip().endswith(",") or not _PLACEHOLDER.search(content.rstrip()[-10:]))
        ):
            start, end = match.start(), match.start() + 1 + len(content.rstrip())
            break
    written = _without_comment(text[start:end])
    end = start + len(written.rstrip(" \t\r,{}")) if "{" not in written else start + _cut(written)
    span = Span(source.name, start, max(end, start + 1))
    report.error(
        "I104",
        span,
        "this quote is never closed on its line",
        label='needs a closing "',
        help=f'write {text[span.start : span.end]}"',
        fix=Fix(Span(source.name, span.end, span.end), '"'),
    )


def _without_comment(written: str) -> str:
    return written.split(" #", 1)[0]


def _cut(written: str) -> int:
    """Length of the text without closing braces that are no placeholder's."""
    length = len(written)
    while length > 1 and written[length - 1] in " \t\r,{}":
        if (
            written[length - 1] == "}"
            and _PLACEHOLDER.search(written[:length])
            and (
                next(iter(reversed(list(_PLACEHOLDER.finditer(written[:length]))))).end() == length
            )
        ):
            break
        length -= 1
    return length


def _blank(rest: str) -> str:
    kept = _PLACEHOLDER.sub(lambda match: BLANK * len(match.group()), rest)
    return "".join(character if character in "{}\r" else BLANK for character in kept)
