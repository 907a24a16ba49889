"""A view of Lark's statements: words and blocks in order, with spans and separators."""

from collections.abc import Iterator
from dataclasses import dataclass

from lark import Token, Tree

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.ast import Text, Word
from promptdsl.language.tokens import HIDDEN, begin, finish
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.source import SourceFile, Span

_WORD_TYPES = {"NAME", *(word.upper() for word in KEYWORDS)}


@dataclass(slots=True)
class Statement:
    """One statement: its kind (the rule of the grammar), atoms before its block, and the block."""

    kind: str
    atoms: list[Token]
    block: "Block | None"
    after: list[Token]  # what stands behind the block, which nothing allows
    after_comma: bool

    @property
    def tokens(self) -> list[Token]:
        """Every token of the statement, those of the block left out."""
        return self.atoms + self.after


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


def statements_of(tree: Tree[Token]) -> list[Statement]:
    """The statements directly below a start or block tree."""
    found, after_comma = [], False
    for child in tree.children:
        if isinstance(child, Token):
            after_comma = child.type == "COMMA"
        else:
            found.append(_statement(child, after_comma))
            after_comma = False
    return found


def _statement(tree: Tree[Token], after_comma: bool) -> Statement:
    atoms: list[Token] = []
    after: list[Token] = []
    block: Block | None = None
    for child in tree.children:
        if isinstance(child, Token):
            (atoms if block is None else after).append(child)
        elif block is None:
            block = _block(child)
        else:
            extra = child.children[0]
            if isinstance(extra, Token):
                after.append(extra)
    return Statement(str(tree.data), atoms, block, after, after_comma)


def _block(tree: Tree[Token]) -> Block:
    opener, closer = tree.children[0], tree.children[-1]
    assert isinstance(opener, Token) and isinstance(closer, Token)
    return Block(opener, closer, statements_of(tree))


def is_word(token: Token) -> bool:
    """Whether a token is a bare word, keywords included."""
    return token.type in _WORD_TYPES


@dataclass(slots=True)
class Desk:
    """What every builder needs at hand: the source, the report, and how to measure."""

    source: SourceFile
    report: Report
    defects: frozenset[str] = frozenset()  # names of the object's defects and of its samples
    labels: frozenset[str] = frozenset()
    aliases: frozenset[str] = frozenset()  # short names of used files

    def span(self, *tokens: Token) -> Span:
        """From the first of some tokens to the last."""
        start, end = begin(tokens[0]), finish(tokens[-1])
        return Span(self.source.name, start, max(end, start))

    def span_of(self, statement: Statement) -> Span:
        """The whole statement, its block included."""
        starts = [begin(token) for token in statement.atoms[:1]]
        ends = [finish(token) for token in statement.tokens[-1:]]
        if statement.block is not None:
            starts.append(begin(statement.block.opener))
            ends.append(finish(statement.block.closer))
        return Span(self.source.name, min(starts), max(ends))

    def head(self, statement: Statement) -> Span:
        """The statement without its block."""
        if not statement.atoms:
            return self.span_of(statement)
        return self.span(*statement.atoms)

    def written(self, span: Span) -> str:
        """The author's characters, without those that nobody sees."""
        return self.source.text[span.start : span.end].replace(HIDDEN, "")

    def word(self, token: Token) -> Word:
        """A bare word."""
        return Word(str(token), self.span(token))

    def text(self, token: Token) -> Text:
        """A quoted text; `\\"` and `\\\\` are the only escapes."""
        return Text(unquote(str(token)), self.span(token))

    def nothing_behind(self, statement: Statement, tokens: list[Token]) -> None:
        """Report what stands where the statement should have ended."""
        rest = tokens + statement.after
        if rest and not any(token.type == "BROKEN" for token in rest):
            span = self.span(*rest)
            line = str(rest[0]) in KEYWORDS or (len(rest) > 1 and rest[1].type == "COLON")
            self.report.error(
                "I129",
                span,
                f"{shown(self.written(span))} stands behind the end of this line",
                label="nothing belongs here",
                help="remove it, or put it on a line of its own" if line
                else "remove it, or write # before it to make it a comment",
            )  # fmt: skip

    def no_block(self, statement: Statement) -> None:
        """Report a block behind a statement that takes none."""
        if statement.block is not None and not any(t.type == "BROKEN" for t in statement.atoms):
            span = self.span(statement.block.opener)
            word = statement.atoms[0] if statement.atoms else "this line"
            self.report.error(
                "I129",
                span,
                f"{word} takes no block in braces",
                label="nothing belongs here",
                help="remove the braces and what they hold",
            )


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


def each(block: Block | None) -> Iterator[Statement]:
    """The statements of a block, none without one."""
    return iter(block.statements if block is not None else ())
