"""`results.jsonl`: one JSON object per picture and line, and reading it back after a crash.

Anybody may have edited the file in between: a line counts only when every field has its type, the
map lies in the run's own folder, and the verdict follows from what was measured. Lines of early
versions, which say neither when they were made nor by which plan, are whole without it.

A heat map's name is the picture's own with 24 digits (96 bits) of the SHA-256 of its path, the same
on every machine. A million pictures have one chance in 10^17 that any two of them meet, and nobody
can make two meet on purpose.
"""

import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from promptdsl.files.lines import bounded_lines
from promptdsl.files.opening import open_regular
from promptdsl.inspect.traces import MOST_SPOTS, named_part
from promptdsl.judge.measures import from_record
from promptdsl.judge.verdict import holding_rule
from promptdsl.plan.model import ObjectPlan, Rule
from promptdsl.results import Record, Spot, Verdict

MAX_LINE = 1_000_000
MAX_BYTES = 20 * 10**9
MAPS = "maps"
DIGITS = 24
EARLIER_DIGITS = 8  # of earlier versions
STEM = 60  # characters of the picture's own name
MAX_SIDE = 10**6  # pixels
_TIME = r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-6]\d\.\d{3}Z$"
_TRACES = {"time", "picture_sha256", "plan_hash", "part", "size"}
_WHERE_ASKED = ("measures", "spots", "spots_left_out", "residual", "unlocated")
_WITH_A_SCALE = ("area_mm2", "extent_mm", "above")
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Length = Annotated[float, Field(ge=0)]
ShortText = Annotated[str, Field(max_length=1000)]
Side = Annotated[int, Field(ge=1, le=MAX_SIDE)]
Whole = Annotated[int, Field(ge=0)]
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


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Spot(_Strict):
    """The fields of a spot, each of its type."""

    box: Annotated[
        list[Annotated[int, Field(ge=0, le=MAX_SIDE)]], Field(min_length=4, max_length=4)
    ]
    area: Length
    extent: Length
    peak: float
    defect: ShortText | None
    region: ShortText | None
    area_mm2: Length | None = None
    extent_mm: Length | None = None
    above: float | None = None


class _Line(_Strict):
    """The fields of a record, each of its type."""

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
    time: Annotated[str, Field(pattern=_TIME)] | None = None
    picture_sha256: Hash | None = None
    plan_hash: Hash | None = None
    part: ShortText | None = None
    size: Annotated[list[Side], Field(min_length=2, max_length=2)] | None = None
    spots: Annotated[list[_Spot], Field(max_length=MOST_SPOTS)] | None = None
    spots_left_out: Whole | None = None
    residual: Length | None = None
    unlocated: str | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        """ValueError where fields contradict each other."""
        if (self.score is None) != (self.verdict == "error"):
            raise ValueError("an error has no score, and all others have one")
        said = self.model_fields_set
        if said & _TRACES and not (said >= _TRACES and self.time and self.plan_hash):
            raise ValueError("what traces a record back is there, or none of it")
        if self.spots and (
            self.size is None or any(_outside(s.box, self.size) for s in self.spots)
        ):
            raise ValueError("a spot outside the picture")
        return self


def _outside(box: Sequence[int], size: Sequence[int]) -> bool:
    x, y, width, height = box
    return not (width and height and x + width <= size[0] and y + height <= size[1])


def as_fields(record: Record) -> dict[str, Any]:
    """A record as JSON holds it: what only some specs ask for stands only where there is any."""
    fields = dataclasses.asdict(record)
    absent = [*(name for name in _WHERE_ASKED if fields[name] is None)]
    for name in [*absent, *(_TRACES if record.time is None else ())]:
        del fields[name]
    for spot in fields.get("spots", ()):
        for name in _WITH_A_SCALE:
            if spot[name] is None:
                del spot[name]
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
    if sound.size is not None:
        fields["size"] = tuple(sound.size)
    if sound.spots is not None:
        fields["spots"] = tuple(_spot(one) for one in fields["spots"])
    return Record(**fields)


def _spot(fields: dict[str, Any]) -> Spot:
    return Spot(**{**fields, "box": tuple(fields["box"])})


@dataclass(frozen=True, slots=True)
class Terms:
    """What the records of an object must agree with."""

    rules: Sequence[Rule]
    item: ObjectPlan
    plan_hash: str


def follows(record: Record, terms: Terms | None) -> bool:
    """True where a record says what its object, its name and its numbers give; None: not known."""
    if terms is None:
        return True
    if not _names(record) <= set(terms.item.defects):
        return False
    if record.time is not None:
        part = named_part(record.image, terms.item)
        if (record.plan_hash, record.part) != (terms.plan_hash, part):
            return False
    if record.score is None:
        return record.rule is None
    measures = from_record(record.score, record.area, record.measures)
    try:
        rule = holding_rule(measures, terms.rules)
    except KeyError:  # something that the rules need was not measured
        return False
    expected = (rule.verdict, rule.text) if rule else ("pass", None)
    return (record.verdict, record.rule) == expected


def _names(record: Record) -> set[str]:
    """All defects that a record names."""
    named = [record.defect, *(spot.defect for spot in record.spots or ())]
    return {*(record.defects or ()), *(name for name in named if name is not None)}


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
