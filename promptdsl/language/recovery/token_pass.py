"""What the passes over tokens share: where they are, what lies ahead, what they hand on."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Unpack

from lark import Token

from promptdsl.diagnostics.diagnostic import Advice, Report
from promptdsl.language.tokens import begin, finish
from promptdsl.source import SourceFile, Span

BLOCK_WORDS = {
    "OBJECT", "NORMAL", "DEFECT", "WORDS", "TEMPLATES", "METHOD", "THRESHOLDS", "SAMPLES", "TEST",
    "PICTURE", "REGION", "IGNORE", "LOCATE", "EXCEPT",
}  # fmt: skip
TOP_WORDS = {"INSPECT", "USE", "WORDS", "OBJECT"}
INNER_KINDS = {"STRING", "BROKEN", "INCLUDE", "REJECT", "REVIEW", "EXPECT"}  # begin inner lines


@dataclass(slots=True)
class TokenPass:
    """One walk over the tokens; `out` is what the next pass sees."""

    source: SourceFile
    report: Report
    tokens: list[Token]
    at: int = 0
    out: list[Token] = field(default_factory=list)

    def kind(self, ahead: int = 0) -> str:
        """The kind of the token so far ahead; "" behind the last one."""
        at = self.at + ahead
        return self.tokens[at].type if at < len(self.tokens) else ""

    def span(self, first: Token, last: Token | None = None) -> Span:
        """From one token to another, or one alone."""
        return Span(self.source.name, begin(first), finish(last or first))

    def stray(self, where: Span, message: str, **said: Unpack[Advice]) -> bool:
        """Report what nothing allows there."""
        self.report.error("I129", where, message, label="nothing belongs here", **said)
        return True

    @abstractmethod
    def run(self) -> list[Token]:
        """Walk the tokens once; what the next pass sees."""
