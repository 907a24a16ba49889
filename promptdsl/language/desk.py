"""What every builder needs at hand: the source, the report, and how to measure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

from lark import Token

from promptdsl.diagnostics.diagnostic import Advice, Report, Said
from promptdsl.language.ast import Text, Word
from promptdsl.language.statements import Statement, is_broken, shown, unquote
from promptdsl.language.tokens import HIDDEN, begin, finish
from promptdsl.language.vocabulary import FORMS, KEYWORDS
from promptdsl.source import SourceFile, Span

Where = Span | Token | Sequence[Token] | Statement


@dataclass(slots=True)
class Desk:
    """The file that is read, and what is known of the object that is being built."""

    source: SourceFile
    report: Report
    defects: frozenset[str] = frozenset()  # names of the object's defects and of its samples
    labels: frozenset[str] = frozenset()
    inherits: bool = False  # it extends another, whose defects are not known here
    aliases: frozenset[str] = frozenset()  # short names of used files

    def span(self, *tokens: Token) -> Span:
        """From the first of some tokens to the last."""
        start, end = begin(tokens[0]), finish(tokens[-1])
        return Span(self.source.name, start, max(end, start))

    def span_of(self, statement: Statement) -> Span:
        """The whole statement, its block included."""
        starts = [begin(token) for token in statement.atoms[:1]]
        ends = [finish(token) for token in (statement.atoms + statement.after)[-1:]]
        if statement.block is not None:
            starts.append(begin(statement.block.opener))
            ends.append(finish(statement.block.closer))
        return Span(self.source.name, min(starts), max(ends))

    def place(self, where: Where) -> Span:
        """Where to point: of a statement, at what stands before its block."""
        if isinstance(where, Span):
            return where
        if isinstance(where, Token):
            return self.span(where)
        if isinstance(where, Statement):
            return self.span(*where.atoms) if where.atoms else self.span_of(where)
        return self.span(*where)

    def written(self, where: Where) -> str:
        """The author's characters, without those that nobody sees."""
        span = self.place(where)
        return self.source.text[span.start : span.end].replace(HIDDEN, "")

    def word(self, token: Token) -> Word:
        """A bare word."""
        return Word(str(token), self.span(token))

    def text(self, token: Token) -> Text:
        """A quoted text; `\\"` and `\\\\` are the only escapes."""
        return Text(unquote(str(token)), self.span(token))

    # messages

    def error(self, code: str, where: Where, message: str, **said: Unpack[Said]) -> None:
        """Report an error there."""
        self.report.error(code, self.place(where), message, **said)

    def stray(self, where: Where, message: str, **said: Unpack[Advice]) -> None:
        """Report what nothing allows there."""
        self.error("I129", where, message, label="nothing belongs here", **said)

    def malformed(self, statement: Statement, message: str, help: str) -> None:
        """Report a line whose words are right but whose form is not."""
        self.error("I122", statement, message, help=help)

    def lacks(self, statement: Statement, message: str, form: str) -> None:
        """Report a line that lacks something, with an example of one that has it."""
        self.malformed(statement, message, f"for example {FORMS[form]}")

    def swapped(self, where: Where, left: object, right: object) -> None:
        """Report two words whose order is wrong."""
        message = f"{left} and {right} stand in the wrong order"
        self.error("I108", where, message, write=f"{right} {left}")

    def unquoted(self, where: Where, what: str, bare: str, form: str) -> None:
        """Report a name that is written in quotes."""
        message = f"{what} is written without quotes"
        self.error("I124", where, message, write=bare, help=f"write {form} {bare}")

    def twice(self, what: str, where: Where, first: Where) -> None:
        """Report the same thing said twice in one place."""
        self.error(
            "I128", where, f"{what} stands twice", label="said before", help="keep one of them",
            related=((self.place(first), "the first one"),),
        )  # fmt: skip

    def nothing_behind(self, statement: Statement, tokens: Sequence[Token] = ()) -> None:
        """Report what stands where the statement should have ended."""
        rest = [*tokens, *statement.after]
        if rest and not is_broken(rest):
            line = str(rest[0]) in KEYWORDS or (len(rest) > 1 and rest[1].type == "COLON")
            self.stray(
                rest, f"{shown(self.written(rest))} stands behind the end of this line",
                help="remove it, or put it on a line of its own" if line
                else "remove it, or write # before it to make it a comment",
            )  # fmt: skip

    def no_block(self, statement: Statement) -> None:
        """Report a block behind a statement that takes none."""
        if statement.block is not None and not statement.is_broken:
            message = f"{statement.first or 'this line'} takes no block in braces"
            help = "remove the braces and what they hold"
            self.stray(statement.block.opener, message, help=help)

    def needs_block(self, statement: Statement, form: str) -> bool:
        """Whether the statement has its block, and nothing behind it; reported where it has not."""
        if statement.block is not None:
            self.nothing_behind(statement)
            return True
        if not statement.is_broken:
            self.lacks(statement, f"{statement.first} needs a block in braces", form)
        return False
