"""A data set's table in the form of the papers: categories in rows, percent, the mean below."""

from collections.abc import Sequence
from dataclasses import dataclass

from promptdsl.evaluate.figures import IMAGE_FIGURES, PIXEL_FIGURES
from promptdsl.evaluate.published import CATEGORIES, PUBLISHED, Published
from promptdsl.evaluate.run import Validation

COLUMNS = (*IMAGE_FIGURES, *PIXEL_FIGURES)


@dataclass(frozen=True, slots=True)
class Row:
    """One category, or the mean; percent, None where a figure is undefined."""

    name: str
    pictures: int
    values: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class PaperTable:
    """Ours, and theirs beside it."""

    rows: tuple[Row, ...]
    mean: Row
    published: tuple[Published, ...]
    remark: str | None  # why the two cannot be compared


def paper_table(validation: Validation) -> PaperTable | None:
    """None where the objects are not categories of a data set."""
    if validation.dataset is None:
        return None
    rows = tuple(
        Row(
            result.job.name,
            len(result.judged),
            {name: _percent(result.total.values[name].value) for name in COLUMNS},
        )
        for result in validation.objects
    )
    mean = {name: _mean([row.values[name] for row in rows]) for name in COLUMNS}
    total = sum(row.pictures for row in rows)
    return PaperTable(
        rows,
        Row("mean", total, mean),
        PUBLISHED.get(validation.dataset, ()),
        _remark(validation.dataset, len(rows)),
    )


def _percent(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _mean(values: Sequence[float | None]) -> float | None:
    """None as soon as one category has no number: a mean over others would not compare."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and len(known) == len(values) else None


def _remark(layout: str, categories: int) -> str | None:
    whole = CATEGORIES.get(layout)
    if whole is not None and categories != whole:
        return f"the papers average over {whole} categories, this table over {categories}"
    return None
