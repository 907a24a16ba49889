"""Diagnostics for people: the sentence, the place, the line with the fault marked, and the help.

error[I204]: this phrase never mentions the object
  nut.inspect:11:20
   |
11 |   defect scratch { "scratched" }
   |                    ^^^^^^^^^^^ needs {object}
help: write "scratched {object}"
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from promptdsl.diagnostics.diagnostic import Diagnostic
from promptdsl.diagnostics.places import in_order
from promptdsl.diagnostics.width import Cell, cells, harmless
from promptdsl.source import SourceFile, Span

MAX_SHOWN = 100
MAX_COLUMNS = 100
_CUT = "..."
_COLORS = {"error": "1;31", "warning": "1;33", "help": "1;36", "gutter": "34", "bold": "1"}


@dataclass(frozen=True, slots=True)
class _Mark:
    """One line to show: the columns `start` to `end` (0-based, in characters) are marked."""

    number: int
    start: int
    end: int
    label: str


def render_text(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, SourceFile],
    *,
    color: bool = False,
    limit: int = MAX_SHOWN,
    left_out: int = 0,
) -> str:
    """All messages sorted by place, a blank line between them; "" without any.

    `left_out` counts messages that were not even collected.
    """
    items = in_order(diagnostics, sources)
    blocks = [_message(item, sources, color) for item in items[:limit]]
    hidden = len(items) - len(blocks) + left_out
    if hidden > 0:
        blocks.append(f"... and {hidden} more\n")
    return "\n".join(blocks)


def _message(item: Diagnostic, sources: Mapping[str, SourceFile], color: bool) -> str:
    head = _paint(f"{item.severity}[{item.code}]", item.severity, color)
    lines = [f"{head}: {_paint(harmless(item.message), 'bold', color)}"]
    lines += _snippet(item.span, item.label, "^", sources, item.severity, color)
    for span, label in item.related:
        lines += _snippet(span, label, "-", sources, "gutter", color)
    if item.help:
        lines.append(f"{_paint('help', 'help', color)}: {harmless(item.help)}")
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _snippet(
    span: Span,
    label: str,
    pointer: str,
    sources: Mapping[str, SourceFile],
    style: str,
    color: bool,
) -> list[str]:
    """The place and the marked lines; the name alone for a file without any text."""
    source = sources.get(span.file)
    if source is None or not source.text:
        return [f"  {harmless(span.file)}" + (f": {harmless(label)}" if label else "")]
    begin = source.position(span.start)
    marks = _marks(source, span, label)
    gutter = len(str(marks[-1].number))
    bar = _paint("|", "gutter", color)
    lines = [f"  {harmless(span.file)}:{begin.line}:{begin.column}", f"{' ' * gutter} {bar}"]
    for index, mark in enumerate(marks):
        if index and mark.number > marks[index - 1].number + 1:
            lines.append(_CUT)
        shown = _shown_line(source.line(mark.number), mark)
        under = f"{pointer * shown.marked} {harmless(mark.label)}".rstrip()
        number = _paint(str(mark.number).rjust(gutter), "gutter", color)
        lines.append(f"{number} {bar} {shown.text}")
        lines.append(f"{' ' * gutter} {bar} {' ' * shown.indent}{_paint(under, style, color)}")
    return lines


def _marks(source: SourceFile, span: Span, label: str) -> list[_Mark]:
    """The lines to show: one, or the first and the last of a span over several lines."""
    written = source.text[span.start : span.end]
    last = max(span.start, span.start + len(written.rstrip()))
    begin, end = source.position(span.start), source.position(last)
    if begin.line == end.line:
        return [_Mark(begin.line, begin.column - 1, end.column - 1, label)]
    first_line, last_line = source.line(begin.line).rstrip(), source.line(end.line)
    indent = len(last_line) - len(last_line.lstrip())
    return [
        _Mark(begin.line, begin.column - 1, len(first_line), ""),
        _Mark(end.line, min(indent, end.column - 1), end.column - 1, label),
    ]


class _Shown(NamedTuple):
    """A line as it is printed, and the columns of the screen that are pointed at."""

    text: str
    indent: int
    marked: int


def _shown_line(line: str, mark: _Mark) -> _Shown:
    """The line, or the part of it around the mark when it is too long for a screen."""
    left = max(0, mark.start - 2 * MAX_COLUMNS)  # a line may be megabytes long
    row = cells(line[left : mark.start + 2 * MAX_COLUMNS])
    start = mark.start - left
    end = min(max(mark.end - left, start + 1), len(row))
    low, high = _window(row, start, end)
    before = _CUT if low or left else ""
    after = _CUT if high < len(row) or left + len(row) < len(line) else ""
    indent = len(before) + _width(row[low:start])
    text = before + "".join(item.shown for item in row[low:high]) + after
    return _Shown(text, indent, max(1, _width(row[start : min(end, high)])))


def _window(row: list[Cell], start: int, end: int) -> tuple[int, int]:
    """The characters to show: all of them, or about MAX_COLUMNS with the mark inside."""
    if _width(row) <= MAX_COLUMNS:
        return 0, len(row)
    room = max(MAX_COLUMNS - _width(row[start:end]), MAX_COLUMNS // 4)
    low = start
    while low > 0 and _width(row[low - 1 : start]) <= room // 2:
        low -= 1
    high = max(low, min(start, len(row)))
    while high < len(row) and _width(row[low : high + 1]) <= MAX_COLUMNS:
        high += 1
    return low, high


def _width(row: list[Cell]) -> int:
    return sum(item.width for item in row)


def _paint(text: str, style: str, color: bool) -> str:
    return f"\x1b[{_COLORS[style]}m{text}\x1b[0m" if color and text else text
