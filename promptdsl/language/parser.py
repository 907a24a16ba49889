"""From source to statements: quotes, tokens, braces, parse; mistakes go to the report."""

from lark import Token, Tree

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.balance import Balancer
from promptdsl.language.block_words import BlockWords
from promptdsl.language.quotes import mend_quotes
from promptdsl.language.recovery.other_notations import other_format, tell_other_format
from promptdsl.language.recovery.slips import SlipMender
from promptdsl.language.recovery.stray_marks import Sweeper
from promptdsl.language.recovery.token_pass import TokenPass
from promptdsl.language.statements import Statement, statements_of
from promptdsl.language.tokens import MAX_TOKENS, begin, language, made, tokenize
from promptdsl.source import SourceFile, Span

PASSES: tuple[type[TokenPass], ...] = (BlockWords, Sweeper, SlipMender, Balancer)


def parse(source: SourceFile, report: Report) -> list[Statement]:
    """The statements of a spec; always some, since what is broken is mended and reported first."""
    tokens = [made("INSPECT", "inspect", 0, 1), made("NUMBER", "1", 0, 1)]
    kind = other_format(source.text)
    if kind is not None:
        tell_other_format(source, kind, report)
        return statements_of(_tree(tokens))
    found = tokenize(mend_quotes(source, report))
    if len(found) > MAX_TOKENS:
        at = begin(found[-1])
        report.error(
            "I003", Span(source.name, at, at + 1),
            f"the file holds more than {MAX_TOKENS:,} words and signs, which no spec needs",
            help="check that this is the file you meant",
        )  # fmt: skip
    else:
        tokens = found
    for each in PASSES:
        tokens = each(source, report, tokens).run()
    return statements_of(_tree(tokens))


def _tree(tokens: list[Token]) -> Tree[Token]:
    parser = language().parse_interactive()
    for token in tokens:
        parser.feed_token(token)
    tree: Tree[Token] = parser.feed_eof(tokens[-1] if tokens else None)  # type: ignore[no-untyped-call]
    return tree
