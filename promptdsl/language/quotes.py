"""Quotes first: a quote that never closes must cost one message, not the rest of the file.

A text never spans lines, so a lone quote spoils at most its own line. That line is blanked from its
first quote on with U+FFFF, which the grammar knows as BROKEN, except for braces that are not part
of a `{placeholder}`: these still open and close blocks. The text keeps its length, so every offset
stays true.
"""

import re
from dataclasses import dataclass

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.recovery.misquoted import TEXTS, mend_misquoted
from promptdsl.language.tokens import BLANK, TEXT, Rewriting, line_end, line_start
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.source import SourceFile, Span

_PLACEHOLDER = re.compile(r"\{[ \t]*\w*[ \t]*\}")
_PLACEHOLDER_AT_END = re.compile(r"\{[ \t]*\w*[ \t]*\}\Z")
_BRACES = re.compile(r"\{[ \t]*\w*[ \t]*\}|[{}]| as (?=\w+\s*$)")
_BOUNDARIES = re.compile(TEXT + r"|\{[ \t]*\w*[ \t]*\}|[{},:]|\b(?:use|test)[ \t]+")
_NOTHING_MORE = re.compile(r"[\s,})\]]*|\s+as\s+\w+\s*|\s*\{.*")


def mend_quotes(source: SourceFile, report: Report) -> str:
    """The text with every line that has a lone quote made harmless; same length."""
    text = mend_misquoted(source, source.text, report)
    made = Rewriting(text)
    for match in TEXTS.finditer(text):
        offset = match.start()
        if match.group() != '"' or offset < made.done:
            continue  # or behind a backslash, on a line that is told already
        end, first = line_end(text, offset), text.index('"', line_start(text, offset))
        closing = _closed_on_next_line(text, offset)
        broken = closing is not None and _ran_on(text[:end], first, offset) is None
        if broken:
            end = line_end(text, end + 1)
        if not report.skips():
            mistake = _Mistake(source, text[:end], report)
            if broken and closing is not None:
                mistake.runs_over_two_lines(offset, closing)
            else:
                mistake.lone_quote(first, offset)
        made.put(first, end, _blank(text[first:end]))
    return made.finished()


def _closed_on_next_line(text: str, opening: int) -> int | None:
    """The quote on the next line that ends the phrase which a lone quote begins, if it is one.

    Two lines that lack a quote each look alike, so it must read like one phrase: one placeholder
    at most, no word of the language at the head of its second line, no list of names or paths.
    """
    end = line_end(text, opening)
    line = text[end + 1 : line_end(text, end + 1)] if end < len(text) else ""
    rest, quote, behind = line.partition('"')
    begun, before = text[opening + 1 : end], text[line_start(text, opening) : opening]
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


@dataclass(frozen=True, slots=True)
class _Mistake:
    """A lone quote, told in one message; `text` ends with the line."""

    source: SourceFile
    text: str
    report: Report

    def _tell(
        self,
        start: int,
        end: int,
        message: str,
        label: str,
        written: str,
        fix: tuple[int, int, str],
    ) -> None:
        name = self.source.name
        self.report.error(
            "I104", Span(name, start, end), message, label=label, help=f"write {written}",
            write=fix[2], at=Span(name, fix[0], fix[1]),
        )  # fmt: skip

    def runs_over_two_lines(self, opening: int, closing: int) -> None:
        """A text that goes on in the next line."""
        whole = " ".join(self.text[opening : closing + 1].split())
        message = "this text runs over two lines, and a text ends on its own line"
        end, fix = line_end(self.text, opening), (opening, closing + 1, whole)
        self._tell(opening, end, message, "goes on in the next line", whole, fix)

    def lone_quote(self, first: int, lone: int) -> None:
        """Point at the text that most likely lacks a quote."""
        text = self.text
        ran_on = _ran_on(text, first, lone)
        held = TEXTS.match(text, first) if first < lone else None
        if held is not None and not held.group().strip('", {}\t'):
            # only what stands between two texts: these are what seems to stand outside
            begin, _inner = _bare_words_before(text, first)
            if begin < first:
                self._no_opening(begin, first)
                return
        if ran_on is None and _NOTHING_MORE.fullmatch(_without_comment(text[lone + 1 :])):
            begin, inner = _bare_words_before(text, lone)
            if inner:
                self._inner(begin, lone)
                return
            if begin < lone:
                self._no_opening(begin, lone)
                return
        start, end = ran_on or (lone, len(text))
        end = start + max(1, _length(_without_comment(text[start:end])))
        message, label = "this quote is never closed on its line", 'needs a closing "'
        self._tell(start, end, message, label, f'{text[start:end]}"', (end, end, '"'))

    def _no_opening(self, begin: int, lone: int) -> None:
        message, label = "this quote closes a text that no quote opens", 'needs an opening "'
        written = f'"{self.text[begin : lone + 1]}'
        self._tell(begin, lone + 1, message, label, written, (begin, begin, '"'))

    def _inner(self, begin: int, lone: int) -> None:
        """`"a 5" scratch"`: the quote in the middle belongs to the text."""
        inner = self.text.rindex('"', 0, begin)
        opening = self.text.rindex('"', 0, inner)
        mended = self.text[opening:inner] + "\\" + self.text[inner : lone + 1]
        message = "a quote inside a text has a backslash before it"
        label, fix = "the quote in the middle ends the text", (opening, lone + 1, mended)
        self._tell(opening, lone + 1, message, label, mended, fix)


def _ran_on(text: str, first: int, lone: int) -> tuple[int, int] | None:
    """The first text of the line that seems to have taken in the comma or brace behind it."""
    for match in TEXTS.finditer(text, first):
        content = _without_comment(match.group()[1:-1]).rstrip()
        if match.start() >= lone:
            break
        placeholder_ends = _PLACEHOLDER_AT_END.search(content[-40:])
        if content.endswith(",") or (content.endswith(("{", "}")) and not placeholder_ends):
            return match.start(), match.start() + 1 + len(content)
    return None


def _bare_words_before(text: str, lone: int) -> tuple[int, bool]:
    """Where the words before a lone quote begin, and whether they follow a text without a comma."""
    begin, behind_text = line_start(text, lone), False
    for match in _BOUNDARIES.finditer(text, begin, lone):
        if not _PLACEHOLDER.fullmatch(match.group()):
            begin, behind_text = match.end(), match.group().startswith('"')
    words = text[begin:lone]
    begin += len(words) - len(words.lstrip())
    return begin, behind_text and bool(words.strip())


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
