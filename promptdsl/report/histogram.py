"""The score histogram as inline SVG: stacked by verdict, from 0 to 1, with the thresholds."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations, product

from markupsafe import Markup, escape

from promptdsl.results import Record

BINS = 50
WIDTH, HEIGHT = 880, 236
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 40, 34
FIRST_ROW, ROW, LETTER = 26, 14, 6.9  # labels: baseline of the lowest row, height, width
GAP, TRIED = 5, 4  # between a line and its label; thresholds whose labels are placed with care
STACK = ("pass", "review", "reject")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A score threshold to draw."""

    at: float
    verdict: str
    label: str


def histogram(records: Iterable[Record], thresholds: Sequence[Threshold]) -> Markup:
    """The whole `<svg>` element."""
    counts: dict[int, Counter[str]] = {}
    for record in records:
        if record.score is not None:
            counts.setdefault(_bin(record.score), Counter())[record.verdict] += 1
    highest = max((sum(bar.values()) for bar in counts.values()), default=0)
    lines, rows = _lines(thresholds)
    parts = [*_axes(highest), *_bars(counts, highest), *lines]
    above = ROW * max(0, rows - 2)  # room for labels that would cover each other
    title = "Histogram of the scores, stacked by verdict, with the score thresholds"
    return Markup(
        f'<svg viewBox="0 {-above} {WIDTH} {HEIGHT + above}" role="img" '
        f'aria-label="{title}" class="histogram">' + "".join(parts) + "</svg>"
    )


def _bin(score: float) -> int:
    return min(BINS - 1, max(0, int(score * BINS)))


def _x(score: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(1.0, max(0.0, score))


def _y(count: float, highest: int) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * count / max(1, highest)


def _axes(highest: int) -> list[str]:
    base = HEIGHT - BOTTOM
    marks = [
        f'<text x="{_x(t / 10):.1f}" y="{base + 16}" class="tick" text-anchor="middle">'
        f"{t / 10:.1f}</text>"
        for t in range(11)
    ]
    grid = [
        f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{_y(n, highest):.1f}" '
        f'y2="{_y(n, highest):.1f}" class="grid"/><text x="{LEFT - 8}" '
        f'y="{_y(n, highest) + 4:.1f}" class="tick" text-anchor="end">{n}</text>'
        for n in _round_counts(highest)
    ]
    name = f'<text x="{(LEFT + WIDTH - RIGHT) / 2}" y="{HEIGHT - 3}" class="tick" '
    return [*grid, *marks, name + 'text-anchor="middle">score</text>']


def _round_counts(highest: int) -> list[int]:
    """Zero and up to four round numbers below the highest bar."""
    step = 1
    while highest / step > 4:
        step = step * 2 if str(step)[0] in "15" else step * 5 // 2
    return list(range(0, highest + 1, step))


def _bars(counts: dict[int, Counter[str]], highest: int) -> list[str]:
    width = (WIDTH - LEFT - RIGHT) / BINS
    bars = []
    for place, bar in sorted(counts.items()):
        below = 0
        for verdict in STACK:
            if bar[verdict]:
                top, bottom = _y(below + bar[verdict], highest), _y(below, highest)
                low, high = place / BINS, (place + 1) / BINS
                bars.append(
                    f'<rect x="{_x(low) + 0.75:.2f}" y="{top:.2f}" width="{width - 1.5:.2f}" '
                    f'height="{bottom - top:.2f}" rx="1.5" class="bar {verdict}">'
                    f"<title>{low:.2f} to {high:.2f}: {bar[verdict]} {verdict}</title></rect>"
                )
                below += bar[verdict]
    return bars


@dataclass(frozen=True, slots=True)
class _Label:
    """A threshold's label: where its line stands, its row from below, and what it covers."""

    x: float
    row: int
    end: bool  # whether it ends at the line
    start: float
    stop: float

    def crosses(self, other: "_Label") -> bool:
        """Whether the labels meet, or the line of one runs through the label of the other."""
        if self.row == other.row and self.start < other.stop and other.start < self.stop:
            return True
        return self._runs_through(other) or other._runs_through(self)

    def _runs_through(self, other: "_Label") -> bool:
        """A line begins at its own label's row, so it passes all rows below."""
        return self.row >= other.row and other.start < self.x < other.stop


def _label(threshold: Threshold, row: int, *, end: bool) -> _Label:
    x, width = _x(threshold.at), LETTER * len(threshold.label) + GAP
    start = x - width - GAP if end else x + GAP
    return _Label(x, row, end, start, start + width)


def _placed(thresholds: Sequence[Threshold]) -> list[_Label]:
    """Labels that do not cross, in as few rows as there can be; beyond `TRIED`, a row for each.

    With the leftmost on top, and every label to the right of its line, no line meets a label.
    """
    if len(thresholds) > TRIED:
        down = range(len(thresholds) - 1, -1, -1)
        stairs = [_label(t, row, end=False) for t, row in zip(thresholds, down, strict=True)]
        if all(label.stop <= WIDTH for label in stairs):
            return stairs
        return [_label(t, row, end=t.at > 0.5) for row, t in enumerate(thresholds)]
    rows = product(range(len(thresholds)), repeat=len(thresholds))
    for chosen in sorted(rows, key=lambda row: (max(row, default=0), sum(row))):
        for ends in product((False, True), repeat=len(thresholds)):
            labels = [
                _label(t, row, end=end)
                for t, row, end in zip(thresholds, chosen, ends, strict=True)
            ]
            inside = all(label.start >= 0 and label.stop <= WIDTH for label in labels)
            if inside and not any(a.crosses(b) for a, b in combinations(labels, 2)):
                return labels
    return [_label(t, row, end=t.at > 0.5) for row, t in enumerate(thresholds)]


def _lines(thresholds: Sequence[Threshold]) -> tuple[list[str], int]:
    """The thresholds with their labels, and how many rows the labels take."""
    ordered = sorted(thresholds, key=lambda t: t.at)
    labels = _placed(ordered)
    lines, texts = [], []  # all lines first: a label covers the lines that pass behind it
    for threshold, label in zip(ordered, labels, strict=True):
        y, verdict = FIRST_ROW - ROW * label.row, escape(threshold.verdict)
        anchor, shift = ("end", -GAP) if label.end else ("start", GAP)
        lines.append(
            f'<line x1="{label.x:.1f}" x2="{label.x:.1f}" y1="{y - 9}" y2="{HEIGHT - BOTTOM}" '
            f'class="threshold {verdict}"/>'
        )
        texts.append(
            f'<text x="{label.x + shift:.1f}" y="{y}" '
            f'text-anchor="{anchor}" class="label {verdict}">{escape(threshold.label)}</text>'
        )
    return lines + texts, 1 + max((label.row for label in labels), default=-1)
