"""What `promptdsl diff` prints of `diff.json`."""

from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.text import Text

from promptdsl.files.naming import counted, shown, signed
from promptdsl.report.comparison import MOVED, phrase_groups

SHOWN_ROWS = 20


def print_diff(
    console: Console, described: Mapping[str, Any], wordless: Iterable[list[str]]
) -> None:
    """Objects of one side alone, then each pair; `wordless` methods of each read no prompts."""
    for side in ("before", "after"):
        for name in described[f"only_{side}"]:
            only = f"{name} is only in {shown(described[side])}"
            console.print(only, markup=False, highlight=False)
    for item, methods in zip(described["objects"], wordless, strict=True):
        _print_object(console, item, methods)


def _print_object(console: Console, item: Mapping[str, Any], wordless: list[str]) -> None:
    console.print(Text(item["object"], "bold"))
    groups = phrase_groups(item["prompts"])
    for row in groups:
        sign, style = ("-", "red") if row["action"] == "removed" else ("+", "green")
        many = counted(row["prompts"], "prompt")
        phrase = f'{row["group"]}: "{shown(row["phrase"])}"'
        console.print(Text(f"  {sign} {phrase} ({many})", style))
    if not groups:
        console.print("  the prompts are the same")
    for name in wordless:
        console.print(f"  {name} does not read them")
    for row in item["fields"]:
        before, after = shown(row["before"] or "none"), shown(row["after"] or "none")
        console.print(Text(f"  {row['name']}: {before} -> {after}"))
    _print_moves(console, item)


def _print_moves(console: Console, item: Mapping[str, Any]) -> None:
    rows = item["results"]
    moved = sum(abs(row["moved"]) >= MOVED for row in rows)
    console.print(
        f"  {item['flips']} of {counted(len(rows), 'verdict')} "
        f"{'flips' if item['flips'] == 1 else 'flip'}, "
        f"{counted(moved, 'score')} {'moves' if moved == 1 else 'move'} by {MOVED} or more",
        highlight=False,
    )
    worth = [row for row in rows if row["flips"] or abs(row["moved"]) >= MOVED][:SHOWN_ROWS]
    for row in worth:
        before, after = row["before"], row["after"]
        verdicts = f"{before['verdict']} -> " if row["flips"] else ""
        line = (
            f"  {verdicts + after['verdict']:18} {before['score']:.3f} -> {after['score']:.3f} "
            f"({signed(row['moved'])})  {shown(row['image'])}"
        )
        console.print(Text(line, "bold" if row["flips"] else ""), soft_wrap=True)
    left = len(rows) - len(worth)
    if left:
        console.print(f"  and {counted(left, 'more picture')}", style="dim", highlight=False)
