"""From text to tokens: Lark's basic lexer over `grammars/inspect.lark`."""

from functools import cache
from itertools import islice

from lark import Lark, Token

from promptdsl.resources import resource_folder

BLANK = "\uffff"  # what stands behind a quote that never closes; see quotes.py
HIDDEN = "\ufffe"  # nothing, in the midst of a word; see foreign_signs.py
TEXT = r'"(?:\\.|[^"\\\n])*"'  # a text in quotes, as a pattern
MAX_TOKENS = 300_000  # a spec of the largest accepted size has some 200,000


@cache
def language() -> Lark:
    """The grammar, built once per process (about as quick as reading a cache of it would be)."""
    grammar = (resource_folder("grammars") / "inspect.lark").read_text(encoding="utf-8")
    return Lark(
        grammar,
        parser="lalr",
        lexer="basic",
        propagate_positions=False,
        maybe_placeholders=False,
    )


def tokenize(text: str) -> list[Token]:
    """The tokens of a text whose quotes are mended, at most one more than MAX_TOKENS.

    Cannot fail: UNKNOWN takes what is left.
    """
    shown = text.replace(HIDDEN, "")
    tokens = list(islice(language().lex(shown), MAX_TOKENS + 1))
    if len(shown) != len(text):
        places = [at for at, sign in enumerate(text) if sign != HIDDEN]
        for token in tokens:
            token.start_pos, token.end_pos = places[begin(token)], places[finish(token) - 1] + 1
    return tokens


class Rewriting:
    """A text of which pieces are replaced, from left to right, by others of the same length."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.done = 0  # offset behind the last piece
        self._pieces: list[str] = []

    def put(self, start: int, end: int, new: str) -> None:
        """Replace what stands there."""
        self._pieces += [self.text[self.done : start], new]
        self.done = end

    def finished(self) -> str:
        """The text with everything replaced."""
        return "".join([*self._pieces, self.text[self.done :]])


def line_start(text: str, offset: int) -> int:
    """Where the line of an offset begins."""
    return text.rfind("\n", 0, offset) + 1


def line_end(text: str, offset: int) -> int:
    """Where the line of an offset ends."""
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def begin(token: Token) -> int:
    """Character offset at which a token starts."""
    return token.start_pos or 0


def finish(token: Token) -> int:
    """Character offset behind a token."""
    return token.end_pos or 0


def made(kind: str, text: str, at: int, line: int) -> Token:
    """A token that the author left out, placed at an offset."""
    return Token(kind, text, start_pos=at, end_pos=at, line=line, column=0)
