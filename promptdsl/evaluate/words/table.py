"""The words' table: what `ablate` found, as rows for people, for machines and for the page."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from promptdsl.evaluate.draws import RESAMPLES, SEED
from promptdsl.evaluate.separation import describe_separation
from promptdsl.evaluate.words.ablate import Ablation
from promptdsl.evaluate.words.effects import Change, Effect
from promptdsl.files.naming import shown
from promptdsl.judge.shares import CONFIDENCE
from promptdsl.versions import now, versions

FORMAT = 1
WIDE = 150  # columns from which every figure has one of its own
STYLES = {
    "harmful": "red", "helpful": "green", "not judged": "yellow", "inert": "dim", "needed": "dim",
}  # fmt: skip
RULE = (
    "helpful: without it image AUROC, else the margin, else pixel AUROC falls, and the 95 % "
    "interval excludes 0; harmful: it rises; inert: none of them moves. The words of a defect are "
    "judged by the pictures of that defect. Not judged: scores do not tell good from bad there, so "
    "better or worse means nothing. The margin is in log-odds. One row in twenty moves by chance."
)


def describe(ablation: Ablation) -> dict[str, Any]:
    """One object as plain values; changes are figures without the unit minus figures with it."""
    evidence, whole = ablation.evidence, ablation.whole
    job = evidence.job
    return {
        "name": job.name,
        "object": job.item.name,
        "spec": job.spec.path.as_posix(),
        "spec_sha256": job.spec.sha256,
        "weights_sha256": evidence.scoring.detector.weights_sha256,
        "good": int((~evidence.defective).sum()),
        "defective": int(evidence.defective.sum()),
        "encoded_now": evidence.scoring.encoded,
        "separation": describe_separation(whole.separation),
        "whole": {
            "auroc": whole.auroc,
            "margin": whole.margin,
            "score_margin": whole.score_margin,
            "pixel_auroc": whole.pixel_auroc,
            "escapes": whole.escapes,
            "false_rejects": whole.false_rejects,
        },
        "rows": [words_row(effect) for effect in ablation.effects],
        "problems": evidence.sample.problems,
        "notes": evidence.sample.notes,
    }


def words_row(effect: Effect) -> dict[str, Any]:
    """One row of the words' table."""
    unit = effect.unit
    return {
        "call": effect.call,
        "because": effect.because,
        "kind": unit.kind,
        "name": unit.name,
        "group": unit.group,
        "place": unit.place,
        **{name: _change(change) for name, change in effect.changes.items()},
        "verdicts": effect.verdicts,
        "escapes": effect.escapes,
        "false_rejects": effect.false_rejects,
    }


def _change(change: Change) -> dict[str, Any]:
    return {"change": change.value, "interval": [change.interval.low, change.interval.high]}


def document(ablations: list[Ablation], seconds: float) -> dict[str, Any]:
    """`words.json`: the tables of all objects and everything that identifies them."""
    return {
        "format": FORMAT,
        "made": now(),
        "seconds": round(seconds, 3),
        "versions": versions(),
        "confidence": CONFIDENCE,
        "bootstrap": {"resamples": RESAMPLES, "seed": SEED, "strata": "labels", "paired": True},
        "rule": RULE,
        "objects": [describe(ablation) for ablation in ablations],
    }


def print_ablation(console: Console, ablation: Ablation) -> None:
    """The table of one object."""
    evidence, whole = ablation.evidence, ablation.whole
    good = int((~evidence.defective).sum())
    pixel = "" if whole.pixel_auroc is None else f", pixel AUROC {whole.pixel_auroc:.3f}"
    console.print(
        Text.assemble(
            (shown(evidence.job.name), "bold"),
            f": {good} good and {len(evidence.pictures) - good} defective pictures; image AUROC "
            f"{whole.auroc:.3f}, margin {whole.margin:.2f}{pixel}, "
            f"{_counted(whole.escapes, 'escape')}, {_counted(whole.false_rejects, 'false reject')}",
        ),
        soft_wrap=True,
    )
    console.print(Text(f"{shown(evidence.job.name)}: {whole.separation.line}"), soft_wrap=True)
    if not whole.separation.separates:
        console.print(Text("No word is called helpful or harmful here.", "bold"), soft_wrap=True)
    wide = console.width >= WIDE
    console.print(_table(ablation) if wide else _narrow_table(ablation))
    if not wide:
        console.print(Text("All figures: -o OUT, or --format json", "dim"))
    console.print(Text(RULE, "dim"), soft_wrap=True)
    console.print()


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _table(ablation: Ablation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    table.add_column("without", overflow="fold")
    table.add_column("because", no_wrap=True)
    table.add_column("image AUROC changes by", no_wrap=True)
    table.add_column("margin by", no_wrap=True)
    with_pixels = ablation.whole.pixel_auroc is not None
    if with_pixels:
        table.add_column("pixel AUROC by", no_wrap=True)
    table.add_column("verdicts", no_wrap=True)
    for effect in ablation.effects:
        cells = [_cell(effect, "auroc"), _cell(effect, "margin")]
        cells += [_cell(effect, "pixel_auroc")] if with_pixels else []
        table.add_row(
            Text(effect.call, STYLES[effect.call]),
            _named(effect),
            _because(effect),
            *cells,
            _verdicts(effect) if effect.changes else Text(""),
        )
    return table


def _narrow_table(ablation: Ablation) -> Table:
    """For a small terminal: what is called, and the figure that decided; no more, but whole."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for title in ("without", "because without it", "verdicts"):
        table.add_column(title, overflow="fold")
    for effect in ablation.effects:
        table.add_row(
            Text(effect.call, STYLES[effect.call]),
            _named(effect),
            _decided(effect),
            _verdicts(effect) if effect.changes else Text(""),
        )
    return table


def _decided(effect: Effect) -> Text:
    """`image AUROC +0.0120 (+0.0031 to +0.0200)`."""
    if effect.figure is None:
        return Text(effect.because, "dim")
    digits = 2 if effect.figure.endswith("margin") else 4
    change = _in_words(effect.changes[effect.figure], digits)
    return Text(f"{effect.because} {change}")


def _in_words(change: Change, digits: int) -> str:
    low, high = (f"{v:+.{digits}f}" for v in (change.interval.low, change.interval.high))
    return f"{change.value:+.{digits}f} ({low} to {high})"


def _named(effect: Effect) -> Text:
    """For the terminal."""
    kind, name, place = map(shown, _parts(effect))
    return Text.assemble((f"{kind} ", "dim"), name, (f"  {place}", "dim"))


def _parts(effect: Effect) -> tuple[str, str, str]:
    unit = effect.unit
    quoted = f'"{unit.name}"' if unit.kind in ("phrase", "template") else unit.name
    return unit.kind if unit.group is None else f"{unit.group}:", quoted, unit.place


def _because(effect: Effect) -> Text:
    """The figure that decided, with its change where no column shows it."""
    name = effect.figure or ""
    if not name.startswith("own_"):
        return Text(effect.because, "dim")
    return Text(f"{effect.because} {effect.changes[name].value:+.3f}", "dim")


def _cell(effect: Effect, name: str) -> Text:
    change = effect.changes.get(name)
    if change is None:
        return Text("")
    style = "" if change.interval.excludes_zero else "dim"
    return Text(_in_words(change, 2 if name == "margin" else 4), style)


def _verdicts(effect: Effect) -> Text:
    if not effect.verdicts:
        return Text("none", "dim")
    parts = [f"{effect.verdicts} change"]
    for count, what in ((effect.escapes, "escapes"), (effect.false_rejects, "false rejects")):
        if count:
            parts.append(f"{count:+d} {what}")
    wrong = effect.changes["wrong"]
    return Text(", ".join(parts), "" if wrong.interval.excludes_zero else "dim")


def page_rows(ablation: Ablation) -> list[dict[str, str]]:
    """The words' table for a page: one text for each cell, columns in order."""
    return [
        {
            "finding": effect.call,
            "without": "{} {}  {}".format(*_parts(effect)),
            "because": _because(effect).plain,
            "image AUROC changes by": _cell(effect, "auroc").plain,
            "margin (log-odds) by": _cell(effect, "margin").plain,
            "pixel AUROC by": _cell(effect, "pixel_auroc").plain,
            "verdicts": _verdicts(effect).plain if effect.changes else "",
        }
        for effect in ablation.effects
    ]
