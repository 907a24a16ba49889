"""Diagnostics as JSON for editors and scripts; `version` changes when a field changes meaning."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from promptdsl.diagnostics.diagnostic import Diagnostic
from promptdsl.diagnostics.places import in_order, region_of
from promptdsl.source import SourceFile, Span

JSON_VERSION = 1


def render_json(
    diagnostics: Iterable[Diagnostic],
    sources: Mapping[str, SourceFile],
    *,
    left_out: int = 0,
    extra: Mapping[str, Any] | None = None,
) -> str:
    """One JSON object: `diagnostics` sorted by place, and how many errors and warnings.

    Lines and columns count from 1 and in characters, ends are excluded, `start` and `end` are
    0-based character offsets. `extra` adds further keys at the top.
    """
    items = in_order(diagnostics, sources)
    document = {
        "version": JSON_VERSION,
        "errors": sum(item.severity == "error" for item in items),
        "warnings": sum(item.severity == "warning" for item in items),
        "left_out": left_out,
        "diagnostics": [_entry(item, sources) for item in items],
        **(extra or {}),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _entry(item: Diagnostic, sources: Mapping[str, SourceFile]) -> dict[str, Any]:
    fix = item.fix
    return {
        "code": item.code,
        "severity": item.severity,
        "message": item.message,
        **_place(item.span, sources),
        "label": item.label or None,
        "help": item.help,
        "fix": None
        if fix is None
        else {**_place(fix.span, sources), "replacement": fix.replacement},
        "related": [{**_place(span, sources), "message": text} for span, text in item.related],
    }


def _place(span: Span, sources: Mapping[str, SourceFile]) -> dict[str, Any]:
    region = region_of(span, sources)
    if region is None:
        keys = ("line", "column", "end_line", "end_column", "start", "end")
        return {"file": span.file, **dict.fromkeys(keys)}
    return region._asdict()
