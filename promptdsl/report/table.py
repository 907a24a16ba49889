"""The table and the summary line that a run prints: rich on a terminal, plain text elsewhere."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptdsl.files.naming import counted, shown
from promptdsl.report.html import CONCERN, NAMED
from promptdsl.results import Record

COLORS = {"pass": "green", "review": "yellow", "reject": "red", "error": "magenta"}
TERMINAL_ROWS = 40
OTHERS = 36  # columns of verdict, score and likeness; names of pictures get most of the rest


def print_table(console: Console, records: Sequence[Record], out: str) -> None:
    """Worst pictures first, cut on a terminal to what one can read; all of them elsewhere."""
    worst = sorted(records, key=lambda r: (CONCERN[r.verdict], -(r.score or 0.0)))
    if not console.is_terminal:
        for record in worst:
            console.file.write(_plain(record) + "\n")
        return
    console.print(_table(worst[:TERMINAL_ROWS], console.width))
    if len(worst) > TERMINAL_ROWS:
        more = f"and {len(worst) - TERMINAL_ROWS:,} more in {shown(out)}/results.jsonl"
        console.print(Text(more, "dim"))


def summary(counts: Mapping[str, int], seconds: float, inspected: int) -> Text:
    """`41 pictures: 30 pass, 2 review, 8 reject, 1 not inspected, in 3.1 s (13.2 pictures/s)`."""
    pictures = sum(counts.get(verdict, 0) for verdict in COLORS)
    text = Text(f"{counted(pictures, 'picture')}: ")
    names = {**{verdict: verdict for verdict in COLORS}, "error": "not inspected"}
    parts = [(counts.get(v, 0), v) for v in COLORS if v != "error" or counts.get(v, 0)]
    for place, (count, verdict) in enumerate(parts):
        text.append(", " if place else "")
        text.append(f"{count:,} {names[verdict]}", COLORS[verdict] if count else "")
    rate = inspected / seconds if seconds > 0 else 0.0
    text.append(f", in {seconds:.1f} s")
    if inspected:
        text.append(f" ({rate:.1f} pictures/s)")
    return text


def _table(records: Sequence[Record], width: int) -> Table:
    """A rule without its verdict, which stands beside it: at 80 columns every letter counts."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("picture", overflow="fold")
    table.add_column("verdict", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    table.add_column("looks like", overflow="fold", max_width=22)
    most = max(14, 2 * (width - OTHERS) // 5)
    table.add_column("why", overflow="fold", max_width=most)
    whys = [shown(_why(r).removeprefix(f"{r.verdict} when ")) for r in records]
    room = width - OTHERS - min(most, max(map(len, whys), default=0))
    for record, why in zip(records, whys, strict=True):
        table.add_row(
            Text(_broken(shown(record.image), room)),
            Text(record.verdict, COLORS[record.verdict]),
            _score(record),
            Text(shown(_defect(record))),
            Text(why),
        )
    return table


def _broken(name: str, room: int) -> str:
    """A path that is too long for its column, with its last part on a line of its own."""
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}\n{last}" if slash and len(name) > room else name


def _plain(record: Record) -> str:
    fields = (record.image, record.verdict, _score(record), _defect(record), _why(record))
    return "\t".join(shown(field) for field in fields)


def _score(record: Record) -> str:
    return "-" if record.score is None else f"{record.score:.3f}"


def _defect(record: Record) -> str:
    """The nearest defect and its likeness; below the limits it would say nothing."""
    if record.defect is None or record.verdict not in NAMED:
        return "-"
    return f"{record.defect} {(record.defects or {}).get(record.defect, 0.0):.2f}"


def _why(record: Record) -> str:
    return "; ".join(filter(None, (record.rule, record.error)))
