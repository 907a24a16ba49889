"""Surfaces that fill the picture: leather, wood, carpet, grid, tile, brushed metal, fabric, ...

`shot.look` gives what all pictures of one product share (colours, scale), `shot.pose` what differs
from picture to picture (the piece of surface, its turn).
"""

import numpy as np

from .noise import (
    Colours,
    Field,
    Rng,
    blend,
    colour,
    grid_of,
    inside,
    layered_noise,
    rise,
    scattered,
    single,
    smooth_noise,
    turned,
)
from .scene import Drawing, Scene, Shot, flat, texture


def tinted(base: Field, change: Field, strength: float) -> Colours:
    """One colour made lighter and darker by a field."""
    return np.clip(base * (1 + strength * change[..., None]), 0.01, 1.0).astype(np.float32)


def leather(shot: Shot) -> Scene:
    """Pebbled grain with creases."""
    base = colour(shot.look.uniform(0.0, 0.11), shot.look.uniform(0.35, 0.75), 0.62)
    base = base * np.float32(shot.look.uniform(0.4, 1.0))
    across = int(shot.look.integers(20, 28))
    distance, _ = scattered(shot.pose, shot.size, across)
    crease = np.exp(-((smooth_noise(shot.pose, shot.size, 9) / 0.16) ** 2))
    bumps = np.sqrt(np.clip(1 - distance * across * 1.2, 0, 1))
    height = 0.007 * bumps - 0.003 * crease
    shade = 0.07 * layered_noise(shot.pose, shot.size, 4) + 0.15 * (bumps - 0.6) - 0.1 * crease
    return texture(tinted(base, shade, 1.0), height.astype(np.float32), 0.18)


def wood(shot: Shot) -> Scene:
    """Grain lines bent by slow noise, with fine pores along them."""
    light = colour(shot.look.uniform(0.06, 0.1), shot.look.uniform(0.35, 0.6), 0.9)
    light = light * np.float32(shot.look.uniform(0.6, 1.0))
    rings, dark = shot.look.uniform(7, 13), shot.look.uniform(0.5, 0.75)
    angle = shot.pose.uniform(-7, 7)
    x, _ = grid_of(shot.size)
    warp = turned(smooth_noise(shot.pose, shot.size, 5, 1), angle)
    x = turned(x, angle)
    phase = 2 * np.pi * (rings * (x + 0.05 * warp) + shot.pose.uniform(0, 1))
    ring = (0.5 + 0.5 * np.sin(phase + 0.6 * np.sin(phase))) ** 2
    pores = turned(smooth_noise(shot.pose, shot.size, min(90, shot.size), 5), angle)
    mixed = blend(tinted(light, pores, 0.05), light * np.float32(dark), ring.astype(np.float32))
    return texture(mixed, (0.0012 * pores - 0.001 * ring).astype(np.float32), 0.08)


def carpet(shot: Shot) -> Scene:
    """Short tufts of two yarns."""
    hue = shot.look.uniform(0, 1)
    base = colour(hue, shot.look.uniform(0.1, 0.5), shot.look.uniform(0.45, 0.75))
    other = colour(hue + shot.look.uniform(-0.08, 0.08), 0.3, shot.look.uniform(0.3, 0.8))
    across = int(shot.look.integers(30, 38))
    distance, label = scattered(shot.pose, shot.size, across)
    yarn = shot.pose.uniform(0, 1, int(label.max()) + 1).astype(np.float32)[label]
    tuft = np.clip(1 - distance * across * 1.1, 0, 1)
    fuzz = smooth_noise(shot.pose, shot.size, min(110, shot.size))
    mixed = blend(tinted(base, fuzz, 0.09), other, (yarn > 0.72).astype(np.float32) * 0.6)
    shaded = mixed * (0.6 + 0.5 * tuft)[..., None]
    return texture(
        shaded.astype(np.float32), (0.006 * tuft + 0.0008 * fuzz).astype(np.float32), 0.0
    )


def wire_lines(across: Field, pitch: float, bent: Field) -> Field:
    """Signed distance to a family of parallel wires of one pitch."""
    place = across + bent
    return single(np.abs((place / pitch) % 1.0 - 0.5) * pitch)


def grid(shot: Shot) -> Scene:
    """A wire mesh over a dark ground; a wire can be bent or missing."""
    size, pitch = shot.size, shot.look.uniform(0.1, 0.14)
    metal = colour(0.58, 0.06, shot.look.uniform(0.6, 0.85))
    ground = colour(shot.look.uniform(0, 1), 0.15, shot.look.uniform(0.06, 0.16))
    thick = pitch * shot.look.uniform(0.16, 0.2)
    diagonal = 45.0 if shot.look.uniform() < 0.35 else 0.0
    angle = np.deg2rad(diagonal + shot.pose.uniform(-5, 5))
    x, y = grid_of(size)
    shift = shot.pose.uniform(0, pitch, 2)
    p = (x * np.cos(angle) + y * np.sin(angle) + 3 + shift[0]).astype(np.float32)
    q = (-x * np.sin(angle) + y * np.cos(angle) + 3 + shift[1]).astype(np.float32)
    middle = shot.hand.uniform(-0.22, 0.22, 2)
    mp = middle[0] * np.cos(angle) + middle[1] * np.sin(angle) + 3 + shift[0]
    mq = -middle[0] * np.sin(angle) + middle[1] * np.cos(angle) + 3 + shift[1]
    bump = np.exp(-(((q - mq) / 0.09) ** 2) - ((p - mp) / (0.8 * pitch)) ** 2)
    sway = 0.0
    if shot.flaw == "bent":
        sway = shot.hand.choice([-1.0, 1.0]) * pitch * shot.hand.uniform(0.45, 0.65)
    one = wire_lines(q, pitch, flat(size))
    two = wire_lines(p, pitch, (sway * bump).astype(np.float32))
    if shot.flaw == "missing part":
        wire = np.floor(p / pitch) == np.floor(mp / pitch)
        gone = wire & (np.abs(q - mq) < pitch * shot.hand.uniform(1.0, 1.6))
        two = np.where(gone, np.float32(1.0), two)
    cover = np.maximum(inside(one - thick), inside(two - thick))
    dome = np.sqrt(np.clip(1 - (np.minimum(one, two) / thick) ** 2, 0, 1))
    over = np.cos(np.pi * p / pitch) * np.cos(np.pi * q / pitch)
    height = thick * dome * cover * 0.8 + 0.004 * over * cover
    speck = smooth_noise(shot.pose, size, 60)
    albedo = blend(tinted(ground, speck, 0.08), tinted(metal, speck, 0.05), cover)
    return texture(albedo, height.astype(np.float32), 0.3)


def tile(shot: Shot) -> Scene:
    """Polished terrazzo: light and dark chips in a ground."""
    hue = shot.look.uniform(0.02, 0.15)
    ground = colour(hue, shot.look.uniform(0.02, 0.2), shot.look.uniform(0.62, 0.8))
    dark = colour(hue + shot.look.uniform(-0.05, 0.4), 0.2, shot.look.uniform(0.28, 0.45))
    pale = colour(hue, 0.06, 0.93)
    across = int(shot.look.integers(14, 22))
    one = layered_noise(shot.pose, shot.size, across, 2)
    two = layered_noise(shot.pose, shot.size, across + 6, 2)
    mixed = blend(
        tinted(ground, smooth_noise(shot.pose, shot.size, 5), 0.02), dark, rise(one, 0.9, 1.15)
    )
    mixed = blend(mixed, pale, rise(two, 0.95, 1.2))
    return texture(mixed, flat(shot.size), 0.22)


def brushed_metal(shot: Shot) -> Scene:
    """Fine parallel streaks on a sheet."""
    base = colour(shot.look.uniform(0.05, 0.65), shot.look.uniform(0.02, 0.12), 0.72)
    base = base * np.float32(shot.look.uniform(0.75, 1.1))
    quarter = 90.0 if shot.look.uniform() < 0.3 else 0.0
    streak = smooth_noise(shot.pose, shot.size, 3, min(110, shot.size))
    streak += 0.6 * smooth_noise(shot.pose, shot.size, 2, 40)
    streak = turned(streak, quarter + shot.pose.uniform(-6, 6))
    sheen = smooth_noise(shot.pose, shot.size, 1, 2)
    return texture(tinted(base, 0.06 * streak + 0.05 * sheen, 1.0), 0.0005 * streak, 0.35)


def fabric(shot: Shot) -> Scene:
    """A plain weave of warp and weft yarns."""
    count = shot.look.uniform(22, 30)
    hue = shot.look.uniform(0, 1)
    warp = colour(hue, shot.look.uniform(0.1, 0.6), shot.look.uniform(0.5, 0.9))
    weft = colour(hue + shot.look.uniform(-0.1, 0.1), 0.3, shot.look.uniform(0.45, 0.9))
    angle = np.deg2rad(shot.pose.uniform(-8, 8))
    x, y = grid_of(shot.size)
    sway = 0.006 * smooth_noise(shot.pose, shot.size, 4)
    shift = shot.pose.uniform(0, 1, 2)
    p = (x * np.cos(angle) + y * np.sin(angle) + sway) * count + shift[0]
    q = (-x * np.sin(angle) + y * np.cos(angle) + sway) * count + shift[1]
    over = (np.floor(p) + np.floor(q)) % 2
    across = np.where(over > 0, p % 1.0, q % 1.0)
    along = np.where(over > 0, q % 1.0, p % 1.0)
    bump = np.sin(np.pi * across) * (0.6 + 0.4 * np.sin(np.pi * along))
    fuzz = smooth_noise(shot.pose, shot.size, min(100, shot.size))
    mixed = blend(tinted(weft, fuzz, 0.05), warp, over.astype(np.float32))
    shaded = mixed * (0.72 + 0.33 * bump)[..., None]
    return texture(shaded.astype(np.float32), (0.004 * bump).astype(np.float32), 0.03)


def cork(shot: Shot) -> Scene:
    """Pressed granules, each of its own brown."""
    base = colour(shot.look.uniform(0.06, 0.1), shot.look.uniform(0.4, 0.6), 0.78)
    base = base * np.float32(shot.look.uniform(0.75, 1.05))
    across = int(shot.look.integers(17, 23))
    distance, label = scattered(shot.pose, shot.size, across)
    tone = shot.pose.normal(0, 1, int(label.max()) + 1).astype(np.float32)[label]
    edge = rise(distance * across, 0.3, 0.9)
    fine = layered_noise(shot.pose, shot.size, 30, 2)
    return texture(
        tinted(base, 0.09 * tone - 0.16 * edge + 0.05 * fine, 1.0),
        (-0.002 * edge).astype(np.float32),
        0.0,
    )


def concrete(shot: Shot) -> Scene:
    """Grey cement with clouds and small pores."""
    base = colour(shot.look.uniform(0.05, 0.6), shot.look.uniform(0.01, 0.06), 0.66)
    base = base * np.float32(shot.look.uniform(0.75, 1.1))
    clouds = layered_noise(shot.pose, shot.size, 4, 4)
    grain = smooth_noise(shot.pose, shot.size, min(100, shot.size))
    distance, _ = scattered(shot.pose, shot.size, 13)
    pore = inside(distance - 0.007 * np.float32(shot.look.uniform(0.6, 1.1)), 0.012)
    albedo = tinted(base, 0.05 * clouds + 0.05 * grain - 0.25 * pore, 1.0)
    return texture(albedo, (0.001 * grain - 0.004 * pore).astype(np.float32), 0.03)


TEXTURES: dict[str, Drawing] = {
    "leather": leather,
    "wood": wood,
    "carpet": carpet,
    "grid": grid,
    "tile": tile,
    "brushed metal": brushed_metal,
    "fabric": fabric,
    "cork": cork,
    "concrete": concrete,
}


def floor(look: Rng, pose: Rng, size: int) -> Colours:
    """The plain belt or table under a part."""
    base = colour(look.uniform(0, 1), look.uniform(0.0, 0.2), look.choice([0.1, 0.16, 0.6, 0.78]))
    speck = smooth_noise(pose, size, min(90, size)) + smooth_noise(pose, size, 6)
    return tinted(base, speck, 0.025)
