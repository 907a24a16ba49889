"""Polygons by their corners: whether the outline crosses itself, and what it holds."""

from collections.abc import Sequence

Point = tuple[float, float]
MOST_EDGES = 150  # of an outline that is looked at edge by edge; longer ones are drawn by programs


def doubled_area(points: Sequence[Point]) -> float:
    """Twice the area, with the sign of the turn; 0 where all corners lie on one line."""
    return sum(
        x * other_y - other_x * y
        for (x, y), (other_x, other_y) in zip(points, [*points[1:], points[0]], strict=True)
    )


def crossing(points: Sequence[Point]) -> tuple[int, int] | None:
    """Two edges that cut each other, by the corners that they begin at; None without any.

    Edges that only touch at a corner do not cut each other.
    """
    count = len(points)
    if count > MOST_EDGES:
        return None
    edges = [(points[at], points[(at + 1) % count]) for at in range(count)]
    spans = [sorted((a[0], b[0])) for a, b in edges]
    by_left = sorted(range(count), key=lambda at: spans[at][0])
    for place, first in enumerate(by_left):
        for second in by_left[place + 1 :]:
            if spans[second][0] > spans[first][1]:
                break  # it and all that follow begin further right
            if _cut(*edges[first], *edges[second]):
                return min(first, second), max(first, second)
    return None


def _cut(a: Point, b: Point, c: Point, d: Point) -> bool:
    """Whether two edges cross at an inner point of both."""
    return _side(a, b, c) * _side(a, b, d) < 0 and _side(c, d, a) * _side(c, d, b) < 0


def _side(a: Point, b: Point, c: Point) -> float:
    """On which side of the line from a to b a point lies; 0 on it."""
    turn = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (turn > 0) - (turn < 0)
