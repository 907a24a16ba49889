"""VisA as it is published: pictures below CATEGORY/Data; split_csv/1cls.csv says which is which.

The table has the columns object, split (train, test), label (normal, anomaly), image and mask. VisA
does not name the defects in it, so that every defective picture is `anomaly`.
"""

import csv
from pathlib import Path

from promptdsl.datasets.files import Notes, note_missing_masks
from promptdsl.datasets.model import GOOD, Category, Picture
from promptdsl.errors import EnvironmentProblem

TABLE = Path("split_csv") / "1cls.csv"
COLUMNS = {"object", "split", "label", "image", "mask"}
BAD = "anomaly"


def is_root(root: Path) -> bool:
    """Whether a folder is VisA's own."""
    return (root / TABLE).is_file()


def lacks_table(root: Path) -> bool:
    """VisA's pictures without the table that splits them."""
    return not is_root(root) and any(root.glob("*/Data/Images/Normal"))


def read_categories(root: Path, notes: Notes) -> list[Category]:
    """All categories of the table. Raises EnvironmentProblem for files that are not there."""
    rows: dict[str, list[dict[str, str]]] = {}
    for row in _rows(root / TABLE):
        rows.setdefault(row["object"], []).append(row)
    return [_category(root, name, table, notes) for name, table in sorted(rows.items())]


def _rows(table: Path) -> list[dict[str, str]]:
    try:
        with table.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            missing = COLUMNS - set(reader.fieldnames or ())
            if missing:
                raise EnvironmentProblem(
                    f"{table} has no column {min(missing)}; it needs "
                    "object, split, label, image and mask"
                )
            return [{key: row[key] or "" for key in COLUMNS} for row in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EnvironmentProblem(f"{table} cannot be read ({error})") from None


def _category(root: Path, name: str, rows: list[dict[str, str]], notes: Notes) -> Category:
    train: list[Picture] = []
    test: list[Picture] = []
    for row in rows:
        picture = _picture(root, row)
        if row["split"] == "train" and picture.is_good:
            train.append(picture)
        elif row["split"] == "test":
            test.append(picture)
        else:
            notes.add(f"{name}: left out {row['image']}, whose split is {row['split'] or 'empty'}")
    note_missing_masks(name, test, notes, {})
    return Category(name, tuple(train), tuple(test))


def _picture(root: Path, row: dict[str, str]) -> Picture:
    good = row["label"] == "normal"
    path = root / row["image"]
    mask = root / row["mask"] if row["mask"] and not good else None
    for file in (path, mask):
        if file is not None and not file.is_file():
            raise EnvironmentProblem(f"{TABLE.as_posix()} names {file}, which is not there")
    return Picture(path, GOOD if good else BAD, mask)
