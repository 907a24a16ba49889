"""Braces before parsing: close what was left open, drop what closes nothing, one message each.

The grammar takes any token sequence whose braces balance, so this pass is the whole of the error
recovery and no parser internals are touched. It knows three things about the language: which words
start a block, which of them stand at the top of a file and which inside an object. A word at the
wrong depth therefore tells that a brace is missing or too many before it, and the indentation
decides which one it probably was.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import NamedTuple, Unpack

from lark import Token

from promptdsl.diagnostics.diagnostic import Advice
from promptdsl.language.recovery.lost_heads import doubled_head, likely_head, orphans_end
from promptdsl.language.recovery.token_pass import (
    BLOCK_WORDS,
    INNER_KINDS,
    TOP_WORDS,
    TokenPass,
)
from promptdsl.language.tokens import BLANK, HIDDEN, begin, finish, made
from promptdsl.source import Span

MAX_DEPTH = 16
# What must follow a word for it to be the start of that part of an object.
_SECTION_NEXT = {
    "NORMAL": {"LBRACE", "STRING"},
    "DEFECT": {"NAME", "LBRACE"},
    "TEMPLATES": {"LBRACE", "STRING"},
    "METHOD": {"NAME"},
    "THRESHOLDS": {"LBRACE", "REJECT", "REVIEW", "_NEWLINE"},
    "SAMPLES": {"NAME", "NORMAL", "LBRACE"},
    "TEST": {"STRING", "LBRACE"},
    "REMOVE": {"NAME"},
    "PICTURE": {"LBRACE"},
    "REGION": {"NAME", "LBRACE"},
    "IGNORE": {"STRING", "LBRACE"},
    "called": {"COLON"},
}
_TOP_NEXT = {
    "INSPECT": {"NUMBER"},
    "USE": {"STRING", "BROKEN"},
    "WORDS": {"NAME", "NORMAL"},
    "OBJECT": {"NAME", "STRING", "LBRACE"},
}
_WITHOUT_NAME = {"PICTURE", "LOCATE", "EXCEPT"}  # `picture fit: pad` lacks its brace
_BLANKS = re.compile(r"[^\S\n]*")


@dataclass(slots=True)
class _Open:
    """A block that is open: the word that began it, its brace and its place in the output."""

    keyword: Token
    brace: Token
    missing: Span | None = None  # the words whose opening brace was forgotten
    holds_parts: bool = False  # it is an object, or begins like one


class _Closed(NamedTuple):
    """A block at the top of the file that was closed: where, and by which output token."""

    block: _Open
    at: int
    aligned: bool


@dataclass(slots=True)
class Balancer(TokenPass):
    """The tokens with balanced braces; every repair is reported once."""

    stack: list[_Open] = field(default_factory=list)
    suspect: _Open | None = None
    last_top: _Closed | None = None
    too_deep: int = 0
    open_lines: Counter[int | None] = field(default_factory=Counter)  # line -> braces left open
    no_orphans_before: int = 0  # statements up to here are known to have their head
    newlines_from: int = 0  # the run of newlines that was walked last
    newlines_until: int = 0

    def run(self) -> list[Token]:
        """Walk the tokens once, statement by statement."""
        starting, keyword = True, None
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            kind = token.type
            if starting and kind not in ("_NEWLINE", "COMMA", "LBRACE", "RBRACE"):
                keyword = token
                if self._skip_doubled_head(token):
                    continue
                self._check_depth(token)
                if self._skip_orphans(token):
                    starting, keyword = True, None
                    continue
                brace_at = self._missing_opener(token)
                if brace_at is not None:
                    self._open_after(token, brace_at)
                    continue
            if kind == "LBRACE":
                self._open(token, keyword or token)
                starting, keyword = True, None
            elif kind == "RBRACE":
                self._close(token)
                starting, keyword = True, None
            elif kind != "_NEWLINE" or not self._brace_on_next_line(keyword):
                self.out.append(token)
                starting = kind in ("_NEWLINE", "COMMA")
                keyword = None if starting else keyword
            self.at += 1
        self._end_of_file()
        return self.out

    # lines without their head, and heads without their lines

    def _skip_orphans(self, token: Token) -> bool:
        """Lines of a block whose head is gone: one message, and their closing brace is theirs."""
        depth = len(self.stack)
        if depth > 1 or self.at < self.no_orphans_before:
            return False
        if depth == 1 and not self.stack[0].holds_parts:
            return False
        end, self.no_orphans_before = orphans_end(self.tokens, self.at, depth)
        if end is None:
            return False
        brace = self.tokens[end]
        closes_object = depth == 1 and self._first_on_line(brace)
        if closes_object and self._indent(brace) == self._indent(self.stack[0].keyword):
            return False
        self.report.error(
            "I121", self._span(token),
            "the lines from here to the closing brace stand in no block",
            label="the line that opens their block is missing",
            help=f"write the line above them, for example {likely_head(token)}",
            related=((self._span(brace), "the closing brace"),),
        )  # fmt: skip
        self.out.append(made("BROKEN", BLANK, begin(token), token.line or 1))
        self.at = end + 1
        self.no_orphans_before = self.at
        return True

    def _skip_doubled_head(self, token: Token) -> bool:
        """The first of two equal heads in a row is left out."""
        again = doubled_head(self.tokens, self.at) if token.type in BLOCK_WORDS else None
        if again is None:
            return False
        self.report.error(
            "I128", self._span(self.tokens[again]), "this line stands twice in a row",
            label="said before", help="keep one of them",
            related=((self._span(token), "the first one"),),
        )  # fmt: skip
        self.at = again
        return True

    # opening

    def _open(self, brace: Token, keyword: Token) -> None:
        if len(self.stack) >= MAX_DEPTH:
            if not self.too_deep:
                message = (
                    f"braces nest more than {MAX_DEPTH} levels deep here, and no block needs that"
                )
                help = "an object needs two levels: the object, and its blocks inside it"
                self.report.error("I107", self._span(brace), message, help=help)
            self.too_deep += 1
            return
        inside = self._next_visible(self.at + 1)
        begins = inside is not None and (inside.type in _SECTION_NEXT or inside == "called")
        holds = keyword.type == "OBJECT" or begins
        self.stack.append(_Open(keyword, brace, holds_parts=holds))
        self.out.append(brace)

    def _brace_on_next_line(self, keyword: Token | None) -> bool:
        """Whether this newline only moves the opening brace of a block to a line of its own."""
        if keyword is None or keyword.type not in BLOCK_WORDS:
            return False
        follower = self._next_visible(self.at + 1)
        return follower is not None and follower.type == "LBRACE"

    def _missing_opener(self, keyword: Token) -> int | None:
        """Index of the token that should stand behind a `{`, if the statement lacks its brace."""
        if keyword.type not in BLOCK_WORDS:
            return None
        for seen in range(len(self.tokens) - self.at - 1):
            at, kind = self.at + 1 + seen, self.kind(1 + seen)
            if kind == "LBRACE" or (kind == "COLON" and seen == 0):
                return None
            if kind in ("_NEWLINE", "RBRACE", "COMMA"):
                return self._opener_at_line_end(keyword, at)
            if kind in ("STRING", "BROKEN", "INCLUDE"):
                titled = seen == 0 and keyword.type in ("TEST", "OBJECT", "IGNORE")
                if not titled and (kind == "INCLUDE" or self.kind(2 + seen) != "LBRACE"):
                    return at
            elif kind == "NAME" and self.kind(2 + seen) == "COLON" and (
                seen > 0 or keyword.type in _WITHOUT_NAME
            ):  # fmt: skip
                return at
        return None

    def _opener_at_line_end(self, keyword: Token, end: int) -> int | None:
        """A block whose line ends without a brace: does what follows belong into it?"""
        at = self._visible_from(end)
        if at >= len(self.tokens) or self.tokens[end].type != "_NEWLINE":
            return None
        follower = self.tokens[at]
        if follower.type == "LBRACE":
            return None
        next_kind = self.tokens[at + 1].type if at + 1 < len(self.tokens) else ""
        if keyword.type == "OBJECT":
            belongs = follower.type not in TOP_WORDS and follower.type != "RBRACE"
        elif follower.type == "RBRACE":
            belongs = self._indent(follower) == self._indent(keyword) and bool(self.stack)
            belongs = belongs and self._indent(keyword) != self._indent(self.stack[-1].keyword)
        else:
            belongs = follower.type in INNER_KINDS or (
                follower.type == "NAME" and next_kind == "COLON" and str(follower) != "called"
            )
        return end if belongs else None

    def _open_after(self, keyword: Token, brace_at: int) -> None:
        """Copy the head of the statement, then open the block that its author forgot to open."""
        head = self.tokens[self.at : brace_at]
        self.out.extend(head)
        last = head[-1]
        place = Span(self.source.name, begin(keyword), finish(last))
        self._open(made("LBRACE", "{", finish(last), last.line or 1), keyword)
        if self.stack[-1].keyword is keyword:
            self.stack[-1].missing = place
        self.at = brace_at

    def _report_opener(self, place: Span, closed: bool) -> None:
        """Tell of a missing opening brace once it is known whether the closing one is there."""
        text, end = self.source.text, place.end
        words = " ".join(text[place.start : end].replace(HIDDEN, "").split())
        while text[end : end + 1] in (" ", "\t", ":"):
            end += 1
        end = end if ":" in text[place.end : end] else place.end
        self.report.error(
            "I103", place,
            f"{words} opens a block, and its opening brace is missing" if closed
            else f"the braces of {words} are missing", label="needs { behind it",
            help=f"write {words} {{" if closed else f"write {words} {{ ... }}",
            write=" {" if closed else None, at=Span(place.file, place.end, end),
        )  # fmt: skip

    # closing

    def _close(self, brace: Token) -> None:
        if self.too_deep:
            self.too_deep -= 1
            return
        if not self.stack:
            self._one_too_many(brace, "this closing brace closes nothing", write="")
            return
        if self._belongs_further_out(brace):
            self._close_one()
        block = self.stack.pop()
        if block.missing is not None:
            self._report_opener(block.missing, closed=True)
        own_line = self._first_on_line(brace)
        aligned = own_line and self._indent(brace) == self._indent(block.keyword)
        if own_line and _has_no_head(block):  # its keyword stands at the first line inside of it
            aligned = len(self._indent(brace)) < len(self._indent(block.keyword))
        if own_line and not aligned and self.suspect is None:
            self.suspect = block
        self.out.append(brace)
        if not self.stack:
            self.last_top = _Closed(block, len(self.out) - 1, aligned)
            if block.keyword.type == "OBJECT" and aligned:
                self.suspect = None

    def _one_too_many(self, brace: Token, message: str, **said: Unpack[Advice]) -> None:
        self.report.error("I102", self._span(brace), message, label="one too many", **said)

    def _belongs_further_out(self, brace: Token) -> bool:
        """Whether a brace closes the block around one that has no braces at all."""
        if len(self.stack) < 2 or self.stack[-1].missing is None or not self._first_on_line(brace):
            return False
        inner, outer = self.stack[-1].keyword, self.stack[-2].keyword
        return self._indent(inner) != self._indent(brace) == self._indent(outer)

    def _close_forgotten(self, left: int = 0) -> None:
        """Close the innermost blocks before a statement that cannot stand inside them."""
        while len(self.stack) > left:
            self._close_one()

    def _close_one(self) -> None:
        trailing = []
        while self.out and self.out[-1].type in ("_NEWLINE", "COMMA"):
            trailing.append(self.out.pop())
        block = self.stack.pop()
        if block.missing is not None:
            self._report_opener(block.missing, closed=False)
        last = self.out[-1]
        self.out.append(made("RBRACE", "}", finish(last), last.line or 1))
        self.out.extend(reversed(trailing))

    def _check_depth(self, token: Token) -> None:
        """A word at the wrong depth: braces before it are missing or too many."""
        kind, depth = ("called" if token == "called" else token.type), len(self.stack)
        if kind not in _SECTION_NEXT and kind not in _TOP_NEXT:
            return
        following = self.kind(1)
        if self._is_top(token, following):
            one_line = kind in ("INSPECT", "USE")
            if one_line and self.stack and self._deeper(token, self.stack[0].keyword):
                return  # a line in the wrong place, and no sign of a missing brace
            if depth and self._first_on_line(token):
                self._report_unclosed(depth, token)
                self._close_forgotten()
        elif kind in _SECTION_NEXT and following in _SECTION_NEXT[kind]:
            if kind == "called" and depth >= 2 and self._deeper(token, self.stack[-1].keyword):
                return  # likewise
            if depth >= 2 and (self._first_on_line(token) or self._line_lacks_brace(token)):
                self._report_unclosed(depth - 1, token)
                self._close_forgotten(left=1)
            quoted_name = (kind, following, self.kind(2)) == ("TEMPLATES", "STRING", "LBRACE")
            if depth == 0 and not quoted_name:
                self._homeless(token)

    def _line_lacks_brace(self, token: Token) -> bool:
        """Whether the block around a word began on its line, and that line leaves one open."""
        if self.stack[-1].brace.line != token.line:
            return False
        if not self.open_lines:
            kinds = {"LBRACE": 1, "RBRACE": -1}
            for each in self.tokens:
                self.open_lines[each.line] += kinds.get(each.type, 0)
        return self.open_lines[token.line] > 0

    def _is_top(self, token: Token, following: str) -> bool:
        """Whether a word begins something that stands at the top of a file."""
        if token.type != "TEMPLATES":
            return following in _TOP_NEXT.get(token.type, ())
        named = following in ("NAME", "NORMAL")
        return (
            named
            and bool(self.stack)
            and self._column(token) <= self._column(self.stack[0].keyword)
        )

    def _homeless(self, token: Token) -> None:
        """Part of an object outside of any: its object was closed too early, or never begun."""
        closed = self.last_top
        if closed is not None and closed.block.keyword.type == "OBJECT" and not closed.aligned:
            brace, name = self.out.pop(closed.at), self._name_of(closed.block)
            message = f"this closing brace ends {name} too early: the lines below belong to it"
            related = ((self._span(token), f"this belongs to {name}"),)
            self._one_too_many(brace, message, write="", related=related)
            self.stack.append(closed.block)
            self.last_top = None
            return
        self.report.error(
            "I121", self._span(token), f"{token} stands outside of any object",
            label="belongs inside an object",
            help="put it between the braces of object NAME { ... }",
        )  # fmt: skip
        at, line = begin(token), token.line or 1
        keyword, opener = made("OBJECT", "object", at, line), made("LBRACE", "{", at, line)
        self.out += [keyword, made("NAME", "unnamed", at, line), opener]
        self.stack.append(_Open(keyword, opener, holds_parts=True))

    def _end_of_file(self) -> None:
        if len(self.stack) == 1 and _has_no_head(self.stack[0]):
            self._close_one()
        if self.stack:
            self._report_unclosed(len(self.stack), None)
        self._close_forgotten()

    def _report_unclosed(self, count: int, before: Token | None) -> None:
        guessed = self.suspect is not None
        opened = [block for block in self.stack[-count:] if block.brace.column != 0]  # not made
        if not opened and not guessed:
            return
        block, count = self.suspect or opened[0], max(1, len(opened))
        self.suspect = None
        where = f"before {before}" if before is not None else "at the end of the file"
        missing = "a closing brace is" if count == 1 else f"{count} closing braces are"
        help = "add } on a line of its own where the block ends"
        if not guessed and count == 1:
            help = "add } at the end of the file" if before is None else (
                f"add }} before line {before.line}, where the block ends"
            )  # fmt: skip
        self.report.error(
            "I101", self.span(block.keyword, block.brace),
            f"{self._name_of(block)} is never closed"
            + ("" if guessed else f": {missing} missing {where}"),
            label="this block stays open", help=help,
            related=((self._span(before), "this cannot stand inside it"),) if before else (),
        )  # fmt: skip

    # places

    def _name_of(self, block: _Open) -> str:
        head = self.source.text[begin(block.keyword) : begin(block.brace)]
        words = head.replace(HIDDEN, "").strip()
        return " ".join(words.split()) if 0 < len(words) <= 60 else "this block"

    def _span(self, token: Token) -> Span:
        return Span(self.source.name, begin(token), max(finish(token), begin(token) + 1))

    def _indent(self, token: Token) -> str:
        start = begin(token) - self._column(token) + 1
        blanks = _BLANKS.match(self.source.text, start, begin(token))
        return blanks.group() if blanks is not None else ""

    def _deeper(self, token: Token, keyword: Token) -> bool:
        return len(self._indent(token)) > len(self._indent(keyword))

    def _column(self, token: Token) -> int:
        return self.source.position(begin(token)).column

    def _first_on_line(self, token: Token) -> bool:
        return len(self._indent(token)) == self._column(token) - 1

    def _next_visible(self, at: int) -> Token | None:
        at = self._visible_from(at)
        return self.tokens[at] if at < len(self.tokens) else None

    def _visible_from(self, at: int) -> int:
        """The first token from here on that is no newline; each run of newlines is walked once."""
        if not self.newlines_from <= at < self.newlines_until:
            self.newlines_from = end = at
            while end < len(self.tokens) and self.tokens[end].type == "_NEWLINE":
                end += 1
            self.newlines_until = end
        return max(at, self.newlines_until)


def _has_no_head(block: _Open) -> bool:
    """Whether a repair made up the whole head of the block, and reported it."""
    return begin(block.keyword) == finish(block.keyword)
