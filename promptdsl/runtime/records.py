"""`results.jsonl`: one JSON object per picture and line, and reading it back after a crash."""

import dataclasses
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from promptdsl.results import Record, Verdict

_FIELDS = {field.name for field in dataclasses.fields(Record)}
_VERDICTS = set(get_args(Verdict))


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole records of a file, and how many damaged or doubled lines are not among them."""

    records: tuple[Record, ...]
    dropped: int


def to_line(record: Record) -> str:
    """One line of JSON with its newline; ASCII, so that any file name survives any editor."""
    fields = {field.name: getattr(record, field.name) for field in dataclasses.fields(record)}
    return json.dumps(fields, allow_nan=False) + "\n"


def read_records(path: Path) -> Reading:
    """Every whole record; a line that a crash cut off or damaged is dropped and counted."""
    records: dict[tuple[str, str], Record] = {}
    dropped = 0
    for line in _lines(path):
        record = parse_line(line)
        if record is None or (record.image, record.object) in records:
            dropped += 1
        else:
            records[record.image, record.object] = record
    return Reading(tuple(records.values()), dropped)


def parse_line(line: bytes) -> Record | None:
    """The record of a line, or None when the line is not whole."""
    if not line.endswith(b"\n"):
        return None
    try:
        fields = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(fields, dict) or set(fields) != _FIELDS or not _is_sound(fields):
        return None
    return Record(**fields)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _is_sound(fields: dict[str, object]) -> bool:
    score = fields["score"]
    return (
        isinstance(fields["image"], str)
        and isinstance(fields["object"], str)
        and fields["verdict"] in _VERDICTS
        and (score is None or (isinstance(score, (int, float)) and math.isfinite(score)))
    )
