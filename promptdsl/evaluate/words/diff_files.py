"""`diff.json` and `diff.html`: a comparison with small pictures of what flips and moves."""

from pathlib import Path
from typing import Any

from promptdsl.evaluate.words.diff import SpecDiff
from promptdsl.files.owned import PAGE_MARK
from promptdsl.files.writing import as_json, write_into
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import read_rgb
from promptdsl.report.comparison import MOST_FLIPS, MOST_MOVES, MOVED, comparison_page, thumbnails
from promptdsl.report.page import listed
from promptdsl.versions import now, versions

LARGEST = 4_000_000  # pixels that are decoded for a thumbnail
PAGE, RECORD = "diff.html", "diff.json"
MARKS = {RECORD: b'"plan_before": "', PAGE: PAGE_MARK}


def write_diff(out: Path, result: SpecDiff, described: dict[str, Any]) -> None:
    """Both files, into a folder."""
    identity = [
        ("before", described["before"]),
        ("plan hash before", described["plan_before"]),
        ("after", described["after"]),
        ("plan hash after", described["plan_after"]),
        ("made", now()),
        ("versions", listed(versions())),
    ]
    page = comparison_page(described, _small_pictures(result), identity)
    pages = {RECORD: as_json(described), PAGE: page.encode("utf-8", "backslashreplace")}
    write_into(out, pages)


def _small_pictures(result: SpecDiff) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in result.objects:
        flips = sum(pair.flips for pair in one.pairs)
        flipped = one.ranked[:flips]
        moved = [pair for pair in one.ranked[flips:] if abs(pair.moved) >= MOVED]
        for pair in [*flipped[:MOST_FLIPS], *moved[:MOST_MOVES]]:
            try:
                image = read_rgb(Path(pair.image), LARGEST)
            except PictureError:
                continue  # it was readable when it was scored; its row stays in diff.json
            found[one.after.name, pair.image] = thumbnails(image, one.maps(pair))
    return found
