"""The spots that `report.html` lists: the longest of all pictures on the page, up to a number.

Each is a short array, to keep the page small: row of its picture, name, region, x, y, width and
height, area and extent in pixels, peak, area in mm2 and extent in mm.
"""

from collections.abc import Sequence
from typing import Any

from promptdsl.report.marks import size_in_words
from promptdsl.results import Record, Spot

MAX_SPOTS = 5_000


def spot_list(records: Sequence[Record]) -> dict[str, Any]:
    """What the page's script reads; `records` in the order of the page's rows."""
    found = [
        (row, spot) for row, record in enumerate(records) for spot in record.spots or ()
    ]  # fmt: skip
    found.sort(key=lambda one: (-_length(one[1]), one[0], one[1].box))
    kept = found[:MAX_SPOTS]
    return {
        "asked": any(record.spots is not None for record in records),
        "unit": "mm" if kept and all(spot.extent_mm is not None for _, spot in kept) else "px",
        "total": len(found) + sum(record.spots_left_out or 0 for record in records),
        "names": sorted({spot.defect for _, spot in kept if spot.defect is not None}),
        "unnamed": any(spot.defect is None for _, spot in kept),
        "regions": sorted({spot.region for _, spot in kept if spot.region is not None}),
        "outside": any(spot.region is None for _, spot in kept),
        "list": [_short(row, spot) for row, spot in kept],
    }


def spots_in_words(record: Record) -> str | None:
    """`3 spots, the longest 0.42 mm`; None where the spec asks for none or there is none."""
    if not record.spots:
        return None
    count = len(record.spots) + (record.spots_left_out or 0)
    longest = size_in_words(max(record.spots, key=lambda spot: spot.extent))
    return f"{count:,} spots, the longest {longest}" if count > 1 else f"1 spot of {longest}"


def _length(spot: Spot) -> float:
    return spot.extent if spot.extent_mm is None else spot.extent_mm


def _short(row: int, spot: Spot) -> list[Any]:
    return [
        row,
        spot.defect,
        spot.region,
        *spot.box,
        round(spot.area, 1),
        round(spot.extent, 2),
        round(spot.peak, 4),
        None if spot.area_mm2 is None else float(f"{spot.area_mm2:.4g}"),
        None if spot.extent_mm is None else float(f"{spot.extent_mm:.4g}"),
    ]
