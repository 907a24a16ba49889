"""Marks that other notations need and this one does not: bullets, closing points, brackets.

`- reject when ...` out of a list, `expect ... 95%.` out of a sentence, `{ ["a", "b"] }` out of a
program. Each is told once, with the line as it should be, and the further passes do not see it.
"""

from dataclasses import dataclass, field

from lark import Token

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.recovery.signs import BULLETS, DASHES
from promptdsl.language.recovery.token_pass import BLOCK_WORDS, TokenPass
from promptdsl.language.statements import is_word, shown
from promptdsl.language.tokens import begin, finish
from promptdsl.language.vocabulary import KEYWORDS, TEXT_FIELDS
from promptdsl.source import Span

_BEFORE_A_LINE = BULLETS | set("$|~!?/\\&")
_CLOSERS = {"(": ")", "[": "]"}
_ENDS = {"_NEWLINE", "RBRACE", "COMMA", ""}
_COMPLETE = {"STRING", "NUMBER", "PERCENT", "SIZE", "RBRACE"}
_PREFIXES = {"f", "r", "b", "u", "l", "rb", "br", "fr", "rf"}
_COMMENTS = {"//", "--", "##"}
_MARKS = {".": "point", "\\": "backslash"}
_SENTENCE_ENDS = set("\\|!.\u2026&\u2013\u2014-~")
_LONGEST_FIX = 4_000  # characters: a larger one is for no one to read
_MANY_TOKENS = 60  # of a value in brackets


@dataclass(slots=True)
class Sweeper(TokenPass):
    """The tokens without stray marks; every one is reported once."""

    first: int = 0  # of the statement, in `out`
    partners: dict[int, int] = field(default_factory=dict)  # bracket -> the one that closes it
    dropped: set[int] = field(default_factory=set)
    turned: dict[int, Token] = field(default_factory=dict)

    def run(self) -> list[Token]:
        """Walk the tokens once."""
        self._pair()
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if self.at not in self.dropped and not self._taken(token):
                self.out.append(self.turned.get(self.at, token))
                if token.type in ("_NEWLINE", "COMMA", "LBRACE"):
                    self.first = len(self.out)
            self.at += 1
        return self.out

    def _pair(self) -> None:
        """Which bracket or brace closes which."""
        closers = {"LBRACE": "}", **_CLOSERS}
        waiting: list[tuple[int, str]] = []
        for index, token in enumerate(self.tokens):
            closer = closers.get(token.type) or closers.get(str(token))
            if closer is not None:
                waiting.append((index, closer))
            elif token in ("}", "]", ")") and waiting and waiting[-1][1] == token:
                self.partners[waiting.pop()[0]] = index

    def _taken(self, token: Token) -> bool:
        starting, kind = self.first == len(self.out), token.type
        mark = kind in ("UNKNOWN", "NUMBER", "COMPARISON")
        if starting and mark and (self._bullet() or self._fence(token)):
            return True
        if starting and kind == "NAME" and self._keyword(token):
            return False
        if kind == "NAME":
            return token.lower() in _PREFIXES and self._prefix(token)
        mark = kind == "DOT" or (kind == "UNKNOWN" and len(token) <= 3)
        if mark and not starting and self._closing_mark(token):
            return True
        if kind == "LBRACE" or (kind == "UNKNOWN" and token in _CLOSERS):
            return self._bracket(token)
        return kind in ("COLON", "COMPARISON") and self._before_block(token)

    def _head(self, count: int) -> list[Token]:
        """The first words of the statement so far."""
        return self.out[self.first : self.first + count]

    # in front of a line

    def _bullet(self) -> bool:
        """`- reject when ...`, `1. reject when ...`, `> reject when ...`: one or two tokens."""
        count = self._bullet_length()
        if not count or not self._begins_a_line(count):
            return False
        bullet, following = self.tokens[self.at : self.at + count], self.tokens[self.at + count]
        what = "phrases" if following.type == "STRING" else "lines"
        self.report.error(
            "I120", self.span(bullet[0], bullet[-1]),
            f"{what} need no {''.join(bullet)} before them", label="not here", write="",
            at=Span(self.source.name, begin(bullet[0]), begin(following)),
        )  # fmt: skip
        self.at += count - 1
        return True

    def _fence(self, token: Token) -> bool:
        """The line of three backticks around a text of a chat or a page."""
        if token.type != "UNKNOWN" or not token.startswith("```"):
            return False
        while self.kind(1) not in ("_NEWLINE", ""):
            self.at += 1
        span = self.span(token, self.tokens[self.at])
        message = "``` belongs to the page that this was copied from, not to a spec"
        help = "remove the line"
        self.report.error("I120", span, message, label="not here", write="", help=help)
        return True

    def _bullet_length(self) -> int:
        token, kinds = self.tokens[self.at], [self.kind(), self.kind(1)]
        numbered = kinds == ["NUMBER", "UNKNOWN"] and self.tokens[self.at + 1] == ")"
        if numbered or kinds == ["NUMBER", "DOT"]:
            return 2
        mark = token.type == "UNKNOWN" and set(token) <= _BEFORE_A_LINE and token not in _COMMENTS
        return 1 if mark or token == ">" else 0

    def _begins_a_line(self, ahead: int) -> bool:
        """Whether a line of the language stands there, and not a phrase without its quotes."""
        if not self.kind(ahead):
            return False
        token, *behind = self.tokens[self.at + ahead : self.at + ahead + 2]
        colon = any(each in (":", "=") or each in DASHES for each in behind)
        known = token in KEYWORDS or token.type in BLOCK_WORDS
        return token.type == "STRING" or known or (token.type == "NAME" and colon)

    def _keyword(self, token: Token) -> bool:
        """`Reject when ...`, `DEFECT scratch { ... }`: words of the language in capitals."""
        word = token.lower()
        if word == token or word not in KEYWORDS or not self._is_no_phrase():
            return False
        message = f"{token} is not a word of this language"
        self.report.error("I120", self.span(token), message, near=word)
        self.turned[self.at] = Token.new_borrow_pos(word.upper(), word, token)
        return True

    def _is_no_phrase(self) -> bool:
        """Whether the rest of the line is not that of a phrase which lost its quotes."""
        for token in self.tokens[self.at : self.at + _MANY_TOKENS]:
            if token.type in ("_NEWLINE", "LBRACE", "STRING", "COLON"):
                return True
            if token.type == "PLACEHOLDER":
                return False
        return True

    def _prefix(self, letter: Token) -> bool:
        """`f"scratched {object}"`, as programs write it."""
        if self.kind(1) != "STRING" or finish(letter) != begin(self.tokens[self.at + 1]):
            return False
        help = f"write {shown(self.tokens[self.at + 1], 160)}"
        message = f"a text has no {letter} before its quote"
        return self.stray(self.span(letter), message, write="", help=help)

    # behind a line

    def _closing_mark(self, mark: Token) -> bool:
        """`expect ... 95%.` or a backslash: what ends a sentence, or goes on a line elsewhere."""
        if mark in (";", "]", ")", "*", "'", "`") or self.kind(1) not in _ENDS:
            return False
        last, head = self.out[-1], self.out[self.first]
        if mark == "%" and last.type == "PERCENT":
            return self._drop_mark(mark, last, "% stands twice")
        kinds = [token.type for token in self._head(2)]
        field = kinds == ["NAME", "COLON"]
        words = head in KEYWORDS or (field and head not in TEXT_FIELDS)
        complete = last.type in _COMPLETE and (words or field or head.type in _COMPLETE)
        complete = complete or (words and is_word(last))
        dots = any(token.type == "DOT" for token in self._head(4))
        if mark == "." and is_word(last) and head.type in ("INCLUDE", "OBJECT") and not dots:
            complete = False  # a name is missing behind it
        if not complete or not set(mark) <= _SENTENCE_ENDS:
            return False
        return self._drop_mark(mark, last, f"no {_MARKS.get(mark, mark)} ends a line of a spec")

    def _drop_mark(self, mark: Token, last: Token, message: str) -> bool:
        at = Span(self.source.name, finish(last), finish(mark))
        return self.stray(self.span(mark), message, write="", at=at)

    # brackets

    def _bracket(self, opener: Token) -> bool:
        """`{ ["a", "b"] }` and `windows: [image, 2x2]`: one pair of brackets too many."""
        partner, head = self.partners.get(self.at), self._head(4)
        if partner is None:
            return False
        named = len(head) == 2 and head[0].type == "NAME"
        field_value = named and (head[1].type == "COLON" or head[1] == "=")
        if opener.type == "LBRACE":
            if not field_value or not self._is_plain_value(partner):
                return False
        elif head and head[0].type in BLOCK_WORDS and not field_value:
            if partner + 1 < len(self.tokens) and self.tokens[partner + 1].type == "LBRACE":
                return self._between_name_and_block(opener, partner)
            self._turn(opener, partner)
            return False
        elif not field_value and head:
            return False
        return self._leave_out(opener, partner)

    def _is_plain_value(self, closer: int) -> bool:
        """Whether braces hold values alone: no lines, no further braces."""
        inside = self.tokens[self.at + 1 : min(closer, self.at + _MANY_TOKENS)]
        if len(inside) + self.at + 1 < closer or not inside:
            return False
        return all(token.type not in ("COLON", "LBRACE", "_NEWLINE") for token in inside)

    def _inside(self, opener: Token, closer: Token) -> tuple[Span, str | None]:
        """The place of a pair of brackets and what stands in it, None where that is long."""
        span = self.span(opener, closer)
        small = span.end - span.start <= _LONGEST_FIX
        return span, self.source.text[span.start + 1 : span.end - 1] if small else None

    def _leave_out(self, opener: Token, partner: int) -> bool:
        closer = self.tokens[partner]
        span, inner = self._inside(opener, closer)
        inner = inner.strip().rstrip(",").rstrip() if inner is not None else None
        short = inner and len(inner) <= 120 and "\n" not in inner
        self.stray(
            span._replace(end=span.start + 1), f"a list needs no {opener} {closer} around it",
            help=f"write {inner}" if short else f"remove {opener} and {closer}",
            write=inner, at=span,
        )  # fmt: skip
        self.dropped.add(partner)
        before = partner - 1
        while before > self.at and self.tokens[before].type in ("_NEWLINE", "COMMA"):
            self.dropped.add(before)
            before -= 1
        return True

    def _between_name_and_block(self, opener: Token, partner: int) -> bool:
        """`defect bent (major) {`: a head has no place for what the brackets say."""
        closer, head = self.tokens[partner], self.out[self.first]
        self.dropped.update(range(self.at, partner + 1))
        return self.stray(
            self.span(opener, closer),
            f"{head} has no {opener} {closer} between its name and its block",
            help="remove it; a parent is named by extends" if head.type == "OBJECT"
            else "remove it, or write it behind a # as a comment",
        )  # fmt: skip

    def _turn(self, opener: Token, partner: int) -> None:
        """`defect scratch [ ... ]`: another kind of bracket around a block."""
        closer = self.tokens[partner]
        span, inner = self._inside(opener, closer)
        tell_brackets(
            self.report, span._replace(end=span.start + 1), opener, closer,
            write=f"{{{inner}}}" if inner is not None else None, at=span,
        )  # fmt: skip
        self.turned[self.at] = Token.new_borrow_pos("LBRACE", "{", opener)
        self.turned[partner] = Token.new_borrow_pos("RBRACE", "}", closer)
        self.first = len(self.out) + 1

    def _before_block(self, sign: Token) -> bool:
        """`defect scratch = {`, `object brass extends nut: {`: nothing stands before a brace."""
        head = self._head(3)
        opens = self.kind(1) == "LBRACE" or (self.kind(1) and self.tokens[self.at + 1] in _CLOSERS)
        if not head or head[0].type not in BLOCK_WORDS or not opens or sign not in (":", "="):
            return False
        if sign == ":" and len(head) <= 2:
            return False  # a later pass tells of it
        at = Span(self.source.name, finish(self.out[-1]), finish(sign))
        message = f"{shown(str(head[0]))} takes no {sign} before its block"
        return self.stray(self.span(sign), message, write="", at=at)


def tell_brackets(
    report: Report,
    where: Span,
    opener: str,
    closer: str,
    write: str | None = None,
    at: Span | None = None,
) -> None:
    """Another kind of bracket than braces around a block."""
    message = f"blocks stand in braces, not in {opener} {closer}"
    help = f"write {{ for {opener} and }} for {closer}"
    report.error("I103", where, message, label="needs {", help=help, write=write, at=at)
