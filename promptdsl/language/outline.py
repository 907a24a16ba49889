"""What the formatter sees of a spec: statements, the blocks in them, values behind commas."""

from dataclasses import dataclass, field
from itertools import pairwise

from lark import Token, Tree

from promptdsl.language.spacing import could_merge
from promptdsl.language.tokens import begin, finish


@dataclass(slots=True)
class Braces:
    """`{ ... }` with the statements inside."""

    opener: Token
    closer: Token
    statements: list["Statement"]


@dataclass(slots=True)
class Statement:
    """Words and blocks of one statement, and the values that go on behind a comma."""

    parts: list[Token | Braces]
    is_field: bool
    verbatim: bool  # spaces decide here which words these are, so that they must stay
    values: list["Statement"] = field(default_factory=list)

    @property
    def start(self) -> int:
        """Offset of its first character."""
        first = self.parts[0]
        return begin(first.opener if isinstance(first, Braces) else first)

    @property
    def end(self) -> int:
        """Offset behind its last character."""
        if self.values:
            return self.values[-1].end
        last = self.parts[-1]
        return finish(last.closer if isinstance(last, Braces) else last)

    @property
    def braces(self) -> list[Braces]:
        """The blocks of the statement and of its values."""
        own = [part for part in self.parts if isinstance(part, Braces)]
        return own + [braces for value in self.values for braces in value.braces]


def statements_below(tree: Tree[Token]) -> list[Statement]:
    """The statements of a start or block tree; values behind a comma belong to their field."""
    found: list[Statement] = []
    after_comma = False
    for child in tree.children:
        if isinstance(child, Token):
            after_comma = child.type == "COMMA"
            continue
        statement = _statement(child)
        goes_on = after_comma and child.data in ("loose", "phrase")
        if goes_on and found and found[-1].is_field:
            found[-1].values.append(statement)
        else:
            found.append(statement)
        after_comma = False
    return found


def _statement(tree: Tree[Token]) -> Statement:
    parts = [child if isinstance(child, Token) else _braces(child) for child in tree.children]
    words = [part for part in parts if isinstance(part, Token)]
    verbatim = any(could_merge(left, right) for left, right in pairwise(words))
    is_field = len(words) > 1 and parts[1] is words[1] and words[1].type == "COLON"
    return Statement(parts, is_field, verbatim)


def _braces(tree: Tree[Token]) -> Braces:
    opener, closer = tree.children[0], tree.children[-1]
    assert isinstance(opener, Token) and isinstance(closer, Token)
    return Braces(opener, closer, statements_below(tree))
