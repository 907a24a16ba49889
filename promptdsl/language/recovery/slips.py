"""Slips between two tokens: decimal commas, lost commas, colons, semicolons, wrong brackets.

Each is reported once and mended, so that the braces and the grammar see what was meant.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from lark import Token

from promptdsl.language.lengths import is_unit
from promptdsl.language.picture_words import SHAPES
from promptdsl.language.recovery.stray_marks import tell_brackets
from promptdsl.language.recovery.token_pass import BLOCK_WORDS, TokenPass
from promptdsl.language.rule_form import MEASURES
from promptdsl.language.statements import touching
from promptdsl.language.tokens import begin, finish, made
from promptdsl.methods import known_fields
from promptdsl.source import Span

_NO_COLON = BLOCK_WORDS | {"INSPECT", "USE", "REMOVE", "INCLUDE"}
_AFTER_A_BLOCK = BLOCK_WORDS | {"REMOVE", "INCLUDE"}
_BRACKETS = {"(": ")", "[": "]"}
_BEFORE_A_LIMIT = {"above", "least", "most"}
_EXPONENT = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d{1,2}")
_JOINTS = {"and", "or", "also", "else", "then", "&", "&&", "||"}
_VALUES = {"NUMBER", "PERCENT", "SIZE", "STRING"}
_RULES = {"REJECT", "REVIEW"}
# What begins the next line of a block although a line that begins so is not yet finished.
_NEXT_LINE: dict[str, set[str]] = {
    "INCLUDE": {"INCLUDE", "STRING"},
    "REJECT": _RULES,
    "REVIEW": _RULES,
    "STRING": {"INCLUDE"},
    "EXPECT": {"EXPECT"},
}


@dataclass(slots=True)
class SlipMender(TokenPass):
    """The tokens with slips mended; every one is reported once."""

    line: list[Token] = field(default_factory=list)  # the statement so far
    brackets: list[str] = field(default_factory=list)  # the closers that are waited for
    broken_rule: Token | None = None  # the last threshold line told to run over two lines

    def run(self) -> list[Token]:
        """Walk the tokens once; a rule either takes the next tokens or leaves them."""
        rules: dict[str, tuple[Callable[[Token], bool], ...]] = {
            "UNKNOWN": (self._slashes, self._semicolon, self._bracket),
            "COMPARISON": (self._comparison,),
            "_NEWLINE": (self._rule_goes_on,),
            "NUMBER": (self._exponent, self._decimal_comma, self._percent, self._times),
            "COLON": (self._colon_behind_word,),
            "NAME": (self._next_line,),
            "STRING": (self._next_line,),
            **dict.fromkeys(_AFTER_A_BLOCK | _RULES | {"EXPECT"}, (self._next_line,)),
        }
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            for rule in rules.get(token.type, ()):
                if rule(token):
                    break
            else:
                self._keep(token)
                self.at += 1
        return self.out

    def _keep(self, token: Token) -> None:
        self.out.append(token)
        if token.type in ("_NEWLINE", "COMMA", "LBRACE"):
            self.line = []
        else:
            self.line.append(token)

    def _take(
        self, count: int, kind: str, written: str, code: str, message: str, label: str
    ) -> bool:
        """Take some tokens for one token that is written otherwise, and report it."""
        first = self.tokens[self.at]
        span = self.span(first, self.tokens[self.at + count - 1])
        self.report.error(code, span, message, label=label, write=written)
        self._keep(Token(kind, written, start_pos=span.start, end_pos=span.end, line=first.line))
        self.at += count
        return True

    # rules: True when they took tokens

    def _slashes(self, token: Token) -> bool:
        """`// a comment`, `-- a comment`."""
        if not token.startswith("//") and token != "--":
            return False
        place = Span(self.source.name, begin(token), begin(token) + 2)
        message, help = f"{token[:2]} does not begin a comment", "comments begin with #"
        self.report.error("I120", place, message, write="#", help=help)
        while self.kind() not in ("_NEWLINE", ""):
            self.at += 1
        return True

    def _comparison(self, token: Token) -> bool:
        """`> =`."""
        in_rule = bool(self.line) and self.line[0].type in _RULES
        if not in_rule or self.kind(1) != "COMPARISON":
            return False
        if {token, self.tokens[self.at + 1]} != {">", "="}:
            return False
        message = "a space stands inside the comparison"
        return self._take(2, "COMPARISON", ">=", "I505", message, "needs >=")

    def _rule_goes_on(self, newline: Token) -> bool:
        """`reject when score`, and `>= 0.62` on the next line."""
        if not self.line or self.line[0].type not in _RULES:
            return False
        ahead = 1
        while self.kind(ahead) == "_NEWLINE":
            ahead += 1
        if not self._ends_open() or not self._continues(ahead):
            return False
        verdict, rest = self.line[0], self.tokens[self.at + ahead]
        if verdict is not self.broken_rule:
            self.broken_rule = verdict
            gap = Span(self.source.name, finish(self.line[-1]), begin(rest))
            blank = not self.source.text[gap.start : gap.end].strip()
            self.report.error(
                "I126", self.span(rest), f"a threshold line stands on one line, with its {rest}",
                help="move it up to the line before", write=" " if blank else None, at=gap,
            )  # fmt: skip
        self.at += ahead
        return True

    def _ends_open(self) -> bool:
        """Whether a threshold line still lacks something."""
        last = self.line[-1].type == "COMPARISON"
        return last or all(token.type != "COMPARISON" for token in self.line)

    def _continues(self, ahead: int) -> bool:
        """Whether the token there is what the threshold line lacks."""
        kind, last = self.kind(ahead), self.line[-1]
        if kind == "COMPARISON":
            in_region = len(self.line) > 2 and self.line[-2] == "in"
            return last == "score" or in_region or last.type in ("NUMBER", "PERCENT")
        if kind in ("NUMBER", "PERCENT"):
            return last.type == "COMPARISON" or last == "above"
        if kind != "NAME":
            return False
        word = self.tokens[self.at + ahead]
        if last == "when":
            return word in MEASURES
        following = {"reject": "when", "review": "when", "area": "above", "spot": "above",
                     "spots": "above"}  # fmt: skip
        return word == following.get(str(last)) or (last.type == "COMPARISON" and word == "auto")

    def _semicolon(self, token: Token) -> bool:
        """`;` where a line ends or a comma belongs."""
        if token != ";":
            return False
        ends = self.kind(1) in ("_NEWLINE", "RBRACE", "")
        message = "lines end with a comma or a new line, not with ;"
        help = "remove it" if ends else "write a comma"
        self.stray(self.span(token), message, write="" if ends else ",", help=help)
        self.at += 1
        if not ends:
            self._keep(Token.new_borrow_pos("COMMA", ",", token))
        return True

    def _bracket(self, token: Token) -> bool:
        """`defect scratch ( ... )`: another kind of bracket around a block."""
        heads = bool(self.line) and self.line[0].type in BLOCK_WORDS
        if self.brackets and token == self.brackets[-1]:
            self.brackets.pop()
            self._keep(Token.new_borrow_pos("RBRACE", "}", token))
        elif token in _BRACKETS and heads:
            closer = _BRACKETS[token]
            tell_brackets(self.report, self.span(token), token, closer)
            self.brackets.append(closer)
            self._keep(Token.new_borrow_pos("LBRACE", "{", token))
        else:
            return False
        self.at += 1
        return True

    def _exponent(self, token: Token) -> bool:
        """`7e-2`, which programs write for 0.07."""
        count, written = 1, str(token)
        while count < 3 and self.kind(count) in ("NAME", "NUMBER"):
            following = self.tokens[self.at + count]
            if not touching(self.tokens[self.at + count - 1], following):
                break
            written += following
            count += 1
        if count == 1 or not _EXPONENT.fullmatch(written):
            return False
        message = f"{written} has an exponent, and numbers are written out"
        plain, label = f"{Decimal(written):f}", "needs all its digits"
        return self._take(count, "NUMBER", plain, "I106", message, label)

    def _percent(self, token: Token) -> bool:
        """`0.5 percent`."""
        if self.kind(1) != "NAME" or self.tokens[self.at + 1].lower() not in ("percent", "pct"):
            return False
        return self._take(2, "PERCENT", f"{token}%", "I406", "the unit is written %", "needs %")

    def _times(self, token: Token) -> bool:
        """`2*2`."""
        if self.kind(1) != "UNKNOWN" or self.kind(2) != "NUMBER":
            return False
        times, other = self.tokens[self.at + 1 : self.at + 3]
        if times != "*" or not (token.isdigit() and other.isdigit()):
            return False
        message = "the two sides of a window have an x between them"
        return self._take(3, "SIZE", f"{token}x{other}", "I406", message, "needs x")

    def _decimal_comma(self, whole: Token) -> bool:
        """`0,62`: a comma where many languages write it."""
        if self.kind(1) != "COMMA" or self.kind(2) not in ("NUMBER", "PERCENT"):
            return False
        comma, rest = self.tokens[self.at + 1 : self.at + 3]
        before = self.line[-1] if self.line else None
        limit = before is not None and (before.type == "COMPARISON" or before in _BEFORE_A_LIMIT)
        if not touching(whole, comma, rest) or not rest[:1].isdigit():
            return False
        if self._is_list_of_lengths():
            if rest.type == "NUMBER" and not (self.kind(3) == "NAME" and self._unit_at(3)):
                return False
        elif not (limit or whole == "0" or self._takes_one_number()):
            return False
        message = f"{whole},{rest} has a decimal comma, and numbers take a point"
        return self._take(3, rest.type, f"{whole}.{rest}", "I106", message, "needs a point")

    def _is_list_of_lengths(self) -> bool:
        """Whether the line is a shape, or `intensity`, whose numbers may have commas between."""
        words = [str(token) for token in self.line[:2]]
        return words[1:] == [":"] and (words[0] in SHAPES or words[0] == "intensity")

    def _unit_at(self, ahead: int) -> bool:
        return is_unit(str(self.tokens[self.at + ahead]))

    def _takes_one_number(self) -> bool:
        """Whether the line is a field with one number as its value, so that a comma is a point."""
        if [str(token) for token in self.line[1:4]] == [":", "up", "to"]:
            return True
        return len(self.line) == 2 and (
            self.line[0] in ("overlap", "scale", "turn", "shift")
            or any(
                field.name == self.line[0] and field.kind in ("count", "number", "pixels")
                for field in known_fields()
            )
        )

    def _colon_behind_word(self, colon: Token) -> bool:
        """`defect scratch: { ... }`, `method: winclip { ... }`, `inspect: 1`."""
        if not 1 <= len(self.line) <= 2 or self.line[0].type not in _NO_COLON:
            return False
        if self.line[0].type == "INCLUDE" and len(self.line) == 2:
            return False  # `include std:normal`
        self.at += 1
        if not self._brace_is_missing_too():
            self.stray(self.span(colon), f"{self.line[0]} takes no colon", write="")
        return True

    def _brace_is_missing_too(self) -> bool:
        """Whether a block follows without its brace, which the next pass reports."""
        if self.line[0].type not in BLOCK_WORDS or self.kind(0) not in ("STRING", "_NEWLINE"):
            return False
        ahead = 0
        while self.kind(ahead) == "_NEWLINE":
            ahead += 1
        while self.kind(ahead) not in ("_NEWLINE", "LBRACE", ""):
            ahead += 1
        other_line = self.kind(0) == "_NEWLINE" and ahead > 1
        return self.kind(ahead) != "LBRACE" or other_line

    def _next_line(self, token: Token) -> bool:
        """`on: good expect reject ...`: two lines without anything between them."""
        if not self.line or not self._begins_a_line(token):
            return False
        joint, last = self._joint(), finish(self.line[-1])
        shown = "this text" if token.type == "STRING" else str(token)
        self.report.error(
            "I126", self.span(token), f"a comma or a new line is missing before {shown}",
            help="put it on a line of its own", write=",",
            at=Span(self.source.name, last, finish(joint) if joint else last),
        )  # fmt: skip
        self._keep(made("COMMA", ",", begin(token), token.line or 1))
        self._keep(token)
        self.at += 1
        return True

    def _joint(self) -> Token | None:
        """The word that would join two lines, taken off the first: `... and review when ...`."""
        if len(self.line) < 3 or self.line[-1].lower() not in _JOINTS:
            return None
        self.out.pop()
        return self.line.pop()

    def _begins_a_line(self, token: Token) -> bool:
        first, last = self.line[0], self.line[-1]
        if last.type == "RBRACE":
            return token.type in _AFTER_A_BLOCK and self.kind(1) not in ("_NEWLINE", "")
        is_field = len(self.line) > 2 and self.line[1].type == "COLON"
        if token.type in ("NAME", "EXPECT"):
            fields = is_field or first.type in _VALUES
            return fields and (token.type == "EXPECT" or self.kind(1) == "COLON")
        enough = 1 if first.type == "STRING" else 2
        return len(self.line) >= enough and token.type in _NEXT_LINE.get(first.type, ())
