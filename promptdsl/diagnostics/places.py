"""Spans as people and editors count them, and the order in which messages are shown."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from promptdsl.diagnostics.diagnostic import Diagnostic
from promptdsl.source import SourceFile, Span


class Region(NamedTuple):
    """1-based lines and columns in characters, the end excluded; offsets likewise, from 0."""

    file: str
    line: int
    column: int
    end_line: int
    end_column: int
    start: int
    end: int


def region_of(span: Span, sources: Mapping[str, SourceFile]) -> Region | None:
    """Where a span lies; None when its file could not be read."""
    source = sources.get(span.file)
    if source is None:
        return None
    begin, end = source.position(span.start), source.position(max(span.start, span.end))
    return Region(
        span.file, begin.line, begin.column, end.line, end.column, span.start, max(span[1:])
    )


def in_order(
    diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile]
) -> list[Diagnostic]:
    """Sorted by place: file after file as they were read, then from top to bottom."""
    rank = {name: index for index, name in enumerate(sources)}
    unread = -1  # a file that could not be read comes first, it explains the rest
    return sorted(
        diagnostics,
        key=lambda item: (
            rank.get(item.span.file, unread),
            item.span.start,
            item.span.end,
            item.severity,
            item.code,
            item.message,
        ),
    )
