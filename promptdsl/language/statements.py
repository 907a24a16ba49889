"""The one tree of statements: builders, formatter and corrections read it, Lark's tree made it.

A statement has its words and blocks in order, and every word its place in the text. Comments, which
the lexer skips, stand beside the tree.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from lark import Token, Tree

from promptdsl.language.tokens import TEXT, begin, finish
from promptdsl.language.vocabulary import BLOCK_NAMES, KEYWORDS

_WORD_TYPES = {"NAME", *(word.upper() for word in (*KEYWORDS, *BLOCK_NAMES))}
_TEXT_OR_COMMENT = re.compile(TEXT + r"|#[^\n]*")


@dataclass(slots=True)
class Statement:
    """One statement: its kind (the rule of the grammar), and its words and blocks in order."""

    kind: str
    parts: list["Token | Block"]
    after_comma: bool
    atoms: list[Token] = field(init=False)  # words before its block, which a builder may mend
    block: "Block | None" = field(init=False)
    after: list[Token] = field(init=False)  # what stands behind the block, which nothing allows
    values: list["Statement"] = field(default_factory=list)  # of a field, behind commas
    value_of: "Statement | None" = None  # the field before it, behind whose commas it stands

    def __post_init__(self) -> None:
        self.atoms, self.block, self.after = [], None, []
        for part in self.parts:
            if isinstance(part, Token):
                (self.atoms if self.block is None else self.after).append(part)
            elif self.block is None:
                self.block = part
            else:
                self.after.append(part.opener)

    @property
    def blocks(self) -> list["Block"]:
        """Its blocks, of which a sound statement has at most one."""
        return [part for part in self.parts if isinstance(part, Block)]

    @property
    def first(self) -> str:
        """The first word; "" without any."""
        return str(self.atoms[0]) if self.atoms else ""

    @property
    def is_broken(self) -> bool:
        """Whether a part of it was lost, which was reported."""
        return is_broken(self.atoms)

    @property
    def goes_on(self) -> bool:
        """Whether it may be one more value of what stands before a comma."""
        return self.after_comma and self.kind in ("loose", "phrase")

    @property
    def start(self) -> int:
        """Offset of its first character, whatever a builder made of it."""
        first = self.parts[0]
        return begin(first.opener if isinstance(first, Block) else first)

    @property
    def end(self) -> int:
        """Offset behind its last character, values behind commas included."""
        last = self.values[-1].parts[-1] if self.values else self.parts[-1]
        return finish(last.closer if isinstance(last, Block) else last)


@dataclass(slots=True)
class Block:
    """`{ ... }`: its braces and statements."""

    opener: Token
    closer: Token
    statements: list[Statement]

    @property
    def forced(self) -> bool:
        """Whether a repair closed it, so that what it lacks is no second mistake."""
        return begin(self.closer) == finish(self.closer)


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment from `#` to the end of its line, blanks at its end left out."""

    start: int
    text: str


def statements_of(tree: Tree[Token]) -> list[Statement]:
    """The statements directly below a start or block tree."""
    found: list[Statement] = []
    after_comma, head = False, None
    for child in tree.children:
        if isinstance(child, Token):
            after_comma = child.type == "COMMA"
            continue
        parts = [part if isinstance(part, Token) else _block(part) for part in child.children]
        statement = Statement(str(child.data), parts, after_comma)
        found.append(statement)
        if head is not None and statement.goes_on:
            statement.value_of = head
            head.values.append(statement)
        else:
            is_field = len(parts) > 1 and isinstance(parts[1], Token) and parts[1].type == "COLON"
            head = statement if is_field and isinstance(parts[0], Token) else None
        after_comma = False
    return found


def _block(tree: Tree[Token]) -> Block:
    opener, closer = tree.children[0], tree.children[-1]
    assert isinstance(opener, Token) and isinstance(closer, Token)
    return Block(opener, closer, statements_of(tree))


def comments_of(text: str) -> list[Comment]:
    """The comments of a spec without lone quotes, from top to bottom."""
    return [
        Comment(match.start(), match.group().rstrip())
        for match in _TEXT_OR_COMMENT.finditer(text)
        if match.group()[0] == "#"
    ]


def is_word(token: Token) -> bool:
    """Whether a token is a bare word, keywords included."""
    return token.type in _WORD_TYPES


def said(tokens: Iterable[Token]) -> list[str]:
    """The words of some tokens in small letters."""
    return [str(token).lower() for token in tokens]


def touching(*tokens: Token) -> bool:
    """Whether some tokens stand without a blank between them."""
    return all(finish(left) == begin(right) for left, right in pairwise(tokens))


def is_broken(tokens: Iterable[Token]) -> bool:
    """Whether something was lost among the tokens, which was reported."""
    return any(token.type == "BROKEN" for token in tokens)


def each(block: Block | None) -> Iterator[Statement]:
    """The statements of a block, none without one."""
    return iter(block.statements if block is not None else ())


def shown(written: str, limit: int = 40) -> str:
    """The author's characters on one line, shortened."""
    line = " ".join(written.split())
    return line if len(line) <= limit else line[: limit - 3] + "..."


def unquote(quoted: str) -> str:
    """The text between the quotes; a backslash means itself unless `"` or `\\` follows."""
    inner = quoted[1:-1]
    if "\\" not in inner:
        return inner
    return inner.replace("\\\\", "\0").replace('\\"', '"').replace("\0", "\\")


def quote(text: str) -> str:
    """How a text is written in a spec."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
