"""Other notations: files of another kind, lines of JSON, YAML or a table, comments like `/* */`.

Each costs one message. What stands in the midst of a spec is blanked, so that every offset stays
true and nothing inside is judged; BLANK stays as the sign of a lost line.
"""

import re
from collections.abc import Iterator
from itertools import accumulate

from promptdsl.diagnostics.diagnostic import Report
from promptdsl.language.tokens import BLANK, TEXT, Rewriting, line_end, line_start
from promptdsl.language.vocabulary import KEYWORDS
from promptdsl.source import SourceFile, Span

_LOOKED_AT = 40  # lines
_HEADER = re.compile(r"^[^\S\n]*inspect(?:[^\S\n]+[\w.]+)?[^\S\n]*$", re.M | re.I)
_SPEC_LINE = re.compile(
    rf"\s*(?:{'|'.join(KEYWORDS)})\b[^:=,;\t]*(?:\{{|$)|\s*\}}|.*\{{\s*$|\s*\"[^\"]*\"\s*,?\s*$"
)
_JSON = re.compile(r"\s*[\[{]\s*(?:[\"\[{\]}]|-?\d)")
_XML = re.compile(r"\s*<[!?/a-zA-Z]")
_YAML = re.compile(r"\s*(?:- )*(?:[\w\"' -]{1,40}:(?:\s|$)|- \S|-\s*$|---|\.\.\.)")
_TOML = re.compile(r"\s*\[\[?[\w.\" -]+\]\]?\s*$|\s*[\w.-]+\s*=\s*\S")
_PYTHON = re.compile(r"\s*(?:import \w|from \w[\w.]* import |def \w+\(|class \w+|#!/)")
_TEXT = re.compile(TEXT)
_CLOSER = re.compile(r'\*/(?=[\s,}"]|$)')  # a path goes on behind it
_TEXT_OR_COMMENT = re.compile(TEXT + r"|#[^\n]*|/\*")
_KEY = re.compile(r'\s*"[^"\n]*"\s*:')
_BRACKETS = re.compile(TEXT + r"|[{}\[\]]")
_OPEN_KEY = re.compile(r"(\s*)[\w -]{1,40}:\s*")
_ITEM = re.compile(r"(\s*)(?:-\s+\S|[\w -]{1,40}:(?:\s|$))")
_PLACEHOLDER = re.compile(r"\{\s*object\s*\}")
_FIRST_CELL = re.compile(r"\s*([^\W\d][\w-]*)")
_NO_CELL = re.compile(r'[{}":#]')
_HINT = re.compile(r'^[^\S\n]*"[^"\n]*"\s*:|:[^\S\n]*$|^[^\S\n]*[^\W\d][^":#\n]*,', re.M)


def other_format(text: str) -> str | None:
    """What a file is that is no spec, in words; None for what may be one."""
    start = _HEADER.sub("", text[:20_000], count=1)
    if _HEADER.search(start):
        return None
    lines = [line for line in start.split("\n", 2 * _LOOKED_AT)[: 2 * _LOOKED_AT] if line.strip()]
    lines = [line for line in lines if not line.lstrip().startswith("#")][:_LOOKED_AT]
    if not lines:
        return None
    if _JSON.match(start):
        return "a JSON document"
    if _XML.match(start):
        return "an XML or HTML document"
    if any(_SPEC_LINE.match(line) for line in lines):
        return None
    if _PYTHON.match(lines[0]):
        return "a program"
    if _share(_YAML, lines) >= 0.8 and len(lines) >= 3 and ":" in start:
        return "a YAML document"
    if _share(_TOML, lines) >= 0.8 and lines[0].lstrip().startswith("[") and len(lines) >= 2:
        return "a TOML or INI file"
    return "a table of values" if _is_table(lines) else None


def _share(pattern: re.Pattern[str], lines: list[str]) -> float:
    return sum(pattern.match(line) is not None for line in lines) / len(lines)


def _is_table(lines: list[str]) -> bool:
    """Whether all lines have the same separators, as in CSV."""
    if len(lines) < 2:
        return False
    for separator in ("\t", ";", ","):
        counts = {re.sub(r'"[^"]*"', "", line).count(separator) for line in lines}
        if len(counts) == 1 and counts.pop() >= 1:
            return True
    return False


def tell_other_format(source: SourceFile, kind: str, report: Report) -> None:
    """The one message about such a file."""
    rest = source.text.lstrip()
    begin, first = len(source.text) - len(rest), rest.split("\n", 1)[0].rstrip()
    report.error(
        "I135", Span(source.name, begin, begin + max(1, len(first))),
        f"this is {kind}, and no spec", label="no line of a spec",
        help="begin a spec with promptdsl new, and copy the phrases into its blocks: "
        'defect scratch { "scratched {object}" }',
    )  # fmt: skip


def blank_block_comments(source: SourceFile, text: str, report: Report) -> str:
    """The text without its block comments; same length and lines."""
    made = Rewriting(text)
    for match in _TEXT_OR_COMMENT.finditer(text) if "/*" in text else ():
        start = match.start()
        if match.group() != "/*" or start < made.done or not _begins(text, start):
            continue
        closer = _CLOSER.search(text, start + 2)
        end = closer.end() if closer else line_end(text, start)
        if not report.skips():
            report.error(
                "I120", Span(source.name, start, start + 2),
                "/* does not begin a comment" + ("" if closer else ", and nothing ends it"),
                help="comments begin with #, on every line, and end with the line",
            )  # fmt: skip
        made.put(start, end, re.sub(r"[^\n]", " ", text[start:end]))
    return made.finished()


def _begins(text: str, start: int) -> bool:
    """Whether a comment is meant, and not a path without its quotes."""
    before = text[line_start(text, start) : start]
    rest = text[start + 2 : line_end(text, start)]
    if before and not before[-1].isspace() and before[-1] not in '{},"':
        return False
    if not before.strip() or _CLOSER.search(rest):
        return True
    statement = _TEXT.sub("", before).rpartition("{")[2]
    return ":" not in statement and not re.match(r"[./\w]", rest)


def blank_pasted(source: SourceFile, text: str, report: Report) -> str:
    """The text without such lines; the same length."""
    if not _HINT.search(text):
        return text
    lines = text.split("\n")
    starts = list(accumulate((len(line) + 1 for line in lines), initial=0))
    for first, last, kind in _runs(lines):
        if not report.skips():
            _tell_pasted(source, starts[first], lines[first], kind, last - first, report)
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


def _tell_pasted(
    source: SourceFile, start: int, line: str, kind: str, count: int, report: Report
) -> None:
    indent = len(line) - len(line.lstrip())
    what = f"this line is {kind}" if count == 1 else f"{count} lines from here on are {kind}"
    report.error(
        "I135", Span(source.name, start + indent, start + len(line.rstrip())),
        f"{what}, and no part of a spec",
        label="not here",
        help='settings are written name: value, and phrases in quotes in a block: '
        'defect scratch { "scratched {object}" }',
    )  # fmt: skip
