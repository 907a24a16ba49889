"""What `promptdsl why` prints for people."""

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptdsl.evaluate.words.why import PhraseShare, Why
from promptdsl.files.naming import shown

SHOWN_WINDOWS = 4  # of each scale
STYLES = {"reject": "bold red", "review": "bold yellow", "pass": "bold green"}


def print_why(console: Console, why: Why, phrases: int) -> None:
    """Verdict, what would change it, phrases, scales and windows."""
    decision = why.decision
    console.print(
        Text.assemble(
            (decision.verdict, STYLES.get(decision.verdict, "")),
            f"  {shown(why.image)}: score {why.score.score:.3f}",
            f", {shown(decision.rule)}" if decision.rule else "",
        ),
        soft_wrap=True,
    )
    if why.parts is not None and why.parts.references is not None:
        console.print(f"by words {why.parts.words:.3f}, by references {why.parts.references:.3f}")
    if why.score.defects and decision.verdict != "pass":  # below the limits it is noise
        parts = sorted(why.score.defects.items(), key=lambda pair: -pair[1])
        told = ", ".join(f"{shown(name)} {likeness:.2f}" for name, likeness in parts[:4])
        console.print(f"likeness to each defect: {told}", markup=False, highlight=False)
    console.print()
    console.print("What would change the verdict", style="bold")
    for sentence in why.changes:
        console.print(f"  {shown(sentence)}", soft_wrap=True, markup=False, highlight=False)
    for note in why.notes:
        console.print(f"note: {shown(note)}", soft_wrap=True, markup=False, highlight=False)
    if why.phrases:
        console.print(_phrases(why, phrases))
        if len(why.phrases) > phrases:
            console.print(
                f"and {len(why.phrases) - phrases} phrases that move it less", style="dim"
            )
    if why.scales:
        console.print(_windows(why))
    elif why.spots:
        console.print(_spots(why))


def _plain(title: str) -> Table:
    return Table(
        box=None, pad_edge=False, header_style="bold", title=title, title_justify="left",
        title_style="bold",
    )  # fmt: skip


def _phrases(why: Why, most: int) -> Table:
    table = _plain("\nPhrases, those that move this score most first")
    for name in ("under", "phrase", "written at"):
        table.add_column(name, overflow="fold")
    for name in ("cosine", "score without it"):
        table.add_column(name, justify="right", no_wrap=True)
    for share in why.phrases[:most]:
        table.add_row(
            share.label,
            Text(shown(share.phrase)),
            Text(shown(share.place), "dim"),
            f"{share.cosine:.4f}",
            _without(share, why),
        )
    return table


def _without(share: PhraseShare, why: Why) -> Text:
    if share.score_without is None:
        return Text("needed", "dim")
    moved = share.score_without - why.score.score
    flips = share.verdict_without != why.decision.verdict
    text = f"{share.score_without:.3f} ({moved:+.3f})"
    return Text(f"{text} {share.verdict_without}" if flips else text, "bold" if flips else "")


def _windows(why: Why) -> Table:
    table = _plain("\nScales and their highest windows (left, top, right, bottom in %)")
    for name in ("scale", "window"):
        table.add_column(name, no_wrap=True)
    for name in ("by words", "distance to references", "mean of all windows"):
        table.add_column(name, justify="right", no_wrap=True)
    for scale in why.scales:
        if not scale.windows:
            table.add_row(scale.name, "whole picture", f"{_whole(why):.3f}", "", "")
        for place, window in enumerate(scale.windows[:SHOWN_WINDOWS]):
            box = ", ".join(f"{100 * edge:.0f}" for edge in window.box)
            table.add_row(
                scale.name if place == 0 else "",
                box,
                f"{window.words:.3f}",
                "" if window.distance is None else f"{window.distance:.3f}",
                f"{scale.mean:.3f}" if place == 0 and scale.mean is not None else "",
            )
    return table


def _whole(why: Why) -> float:
    return why.parts.words if why.parts is not None else why.score.score


def _spots(why: Why) -> Table:
    table = _plain("\nHighest places of the map (left, top, right, bottom in %)")
    table.add_column("place", no_wrap=True)
    table.add_column("score", justify="right")
    for box, value in why.spots:
        table.add_row(", ".join(f"{100 * edge:.0f}" for edge in box), f"{value:.3f}")
    return table
