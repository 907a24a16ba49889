"""VisA as it is published: pictures below CATEGORY/Data; split_csv/1cls.csv says which is which.

The table has the columns object, split (train, test), label (normal, anomaly), image and mask. VisA
does not name the defects in it, so that every defective picture is `anomaly`. A table that a
spreadsheet has saved again (byte order mark, semicolons, UTF-16) is read all the same.
"""

import csv
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from promptdsl.errors import EnvironmentProblem
from promptdsl.evaluate.datasets.assemble import checked, finished, note_missing_masks
from promptdsl.evaluate.datasets.files import Notes
from promptdsl.evaluate.datasets.labels import means_good
from promptdsl.evaluate.datasets.model import GOOD, Category, Picture
from promptdsl.files.naming import counted
from promptdsl.files.opening import read_regular, reason

TABLE = Path("split_csv") / "1cls.csv"
COLUMNS = {"object", "split", "label", "image", "mask"}
MAX_BYTES = 100_000_000
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))

Row = dict[str, str]


def is_root(root: Path) -> bool:
    """Whether a folder is VisA's own."""
    return (root / TABLE).exists()


def lacks_table(root: Path) -> bool:
    """VisA's pictures without the table that splits them."""
    return not is_root(root) and any(root.glob("*/Data/Images/Normal"))


def read_categories(root: Path, notes: Notes) -> list[Category]:
    """All categories of the table. Raises EnvironmentProblem for a table that cannot be read."""
    rows: dict[str, list[Row]] = {}
    nameless = 0
    for row in _rows(root / TABLE):
        if row["object"]:
            rows.setdefault(row["object"], []).append(row)
        elif any(row.values()):
            nameless += 1
    if nameless:
        notes.problem(f"{TABLE.as_posix()}: left out {counted(nameless, 'row')} without an object")
    return [_category(root, name, table) for name, table in sorted(rows.items())]


def _rows(table: Path) -> list[Row]:
    lines = _text(table).splitlines()
    if lines and lines[0].casefold().startswith("sep="):  # how a spreadsheet is told
        del lines[0]
    head = lines[0] if lines else ""
    separator = max(",;\t", key=head.count)
    try:
        found = list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise EnvironmentProblem(f"{table} is no readable table: {error}") from None
    names = [name.strip().casefold() for name in found[0]] if found else []
    missing = COLUMNS - set(names)
    if missing:
        raise EnvironmentProblem(
            f"{table} has no column {min(missing)}; it needs object, split, label, image and mask"
        )
    places = {name: names.index(name) for name in COLUMNS}
    return [
        {name: row[at].strip() if at < len(row) else "" for name, at in places.items()}
        for row in found[1:]
    ]


def _text(table: Path) -> str:
    try:
        content = read_regular(table, MAX_BYTES)
    except OSError as error:
        raise EnvironmentProblem(f"{table} cannot be read: {reason(error)}") from None
    coding = next((name for mark, name in _MARKS if content.startswith(mark)), "utf-8")
    try:
        text = content.decode(coding)
    except UnicodeDecodeError:
        raise EnvironmentProblem(
            f"{table} is not in UTF-8", help="save it as CSV in the encoding UTF-8"
        ) from None
    if "\0" in text:
        raise EnvironmentProblem(f"{table} holds zero bytes, so it is damaged or no table")
    return text


def _category(root: Path, name: str, rows: Sequence[Row]) -> Category:
    notes = Notes(root)
    train: list[Picture] = []
    test: list[Picture] = []
    for row in rows:
        split = row["split"].casefold()
        picture = _picture(root, row, notes)
        if picture is None:
            continue
        if split == "train" and picture.is_good:
            train.append(picture)
        elif split == "test":
            test.append(checked(picture, notes))
        elif split == "train":
            notes.add(f"{name}: left out {row['image']}: only good parts are learned from")
        else:
            notes.problem(
                f"{name}: left out {row['image']}, whose split is {row['split'] or 'empty'} and "
                "not train or test"
            )
    note_missing_masks(name, test, notes)
    return finished(name, train, test, notes)


def _picture(root: Path, row: Row, notes: Notes) -> Picture | None:
    """The row's picture; None, and a problem, where there is none."""
    where = f"{TABLE.as_posix()} names"
    path = _inside(root, row["image"])
    if path is None or not row["label"]:
        what = "without a label" if path is not None else "without a picture in this folder"
        notes.problem(f"{TABLE.as_posix()}: left out a row {what} ({row['image'] or 'no image'})")
        return None
    if not path.exists():
        notes.problem(f"{where} {row['image']}, which is not there; it is in no figure")
        return None
    if means_good(row["label"]):
        return Picture(path, GOOD)
    mask = _inside(root, row["mask"]) if row["mask"] else None
    if row["mask"] and (mask is None or not mask.exists()):
        notes.problem(
            f"{where} the mask {row['mask']}, which is not there; {row['image']} is left out of "
            "the pixel figures"
        )
        mask = None
    return Picture(path, row["label"].casefold(), mask)


def _inside(root: Path, name: str) -> Path | None:
    """The file of that name below the root; None for one that leads out of it."""
    parts = PurePosixPath(name.replace("\\", "/"))
    if not parts.parts or parts.is_absolute() or ".." in parts.parts or ":" in parts.parts[0]:
        return None
    return root / parts
