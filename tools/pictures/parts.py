"""Parts on a belt: nut, washer, gear, capsule, bottle cap, circuit board, screw, hazelnut, pill.

Round and prismatic parts are signed distances in the part's own coordinates (p, q), which the pose
turns, shifts and scales. A flaw of shape (bent, missing part) is drawn with the part itself.
"""

from dataclasses import dataclass

import numpy as np

from .marks import lettering
from .noise import Colours, Field, blend, colour, grid_of, inside, rise, single, smooth_noise
from .scene import Drawing, Scene, Shot
from .textures import floor, tinted


@dataclass(frozen=True, slots=True)
class Place:
    """Part coordinates of every pixel, in picture widths from the part's middle."""

    p: Field
    q: Field
    radius: Field
    angle: Field  # -pi..pi


def place(shot: Shot, turn: float = np.pi, room: float = 0.035) -> Place:
    """A pose as a fixture leaves it: turned by up to `turn` either way, shifted by up to `room`."""
    x, y = grid_of(shot.size)
    angle = shot.pose.uniform(-turn, turn)
    dx, dy = shot.pose.uniform(-room, room, 2)
    scale = shot.pose.uniform(0.95, 1.05)
    x, y = (x - dx) / scale, (y - dy) / scale
    p = (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32)
    q = (-x * np.sin(angle) + y * np.cos(angle)).astype(np.float32)
    radius = np.sqrt(p * p + q * q).astype(np.float32)
    return Place(p, q, radius, np.arctan2(q, p).astype(np.float32))


def on_floor(shot: Shot, albedo: Colours, height: Field, cover: Field, gloss: float) -> Scene:
    """The part laid on its floor."""
    ground = floor(shot.look, shot.pose, shot.size)
    return Scene(
        blend(ground, albedo, cover), (height * cover).astype(np.float32), cover, gloss, ground
    )


def steel(shot: Shot, grain: Field, strength: float = 0.05) -> Colours:
    """A metal's colour with machining marks."""
    warm = shot.look.uniform(0, 1)
    base = colour(0.6, 0.06, 0.72) if warm < 0.65 else colour(0.12, 0.4, 0.75)
    return tinted(base * np.float32(shot.look.uniform(0.8, 1.05)), grain, strength)


def bitten(shot: Shot, at: Place, angle: float, radius: float, size: float) -> Field:
    """Signed distance to a ragged piece broken off at (angle, radius)."""
    cx, cy = radius * np.cos(angle), radius * np.sin(angle)
    ragged = 0.012 * smooth_noise(shot.hand, shot.size, 14)
    return single(np.hypot(at.p - cx, at.q - cy) + ragged - size)


def metal_nut(shot: Shot) -> Scene:
    """A hexagon nut with a chamfer and a threaded bore; a corner can be missing."""
    at = place(shot, turn=0.2)
    flats, bore = shot.look.uniform(0.29, 0.34), shot.look.uniform(0.14, 0.17)
    sides = [np.abs(at.p * np.cos(a) + at.q * np.sin(a)) for a in (0, np.pi / 3, 2 * np.pi / 3)]
    hexagon = np.maximum.reduce(sides) - flats
    if shot.flaw == "missing part":
        corner = np.pi / 6 + np.pi / 3 * int(shot.hand.integers(0, 6))
        bite = bitten(shot, at, corner, flats * 1.12, shot.hand.uniform(0.11, 0.15))
        hexagon = np.maximum(hexagon, -bite)
    if shot.flaw == "bent":
        corner = np.pi / 6 + np.pi / 3 * int(shot.hand.integers(0, 6))
        press = shot.hand.uniform(0.72, 0.8) * flats * 1.155
        hexagon = np.maximum(hexagon, at.p * np.cos(corner) + at.q * np.sin(corner) - press)
    cover = np.minimum(inside(hexagon), inside(bore * 0.86 - at.radius))
    chamfer = rise(-hexagon, 0.0, 0.03) * (1 - rise(at.radius, flats * 0.98, flats * 1.12) * 0.6)
    wall = rise(at.radius, bore * 0.86, bore)
    thread = 0.5 + 0.5 * np.sin(2 * np.pi * at.radius / 0.009)
    rings = smooth_noise(shot.pose, shot.size, 40) * 0.4 + np.sin(at.radius * 260) * 0.6
    albedo = steel(shot, rings.astype(np.float32)) * (0.35 + 0.65 * wall)[..., None]
    albedo *= (1 - 0.3 * (1 - wall) * thread)[..., None]
    return on_floor(shot, albedo, 0.03 * chamfer * (0.4 + 0.6 * wall), cover, 0.45)


def washer(shot: Shot) -> Scene:
    """A flat turned ring."""
    at = place(shot)
    outer, bore = shot.look.uniform(0.33, 0.39), shot.look.uniform(0.13, 0.18)
    ring = np.maximum(at.radius - outer, bore - at.radius)
    if shot.flaw == "missing part":
        bite = bitten(
            shot, at, shot.hand.uniform(-np.pi, np.pi), outer, shot.hand.uniform(0.11, 0.15)
        )
        ring = np.maximum(ring, -bite)
    if shot.flaw == "bent":
        toward = shot.hand.uniform(-np.pi, np.pi)
        press = shot.hand.uniform(0.68, 0.78) * outer
        ring = np.maximum(ring, at.p * np.cos(toward) + at.q * np.sin(toward) - press)
    turned_marks = np.sin(at.radius * 330) * 0.6 + np.sin(at.radius * 190 + 1) * 0.5
    sheen = np.cos(2 * at.angle + shot.pose.uniform(0, 6)) * 0.9
    albedo = steel(shot, (turned_marks + sheen).astype(np.float32))
    return on_floor(shot, albedo, 0.015 * rise(-ring, 0.0, 0.02), inside(ring), 0.4)


def gear(shot: Shot) -> Scene:
    """A spur gear with a bore, a keyway and holes in its web; a tooth can be bent or missing."""
    at = place(shot, turn=0.2)
    teeth, root = int(shot.look.integers(10, 15)), shot.look.uniform(0.28, 0.3)
    tall, bore = shot.look.uniform(0.07, 0.085), shot.look.uniform(0.06, 0.09)
    pitch = 2 * np.pi / teeth
    victim = -np.pi + pitch * (int(shot.hand.integers(0, teeth)) + 0.5)
    apart = np.angle(np.exp(1j * (at.angle - victim))).astype(np.float32)
    swing = np.zeros_like(apart)
    if shot.flaw == "bent":
        lean = shot.hand.choice([-1.0, 1.0]) * shot.hand.uniform(0.5, 0.65)
        swing = lean * pitch * rise(at.radius, root * 0.97, root + tall) * (np.abs(apart) < pitch)
    tooth = np.clip(0.5 - 2.1 * np.cos(teeth * (at.angle - swing)), 0, 1)
    if shot.flaw == "missing part":
        gone = int(shot.hand.integers(0, 2)) + 0.5
        tooth = tooth * (np.abs(apart) > pitch * gone)
    if shot.flaw == "bent":
        own = np.clip(0.5 + 2.1 * np.cos(np.pi * 2 * (apart - swing) / pitch), 0, 1)
        tooth = np.where(np.abs(apart) < pitch, own * (np.abs(apart - swing) < pitch / 2), tooth)
        neighbour = np.clip(0.5 - 2.1 * np.cos(teeth * at.angle), 0, 1) * (
            np.abs(apart) > pitch / 2
        )
        tooth = np.where(np.abs(apart) < pitch * 1.01, np.maximum(tooth, neighbour), tooth)
    rim = (at.radius - root - tall * tooth).astype(np.float32)
    keyway = np.maximum(np.abs(at.q) - 0.02, np.abs(at.p - bore) - 0.025)
    hole = np.minimum(at.radius - bore, keyway)
    holes = int(shot.look.integers(0, 2)) * int(shot.look.integers(4, 7))
    if holes:
        step = 2 * np.pi / holes
        local = np.mod(at.angle, step) - step / 2
        there = np.hypot(at.radius * np.cos(local) - 0.18, at.radius * np.sin(local)) - 0.035
        hole = np.minimum(hole, there)
    shape = np.maximum(rim, -hole).astype(np.float32)
    web = rise(np.abs(at.radius - 0.185), 0.06, 0.075)
    marks = np.sin(at.radius * 300) * 0.5 + smooth_noise(shot.pose, shot.size, 50) * 0.4
    height = 0.02 * rise(-shape, 0.0, 0.018) * (0.6 + 0.4 * web)
    albedo = steel(shot, marks.astype(np.float32)) * (0.85 + 0.15 * web)[..., None]
    return on_floor(shot, albedo, height, inside(shape), 0.4)


def capsule(shot: Shot) -> Scene:
    """A two-coloured drug capsule with a print."""
    at = place(shot, turn=0.2)
    half, radius = shot.look.uniform(0.22, 0.26), shot.look.uniform(0.12, 0.15)
    beyond = at.p - np.clip(at.p, -half, half)
    distance = np.hypot(beyond, at.q)
    if shot.flaw == "missing part":
        end = shot.hand.choice([0.0, np.pi])
        bite = bitten(shot, at, end + shot.hand.uniform(-0.25, 0.25), half + radius, 0.14)
        distance = np.maximum(distance, np.where(bite < 0, radius - bite, 0))
    if shot.flaw == "squeeze":
        middle, side = shot.hand.uniform(-0.16, 0.16), shot.hand.choice([-1.0, 1.0])
        waist = np.exp(-(((at.p - middle) / 0.06) ** 2)) * (side * at.q > 0)
        distance = distance + waist * radius * shot.hand.uniform(0.4, 0.55)
    edge = (distance - radius).astype(np.float32)
    hue = shot.look.uniform(0, 1)
    one = colour(hue, shot.look.uniform(0.5, 0.9), shot.look.uniform(0.55, 0.85))
    two = colour(shot.look.uniform(0, 1), shot.look.uniform(0.0, 0.5), 0.9)
    joint = inside(at.p - shot.look.uniform(-0.03, 0.03))
    albedo = blend(np.broadcast_to(one, (*at.p.shape, 3)).astype(np.float32), two, joint)
    seam = np.exp(-((at.p / 0.008) ** 2))
    dome = np.sqrt(np.clip(1 - (distance / radius) ** 2, 0, 1))
    albedo = albedo * (1 - 0.2 * seam)[..., None]
    print_cover = lettering(shot, at.p + 0.14, at.q, 0.2)
    albedo = blend(albedo, colour(0, 0, 0.12), print_cover)
    scene = on_floor(shot, albedo, single(0.09 * dome), inside(edge), 0.5)
    scene.printed = print_cover
    return scene


def bottle_cap(shot: Shot) -> Scene:
    """A crown cap with a crimped rim and a printed mark; the rim can be bent."""
    at = place(shot, turn=0.2)
    crimps, outer = 21, shot.look.uniform(0.36, 0.4)
    wave = 0.5 + 0.5 * np.cos(crimps * at.angle)
    edge = single(at.radius - outer + 0.018 * wave)
    if shot.flaw == "bent":
        toward = shot.hand.uniform(-np.pi, np.pi)
        press = shot.hand.uniform(0.68, 0.78) * outer
        edge = np.maximum(edge, at.p * np.cos(toward) + at.q * np.sin(toward) - press)
    if shot.flaw == "missing part":
        bite = bitten(
            shot, at, shot.hand.uniform(-np.pi, np.pi), outer, shot.hand.uniform(0.1, 0.14)
        )
        edge = np.maximum(edge, -bite)
    rim = single(edge)
    hue = shot.look.uniform(0, 1)
    paint = colour(hue, shot.look.uniform(0.45, 0.85), shot.look.uniform(0.4, 0.85))
    ink = colour(hue + 0.5, 0.15, 0.95)
    skirt = rise(at.radius, outer * 0.76, outer * 0.84)
    body = np.broadcast_to(paint, (*at.p.shape, 3)) * (1 - 0.25 * skirt * (1 - wave))[..., None]
    ring = inside(np.abs(at.radius - outer * 0.66) - 0.008)
    mark = lettering(shot, at.p, at.q, 0.36)
    print_cover = np.maximum(ring, mark).astype(np.float32)
    albedo = blend(body.astype(np.float32), ink, print_cover)
    height = 0.05 * (1 - skirt) + 0.03 * rise(-rim, 0.0, 0.09) + 0.012 * wave * skirt
    scene = on_floor(shot, albedo, single(height), inside(rim), 0.4)
    scene.printed = mark
    return scene


def screw(shot: Shot) -> Scene:
    """A wood screw from the side: head, neck, thread, tip; the shank can be bent or cut short."""
    at = place(shot, turn=0.2)
    shank, pitch = shot.look.uniform(0.05, 0.062), shot.look.uniform(0.04, 0.05)
    length, head = shot.look.uniform(0.36, 0.4), shot.look.uniform(0.1, 0.13)
    q = at.q
    if shot.flaw == "bent":
        curve = shot.hand.choice([-1.0, 1.0]) * shot.hand.uniform(0.8, 1.2)
        start = shot.hand.uniform(-0.1, 0.08)
        q = q - curve * np.clip(at.p - start, 0, None) ** 1.3
    end = np.full_like(q, length)
    if shot.flaw == "missing part":
        cut = length - shot.hand.uniform(0.17, 0.26)
        end = single(cut + 0.02 * smooth_noise(shot.hand, shot.size, 20))
    taper = np.clip((length - at.p) / 0.1, 0, 1)
    threaded = rise(at.p, -0.16, -0.13) * taper
    saw = np.abs(((at.p + 0.35 * q) / pitch) % 1.0 - 0.5) * 2
    if shot.flaw == "damaged thread":
        middle = shot.hand.uniform(-0.05, 0.2)
        crush = np.exp(-(((at.p - middle) / 0.08) ** 4))
        saw = saw * (1 - crush) + crush * (0.25 + 0.12 * smooth_noise(shot.hand, shot.size, 30))
    radius = shank * taper**0.6 + 0.03 * threaded * saw
    body = np.maximum(np.abs(q) - radius, np.maximum(at.p - end, -0.3 - at.p))
    flare = head * np.clip((-0.2 - at.p) / 0.11, 0, 1) ** 1.2
    cap = np.maximum(np.abs(q) - flare, np.maximum(at.p + 0.2, -0.36 - at.p))
    shape = np.minimum(body, cap).astype(np.float32)
    wide = np.where(at.p < -0.2, np.maximum(flare, shank), radius)
    dome = np.sqrt(np.clip(1 - (q / np.maximum(wide, 0.004)) ** 2, 0, 1)) * np.minimum(wide, 0.08)
    grain = smooth_noise(shot.pose, shot.size, 50)
    albedo = steel(shot, grain) * (0.8 + 0.25 * saw * threaded)[..., None].astype(np.float32)
    height = dome + 0.008 * saw * threaded
    return on_floor(shot, albedo.astype(np.float32), height.astype(np.float32), inside(shape), 0.45)


def hazelnut(shot: Shot) -> Scene:
    """A shelled nut: striped shell, paler cap, pointed end."""
    at = place(shot, turn=0.4)
    radius = shot.look.uniform(0.31, 0.35) * (
        1 + 0.05 * np.cos(at.angle) + 0.03 * np.cos(2 * at.angle + shot.look.uniform(0, 0.5))
    )
    if shot.flaw == "missing part":
        bite = bitten(
            shot, at, shot.hand.uniform(-np.pi, np.pi), 0.32, shot.hand.uniform(0.12, 0.16)
        )
        radius = np.where(bite < 0, at.radius + bite, radius)
    shell = colour(shot.look.uniform(0.055, 0.08), 0.62, shot.look.uniform(0.5, 0.65))
    stripes = np.sin(at.q * 90 + 2 * smooth_noise(shot.pose, shot.size, 4)) * 0.5
    stripes = stripes + smooth_noise(shot.pose, shot.size, 30) * 0.35
    cap = rise(0.5 * smooth_noise(shot.pose, shot.size, 12) * 0.05 - at.p, 0.14, 0.2)
    albedo = blend(
        tinted(shell, stripes.astype(np.float32), 0.1), colour(0.09, 0.35, 0.72), cap * 0.8
    )
    dome = np.sqrt(np.clip(1 - (at.radius / radius) ** 2, 0, 1))
    edge = (at.radius - radius).astype(np.float32)
    return on_floor(shot, albedo, (0.2 * dome).astype(np.float32), inside(edge), 0.1)


def pill(shot: Shot) -> Scene:
    """A pressed tablet with a score line and a stamp."""
    at = place(shot, turn=0.2)
    radius, squash = shot.look.uniform(0.3, 0.36), shot.look.uniform(1.0, 1.35)
    reach = np.hypot(at.p, at.q * squash).astype(np.float32)
    edge = reach - radius
    if shot.flaw == "missing part":
        bite = bitten(shot, at, shot.hand.uniform(-0.5, 0.5), radius, shot.hand.uniform(0.11, 0.15))
        edge = np.maximum(edge, -bite)
    tone = colour(
        shot.look.uniform(0, 1), shot.look.uniform(0.02, 0.35), shot.look.uniform(0.8, 0.97)
    )
    powder = smooth_noise(shot.pose, shot.size, min(90, shot.size))
    score = np.exp(-((at.p / 0.009) ** 2))
    stamp = lettering(shot, at.p + 0.14, at.q, 0.13)
    height = 0.05 * rise(-edge, 0.0, 0.07) - 0.008 * score
    albedo = blend(tinted(tone, powder - 3 * score, 0.03), tone * np.float32(0.45), stamp)
    scene = on_floor(shot, albedo, height.astype(np.float32), inside(edge.astype(np.float32)), 0.12)
    scene.printed = stamp
    return scene


ROUND_PARTS: dict[str, Drawing] = {
    "metal nut": metal_nut,
    "washer": washer,
    "gear": gear,
    "capsule": capsule,
    "bottle cap": bottle_cap,
    "screw": screw,
    "hazelnut": hazelnut,
    "pill": pill,
}
