"""Quotes first: a quote that never closes must cost one message, not the rest of the file.

A text never spans lines, so a lone quote spoils at most its own line. That line is blanked from its
first quote on with U+FFFF, which the grammar knows as BROKEN, except for braces that are not part
of a `{placeholder}`: these still open and close blocks. The text keeps its length, so every offset
stays true.
"""

import re

from promptdsl.diagnostics.diagnostic import Fix, Report
from promptdsl.language.recovery.misquoted import mend_misquoted
from promptdsl.language.tokens import BLANK
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.source import SourceFile, Span

_TEXTS = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|"')
_PLACEHOLDER = re.compile(r"\{[ \t]*\w*[ \t]*\}")
_PLACEHOLDER_AT_END = re.compile(r"\{[ \t]*\w*[ \t]*\}\Z")
_BRACES = re.compile(r"\{[ \t]*\w*[ \t]*\}|[{}]| as (?=\w+\s*$)")
_BOUNDARIES = re.compile(r'"(?:\\.|[^"\\\n])*"|\{[ \t]*\w*[ \t]*\}|[{},:]|\b(?:use|test)[ \t]+')
_NOTHING_MORE = re.compile(r"[\s,})\]]*|\s+as\s+\w+\s*|\s*\{.*")


def mend_quotes(source: SourceFile, report: Report) -> str:
    """The text with every line that has a lone quote made harmless; same length."""
    text = mend_misquoted(source, source.text, report)
    lone = [match.start() for match in _TEXTS.finditer(text) if match.group() == '"']
    if not lone:
        return text
    pieces, done = [], 0
    for offset in lone:
        if offset < done:
            continue  # behind a backslash, on a line that is told already
        start = text.rfind("\n", 0, offset) + 1
        end = _line_end(text, offset)
        first = text.index('"', start)
        closing = _closed_on_next_line(text, offset)
        broken = closing is not None and _ran_on(text[:end], first, offset) is None
        if broken:
            end = _line_end(text, end + 1)
        if report.full:
            report.left_out += 1
        elif broken and closing is not None:
            _report_broken_text(source, text, offset, closing, report)
        else:
            _report_lone_quote(source, text[:end], first, offset, report)
        pieces += [text[done:first], _blank(text[first:end])]
        done = end
    return "".join([*pieces, text[done:]])


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _closed_on_next_line(text: str, opening: int) -> int | None:
    """The quote on the next line that ends the phrase which a lone quote begins, if it is one.

    Two lines that lack a quote each look alike, so it must read like one phrase: one placeholder
    at most, no word of the language at the head of its second line, no list of names or paths.
    """
    end = _line_end(text, opening)
    line = text[end + 1 : _line_end(text, end + 1)] if end < len(text) else ""
    rest, quote, behind = line.partition('"')
    begun, before = text[opening + 1 : end], text[text.rfind("\n", 0, opening) + 1 : opening]
    if not quote or not begun.strip() or not rest.strip() or behind.count('"') % 2:
        return None
    if re.search(r"\b(?:use|test)\b", before) or ":" in before.replace("called:", ""):
        return None
    outside = _PLACEHOLDER.sub("", begun) + _PLACEHOLDER.sub("", rest)
    if re.search(r"[{}#:\\]", outside) or begun.rstrip().endswith(","):
        return None
    if len(_PLACEHOLDER.findall(begun + rest)) > 1 or rest.split()[0] in KEYWORDS:
        return None
    return end + 1 + len(rest) if re.match(r"[\s,}]|$", behind) else None


def _report_broken_text(
    source: SourceFile, text: str, opening: int, closing: int, report: Report
) -> None:
    whole = " ".join(text[opening : closing + 1].split())
    report.error(
        "I104",
        Span(source.name, opening, _line_end(text, opening)),
        "this text runs over two lines, and a text ends on its own line",
        label="goes on in the next line",
        help=f"write {whole}",
        fix=Fix(Span(source.name, opening, closing + 1), whole),
    )


def _report_lone_quote(
    source: SourceFile, text: str, first: int, lone: int, report: Report
) -> None:
    """Point at the text that most likely lacks a quote."""
    ran_on = _ran_on(text, first, lone)
    if _only_a_comma(text, first, lone):  # the texts are those that seem to stand outside
        begin, _inner = _bare_words_before(text, first)
        if begin < first:
            _report_no_opening_quote(source, text, begin, first, report)
            return
    if ran_on is None and _NOTHING_MORE.fullmatch(_without_comment(text[lone + 1 :])):
        begin, inner = _bare_words_before(text, lone)
        if inner:
            _report_inner_quote(source, text, begin, lone, report)
            return
        if begin < lone:
            _report_no_opening_quote(source, text, begin, lone, report)
            return
    start, end = ran_on or (lone, len(text))
    span = Span(source.name, start, start + max(1, _length(_without_comment(text[start:end]))))
    report.error(
        "I104",
        span,
        "this quote is never closed on its line",
        label='needs a closing "',
        help=f'write {text[span.start : span.end]}"',
        fix=Fix(Span(source.name, span.end, span.end), '"'),
    )


def _ran_on(text: str, first: int, lone: int) -> tuple[int, int] | None:
    """The first text of the line that seems to have taken in the comma or brace behind it."""
    for match in _TEXTS.finditer(text, first):
        content = _without_comment(match.group()[1:-1]).rstrip()
        if match.start() >= lone:
            break
        placeholder_ends = _PLACEHOLDER_AT_END.search(content[-40:])
        if content.endswith(",") or (content.endswith(("{", "}")) and not placeholder_ends):
            return match.start(), match.start() + 1 + len(content)
    return None


def _only_a_comma(text: str, first: int, lone: int) -> bool:
    """Whether the first text of a line holds nothing but what stands between two texts."""
    match = _TEXTS.match(text, first)
    return match is not None and match.start() < lone and not match.group().strip('", {}\t')


def _bare_words_before(text: str, lone: int) -> tuple[int, bool]:
    """Where the words before a lone quote begin, and whether they follow a text without a comma."""
    line = text.rfind("\n", 0, lone) + 1
    begin, behind_text = line, False
    for match in _BOUNDARIES.finditer(text, line, lone):
        if not _PLACEHOLDER.fullmatch(match.group()):
            begin, behind_text = match.end(), match.group().startswith('"')
    words = text[begin:lone]
    begin += len(words) - len(words.lstrip())
    return begin, behind_text and bool(words.strip())


def _report_no_opening_quote(
    source: SourceFile, text: str, begin: int, lone: int, report: Report
) -> None:
    report.error(
        "I104",
        Span(source.name, begin, lone + 1),
        "this quote closes a text that no quote opens",
        label='needs an opening "',
        help=f'write "{text[begin : lone + 1]}',
        fix=Fix(Span(source.name, begin, begin), '"'),
    )


def _report_inner_quote(
    source: SourceFile, text: str, begin: int, lone: int, report: Report
) -> None:
    """`"a 5" scratch"`: the quote in the middle belongs to the text."""
    inner = text.rindex('"', 0, begin)
    opening = text.rindex('"', 0, inner)
    mended = text[opening:inner] + "\\" + text[inner : lone + 1]
    report.error(
        "I104",
        Span(source.name, opening, lone + 1),
        "a quote inside a text has a backslash before it",
        label="the quote in the middle ends the text",
        help=f"write {mended}",
        fix=Fix(Span(source.name, opening, lone + 1), mended),
    )


def _without_comment(written: str) -> str:
    return written.split(" #", 1)[0]


def _length(written: str) -> int:
    """Length of a text that never closes: up to a brace that is no placeholder's, or `as`."""
    end = len(written)
    for match in _BRACES.finditer(written):
        if not _PLACEHOLDER.fullmatch(match.group()):
            end = match.start()
            break
    return len(written[:end].rstrip(" \t\r,"))


def _blank(rest: str) -> str:
    kept = _PLACEHOLDER.sub(lambda match: BLANK * len(match.group()), rest)
    return "".join(character if character in "{}\r\n" else BLANK for character in kept)
