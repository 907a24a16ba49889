"""From source to Lark tree: quotes, tokens, braces, parse; mistakes go to the report."""

from lark import Token, Tree

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.source import SourceFile
from promptdsl.syntax.balance import balance
from promptdsl.syntax.quotes import mend_quotes
from promptdsl.syntax.slips import mend_slips
from promptdsl.syntax.tokens import language, tokenize


def parse(source: SourceFile, report: Report) -> Tree[Token]:
    """The tree of a spec; always one, since what is broken is mended and reported first."""
    tokens = mend_slips(source, tokenize(mend_quotes(source, report)), report)
    tokens = balance(source, tokens, report)
    parser = language().parse_interactive()
    for token in tokens:
        parser.feed_token(token)
    tree: Tree[Token] = parser.feed_eof(tokens[-1] if tokens else None)  # type: ignore[no-untyped-call]
    return tree
