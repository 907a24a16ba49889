"""Lines of JSON, YAML or a table in the midst of a spec: one message for all of them.

They are blanked, so that nothing else is said about them; BLANK stays as the sign of a lost line.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.tokens import BLANK, TEXT
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.source import SourceFile, Span

_KEY = re.compile(r'\s*"[^"\n]*"\s*:')
_BRACKETS = re.compile(TEXT + r"|[{}\[\]]")
_OPEN_KEY = re.compile(r"(\s*)[\w -]{1,40}:\s*")
_ITEM = re.compile(r"(\s*)(?:-\s+\S|[\w -]{1,40}:(?:\s|$))")
_PLACEHOLDER = re.compile(r"\{\s*object\s*\}")
_FIRST_CELL = re.compile(r"\s*([^\W\d][\w-]*)")
_NO_CELL = re.compile(r'[{}":#]')
_HINT = re.compile(r'^[^\S\n]*"[^"\n]*"\s*:|:[^\S\n]*$|^[^\S\n]*[^\W\d][^":#\n]*,', re.M)


def blank_pasted(source: SourceFile, text: str, report: Report) -> str:
    """The text without such lines; the same length."""
    if not _HINT.search(text):
        return text
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    for first, last, kind in _runs(lines):
        if not report.skips():
            _tell(source, starts[first], lines[first], kind, last - first, report)
        for index in range(first, last):
            lines[index] = " " * len(lines[index])
        lines[first] = BLANK + lines[first][1:]
    return "\n".join(lines)


def _runs(lines: list[str]) -> Iterator[tuple[int, int, str]]:
    """First line, line behind the last, and what they are."""
    at, goes_on = 0, False  # goes_on: the line before ends with a comma
    looked = 0  # lines before this one are known to begin nothing
    while at < len(lines):
        line = lines[at]
        end, kind = at, ""
        if _KEY.match(line):
            end, kind = _json_end(lines, at), "JSON"
        elif at >= looked and not goes_on and (_OPEN_KEY.fullmatch(line) or _cells(line)):
            yaml = _OPEN_KEY.fullmatch(line) is not None
            looked, found = (_yaml_end if yaml else _table_end)(lines, at)
            end, kind = looked if found else at, "YAML" if yaml else "a table"
        if end > at:
            yield at, end, kind
            at, goes_on = end, False
            continue
        if line.strip():
            goes_on = line.rstrip().endswith((",", ":"))
        at += 1


def _json_end(lines: list[str], at: int) -> int:
    """Behind the lines with quoted keys, and what stands in their brackets."""
    depth = 0
    while at < len(lines) and (depth > 0 or _KEY.match(lines[at])):
        for match in _BRACKETS.finditer(lines[at]):
            depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(match.group(), 0)
            if depth < 0:
                return at  # a brace of the spec itself
        at += 1
    return at


def _yaml_end(lines: list[str], at: int) -> tuple[int, bool]:
    """Behind a key with nothing behind its colon, and its items further to the right."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    end, items = at + 1, 0
    while end < len(lines):
        line = _PLACEHOLDER.sub("", lines[end])
        deep = len(line) - len(line.lstrip())
        key = deep == indent and _OPEN_KEY.fullmatch(line) is not None
        item = deep > indent and _ITEM.match(line) is not None
        if "{" in line or "}" in line or '"' in line or not (key or item):
            break
        items += item
        end += 1
    bullets = sum(lines[index].lstrip().startswith("- ") for index in range(at, end))
    return end, items >= 1 and bullets >= 1


def _cells(line: str) -> int:
    """How many cells a row of a table has; 0 for another line."""
    plain = _PLACEHOLDER.sub("", line)
    match = _FIRST_CELL.match(plain)
    if match is None or _NO_CELL.search(plain):
        return 0
    rest = plain[match.end() :].rstrip()
    if "," not in rest or rest.endswith(","):
        return 0
    alone = plain.split(",", 1)[0].strip() == match.group(1)  # `object,defect,phrase`
    if match.group(1) in KEYWORDS and not alone:
        return 0
    return line.count(",") + 1


def _table_end(lines: list[str], at: int) -> tuple[int, bool]:
    """Behind rows of equally many cells, when not every cell is a phrase."""
    count, end, bare = _cells(lines[at]), at, False
    while end < len(lines) and _cells(lines[end]) == count:
        bare = bare or any("object" not in cell for cell in lines[end].split(","))
        end += 1
    return end, end - at >= 2 and bare


def _tell(source: SourceFile, start: int, line: str, kind: str, count: int, report: Report) -> None:
    indent = len(line) - len(line.lstrip())
    what = f"this line is {kind}" if count == 1 else f"{count} lines from here on are {kind}"
    report.error(
        "I135", Span(source.name, start + indent, start + len(line.rstrip())),
        f"{what}, and no part of a spec",
        label="not here",
        help='settings are written name: value, and phrases in quotes in a block: '
        'defect scratch { "scratched {object}" }',
    )  # fmt: skip
