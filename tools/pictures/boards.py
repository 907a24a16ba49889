"""Circuit boards: traces, pads and components of one layout per product, posed as a whole."""

from dataclasses import dataclass

import cv2
import numpy as np

from .noise import Colours, Field, Rng, blend, colour, inside, rise, single, smooth_noise
from .parts import on_floor, place
from .scene import Scene, Shot
from .textures import tinted

CANVAS = 256  # pixels of the layout drawing
CELLS = 3  # components sit in a 3 x 3 raster


@dataclass(slots=True)
class Layout:
    """The upright drawing of a board before it is posed."""

    albedo: Colours
    height: Field


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the board: kind, middle and half sizes in canvas pixels, and its colour."""

    kind: str
    x: int
    y: int
    half_x: int
    half_y: int
    tone: tuple[float, float, float]


TONES = {"chip": (0.07, 0.07, 0.08), "resistor": (0.12, 0.11, 0.1), "capacitor": (0.72, 0.55, 0.33)}


def components(look: Rng) -> list[Component]:
    """What the product carries: nearly every place of the raster."""
    found = []
    step = CANVAS // CELLS
    for cell in range(CELLS * CELLS):
        kind = str(
            look.choice(
                ["chip", "resistor", "capacitor", "can", "none"], p=[0.36, 0.22, 0.18, 0.16, 0.08]
            )
        )
        jitter = look.integers(-4, 5, 2)
        x, y = (
            cell % CELLS * step + step // 2 + jitter[0],
            cell // CELLS * step + step // 2 + jitter[1],
        )
        half = {"chip": (27, 20), "resistor": (22, 12), "capacitor": (20, 14), "can": (20, 20)}.get(
            kind
        )
        upright = look.uniform() < 0.5
        if half:
            hx, hy = half if upright else half[::-1]
            found.append(
                Component(kind, int(x), int(y), hx, hy, TONES.get(kind, (0.75, 0.76, 0.78)))
            )
    return found


def traces(look: Rng, layout: Layout, copper: Field) -> None:
    """Copper lines in right and half-right angles, with vias at their ends."""
    for _ in range(10):
        x, y = (int(v) for v in look.integers(10, CANVAS - 10, 2))
        points = [(x, y)]
        for _ in range(3):
            dx, dy = ((1, 0), (0, 1), (1, 1), (1, -1), (-1, 0), (0, -1))[int(look.integers(0, 6))]
            reach = int(look.integers(20, 70))
            points.append((points[-1][0] + dx * reach, points[-1][1] + dy * reach))
        line = np.array(points, np.int32)
        tone = tuple(float(v) for v in copper)
        cv2.polylines(layout.albedo, [line], False, tone, 4, cv2.LINE_AA)
        cv2.polylines(layout.height, [line], False, 0.0012, 4, cv2.LINE_AA)
        cv2.circle(layout.albedo, points[0], 6, (0.75, 0.68, 0.45), -1, cv2.LINE_AA)
        cv2.circle(layout.albedo, points[0], 2, (0.03, 0.03, 0.03), -1, cv2.LINE_AA)


def box(
    layout: Layout,
    item: Component,
    grow: int,
    degrees: float,
    tone: Field | tuple[float, ...],
    height: float,
) -> None:
    """A turned rectangle of one colour and height."""
    rectangle = (
        (float(item.x), float(item.y)),
        (2.0 * (item.half_x + grow), 2.0 * (item.half_y + grow)),
        degrees,
    )
    corners = np.round(cv2.boxPoints(rectangle)).astype(np.int32)
    cv2.fillPoly(layout.albedo, [corners], tuple(float(v) for v in tone), cv2.LINE_AA)
    cv2.fillPoly(layout.height, [corners], height, cv2.LINE_AA)


def footprint(layout: Layout, item: Component) -> None:
    """The bare solder pads under a component."""
    along = item.half_x >= item.half_y
    for side in (-1, 1):
        dx, dy = (item.half_x * side, 0) if along else (0, item.half_y * side)
        ends = (4, item.half_y) if along else (item.half_x, 4)
        low = (item.x + dx - ends[0], item.y + dy - ends[1])
        high = (item.x + dx + ends[0], item.y + dy + ends[1])
        cv2.rectangle(layout.albedo, low, high, (0.78, 0.78, 0.74), -1)


def mount(layout: Layout, item: Component, degrees: float = 0.0) -> None:
    """One component; a turned one has slipped off its pads."""
    if item.kind == "can":
        cv2.circle(layout.albedo, (item.x, item.y), item.half_x, item.tone, -1, cv2.LINE_AA)
        cv2.circle(layout.height, (item.x, item.y), item.half_x, 0.04, -1, cv2.LINE_AA)
        cv2.circle(
            layout.albedo, (item.x, item.y), item.half_x - 4, (0.6, 0.61, 0.63), 2, cv2.LINE_AA
        )
        return
    if item.kind != "chip":
        box(layout, item, 0, degrees, (0.8, 0.8, 0.78), 0.012)
        inner = Component(
            item.kind,
            item.x,
            item.y,
            item.half_x - (4 if item.half_x > item.half_y else 0),
            item.half_y - (4 if item.half_y >= item.half_x else 0),
            item.tone,
        )
        box(layout, inner, 0, degrees, item.tone, 0.016)
        return
    box(layout, item, 3, degrees, (0.62, 0.63, 0.62), 0.006)
    box(layout, item, 0, degrees, item.tone, 0.022)
    cv2.circle(
        layout.albedo,
        (item.x - item.half_x // 2, item.y - item.half_y // 2),
        2,
        (0.35, 0.35, 0.35),
        -1,
    )


def drawn(shot: Shot) -> Layout:
    """The upright layout, with the shot's flaw of assembly if it has one."""
    mask_tone = colour(shot.look.choice([0.38, 0.4, 0.6, 0.98]), shot.look.uniform(0.6, 0.85), 0.36)
    base = np.broadcast_to(mask_tone, (CANVAS, CANVAS, 3)).astype(np.float32).copy()
    layout = Layout(base, np.zeros((CANVAS, CANVAS), np.float32))
    traces(shot.look, layout, mask_tone * np.float32(1.5))
    items = components(shot.look)
    victim = int(shot.hand.integers(0, len(items)))
    for number, item in enumerate(items):
        footprint(layout, item)
        if number == victim and shot.flaw == "missing part":
            continue
        turned = number == victim and shot.flaw == "bent"
        slip = float(shot.hand.choice([-1, 1]) * shot.hand.uniform(28, 55)) if turned else 0.0
        mount(layout, item, slip)
        if turned and item.kind == "can":
            cv2.line(
                layout.albedo,
                (item.x - 10, item.y + 8),
                (item.x + 16, item.y - 12),
                (0.1, 0.1, 0.1),
                6,
                cv2.LINE_AA,
            )
    return layout


def circuit_board(shot: Shot) -> Scene:
    """An assembled board; a component can be missing or bent off its pads."""
    half = 0.39
    layout = drawn(shot)
    at = place(shot, turn=0.1, room=0.03)
    p, q = at.p, at.q
    if shot.size < 200:
        layout.albedo = cv2.blur(layout.albedo, (2, 2)).astype(np.float32)
    x, y = (
        ((p / half / 2 + 0.5) * CANVAS).astype(np.float32),
        ((q / half / 2 + 0.5) * CANVAS).astype(np.float32),
    )
    albedo = cv2.remap(
        layout.albedo, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    height = cv2.remap(
        layout.height, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    ).astype(np.float32)
    edge = np.maximum(np.abs(p), np.abs(q)) - half
    screw_hole = np.hypot(np.abs(p) - half + 0.035, np.abs(q) - half + 0.035) - 0.018
    shape = np.maximum(edge, -screw_hole).astype(np.float32)
    speck = smooth_noise(shot.pose, shot.size, 40)
    albedo = blend(
        tinted(np.float32(1.0) * albedo, speck, 0.02),
        colour(0.12, 0.4, 0.75),
        inside(single(np.abs(screw_hole - 0.012) - 0.008)),
    )
    return on_floor(shot, albedo, height + 0.012 * rise(-shape, 0.0, 0.01), inside(shape), 0.2)
