"""`results.jsonl`: one JSON object per picture and line, and reading it back after a crash.

Anybody may have edited the file in between: a line counts only when every field has its type, the
map lies in the run's own folder, and the verdict follows from the score.
"""

import dataclasses
import json
import math
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from promptdsl.files.lines import bounded_lines
from promptdsl.files.opening import open_regular
from promptdsl.inspect.map_names import is_map_path
from promptdsl.judge.verdict import holding_rule
from promptdsl.plan.model import Rule
from promptdsl.results import Record, Verdict

MAX_LINE = 1_000_000
MAX_BYTES = 20 * 10**9
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


def read_records(path: Path, believe: Callable[[Record], bool] = lambda record: True) -> Reading:
    """Every whole record that is believed; damaged, doubled and other lines are counted.

    Raises OSError.
    """
    records: dict[tuple[str, str], Record] = {}
    dropped = 0
    with open_regular(path) as file:
        for line in bounded_lines(file, MAX_LINE, MAX_BYTES):
            record = parse_line(line)
            if record is None or (record.image, record.object) in records or not believe(record):
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
    if not isinstance(fields, dict) or fields.keys() != _SOUND.keys() or not _is_sound(fields):
        return None
    return Record(**fields)


def follows(
    record: Record, rules: Sequence[Rule] | None, defects: Collection[str] | None = None
) -> bool:
    """True where the record's verdict and rule are those that its numbers give; None: not known.

    `defects`: the names that the object has; a record that names another one was edited.
    """
    if rules is None:
        return True
    named = {*(record.defects or ()), *([record.defect] if record.defect is not None else ())}
    if defects is not None and not named <= set(defects):
        return False
    if record.score is None:
        return record.rule is None
    try:
        rule = holding_rule(record.score, record.area or {}, rules)
    except KeyError:  # an area that the rules need was not measured
        return False
    expected = (rule.verdict, rule.text) if rule else ("pass", None)
    return (record.verdict, record.rule) == expected


def _is_sound(fields: dict[str, object]) -> bool:
    """Each field for itself, and a score where and only where there is a verdict."""
    if not all(check(fields[name]) for name, check in _SOUND.items()):
        return False
    return (fields["score"] is None) == (fields["verdict"] == "error")


def _is_name(value: object) -> bool:
    """Text that can be a file's name on this system."""
    if not isinstance(value, str) or not value or "\0" in value:
        return False
    try:
        os.fsencode(value)
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _is_number(value: object) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return type(value) is int and abs(value) < 10**9


def _is_text_or_none(value: object) -> bool:
    return value is None or isinstance(value, str)


def _is_shares_or_none(value: object) -> bool:
    return value is None or (isinstance(value, dict) and all(map(_is_number, value.values())))


_SOUND: dict[str, Callable[[object], bool]] = {
    "image": _is_name,
    "object": lambda value: isinstance(value, str),
    "score": lambda value: value is None or _is_number(value),
    "verdict": lambda value: isinstance(value, str) and value in _VERDICTS,
    "rule": _is_text_or_none,
    "defect": _is_text_or_none,
    "defects": _is_shares_or_none,
    "area": _is_shares_or_none,
    "map": lambda value: value is None or (isinstance(value, str) and is_map_path(value)),
    "error": _is_text_or_none,
}
assert _SOUND.keys() == {field.name for field in dataclasses.fields(Record)}
