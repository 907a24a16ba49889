"""The words' table: what `ablate` found, for the terminal and for the page, out of `words.json`."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptdsl.files.naming import counted, placed, shown, signed

Described = Mapping[str, Any]
WIDE = 150  # columns from which every figure has one of its own
FIGURES = {  # what decides whether leaving something out helps, in this order
    "own_auroc": "image AUROC of its defect",
    "auroc": "image AUROC",
    "own_margin": "margin of its defect",
    "margin": "margin",
    "pixel_auroc": "pixel AUROC",
}
_FIGURE = {title: name for name, title in FIGURES.items()}
STYLES = {
    "harmful": "red", "helpful": "green", "not judged": "yellow", "inert": "dim", "needed": "dim",
}  # fmt: skip
RULE = (
    "helpful: without it image AUROC, else the margin, else pixel AUROC falls, and the 95 % "
    "interval excludes 0; harmful: it rises; inert: none of them moves. The words of a defect are "
    "judged by the pictures of that defect. Not judged: scores do not tell good from bad there, so "
    "better or worse means nothing. The margin is in log-odds. One row in twenty moves by chance."
)


def print_words(console: Console, item: Described) -> None:
    """The table of one object."""
    whole, name = item["whole"], shown(item["name"])
    pixel = "" if whole["pixel_auroc"] is None else f", pixel AUROC {whole['pixel_auroc']:.3f}"
    console.print(
        Text.assemble(
            (name, "bold"),
            f": {item['good']} good and {item['defective']} defective pictures; image AUROC "
            f"{whole['auroc']:.3f}, margin {whole['margin']:.2f}{pixel}, "
            f"{counted(whole['escapes'], 'escape')}, "
            f"{counted(whole['false_rejects'], 'false reject')}",
        ),
        soft_wrap=True,
    )
    found = item["separation"]
    console.print(Text(f"{name}: {found['sentence']}; next: {found['next']}"), soft_wrap=True)
    if found["grade"] not in ("well", "somewhat"):
        console.print(Text("No word is called helpful or harmful here.", "bold"), soft_wrap=True)
    rows = _worth_a_line(item["rows"])
    wide = console.width >= WIDE
    if rows:
        with_pixels, room = whole["pixel_auroc"] is not None, console.width // 3
        console.print(_table(rows, with_pixels, room) if wide else _narrow_table(rows, room))
    left = len(item["rows"]) - len(rows)
    if left:
        told = f"{counted(left, 'word or setting', 'words and settings')} not judged; without any "
        console.print(Text(f"{told}of them no verdict changes", "yellow"))
    if not wide or left:
        console.print(Text("All figures: -o OUT, or --format json", "dim"))
    console.print(Text(RULE, "dim"), soft_wrap=True)
    console.print()


def _worth_a_line(rows: Sequence[Described]) -> Sequence[Described]:
    """All; where none is judged, those alone without which a verdict changes."""
    if any(row["call"] not in ("not judged", "needed") for row in rows):
        return rows
    return [row for row in rows if row["call"] == "needed" or row.get("verdicts")]


def _columns(*names: str, fold: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in names:
        wraps = name in fold
        table.add_column(name, no_wrap=not wraps, overflow="fold" if wraps else "ellipsis")
    return table


def _table(rows: Sequence[Described], with_pixels: bool, room: int) -> Table:
    pixels = {"pixel_auroc": "pixel AUROC by"} if with_pixels else {}
    changes = {"auroc": "image AUROC changes by", "margin": "margin by", **pixels}
    table = _columns("", "without", "because", *changes.values(), "verdicts", fold=["without"])
    for row in rows:
        cells = [_cell(row, name) for name in changes]
        table.add_row(_call(row), _named(row, room), _because(row), *cells, _verdicts(row))
    return table


def _narrow_table(rows: Sequence[Described], room: int) -> Table:
    """For a small terminal: what is called, and the figure that decided; no more, but whole."""
    titles = ("without", "because without it", "verdicts")
    table = _columns("", *titles, fold=titles)
    for row in rows:
        table.add_row(_call(row), _named(row, room), _decided(row), _verdicts(row))
    return table


def _call(row: Described) -> Text:
    return Text(row["call"], STYLES[row["call"]])


def _decided(row: Described) -> Text:
    """`image AUROC +0.0120 (+0.0031 to +0.0200)`."""
    figure = _FIGURE.get(row["because"])
    if figure is None:
        return Text(row["because"], "dim")
    return Text(f"{row['because']} {in_words(row[figure], 2 if 'margin' in figure else 4)}")


def in_words(change: Described, digits: int = 4) -> str:
    """`+0.0120 (+0.0031 to +0.0200)`."""
    low, high = change["interval"]
    return f"{signed(change['change'], digits)} ({signed(low, digits)} to {signed(high, digits)})"


def _named(row: Described, room: int) -> Text:
    """For the terminal; the place has `room` columns."""
    kind, name, place = map(shown, _parts(row))
    place = placed(place, room)
    return Text.assemble((f"{kind} ", "dim"), name, (f"  {place}", "dim"))


def _parts(row: Described) -> tuple[str, str, str]:
    quoted = f'"{row["name"]}"' if row["kind"] in ("phrase", "template") else row["name"]
    return row["kind"] if row["group"] is None else f"{row['group']}:", quoted, row["place"]


def _because(row: Described) -> Text:
    """The figure that decided, with its change where no column shows it."""
    figure = _FIGURE.get(row["because"], "")
    if not figure.startswith("own_"):
        return Text(row["because"], "dim")
    return Text(f"{row['because']} {signed(row[figure]['change'])}", "dim")


def _sure(change: Described) -> str:
    """The style of a change: pale where it may be none."""
    low, high = change["interval"]
    return "" if low > 0 or high < 0 else "dim"


def _cell(row: Described, name: str) -> Text:
    change = row.get(name)
    if change is None:
        return Text("")
    return Text(in_words(change, 2 if name == "margin" else 4), _sure(change))


def _verdicts(row: Described) -> Text:
    if "wrong" not in row:
        return Text("")
    if not row["verdicts"]:
        return Text("none", "dim")
    parts = [f"{row['verdicts']} change"]
    for count, what in ((row["escapes"], "escapes"), (row["false_rejects"], "false rejects")):
        if count:
            parts.append(f"{count:+d} {what}")
    return Text(", ".join(parts), _sure(row["wrong"]))


def page_rows(rows: Sequence[Described]) -> list[dict[str, str]]:
    """The table for a page: one text for each cell, columns in order."""
    return [
        {
            "finding": row["call"],
            "without": "{} {}  {}".format(*_parts(row)),
            "because": _because(row).plain,
            "image AUROC changes by": _cell(row, "auroc").plain,
            "margin (log-odds) by": _cell(row, "margin").plain,
            "pixel AUROC by": _cell(row, "pixel_auroc").plain,
            "verdicts": _verdicts(row).plain,
        }
        for row in rows
    ]
