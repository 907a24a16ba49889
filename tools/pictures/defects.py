"""Damage to a surface, painted into a scene; each function returns the mask of what it touched.

A defect lies on the object, is drawn in picture widths, and never touches a pixel outside its mask.
Defects of shape (bent, missing part, misprint, ...) are drawn by the objects themselves.
"""

from collections.abc import Callable

import cv2
import numpy as np

from .noise import Field, Mask, Rng, blend, colour, grid_of, inside, rise, single, smooth_noise
from .scene import Scene, flat

Damage = Callable[[Scene, Rng], Field]
SHIFT = 4  # cv2 draws at 1/16 pixel


def spot(scene: Scene, hand: Rng, margin: float) -> tuple[float, float]:
    """A random place on the object, in -0.5..0.5, `margin` inside it where that is possible."""
    size = scene.cover.shape[0]
    solid = (scene.cover > 0.95).astype(np.uint8) if scene.floor is not None else None
    if solid is None:
        x, y = hand.uniform(-0.5 + margin, 0.5 - margin, 2)
        return float(x), float(y)
    depth = cv2.distanceTransform(solid, cv2.DIST_L2, 3) / size
    places = np.flatnonzero(depth >= min(margin, 0.7 * float(depth.max())))
    index = int(places[int(hand.uniform() * len(places))])
    return (index % size + 0.5) / size - 0.5, (index // size + 0.5) / size - 0.5


def stroke(size: int, points: np.ndarray, width: float) -> Field:
    """Coverage of a polyline of `width` picture widths, never thinner than about a pixel."""
    scale = max(1, round(240 / size))
    board = np.zeros((size * scale, size * scale), np.uint8)
    pixels = np.round((points + 0.5) * size * scale * 2**SHIFT).astype(np.int32)
    thick = max(1, round(max(width * size, 1.0) * scale))
    cv2.polylines(board, [pixels.reshape(-1, 1, 2)], False, 255, thick, cv2.LINE_AA, SHIFT)
    if scale > 1:
        board = cv2.resize(board, (size, size), interpolation=cv2.INTER_AREA).astype(np.uint8)
    return (board.astype(np.float32) / 255).astype(np.float32)


def path(
    hand: Rng, start: tuple[float, float], length: float, wander: float, steps: int = 12
) -> np.ndarray:
    """Points of a line that starts near `start` and changes direction by `wander` a step."""
    turns = hand.normal(0, wander, steps).cumsum() + hand.uniform(0, 2 * np.pi)
    moves = np.stack([np.cos(turns), np.sin(turns)], 1) * length / steps
    points = np.concatenate([np.zeros((1, 2)), moves.cumsum(0)])
    return np.asarray(points - points.mean(0) + np.array(start))


def jagged(hand: Rng, length: float, steps: int) -> np.ndarray:
    """Points of a broken line from (0, 0) that keeps its direction on the whole."""
    turns = (
        hand.uniform(0, 2 * np.pi)
        + hand.normal(0, 0.75, steps)
        + 0.12 * hand.normal() * np.arange(steps)
    )
    moves = np.stack([np.cos(turns), np.sin(turns)], 1) * hand.uniform(0.6, 1.4, (steps, 1))
    return np.concatenate([np.zeros((1, 2)), (moves * length / steps).cumsum(0)])


def blob(
    hand: Rng, size: int, middle: tuple[float, float], radius: float, ragged: float = 0.25
) -> Field:
    """Signed distance (widths) to an irregular round patch."""
    x, y = grid_of(size)
    stretch, angle = hand.uniform(0.75, 1.3), hand.uniform(0, np.pi)
    dx, dy = x - middle[0], y - middle[1]
    p = (dx * np.cos(angle) + dy * np.sin(angle)) * stretch
    q = (-dx * np.sin(angle) + dy * np.cos(angle)) / stretch
    theta = np.arctan2(q, p)
    edge = np.ones_like(theta)
    for k in (2, 3, 5):
        edge += ragged * hand.uniform(0.2, 0.7) / k * np.cos(k * theta + hand.uniform(0, 6.3)) * 1.6
    return single(np.hypot(p, q) - radius * edge)


def brightness(scene: Scene) -> float:
    """Mean lightness of the object."""
    return float((scene.albedo.mean(2) * scene.cover).sum() / max(scene.cover.sum(), 1.0))


def paint(scene: Scene, tone: Field, share: Field) -> None:
    """Lay one colour over the object."""
    scene.albedo = blend(scene.albedo, tone, share)


def scratch(scene: Scene, hand: Rng) -> Field:
    """One to three thin, nearly straight grooves, bright on dark ground and dark on bright."""
    size, on = scene.cover.shape[0], scene.cover
    middle = spot(scene, hand, 0.1)
    first = path(hand, middle, hand.uniform(0.2, 0.45), 0.05)
    total = flat(size)
    for number in range(int(hand.integers(1, 4))):
        shift = hand.normal(0, 0.03, 2) * (number > 0)
        width = hand.uniform(0.008, 0.013)
        part = first[: 13 - 4 * (number > 0)] + shift
        total = np.maximum(total, stroke(size, part, width))
    share = total * on
    light = brightness(scene) < 0.55
    tone = colour(0, 0, 0.97) if light else colour(0.08, 0.2, 0.12)
    paint(scene, tone, share * np.float32(0.88))
    scene.height -= 0.003 * share
    return share


def crack(scene: Scene, hand: Rng) -> Field:
    """A jagged dark line that forks."""
    size, on = scene.cover.shape[0], scene.cover
    line = jagged(hand, hand.uniform(0.4, 0.6), 22)
    line = line - line.mean(0) + np.array(spot(scene, hand, 0.12))
    total = stroke(size, line, 0.007)
    total = np.maximum(total, stroke(size, line[3:18], hand.uniform(0.011, 0.015)))
    for _ in range(int(hand.integers(1, 4))):
        fork = jagged(hand, hand.uniform(0.12, 0.22), 9) + line[int(hand.integers(4, 18))]
        total = np.maximum(total, stroke(size, fork, 0.008))
    share = total * on
    paint(scene, colour(0.07, 0.3, 0.05), share * np.float32(0.92))
    scene.height -= 0.008 * share
    return share


def hole(scene: Scene, hand: Rng) -> Field:
    """A dark pit with a torn rim."""
    size, on = scene.cover.shape[0], scene.cover
    radius = hand.uniform(0.03, 0.06)
    distance = blob(hand, size, spot(scene, hand, 0.08), radius, 0.35)
    pit, rim = inside(distance) * on, inside(distance - 0.014, 0.012) * on
    scene.albedo = (scene.albedo * (1 + 0.3 * (rim - pit))[..., None]).clip(0, 1).astype(np.float32)
    paint(scene, colour(hand.uniform(0, 1), 0.2, 0.035), pit)
    scene.height += (0.006 * (rim - pit) - 0.02 * pit).astype(np.float32)
    return rim


def stain(scene: Scene, hand: Rng) -> Field:
    """A soft translucent patch with a darker edge, as a dried liquid leaves it."""
    size, on = scene.cover.shape[0], scene.cover
    distance = blob(hand, size, spot(scene, hand, 0.1), hand.uniform(0.07, 0.13), 0.4)
    soft = inside(distance, 0.03) * on
    edge = np.exp(-((distance / 0.014) ** 2)) * soft
    dark = brightness(scene) > 0.3
    hue = float(hand.choice([0.02, 0.08, 0.6, 0.75, 0.95]))
    tone = colour(hue, hand.uniform(0.5, 0.9), 0.22 if dark else 0.75)
    share = (soft * hand.uniform(0.5, 0.72) + 0.22 * edge).astype(np.float32)
    scene.albedo = blend(
        scene.albedo, scene.albedo * tone * np.float32(1.3) * 0.7 + tone * np.float32(0.3), share
    )
    return soft


def contamination(scene: Scene, hand: Rng) -> Field:
    """Foreign bits that lie on top: crumbs or fibres of a strange colour."""
    size, on = scene.cover.shape[0], scene.cover
    middle = np.array(spot(scene, hand, 0.09))
    hue = hand.uniform(0, 1)
    tone = colour(hue, hand.uniform(0.6, 0.95), hand.uniform(0.55, 0.95))
    total = flat(size)
    if hand.uniform() < 0.35:
        strand = path(hand, (float(middle[0]), float(middle[1])), hand.uniform(0.22, 0.4), 0.5, 18)
        total = stroke(size, strand, hand.uniform(0.012, 0.018))
    else:
        for _ in range(int(hand.integers(3, 7))):
            where = middle + hand.normal(0, 0.035, 2)
            bit = blob(
                hand, size, (float(where[0]), float(where[1])), hand.uniform(0.014, 0.03), 0.5
            )
            total = np.maximum(total, inside(bit))
    share = (total * on).astype(np.float32)
    paint(scene, tone, share)
    scene.height += 0.02 * cv2.GaussianBlur(share, (0, 0), 0.008 * size) * share
    return share


def cut(scene: Scene, hand: Rng) -> Field:
    """A long straight slit whose lips stand up."""
    size, on = scene.cover.shape[0], scene.cover
    line = path(hand, spot(scene, hand, 0.12), hand.uniform(0.25, 0.42), 0.02)
    wide = hand.uniform(0.014, 0.02)
    slit = stroke(size, line, wide) * on
    lips = stroke(size, line, wide * 3) * on
    scene.albedo = (
        (scene.albedo * (1 + 0.35 * (lips - slit))[..., None]).clip(0, 1).astype(np.float32)
    )
    paint(scene, colour(0.05, 0.2, 0.04), slit)
    scene.height += (0.007 * (lips - slit) - 0.006 * slit).astype(np.float32)
    return lips


def dent(scene: Scene, hand: Rng) -> Field:
    """A smooth hollow that shows only by its light and shade."""
    size, on = scene.cover.shape[0], scene.cover
    radius = hand.uniform(0.075, 0.11)
    distance = blob(hand, size, spot(scene, hand, 0.07), radius, 0.2)
    bowl = rise(-distance, -0.01, radius * 0.9) * on
    scene.height -= np.float32(radius * hand.uniform(0.45, 0.65)) * bowl
    scene.albedo = (scene.albedo * (1 - 0.3 * bowl)[..., None]).astype(np.float32)
    return (bowl > 0.04).astype(np.float32)


def rust(scene: Scene, hand: Rng) -> Field:
    """Rough orange-brown patches."""
    size, on = scene.cover.shape[0], scene.cover
    distance = blob(hand, size, spot(scene, hand, 0.05), hand.uniform(0.06, 0.11), 0.5)
    rough = smooth_noise(hand, size, 26)
    share = inside(distance + 0.02 * rough, 0.02) * on
    tone = colour(0.055, 0.85, 0.52) * (1 + 0.22 * rough)[..., None]
    scene.albedo = blend(scene.albedo, tone.clip(0, 1).astype(np.float32), share * np.float32(0.92))
    scene.height += (0.003 * rough * share).astype(np.float32)
    return share


def burn(scene: Scene, hand: Rng) -> Field:
    """A scorched patch, black in the middle and brown at its edge."""
    size, on = scene.cover.shape[0], scene.cover
    radius = hand.uniform(0.08, 0.13)
    distance = blob(hand, size, spot(scene, hand, 0.09), radius, 0.4)
    brown = inside(distance, 0.05) * on
    black = inside(distance + 0.45 * radius, 0.06) * on
    paint(scene, colour(0.06, 0.65, 0.2), brown * np.float32(0.75))
    paint(scene, colour(0.05, 0.3, 0.03), black * np.float32(0.92))
    return brown


def loose_thread(scene: Scene, hand: Rng) -> Field:
    """A pulled yarn curling over the surface."""
    size, on = scene.cover.shape[0], scene.cover
    line = path(hand, spot(scene, hand, 0.15), hand.uniform(0.45, 0.75), 0.42, 26)
    wide = hand.uniform(0.014, 0.019)
    yarn = stroke(size, line, wide) * on
    shade = stroke(size, line + np.array([0.012, 0.014]), wide) * on
    mean = scene.albedo.reshape(-1, 3).mean(0)
    pale = mean * 1.6 + 0.2 if mean.mean() < 0.55 else mean * 0.4
    scene.albedo = (scene.albedo * (1 - 0.5 * shade)[..., None]).astype(np.float32)
    paint(scene, np.clip(pale, 0, 1).astype(np.float32), yarn)
    scene.height += 0.008 * yarn
    return single(np.maximum(yarn, shade))


def glue(scene: Scene, hand: Rng) -> Field:
    """A dried glossy drop, milky and raised."""
    size, on = scene.cover.shape[0], scene.cover
    radius = hand.uniform(0.06, 0.1)
    distance = blob(hand, size, spot(scene, hand, 0.08), radius, 0.45)
    share = inside(distance, 0.015) * on
    pale = brightness(scene) < 0.55
    tone = (
        colour(0.12, hand.uniform(0.1, 0.3), 0.93)
        if pale
        else colour(0.11, hand.uniform(0.45, 0.6), 0.8)
    )
    paint(scene, tone, share * np.float32(0.7))
    scene.height += np.float32(radius * 0.45) * rise(-distance, 0.0, radius * 0.8) * on
    return share


SURFACE: dict[str, Damage] = {
    "scratch": scratch,
    "crack": crack,
    "hole": hole,
    "stain": stain,
    "contamination": contamination,
    "cut": cut,
    "dent": dent,
    "rust": rust,
    "burn": burn,
    "loose thread": loose_thread,
    "glue": glue,
}


def changed(good: Scene, flawed: Scene) -> Mask:
    """Where a defect of shape made the scene differ: its mask."""
    size = good.cover.shape[0]
    off = np.abs(good.albedo - flawed.albedo).max(2) > 0.1
    off |= np.abs(good.cover - flawed.cover) > 0.4
    off |= np.abs(good.height - flawed.height) > 0.006
    reach = max(3, round(0.02 * size)) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    return cv2.morphologyEx(off.astype(np.uint8), cv2.MORPH_CLOSE, kernel).astype(bool)
