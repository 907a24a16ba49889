"""The canonical layout of a spec: indentation, blank lines, commas, comments.

A block that its author wrote on one line stays on one line while it fits, a block that was broken
stays broken. Every comment stays behind the words or above the line where it stood.
"""

import re
from dataclasses import dataclass, field
from itertools import groupby, pairwise

from lark import Token

from promptdsl.diagnostics.width import display_width
from promptdsl.language.statements import Block, Comment, Statement, is_word
from promptdsl.language.tokens import begin, finish

MAX_WIDTH = 100
INDENT = "  "
_PLACEHOLDER = "{ object }"
_SIZE_SPACES = re.compile(r"[ \t]")


def lay_out(text: str, statements: list[Statement], comments: list[Comment]) -> str:
    """The canonical text of a parsed spec."""
    writer = _Writer(text, comments)
    writer.body(statements, len(text), 0)
    return "".join(f"{line}\n" for line in _aligned(writer.rows))


@dataclass(slots=True)
class _Row:
    """One line to be written: its depth, its words, the comment behind them."""

    depth: int
    words: str
    comment: str = ""

    @property
    def width(self) -> int:
        """Columns without the comment."""
        return len(INDENT) * self.depth + display_width(self.words)


@dataclass(slots=True)
class _Writer:
    text: str
    comments: list[Comment]
    rows: list[_Row] = field(default_factory=list)
    next: int = 0  # the first comment not yet written
    done: int = 0  # offset behind what has been written
    fresh: bool = True  # nothing stands in this block yet

    def body(self, statements: list[Statement], end: int, depth: int) -> None:
        """All statements of a block or a file that ends at `end`, and its comments."""
        statements = [statement for statement in statements if statement.value_of is None]
        starts = [statement.start for statement in statements] + [end]
        for statement, following in zip(statements, starts[1:], strict=True):
            self.own_line_comments(statement.start, depth)
            self.blank_line(statement.start)
            self.statement(statement, depth)
            self.comment_behind(following)
        self.own_line_comments(end, depth)

    def statement(self, statement: Statement, depth: int) -> None:
        """On one line where that is possible, else broken at its blocks or its commas."""
        flat = self.flat(statement)
        if flat is not None and len(INDENT) * depth + display_width(flat) <= MAX_WIDTH:
            self.row(depth, flat, statement.end)
            return
        self.broken(statement, depth)
        for value in statement.values:
            self.rows[-1].words += ","
            self.comment_behind(value.start)
            self.own_line_comments(value.start, depth + 1, blank_lines=False)
            self.broken(value, depth + 1)

    def broken(self, statement: Statement, depth: int) -> None:
        """The parts of a statement without its further values, each block opened up."""
        words, left, verbatim = "", None, _is_verbatim(statement)
        for part in statement.parts:
            if isinstance(part, Token):
                words += self.word(verbatim, left, part)
                left, self.done = part, finish(part)
            else:
                words = self.block(part, depth, f"{words} " if words else "")
                left = part.closer
        self.row(depth, words, self.done)

    def block(self, block: Block, depth: int, words: str) -> str:
        """Write a block up to its last line; the closing brace is given back to be gone on with."""
        opener, closer = begin(block.opener), begin(block.closer)
        inner = block.statements[0].start if block.statements else closer
        if not block.statements and not self.comments_before(closer):
            self.done = finish(block.closer)
            return words + "{}"
        self.rows.append(_Row(depth, words + "{"))
        self.comment_behind(opener)
        self.done = max(self.done, finish(block.opener))
        if not self.rows[-1].comment:
            self.comment_behind(inner)
        self.fresh = True
        self.body(block.statements, closer, depth + 1)
        self.done, self.fresh = finish(block.closer), False
        return "}"

    def flat(self, statement: Statement) -> str | None:
        """The statement on one line; None when its author or a comment broke it."""
        if self.comments_before(statement.end):
            return None
        every = [statement, *statement.values]
        if not all(self.can_be_flat(block) for one in every for block in one.blocks):
            return None
        return ", ".join(map(self.flat_parts, every))

    def flat_parts(self, statement: Statement) -> str:
        """The parts of a statement on one line, without its further values."""
        words, left, verbatim = "", None, _is_verbatim(statement)
        for part in statement.parts:
            if isinstance(part, Token):
                words += self.word(verbatim, left, part)
                left = part
            else:
                words += (" " if words else "") + self.flat_block(part)
                left = part.closer
        return words

    def flat_block(self, block: Block) -> str:
        """A block on one line."""
        inside = list(map(self.flat_parts, block.statements))
        return f"{{ {', '.join(inside)} }}" if inside else "{}"

    def can_be_flat(self, block: Block) -> bool:
        """Whether a block stood on one line, and would not be read as a placeholder there."""
        if not block.statements:
            return True
        if "\n" in self.text[begin(block.opener) : finish(block.closer)]:
            return False
        return self.flat_block(block).lower() != _PLACEHOLDER

    def word(self, verbatim: bool, left: Token | None, word: Token) -> str:
        """A word of a statement and what stands before it."""
        if left is None:
            return written(word, self.text)
        if left.type == "RBRACE":
            return " " + written(word, self.text)
        if verbatim:
            return self.text[finish(left) : finish(word)]
        return _gap(left, word, self.text) + written(word, self.text)

    def row(self, depth: int, words: str, end: int) -> None:
        """Add a line whose words end at an offset of the source."""
        self.rows.append(_Row(depth, words))
        self.done, self.fresh = end, False

    # comments and blank lines

    def comments_before(self, end: int) -> bool:
        """Whether a comment that is not yet written starts before an offset."""
        return self.next < len(self.comments) and self.comments[self.next].start < end

    def comment_behind(self, following: int) -> None:
        """The comment on the same line as what was written last, if nothing comes before it."""
        if not self.comments_before(following):
            return
        comment = self.comments[self.next]
        if comment.start >= self.done and "\n" not in self.text[self.done : comment.start]:
            self.rows[-1].comment = comment.text
            self.pass_by(comment)

    def own_line_comments(self, end: int, depth: int, blank_lines: bool = True) -> None:
        """Comments before an offset, each on its own line."""
        while self.comments_before(end):
            comment = self.comments[self.next]
            if blank_lines:
                self.blank_line(comment.start)
            self.rows.append(_Row(depth, comment.text))
            self.fresh = False
            self.pass_by(comment)

    def pass_by(self, comment: Comment) -> None:
        """Note that a comment is written."""
        self.next += 1
        self.done = max(self.done, comment.start + len(comment.text))

    def blank_line(self, following: int) -> None:
        """One blank line where the author left at least one."""
        if not self.fresh and self.text.count("\n", self.done, following) > 1:
            self.rows.append(_Row(0, ""))


def written(token: Token, text: str) -> str:
    """A token in its canonical form: `0.5%`, `3x3`, `>=`; anything else as its author wrote it."""
    own = text[begin(token) : finish(token)]
    if token.type == "PERCENT":
        return own[:-1].rstrip() + "%"
    if token.type == "SIZE":
        return _SIZE_SPACES.sub("", own).replace("×", "x").replace("X", "x")
    return ">=" if own == "≥" else own


def _gap(left: Token, right: Token, text: str) -> str:
    """What to write between two words of a statement."""
    between = text[finish(left) : begin(right)]
    if right.type == "COLON":
        return ""
    if "DOT" in (left.type, right.type):
        other = left if right.type == "DOT" else right
        return "" if is_word(other) or not between else " "
    if "UNKNOWN" in (left.type, right.type):
        return " " if between else ""
    return " "


def _is_verbatim(statement: Statement) -> bool:
    """Whether spaces decide which words these are, so that they must stay: `3  x  3`, `3x3mm`."""
    words = [part for part in statement.parts if isinstance(part, Token)]
    return any(
        (left.type == "NUMBER" and right[:1] in "xX×%")
        or (_is_number(right) and left[-1:] in "xX×" and left.lower() != "px")
        for left, right in pairwise(words)
    )


def _is_number(token: Token) -> bool:
    return token.type in ("NUMBER", "PERCENT", "SIZE")


def _aligned(rows: list[_Row]) -> list[str]:
    """Lines with their comments, those on neighbouring lines of one depth below each other."""
    groups = groupby(rows, key=lambda row: row.depth if row.comment else None)
    return [line for _depth, group in groups for line in _with_comments(list(group))]


def _with_comments(rows: list[_Row]) -> list[str]:
    column = max(row.width for row in rows) + 2
    longest = max(len(row.comment) for row in rows)
    aligned = column + longest <= MAX_WIDTH
    lines = []
    for row in rows:
        blanks = column - row.width if aligned else 2
        behind = " " * blanks + row.comment if row.comment else ""
        lines.append((INDENT * row.depth + row.words + behind).rstrip(" "))
    return lines
