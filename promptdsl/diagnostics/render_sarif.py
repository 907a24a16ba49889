"""Diagnostics as SARIF 2.1.0, the exchange format of code scanning services and editors."""

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote

from promptdsl import __version__
from promptdsl.diagnostics.catalogue import CATALOGUE, page
from promptdsl.diagnostics.diagnostic import Diagnostic, Fix
from promptdsl.diagnostics.places import in_order, region_of
from promptdsl.source import SourceFile, Span

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json"


def render_sarif(diagnostics: Iterable[Diagnostic], sources: Mapping[str, SourceFile]) -> str:
    """One log with one run; its rules are the codes that occur, with their explain pages."""
    items = in_order(diagnostics, sources)
    codes = sorted({item.code for item in items})
    driver = {
        "name": "promptdsl",
        "version": __version__,
        "semanticVersion": __version__,
        "rules": [_rule(code, items) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(item, codes.index(item.code), sources) for item in items],
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str, items: list[Diagnostic]) -> dict[str, Any]:
    entry = CATALOGUE.get(code)
    severity = next(item.severity for item in items if item.code == code)
    title = entry.title if entry is not None else code
    hint = f"promptdsl explain {code} shows a failing and a corrected example."
    return {
        "id": code,
        "shortDescription": {"text": title},
        "help": {"text": f"{title}. {hint}", "markdown": page(code) or f"{title}. {hint}"},
        "defaultConfiguration": {"level": entry.severity if entry is not None else severity},
    }


def _result(item: Diagnostic, index: int, sources: Mapping[str, SourceFile]) -> dict[str, Any]:
    message = item.message + (f"\nhelp: {item.help}" if item.help else "")
    result: dict[str, Any] = {
        "ruleId": item.code,
        "ruleIndex": index,
        "level": item.severity,
        "message": {"text": message},
        "locations": [_location(item.span, sources)],
    }
    if item.related:
        result["relatedLocations"] = [
            {"id": number, **_location(span, sources), "message": {"text": text or "see here"}}
            for number, (span, text) in enumerate(item.related, 1)
        ]
    if item.fix is not None and item.fix.span.file in sources:
        result["fixes"] = [_fix(item.fix, item.help or "the proposed correction", sources)]
    return result


def _location(span: Span, sources: Mapping[str, SourceFile]) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": _uri(span.file)}}
    region = _region(span, sources)
    if region is not None:
        place["region"] = region
    return {"physicalLocation": place}


def _region(span: Span, sources: Mapping[str, SourceFile]) -> dict[str, int] | None:
    region = region_of(span, sources)
    if region is None:
        return None
    return {
        "startLine": region.line,
        "startColumn": region.column,
        "endLine": region.end_line,
        "endColumn": region.end_column,
        "charOffset": region.start,
        "charLength": region.end - region.start,
    }


def _fix(fix: Fix, words: str, sources: Mapping[str, SourceFile]) -> dict[str, Any]:
    replacement = {
        "deletedRegion": _region(fix.span, sources),
        "insertedContent": {"text": fix.replacement},
    }
    change = {"artifactLocation": {"uri": _uri(fix.span.file)}, "replacements": [replacement]}
    return {"description": {"text": words}, "artifactChanges": [change]}


def _uri(name: str) -> str:
    return quote(name.replace("\\", "/"))
