"""A data set's table in the form of the papers: categories in rows, percent, the mean below."""

from collections.abc import Mapping, Sequence
from typing import Any

from promptdsl.report.published import CATEGORIES, PUBLISHED

COLUMNS = {  # every figure of `validation.json`, and what papers call it
    "auroc": "AUROC",
    "average_precision": "AP",
    "f1_max": "F1-max",
    "pixel_auroc": "px AUROC",
    "pixel_average_precision": "px AP",
    "pixel_f1_max": "px F1",
    "aupro": "PRO",
    "research_aupro": "PRO*",
}


def paper_table(objects: Sequence[Mapping[str, Any]], dataset: str | None) -> dict[str, Any] | None:
    """Of described objects; None where they are not categories of a data set."""
    if dataset is None:
        return None
    rows = [
        {
            "category": item["name"],
            "pictures": len(item["pictures"]),
            **{name: _percent(item["figures"][0][name]["value"]) for name in COLUMNS},
        }
        for item in objects
    ]
    return {
        "unit": "percent",
        "rows": rows,
        "mean": {name: _mean([row[name] for row in rows]) for name in COLUMNS},
        "published": [
            {
                "method": paper.method,
                "paper": paper.paper,
                "auroc": paper.image_auroc,
                "pixel_auroc": paper.pixel_auroc,
                "research_aupro": paper.pro,
            }
            for paper in PUBLISHED.get(dataset, ())
        ],
        "remark": _remark(dataset, len(rows)),
    }


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _mean(values: Sequence[float | None]) -> float | None:
    """None as soon as one category has no number: a mean over others would not compare."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _remark(layout: str, categories: int) -> str | None:
    """Why ours and theirs cannot be compared."""
    whole = CATEGORIES.get(layout)
    if whole is not None and categories != whole:
        return f"the papers average over {whole} categories, this table over {categories}"
    return None
