"""Marks that other notations need and this one does not: bullets, closing points, brackets.

`- reject when ...` out of a list, `expect ... 95%.` out of a sentence, `{ ["a", "b"] }` out of a
program. Each is told once, with the line as it should be, and the further passes do not see it.
"""

from dataclasses import dataclass, field

from lark import Token

from promptdsl.diagnostics.diagnostic import Fix, Report
from promptdsl.language.recovery.signs import BULLETS, DASHES
from promptdsl.language.statements import is_word, shown
from promptdsl.language.tokens import begin, finish, made
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.source import SourceFile, Span

_BEFORE_A_LINE = BULLETS | set("$|~!?/\\&")
_CLOSERS = {"(": ")", "[": "]"}
_BLOCKS = {
    "OBJECT", "NORMAL", "DEFECT", "WORDS", "TEMPLATES", "METHOD", "THRESHOLDS", "SAMPLES", "TEST",
}  # fmt: skip
_ENDS = {"_NEWLINE", "RBRACE", "COMMA"}
_COMPLETE = {"STRING", "NUMBER", "PERCENT", "SIZE", "RBRACE"}
_PREFIXES = {"f", "r", "b", "u", "l", "rb", "br", "fr", "rf"}
_COMMENTS = {"//", "--", "##"}
_TEXT_FIELDS = {"called", "model", "weights", "references", "images", "masks"}
_MARKS = {".": "point", "\\": "backslash"}
_LONGEST_FIX = 4_000  # characters: a larger one is for no one to read
_MANY_TOKENS = 60  # of a value in brackets


@dataclass(slots=True)
class _Sweeper:
    source: SourceFile
    report: Report
    tokens: list[Token]
    at: int = 0
    out: list[Token] = field(default_factory=list)
    first: int = 0  # of the statement, in `out`
    partners: dict[int, int] = field(default_factory=dict)  # bracket -> the one that closes it
    dropped: set[int] = field(default_factory=set)
    turned: dict[int, Token] = field(default_factory=dict)

    def run(self) -> list[Token]:
        """Walk the tokens once."""
        self._pair()
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if self.at in self.dropped or self._taken(token):
                self.at += 1
                continue
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
        starting = self.first == len(self.out)
        if starting and (self._bullet() or self._fence(token)):
            return True
        if starting and token.type == "NAME" and self._keyword(token):
            return False
        if token.type == "NAME" and token.lower() in _PREFIXES and self._prefix(token):
            return True
        mark = token.type == "DOT" or (token.type == "UNKNOWN" and len(token) <= 3)
        if mark and self._closing_mark(token):
            return True
        if (token.type == "UNKNOWN" and token in _CLOSERS) or token.type == "LBRACE":
            return self._bracket(token)
        return token.type in ("COLON", "COMPARISON") and self._before_block(token)

    # in front of a line

    def _bullet(self) -> bool:
        """`- reject when ...`, `1. reject when ...`, `> reject when ...`: one or two tokens."""
        count = self._bullet_length()
        if not count or not self._begins_a_line(self.at + count):
            return False
        bullet = self.tokens[self.at : self.at + count]
        following = self.tokens[self.at + count]
        what = "phrases" if following.type == "STRING" else "lines"
        written = "".join(bullet)
        self.report.error(
            "I120", Span(self.source.name, begin(bullet[0]), finish(bullet[-1])),
            f"{what} need no {written} before them", label="not here", help="remove it",
            fix=Fix(Span(self.source.name, begin(bullet[0]), begin(following)), ""),
        )  # fmt: skip
        self.at += count - 1
        return True

    def _fence(self, token: Token) -> bool:
        """The line of three backticks around a text of a chat or a page."""
        if token.type != "UNKNOWN" or not token.startswith("```"):
            return False
        end = self.at + 1
        while end < len(self.tokens) and self.tokens[end].type != "_NEWLINE":
            end += 1
        span = Span(self.source.name, begin(token), finish(self.tokens[end - 1]))
        self.report.error(
            "I120", span, "``` belongs to the page that this was copied from, not to a spec",
            label="not here", help="remove the line", fix=Fix(span, ""),
        )  # fmt: skip
        self.at = end - 1
        return True

    def _bullet_length(self) -> int:
        kinds = [token.type for token in self.tokens[self.at : self.at + 2]]
        token = self.tokens[self.at]
        if kinds == ["NUMBER", "DOT"]:
            return 2
        if kinds == ["NUMBER", "UNKNOWN"] and self.tokens[self.at + 1] == ")":
            return 2
        mark = token.type == "UNKNOWN" and set(token) <= _BEFORE_A_LINE and token not in _COMMENTS
        return 1 if mark or token == ">" else 0

    def _begins_a_line(self, at: int) -> bool:
        """Whether a line of the language stands there, and not a phrase without its quotes."""
        if at >= len(self.tokens):
            return False
        token = self.tokens[at]
        behind = self.tokens[at + 1] if at + 1 < len(self.tokens) else token
        field = token.type == "NAME" and (behind in (":", "=") or behind in DASHES)
        return token.type == "STRING" or token in KEYWORDS or field

    def _keyword(self, token: Token) -> bool:
        """`Reject when ...`, `DEFECT scratch { ... }`: words of the language in capitals."""
        word = token.lower()
        if word == token or word not in KEYWORDS or not self._is_no_phrase():
            return False
        place = Span(self.source.name, begin(token), finish(token))
        self.report.error(
            "I120", place, f"{token} is not a word of this language",
            help=f"did you mean {word}?", fix=Fix(place, word),
        )  # fmt: skip
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
        text = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else letter
        if text.type != "STRING" or finish(letter) != begin(text):
            return False
        place = Span(self.source.name, begin(letter), finish(letter))
        self.report.error(
            "I129", place, f"a text has no {letter} before its quote",
            label="nothing belongs here", help=f"write {shown(text, 160)}", fix=Fix(place, ""),
        )  # fmt: skip
        return True

    # behind a line

    def _closing_mark(self, mark: Token) -> bool:
        """`expect ... 95%.` or a backslash: what ends a sentence, or goes on a line elsewhere."""
        if self.first == len(self.out) or mark in (";", "]", ")", "*", "'", "`"):
            return False
        following = self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else None
        if following is not None and following.type not in _ENDS:
            return False
        last, head = self.out[-1], self.out[self.first]
        if mark == "%" and last.type == "PERCENT":
            return self._drop_mark(mark, last, "% stands twice")
        field = self._is_field()
        words = head in KEYWORDS or (field and head not in _TEXT_FIELDS)
        complete = last.type in _COMPLETE and (words or field or head.type in _COMPLETE)
        complete = complete or (words and is_word(last))
        dots = sum(token.type == "DOT" for token in self.out[self.first : self.first + 4])
        if mark == "." and is_word(last) and head.type in ("INCLUDE", "OBJECT") and not dots:
            complete = False  # a name is missing behind it
        if not complete or not (mark == "." or set(mark) <= set("\\|!.\u2026&\u2013\u2014-~")):
            return False
        return self._drop_mark(mark, last, f"no {_MARKS.get(mark, mark)} ends a line of a spec")

    def _drop_mark(self, mark: Token, last: Token, message: str) -> bool:
        place = Span(self.source.name, begin(mark), finish(mark))
        self.report.error(
            "I129", place, message, label="nothing belongs here",
            help="remove it", fix=Fix(Span(place.file, finish(last), place.end), ""),
        )  # fmt: skip
        return True

    def _is_field(self) -> bool:
        head = self.out[self.first : self.first + 2]
        return len(head) == 2 and head[0].type == "NAME" and head[1].type == "COLON"

    # brackets

    def _bracket(self, opener: Token) -> bool:
        """`{ ["a", "b"] }` and `windows: [image, 2x2]`: one pair of brackets too many."""
        partner = self.partners.get(self.at)
        head = self.out[self.first : self.first + 4]
        field_value = (
            len(head) == 2
            and head[0].type == "NAME"
            and (head[1].type == "COLON" or head[1] == "=")
        )
        if partner is None:
            return False
        if opener.type == "LBRACE":
            if not field_value or not self._is_plain_value(partner):
                return False
        elif head and head[0].type in _BLOCKS and not field_value:
            if self._kind_at(partner + 1) == "LBRACE":
                self._between_name_and_block(opener, partner)
                return True
            self._turn(opener, partner)
            return False
        elif not field_value and head:
            return False
        self._leave_out(opener, partner)
        return True

    def _is_plain_value(self, closer: int) -> bool:
        """Whether braces hold values alone: no lines, no further braces."""
        inside = self.tokens[self.at + 1 : min(closer, self.at + _MANY_TOKENS)]
        if len(inside) + self.at + 1 < closer or not inside:
            return False
        return all(token.type not in ("COLON", "LBRACE", "_NEWLINE") for token in inside)

    def _leave_out(self, opener: Token, partner: int) -> None:
        closer = self.tokens[partner]
        span = Span(self.source.name, begin(opener), finish(closer))
        small = span.end - span.start <= _LONGEST_FIX
        inner = self.source.text[span.start + 1 : span.end - 1] if small else ""
        inner = inner.strip().rstrip(",").rstrip()
        short = len(inner) <= 120 and "\n" not in inner
        self.report.error(
            "I129", Span(span.file, span.start, span.start + 1),
            f"a list needs no {opener} {closer} around it", label="nothing belongs here",
            help=f"write {inner}" if short and inner else f"remove {opener} and {closer}",
            fix=Fix(span, inner) if small else None,
        )  # fmt: skip
        self.dropped.add(partner)
        before = partner - 1
        while before > self.at and self.tokens[before].type in ("_NEWLINE", "COMMA"):
            self.dropped.add(before)
            before -= 1

    def _kind_at(self, index: int) -> str:
        return self.tokens[index].type if index < len(self.tokens) else ""

    def _between_name_and_block(self, opener: Token, partner: int) -> None:
        """`defect bent (major) {`: a head has no place for what the brackets say."""
        closer, head = self.tokens[partner], self.out[self.first]
        self.report.error(
            "I129", Span(self.source.name, begin(opener), finish(closer)),
            f"{head} has no {opener} {closer} between its name and its block",
            label="nothing belongs here",
            help="remove it; a parent is named by extends" if head.type == "OBJECT"
            else "remove it, or write it behind a # as a comment",
        )  # fmt: skip
        self.dropped.update(range(self.at, partner + 1))

    def _turn(self, opener: Token, partner: int) -> None:
        """`defect scratch [ ... ]`: another kind of bracket around a block."""
        closer = self.tokens[partner]
        span = Span(self.source.name, begin(opener), finish(closer))
        small = span.end - span.start <= _LONGEST_FIX
        inner = self.source.text[span.start + 1 : span.end - 1] if small else ""
        self.report.error(
            "I103", Span(span.file, span.start, span.start + 1),
            f"blocks stand in braces, not in {opener} {closer}", label="needs {",
            help=f"write {{ for {opener} and }} for {closer}",
            fix=Fix(span, f"{{{inner}}}") if small else None,
        )  # fmt: skip
        self.turned[self.at] = Token.new_borrow_pos("LBRACE", "{", opener)
        self.turned[partner] = Token.new_borrow_pos("RBRACE", "}", closer)
        self.first = len(self.out) + 1

    def _before_block(self, sign: Token) -> bool:
        """`defect scratch = {`, `object brass extends nut: {`: nothing stands before a brace."""
        head = self.out[self.first : self.first + 3]
        following = (
            self.tokens[self.at + 1] if self.at + 1 < len(self.tokens) else made("", "", 0, 0)
        )
        opens = following.type == "LBRACE" or following in _CLOSERS
        if not head or head[0].type not in _BLOCKS or not opens or sign not in (":", "="):
            return False
        if sign == ":" and len(head) <= 2:
            return False  # a later pass tells of it
        place = Span(self.source.name, begin(sign), finish(sign))
        self.report.error(
            "I129", place, f"{shown(str(head[0]))} takes no {sign} before its block",
            label="nothing belongs here", help="remove it",
            fix=Fix(Span(place.file, finish(self.out[-1]), place.end), ""),
        )  # fmt: skip
        return True


def sweep(source: SourceFile, tokens: list[Token], report: Report) -> list[Token]:
    """The tokens without stray marks; every one is reported once."""
    return _Sweeper(source, report, tokens).run()
