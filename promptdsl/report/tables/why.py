"""What `promptdsl why` prints for people, out of its own description for machines."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptdsl.files.naming import counted, placed, shown, signed

Described = Mapping[str, Any]
SHOWN_WINDOWS = 4  # of each scale
SHOWN_SPOTS = 8
STYLES = {"reject": "bold red", "review": "bold yellow", "pass": "bold green"}


def print_why(console: Console, why: Described, phrases: int) -> None:
    """Verdict, what would change it, phrases, scales and windows."""
    verdict, rule = why["verdict"], why["rule"]
    console.print(
        Text.assemble(
            (verdict, STYLES.get(verdict, "")),
            f"  {shown(why['image'])}: score {why['score']:.3f}",
            f", {shown(rule)}" if rule else "",
        ),
        soft_wrap=True,
    )
    if why["by_references"] is not None:
        console.print(f"by words {why['by_words']:.3f}, by references {why['by_references']:.3f}")
    if why["defects"] and verdict != "pass":  # below the limits it is noise
        parts = sorted(why["defects"].items(), key=lambda pair: -pair[1])
        told = ", ".join(f"{shown(name)} {likeness:.2f}" for name, likeness in parts[:4])
        console.print(f"likeness to each defect: {told}", markup=False, highlight=False)
    console.print()
    console.print("What would change the verdict", style="bold")
    for sentence in [*(f"  {shown(s)}" for s in why["changes"]), *map(_note, why["notes"])]:
        console.print(sentence, soft_wrap=True, markup=False, highlight=False)
    if len(why["rules"]) > 1 or why["spots"]:
        console.print(_rules(why))
    if why["spots"]:
        console.print(_spots(why))
    if why["phrases"]:
        console.print(_phrases(why, phrases, 11 * console.width // 40))
        left = len(why["phrases"]) - phrases
        if left > 0:
            move = "moves" if left == 1 else "move"
            console.print(f"and {counted(left, 'phrase')} that {move} it less", style="dim")
    if why["scales"]:
        console.print(_windows(why))
    elif why["highest_places"]:
        console.print(_places(why))


def _note(sentence: str) -> str:
    return f"note: {shown(sentence)}"


def _table(title: str, left: Sequence[str], right: Sequence[str], *, fold: bool = False) -> Table:
    """Columns of words, which may wrap, then columns of numbers, which may not."""
    table = Table(
        box=None, pad_edge=False, header_style="bold", title=title, title_justify="left",
        title_style="bold",
    )  # fmt: skip
    for name in left:
        table.add_column(name, no_wrap=not fold, overflow="fold" if fold else "ellipsis")
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _rules(why: Described) -> Table:
    """Every line with what it measures, also those behind the one that decided."""
    table = _table("\nThreshold lines, the first that holds decides", ["line"], [], fold=True)
    for name in ("measured", "from its limit"):
        table.add_column(name, justify="right", overflow="fold")
    for state in why["rules"]:
        if state["kind"] == "located":
            measured, far = ("not located" if state["holds"] else "located"), ""
        else:
            measured = state["shown"]
            far = f"{state['shown_distance']} {'above' if state['holds'] else 'short'}"
        style = STYLES.get(state["verdict"], "") if state["holds"] else ""
        table.add_row(Text(shown(state["rule"]), style), measured, far)
    return table


def _spots(why: Described) -> Table:
    title = "\nSpots (left, top, width, height in px of the picture)"
    table = _table(title, ("spot", "likeliest", "region"), ("above", "extent", "area", "peak"))
    for spot in why["spots"][:SHOWN_SPOTS]:
        extent, area = f"{spot['extent']:.1f} px", f"{spot['area']:.0f} px2"
        if spot["extent_mm"] is not None:
            extent += f", {spot['extent_mm']:.3g} mm"
            area += f", {spot['area_mm2']:.3g} mm2"
        table.add_row(
            ", ".join(map(str, spot["box"])), spot["defect"] or "", spot["region"] or "",
            f"{spot['above']:.2f}", extent, area, f"{spot['peak']:.3f}",
        )  # fmt: skip
    left = len(why["spots"]) - SHOWN_SPOTS
    if left > 0:
        table.caption = f"and {left} more: --format json"
    return table


def _phrases(why: Described, most: int, room: int) -> Table:
    """Places have `room` columns."""
    title = "\nPhrases, those that move this score most first"
    words, numbers = ("under", "phrase", "written at"), ("cosine", "score without it")
    table = _table(title, words, numbers, fold=True)
    table.columns[2].no_wrap = True
    for share in why["phrases"][:most]:
        table.add_row(
            share["group"],
            Text(shown(share["phrase"])),
            Text(placed(shown(share["place"]), room), "dim"),
            f"{share['cosine']:.4f}",
            _without(share, why),
        )
    return table


def _without(share: Described, why: Described) -> Text:
    score, verdict = share["score_without"], share["verdict_without"]
    if score is None:
        return Text("needed", "dim")
    text = f"{score:.3f} ({signed(score - why['score'])})"
    flips = verdict != why["verdict"]
    return Text(f"{text} {verdict}" if flips else text, "bold" if flips else "")


def _windows(why: Described) -> Table:
    title = "\nScales and their highest windows (left, top, right, bottom in %)"
    numbers = ("by words", "distance to references", "mean of all windows")
    table = _table(title, ("scale", "window"), numbers)
    whole = why["score"] if why["by_words"] is None else why["by_words"]
    for scale in why["scales"]:
        if not scale["windows"]:
            table.add_row(scale["scale"], "whole picture", f"{whole:.3f}", "", "")
        name, mean = scale["scale"], _three(scale["mean"])
        for window in scale["windows"][:SHOWN_WINDOWS]:
            distance = _three(window["distance"])
            table.add_row(name, _edges(window["box"]), _three(window["score"]), distance, mean)
            name = mean = ""  # they stand beside the first window
    return table


def _three(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def _edges(box: Sequence[float]) -> str:
    return ", ".join(f"{100 * edge:.0f}" for edge in box)


def _places(why: Described) -> Table:
    table = _table("\nHighest places of the map (left, top, right, bottom in %)", ["place"], [])
    table.add_column("score", justify="right")
    for place in why["highest_places"]:
        table.add_row(_edges(place["box"]), _three(place["score"]))
    return table
