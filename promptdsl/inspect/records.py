"""`results.jsonl`: one JSON object per picture and line, and reading it back after a crash.

Anybody may have edited the file in between: a line counts only when every field has its type, the
map lies in the run's own folder, and the verdict follows from the score.

A heat map's name is the picture's own with 24 digits (96 bits) of the SHA-256 of its path, the same
on every machine. A million pictures have one chance in 10^17 that any two of them meet, and nobody
can make two meet on purpose.
"""

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict

from promptdsl.files.lines import bounded_lines
from promptdsl.files.opening import open_regular
from promptdsl.judge.measures import from_record
from promptdsl.judge.verdict import holding_rule
from promptdsl.plan.model import Rule
from promptdsl.results import Record, Verdict

MAX_LINE = 1_000_000
MAX_BYTES = 20 * 10**9
MAPS = "maps"
DIGITS = 24
EARLIER_DIGITS = 8  # of earlier versions
STEM = 60  # characters of the picture's own name
_PATH = re.compile(rf"{MAPS}/[\w.-]+\.(?:png|npy)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Reading:
    """The whole records of a file, and how many damaged or doubled lines are not among them."""

    records: tuple[Record, ...]
    dropped: int


def _file_name(text: str) -> str:
    """Text that can be a file's name on this system; ValueError for any other."""
    if not text or "\0" in text:
        raise ValueError("no name")
    os.fsencode(text)
    text.encode("utf-8", "surrogateescape")
    return text


def _own_place(path: str) -> str:
    if not is_map_path(path):
        raise ValueError("no map of a run")
    return path


class _Line(BaseModel):
    """The fields of a record, each of its type."""

    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)

    image: Annotated[str, AfterValidator(_file_name)]
    object: str
    score: float | None
    verdict: Verdict
    rule: str | None
    defect: str | None
    defects: dict[str, float] | None
    area: dict[str, float] | None
    map: Annotated[str, AfterValidator(_own_place)] | None
    error: str | None
    measures: dict[str, float] | None = None


def as_fields(record: Record) -> dict[str, Any]:
    """A record as JSON holds it: measures only where there are any."""
    fields = dataclasses.asdict(record)
    if record.measures is None:
        del fields["measures"]
    return fields


def to_line(record: Record) -> str:
    """One line of JSON with its newline; ASCII, so that any file name survives any editor."""
    return json.dumps(as_fields(record), allow_nan=False) + "\n"


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
        sound = _Line.model_validate(fields)
    except (ValueError, RecursionError):
        return None
    if (sound.score is None) != (sound.verdict == "error"):
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
    measures = from_record(record.score, record.area, record.measures)
    try:
        rule = holding_rule(measures, rules)
    except KeyError:  # an area that the rules need was not measured
        return False
    expected = (rule.verdict, rule.text) if rule else ("pass", None)
    return (record.verdict, record.rule) == expected


def map_name(image: str, kind: str, digits: int = DIGITS) -> str:
    """`scratch/003.png` -> `003.1a2b3c4d5e6f7a8b9c0d1e2f.png`."""
    digest = hashlib.sha256(image.encode("utf-8", "surrogateescape")).hexdigest()[:digits]
    most = STEM if digits == DIGITS else 80
    stem = re.sub(r"[^\w.-]+", "_", PurePath(image).stem, flags=re.ASCII)[:most]
    return f"{stem}.{digest}.{kind}"


def is_map_path(path: str) -> bool:
    """True for a path that a record may name: a file in `maps/`, never one outside."""
    return _PATH.fullmatch(path) is not None


def own_map(record: Record) -> str | None:
    """The file name of a record's map, if it is the one that a run gives to this picture."""
    if record.map is None:
        return None
    kind = PurePath(record.map).suffix[1:]
    for digits in (DIGITS, EARLIER_DIGITS):
        name = map_name(record.image, kind, digits)
        if record.map == f"{MAPS}/{name}":
            return name
    return None
