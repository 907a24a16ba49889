"""What `promptdsl validate` prints: figures, outcomes and tests, and a data set's table."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptdsl.evaluate.figures import TITLES, TOTAL, Estimate
from promptdsl.evaluate.outcomes import ClaimResult, Outcome, Share, explain
from promptdsl.evaluate.promises import promises
from promptdsl.evaluate.run import ObjectResult
from promptdsl.evaluate.separation import Grade
from promptdsl.evaluate.table import COLUMNS, PaperTable, Row
from promptdsl.files.naming import shown

_PAPER = {
    "auroc": "AUROC",
    "average_precision": "AP",
    "f1_max": "F1-max",
    "pixel_auroc": "px AUROC",
    "pixel_average_precision": "px AP",
    "pixel_f1_max": "px F1",
    "aupro": "PRO",
    "research_aupro": "PRO*",
}
GRADES: dict[Grade, str] = {
    "well": "tells good from bad well",
    "somewhat": "tells good from bad somewhat",
    "not at all": "tells good from bad not at all",
    "cannot tell": "cannot tell whether it tells good from bad",
}
_SHORT = {**TITLES, "research_aupro": "AU-PRO (codes)"}


def print_object(console: Console, result: ObjectResult) -> None:
    """Everything about one object."""
    good = sum(judged.scored.picture.is_good for judged in result.judged)
    defective = len(result.judged) - good
    console.print(
        Text.assemble(
            (shown(result.job.name), "bold"),
            f": {good:,} good and {defective:,} defective pictures",
            f", {len(result.sample.unreadable)} not inspected" if result.sample.unreadable else "",
        )
    )
    for line in _separation(result):
        console.print(line)
    for table in _figures_tables(result):
        console.print(table)
    console.print(outcomes_table(result.outcomes))
    for rule, promise in zip(
        result.rules, promises(result.job.spec.lock, result.job.item), strict=True
    ):
        if promise is not None:
            console.print(Text(f"{shown(rule.text)}: {promise}"), soft_wrap=True)
    if result.confusion.right.of:
        console.print(Text(f"the right defect was named: {_share(result.confusion.right)}"))
    for claim in result.claims:
        console.print(_claim(claim), soft_wrap=True)
    console.print()


def _separation(result: ObjectResult) -> list[Text]:
    """Before any figure: whether scores tell good from bad at all, and what to do about it."""
    found = result.separation
    style = "" if found.separates else "bold yellow"
    return [Text(found.sentence, style), Text(f"next: {found.next}", style)]


def print_separations(console: Console, results: Sequence[ObjectResult]) -> None:
    """Of many objects: which are told from their defects well, somewhat, not at all."""
    for grade, words in GRADES.items():
        mine = [result for result in results if result.separation.grade == grade]
        if mine:
            names = ", ".join(shown(result.job.name) for result in mine)
            style = "" if mine[0].separation.separates else "bold yellow"
            console.print(Text(f"{words} ({len(mine)} of {len(results)}): {names}", style))


def _plain_table() -> Table:
    return Table(box=None, pad_edge=False, header_style="bold", title_justify="left")


_GROUPS_OF_COLUMNS = (
    ("auroc", "average_precision", "f1_max"),
    ("pixel_auroc", "pixel_average_precision", "pixel_f1_max"),
    ("aupro", "research_aupro"),
)


def _figures_tables(result: ObjectResult) -> list[Table]:
    """Narrow tables rather than a wide one, so that 80 columns show whole numbers."""
    tables = [_figures_table(result, names) for names in _GROUPS_OF_COLUMNS]
    if any(tables):
        return [table for table in tables if table is not None]
    table = Table(box=None, pad_edge=False, show_header=False)
    reasons = {value.reason for value in result.total.values.values()}
    table.add_row("no figures: " + "; ".join(sorted(filter(None, reasons))))
    return [table]


def _figures_table(result: ObjectResult, names: Sequence[str]) -> Table | None:
    if all(group.values[n].value is None for group in result.figures for n in names):
        return None
    table = _plain_table()
    table.add_column("", min_width=14)
    for name in names:
        table.add_column(_SHORT[name], justify="right", min_width=20)
    for group in [*result.figures[1:], result.total]:
        name = "all" if group.group == TOTAL else shown(group.group)
        style = "bold" if group.group == TOTAL else ""
        table.add_row(Text(name), *(estimate(group.values[n]) for n in names), style=style)
    return table


def estimate(value: Estimate) -> str:
    """`0.953 (0.91-0.98)`; a perfect sample has no interval that says anything."""
    if value.value is None:
        return "-"
    if value.interval is None or not (value.perfect or value.spreads):
        return f"{value.value:.3f}"
    if value.perfect:
        return f"{value.value:.3f} (no spread)"
    return f"{value.value:.3f} ({value.interval.low:.3f}-{value.interval.high:.3f})"


def outcomes_table(outcomes: Sequence[Outcome]) -> Table:
    """Verdicts of each label, and what goes wrong."""
    table = _plain_table()
    table.add_column("", overflow="fold")  # the only one that may wrap: numbers stay whole
    for title in ("pictures", "pass", "review", "reject", "escapes, false rejects (95 %)"):
        table.add_column(title, justify="right", no_wrap=True)
    for outcome in outcomes:
        bad = outcome.wrong.count > 0
        name = "all defects" if outcome.label == TOTAL else shown(outcome.label)
        missing = f" ({outcome.unreadable} not inspected)" if outcome.unreadable else ""
        table.add_row(
            Text(name + missing),
            f"{outcome.pictures:,}",
            *(f"{outcome.verdicts[verdict]:,}" for verdict in ("pass", "review", "reject")),
            Text(_share(outcome.wrong), "red" if bad else "", no_wrap=True),
        )
    return table


def _share(share: Share) -> str:
    if not share.of:
        return "none of 0"
    low, high = 100 * share.interval.low, 100 * share.interval.high
    return (
        f"{share.count} of {share.of}, {100 * share.count / share.of:.1f} % ({low:.1f}-{high:.1f})"
    )


def _claim(claim: ClaimResult) -> Text:
    word, style = ("passed", "green") if claim.passed else ("FAILED", "bold red")
    if claim.passed and not claim.proven:
        word, style = "passed, not proven", "yellow"
    return Text.assemble((word, style), f' "{shown(claim.name)}": {explain(claim)}')


def print_paper_table(console: Console, table: PaperTable) -> None:
    """Categories, their mean, and the published means."""
    page = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 1, 0, 0))
    page.add_column("percent", no_wrap=True)
    for name in COLUMNS:
        page.add_column(_PAPER[name], justify="right", no_wrap=True)
    for row in (*table.rows, table.mean):
        page.add_row(*_cells(row), style="bold" if row is table.mean else "")
    for paper in table.published:
        values = {
            "auroc": paper.image_auroc,
            "pixel_auroc": paper.pixel_auroc,
            "research_aupro": paper.pro,
        }
        cells = [_number(values.get(name), "") for name in COLUMNS]
        page.add_row(paper.method, *cells, style="dim")
    console.print(page)
    console.print(
        "px: of pixels; PRO: exact AU-PRO to 0.3; PRO*: the research codes' variant of it"
    )
    if table.published:
        papers = ", ".join(dict.fromkeys(paper.paper for paper in table.published))
        console.print(f"published: means as in {papers}", style="dim")
    if table.remark:
        console.print(table.remark, style="dim")


def _cells(row: Row) -> list[str | Text]:
    return [Text(shown(row.name)), *(_number(row.values[name], "-") for name in COLUMNS)]


def _number(value: float | None, absent: str) -> str:
    return absent if value is None else f"{value:.1f}"
