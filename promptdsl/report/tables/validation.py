"""What `promptdsl validate` prints of `validation.json`: figures, outcomes, tests, the papers'."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptdsl.files.naming import shown
from promptdsl.report.paper_table import COLUMNS

Described = Mapping[str, Any]
TOTAL = "total"
GRADES = {
    "well": "tells good from bad well",
    "somewhat": "tells good from bad somewhat",
    "not at all": "tells good from bad not at all",
    "cannot tell": "cannot tell whether it tells good from bad",
}
SEPARATES = ("well", "somewhat")
# Narrow tables rather than a wide one, so that 80 columns show whole numbers.
_GROUPS = (
    {"auroc": "image AUROC", "average_precision": "image AP", "f1_max": "image F1-max"},
    {
        "pixel_auroc": "pixel AUROC",
        "pixel_average_precision": "pixel AP",
        "pixel_f1_max": "pixel F1-max",
    },
    {"aupro": "AU-PRO 0.3", "research_aupro": "AU-PRO (codes)"},
)


def print_validation(described: Described) -> None:
    """Each object, or a data set's table."""
    console, objects, table = Console(), described["objects"], described["table"]
    if table is None or len(objects) == 1:
        for item in objects:
            print_object(console, item)
    elif len(objects) > 1:
        print_separations(console, objects)
    if table is not None:
        print_paper_table(console, table)


def print_object(console: Console, item: Described) -> None:
    """Everything about one object."""
    good = sum(row["label"] == "good" for row in item["pictures"])
    defective, lost = len(item["pictures"]) - good, len(item["unreadable"])
    console.print(
        Text.assemble(
            (shown(item["name"]), "bold"),
            f": {good:,} good and {defective:,} defective pictures",
            f", {lost} not inspected" if lost else "",
        )
    )
    # Before any figure: whether scores tell good from bad at all, and what to do about it.
    found = item["separation"]
    for line in (found["sentence"], f"next: {found['next']}"):
        console.print(Text(line, _doubt(found)))
    for table in _figures_tables(item["figures"]):
        console.print(table)
    console.print(outcomes_table(item["outcomes"]))
    for line in item["thresholds"]:
        if line["promise"] is not None:
            console.print(Text(f"{shown(line['rule'])}: {line['promise']}"), soft_wrap=True)
    if item["confusion"]["right"]["of"]:
        console.print(Text(f"the right defect was named: {_share(item['confusion']['right'])}"))
    for claim in item["tests"]:
        console.print(_claim(claim), soft_wrap=True)
    console.print()


def _doubt(separation: Described) -> str:
    return "" if separation["grade"] in SEPARATES else "bold yellow"


def print_separations(console: Console, objects: Sequence[Described]) -> None:
    """Of many objects: which are told from their defects well, somewhat, not at all."""
    for grade, words in GRADES.items():
        mine = [item for item in objects if item["separation"]["grade"] == grade]
        if mine:
            names = ", ".join(shown(item["name"]) for item in mine)
            style = _doubt(mine[0]["separation"])
            console.print(Text(f"{words} ({len(mine)} of {len(objects)}): {names}", style))


def _plain_table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold", title_justify="left")


def _figures_tables(figures: Sequence[Described]) -> list[Table]:
    tables = [_figures_table(figures, names) for names in _GROUPS]
    if any(tables):
        return [table for table in tables if table is not None]
    table = Table(box=None, pad_edge=False, show_header=False)
    reasons = {figures[0][name].get("reason") for name in COLUMNS}
    table.add_row("no figures: " + "; ".join(sorted(filter(None, reasons))))
    return [table]


def _figures_table(figures: Sequence[Described], names: Mapping[str, str]) -> Table | None:
    if all(group[name]["value"] is None for group in figures for name in names):
        return None
    table = _plain_table()
    table.add_column("", min_width=14)
    for title in names.values():
        table.add_column(title, justify="right", min_width=20)
    for group in [*figures[1:], figures[0]]:
        whole = group["group"] == TOTAL
        table.add_row(
            Text("all" if whole else shown(group["group"])),
            *(estimate(group[name]) for name in names),
            style="bold" if whole else "",
        )
    return table


def estimate(figure: Described) -> str:
    """`0.953 (0.91-0.98)`; a perfect sample has no interval that says anything."""
    value, interval = figure["value"], figure.get("interval")
    if value is None:
        return "-"
    if interval is not None and interval[0] < interval[1]:
        return f"{value:.3f} ({interval[0]:.3f}-{interval[1]:.3f})"
    return f"{value:.3f} (no spread)" if interval is not None and value == 1 else f"{value:.3f}"


def outcomes_table(outcomes: Sequence[Described]) -> Table:
    """Verdicts of each label, and what goes wrong."""
    table = _plain_table()
    table.add_column("", overflow="fold")  # the only one that may wrap: numbers stay whole
    for title in ("pictures", "pass", "review", "reject", "escapes, false rejects (95 %)"):
        table.add_column(title, justify="right", no_wrap=True)
    for outcome in outcomes:
        name = "all defects" if outcome["label"] == TOTAL else shown(outcome["label"])
        lost = f" ({outcome['unreadable']} not inspected)" if outcome["unreadable"] else ""
        wrong = outcome.get("false_rejects") or outcome["escapes"]
        table.add_row(
            Text(name + lost),
            *(f"{outcome[count]:,}" for count in ("pictures", "pass", "review", "reject")),
            Text(_share(wrong), "red" if wrong["count"] else "", no_wrap=True),
        )
    return table


def _share(share: Described) -> str:
    if not share["of"]:
        return "none of 0"
    count, of = share["count"], share["of"]
    low, high = (100 * end for end in share["interval"])
    return f"{count} of {of}, {100 * count / of:.1f} % ({low:.1f}-{high:.1f})"


def _claim(claim: Described) -> Text:
    word, style = ("passed", "green") if claim["passed"] else ("FAILED", "bold red")
    if claim["passed"] and not claim["proven"]:
        word, style = "passed, not proven", "yellow"
    return Text.assemble((word, style), f' "{shown(claim["name"])}": {claim["explanation"]}')


def print_paper_table(console: Console, table: Described) -> None:
    """Categories, their mean, and the published means."""
    page = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    page.add_column("percent", no_wrap=True)
    for title in COLUMNS.values():
        page.add_column(title, justify="right", no_wrap=True)
    for row in table["rows"]:
        page.add_row(Text(shown(row["category"])), *_numbers(row, "-"))
    page.add_row(Text("mean"), *_numbers(table["mean"], "-"), style="bold")
    for paper in table["published"]:
        page.add_row(paper["method"], *_numbers(paper, ""), style="dim")
    console.print(page)
    console.print(
        "px: of pixels; PRO: exact AU-PRO to 0.3; PRO*: the research codes' variant of it"
    )
    if table["published"]:
        papers = ", ".join(dict.fromkeys(paper["paper"] for paper in table["published"]))
        console.print(f"published: means as in {papers}", style="dim")
    if table["remark"]:
        console.print(table["remark"], style="dim")


def _numbers(row: Described, absent: str) -> list[str]:
    values = (row.get(name) for name in COLUMNS)
    return [absent if value is None else f"{value:.1f}" for value in values]
