"""Words that open a block and are names everywhere else: `picture`, `region`, `ignore` and theirs.

They came later than the first specs, which may have a defect or an object of such a name. So the
lexer takes them for names, and here those that stand where a block begins get a kind of their own.
"""

from dataclasses import dataclass

from lark import Token

from promptdsl.language.picture_words import LOCATE_FIELDS, PICTURE_FIELDS, SHAPES
from promptdsl.language.recovery.token_pass import TokenPass
from promptdsl.language.vocabulary import BLOCK_NAMES

_SHAPES = {*SHAPES, "except"}
_INSIDE: dict[str, set[str]] = {
    "picture": {field.name for field in PICTURE_FIELDS},
    "region": _SHAPES,
    "ignore": _SHAPES,
    "locate": {field.name for field in LOCATE_FIELDS},
    "except": set(SHAPES),
}
_NAMED = {"region", "ignore"}
_ENDS = {"_NEWLINE", "COMMA", "LBRACE", "RBRACE"}


@dataclass(slots=True)
class BlockWords(TokenPass):
    """The tokens with such words told apart from names."""

    def run(self) -> list[Token]:
        """Walk the tokens once."""
        starting = True
        for at, token in enumerate(self.tokens):
            self.at = at
            word = token.lower() if starting and token.type == "NAME" else ""
            if word in BLOCK_NAMES and self._opens_block(word):
                if word != token:
                    message = f"{token} is not a word of this language"
                    self.report.error("I120", self.span(token), message, near=word)
                self.out.append(Token.new_borrow_pos(word.upper(), word, token))
            else:
                self.out.append(token)
            starting = token.type in _ENDS or (starting and self._is_bullet(token))
        return self.out

    def _is_bullet(self, token: Token) -> bool:
        """Whether it may be a part of `-` or `1.` before a line, which a later pass tells."""
        return token.type in ("UNKNOWN", "NUMBER", "DOT") or token == ">"

    def _opens_block(self, word: str) -> bool:
        """Whether a block follows, or lines that only a block of that word has."""
        ahead = 1
        if word in _NAMED and self.kind(1) not in (*_ENDS, "COLON", "UNKNOWN", ""):
            ahead = 1 if self._is_line(word, 1) else 2
        if self.kind(ahead) in ("COLON", "COMPARISON"):  # told by a later pass
            ahead += 1
            if self.kind(ahead) == "LBRACE":
                return True
        if self.kind(ahead) == "UNKNOWN":
            return self.tokens[self.at + ahead] in ("(", "[")
        while self.kind(ahead) == "_NEWLINE":
            ahead += 1
        return self.kind(ahead) == "LBRACE" or self._is_line(word, ahead)

    def _is_line(self, word: str, ahead: int) -> bool:
        """Whether a line of such a block stands there."""
        if self.kind(ahead) != "NAME" or self.kind(ahead + 1) != "COLON":
            return False
        return str(self.tokens[self.at + ahead]) in _INSIDE[word]
