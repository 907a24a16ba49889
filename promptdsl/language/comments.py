"""Comments, which the lexer skips: where they stand, for the formatter."""

import re
from dataclasses import dataclass

_TEXT_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*')


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment from `#` to the end of its line, blanks at its end left out."""

    start: int
    text: str


def comments_of(text: str) -> list[Comment]:
    """The comments of a spec without lone quotes, from top to bottom."""
    return [
        Comment(match.start(), match.group().rstrip())
        for match in _TEXT_OR_COMMENT.finditer(text)
        if match.group()[0] == "#"
    ]
