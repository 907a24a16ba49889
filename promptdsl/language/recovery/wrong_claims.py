"""Expectations and labels of tests in other words: corrected where the meaning is certain."""

import re

from lark import Token

from promptdsl.language.ast import FieldLine
from promptdsl.language.desk import Desk
from promptdsl.language.statements import Statement, said, shown
from promptdsl.language.vocabulary import snake_case

_VERDICTS = {
    **dict.fromkeys(
        ("reject", "rejects", "rejected", "rejection", "fail", "fails", "failed"), "reject"
    ),
    **dict.fromkeys(("pass", "passes", "passed", "accept", "accepted", "ok"), "pass"),
    **dict.fromkeys(("review", "reviews", "reviewed"), "review"),
}
_LEAST = (
    "at least", "at minimum", "minimum of", "minimum", "min", "no less than", "not less than",
    "not below", "more than", "greater than", "above", "over", "at the least", "at_least",
    "atleast", ">=", ">", "\u2265", "=>",
)  # fmt: skip
_MOST = (
    "at most", "at maximum", "maximum of", "maximum", "max", "no more than", "not more than",
    "not above", "less than", "fewer than", "below", "under", "up to", "at the most", "at_most",
    "atmost", "<=", "<", "\u2264", "=<",
)  # fmt: skip
_BOUNDS = {
    **dict.fromkeys(_LEAST, "at least"),
    **dict.fromkeys(_MOST, "at most"),
    "always": "at least 100%", "never": "at most 0%", "all": "at least 100%",
    "none": "at most 0%", "no": "at most 0%", "every": "at least 100%",
}  # fmt: skip
_SHARE = re.compile(r"(\d*\.?\d+) ?%")
_COUNT = re.compile(r"(\d+) (?:of|out of|/) (\d+)")
_SHOULD = {
    "expect", "expects", "expected", "except", "should", "must", "shall", "require", "assert",
}  # fmt: skip
_WORDS_ALONE = {
    *_SHOULD, "to", "be", "are", "is", "a", "of", "the", "parts", "pictures", ":", "that", "them",
}  # fmt: skip
_MANY = 12  # words of a line that is still understood
_FORM = "for example expect reject at least 95%, or expect reject at most 2%"


def in_order(desk: Desk, statement: Statement, atoms: list[Token]) -> list[Token]:
    """The words behind `expect`; when only their order is wrong, that is reported and mended."""
    every = {str(token).lower(): token for token in (*statement.atoms[:1], *atoms)}
    verdict = next((word for word in ("pass", "review", "reject") if word in every), None)
    bound = next((word for word in ("least", "most") if word in every), None)
    shares = [token for token in atoms if token.type == "PERCENT"]
    if verdict is None or bound is None or "at" not in every or len(shares) != 1:
        return atoms
    order = [every[verdict], every["at"], every[bound], shares[0]]
    if order == atoms[:4] or len(atoms) != 4:
        return atoms
    message = "the words of this expectation stand in the wrong order"
    desk.error("I108", statement, message, write=" ".join(["expect", *map(str, order)]))
    return order


def wrong_expectation(desk: Desk, statement: Statement, atoms: list[Token]) -> None:
    """An expectation of another form: what it says, or the form that one has."""
    corrected = _reworded(" ".join(said(atoms[:_MANY])))
    if corrected is not None and len(atoms) <= _MANY and not statement.after:
        message = "an expectation says a verdict, at least or at most, and a share"
        desk.error("I122", statement, message, write=corrected)
        return
    words = set(said(atoms[:_MANY]))
    shares = [str(token) for token in atoms if token.type == "PERCENT"]
    help = _FORM + "; a verdict is pass, review or reject"
    if len(shares) == 1 and words & set(_VERDICTS) and not words & {"at", "least", "most"}:
        verdict = _VERDICTS[next(word for word in said(atoms[:_MANY]) if word in _VERDICTS)]
        help = f"say which: expect {verdict} at least {shares[0]}, or at most {shares[0]}"
    desk.malformed(statement, "this expectation is not complete", help)


def without_expect(desk: Desk, statement: Statement) -> None:
    """`reject at least 95%` in a test: the word expect lacks."""
    corrected = _reworded(" ".join(said(statement.atoms[:_MANY])))
    message = f"the word expect is missing before {statement.first}"
    help = None if corrected else _FORM
    desk.error("I122", statement, message, write=corrected, help=help)


def is_claim(statement: Statement) -> bool:
    """Whether a line without expect says what to expect: `at least 95%`, `should reject ...`."""
    words = set(said(statement.atoms[:_MANY]))
    shares = any(token.type == "PERCENT" for token in statement.atoms[:_MANY])
    first = statement.first.lower()
    bounds = words & {"least", "most", "minimum", "maximum", "min", "max"}
    return statement.kind == "loose" and bool(
        first in _SHOULD or bounds or (shares and words & set(_VERDICTS))
    )


def wrong_label(desk: Desk, line: FieldLine) -> None:
    """`on: good parts`, `on: good, scratch`: a test looks at one label."""
    words = [str(value.value) for value in line.values]
    known = [word for word in words if word in desk.labels]
    several = bool({"and", "or", "with"} & set(words)) or any(
        word in desk.defects for word in words
    )
    joined = snake_case(" ".join(words)) if all(v.kind == "word" for v in line.values) else ""
    only = known[0] if len(set(known)) == 1 and not several else None
    label = joined if joined in desk.labels else only
    if label is not None:
        desk.error(
            "I404", line.span, "on takes one label of samples, and nothing more",
            write=label, help=f"write on: {label}",
            at=line.values[0].span.to(line.values[-1].span),
        )  # fmt: skip
        return
    listed = ", ".join(sorted(desk.labels)[:8])
    desk.error(
        "I404", line.span, "on takes one label of samples",
        help="a test looks at one label: use one test for each" if several or len(known) > 1
        else f"there are samples of {shown(listed, 80)}" if listed
        else "for example on: good, with a block samples good { ... } in the same object",
    )  # fmt: skip


def _reworded(said: str) -> str | None:
    """`reject >= 95%` as the language says it; None where it could mean two things."""
    count = _COUNT.search(said)
    share = _SHARE.search(said)
    if count is not None and 0 < int(count[1]) <= int(count[2]):
        part, rest = f"{100 * int(count[1]) / int(count[2]):.6g}%", said.replace(count[0], " ")
    elif share is not None:
        part, rest = f"{share[1]}%", said.replace(share[0], " ")
    else:
        part, rest = "", said
    bounds, rest = _bounds(" ".join(rest.split()))
    if not bounds and part in ("0%", "100%") and "=" not in rest:
        bounds = {"at most" if part == "0%" else "at least"}
    words = [word for word in rest.split() if word not in _WORDS_ALONE]
    verdicts = {_VERDICTS.get(word) for word in words}
    if len(verdicts) != 1 or None in verdicts or len(bounds) != 1:
        return None
    bound = bounds.pop()
    if ("%" in bound) == bool(part):
        return None
    return f"expect {verdicts.pop()} {bound} {part}".strip()


def _bounds(said: str) -> tuple[set[str], str]:
    """Which bounds a line says, and its further words."""
    found, rest = set(), f" {said} "
    for phrase in sorted(_BOUNDS, key=len, reverse=True):
        if f" {phrase} " in rest:
            found.add(_BOUNDS[phrase])
            rest = rest.replace(f" {phrase} ", "  ")
    return found, rest
