"""Tables that a spreadsheet opens: `results.csv`, one row a picture, and `spots.csv`, one a spot.

UTF-8 with a byte order mark, commas, and a unit in the name of each column that has one. A cell of
text that a spreadsheet would take for a formula gets an apostrophe in front.
"""

import csv
import io
from collections.abc import Iterable, Sequence

from promptdsl.judge.measures import SCORE, from_record
from promptdsl.results import Record, Spot

BOM = "\ufeff"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
HEAD = ("time_utc", "part", "picture", "object", "verdict")
PICTURE = (
    *HEAD,
    "score",
    "rule",
    "looks_like",
    "likeness",
    "spots",
    "spots_left_out",
    "largest_extent_px",
    "largest_extent_mm",
    "width_px",
    "height_px",
    "locating_residual_px",
    "why_not_located",
    "why_not_inspected",
    "heat_map",
    "picture_sha256",
    "plan_hash",
)
SPOT = (
    *HEAD,
    "spot",
    "defect",
    "region",
    "x_px",
    "y_px",
    "width_px",
    "height_px",
    "area_px2",
    "extent_px",
    "area_mm2",
    "extent_mm",
    "peak",
    "above",
    "picture_sha256",
)
Cell = str | int | float | None


def results_csv(records: Sequence[Record]) -> str:
    """One row a picture; what its lines measured stands in columns of that name at the end."""
    measures = [_measures(record) for record in records]
    names = list(dict.fromkeys(name for found in measures for name in found))
    rows = (
        (*_picture(record), *(found.get(name) for name in names))
        for record, found in zip(records, measures, strict=True)
    )
    return _table((*PICTURE, *names), rows)


def spots_csv(records: Iterable[Record]) -> str:
    """One row a spot, the longest of each picture first."""
    return _table(
        SPOT,
        (
            (*_head(record), number, *_spot(spot), record.picture_sha256)
            for record in records
            for number, spot in enumerate(record.spots or (), 1)
        ),
    )


def _measures(record: Record) -> dict[str, float]:
    found = from_record(record.score or 0.0, record.area, record.measures)
    return {name: value for name, value in found.items() if name != SCORE}


def _head(record: Record) -> tuple[Cell, ...]:
    return record.time, record.part, record.image, record.object, record.verdict


def _picture(record: Record) -> tuple[Cell, ...]:
    spots = record.spots
    longest = max(spots, key=lambda spot: spot.extent) if spots else None
    width, height = record.size or (None, None)
    likeness = (record.defects or {}).get(record.defect) if record.defect is not None else None
    return (
        *_head(record),
        record.score,
        record.rule,
        record.defect,
        likeness,
        None if spots is None else len(spots) + (record.spots_left_out or 0),
        record.spots_left_out,
        longest.extent if longest else None,
        longest.extent_mm if longest else None,
        width,
        height,
        record.residual,
        record.unlocated,
        record.error,
        record.map,
        record.picture_sha256,
        record.plan_hash,
    )


def _spot(spot: Spot) -> tuple[Cell, ...]:
    return (
        spot.defect,
        spot.region,
        *spot.box,
        spot.area,
        spot.extent,
        spot.area_mm2,
        spot.extent_mm,
        spot.peak,
        spot.above,
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    file = io.StringIO(newline="")
    writer = csv.writer(file)
    writer.writerow([_cell(name) for name in head])
    writer.writerows([_cell(value) for value in row] for row in rows)
    return file.getvalue()


def _cell(value: Cell) -> str:
    if isinstance(value, str):
        harmless = value.replace("\0", "")
        return f"'{harmless}" if harmless.lstrip(" ").startswith(FORMULA) else harmless
    if isinstance(value, float):
        return f"{value:.10g}"
    return "" if value is None else str(value)
