"""Light and camera: from a scene to an 8-bit picture.

Lambert light plus a Blinn highlight on the scene's height field; a part throws a soft shadow.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from .noise import Colours, Field, Rng, blend, grid_of, single
from .scene import Scene

Picture = npt.NDArray[np.uint8]  # (H, W, 3), RGB


@dataclass(frozen=True, slots=True)
class Light:
    """One picture's light and camera settings."""

    azimuth: float
    height: float  # sine of the elevation
    ambient: float
    exposure: float
    tint: tuple[float, float, float]
    falloff: tuple[float, float]  # brightness change across the picture, x and y
    blur: float  # picture widths
    grain: float  # spread of the sensor noise in 0..1


def light_of(pose: Rng) -> Light:
    """Draw the light: always from above-left to above-right, as in a fixed booth."""
    warm = pose.uniform(-0.035, 0.035)
    return Light(
        azimuth=-np.pi / 2 + pose.uniform(-0.9, 0.9),
        height=pose.uniform(0.62, 0.8),
        ambient=pose.uniform(0.36, 0.48),
        exposure=pose.uniform(0.86, 1.12),
        tint=(1 + warm, 1.0, 1 - warm),
        falloff=(pose.uniform(-0.16, 0.16), pose.uniform(-0.16, 0.16)),
        blur=max(0.0, pose.uniform(-0.004, 0.004)),
        grain=pose.uniform(0.004, 0.02),
    )


def shaded(scene: Scene, light: Light) -> Colours:
    """Light on the surface."""
    size = scene.height.shape[0]
    slope_x = cv2.Sobel(scene.height, cv2.CV_32F, 1, 0, ksize=3, scale=size / 8)
    slope_y = cv2.Sobel(scene.height, cv2.CV_32F, 0, 1, ksize=3, scale=size / 8)
    flatness = 1 / np.sqrt(slope_x**2 + slope_y**2 + 1)
    reach = np.sqrt(1 - light.height**2)
    lx, ly, lz = reach * np.cos(light.azimuth), reach * np.sin(light.azimuth), light.height
    facing = np.clip((lz - slope_x * lx - slope_y * ly) * flatness, 0, 1)
    hx, hy, hz = np.array([lx, ly, lz + 1]) / np.sqrt(lx**2 + ly**2 + (lz + 1) ** 2)
    shine = np.clip((hz - slope_x * hx - slope_y * hy) * flatness, 0, 1) ** 40
    lit = light.ambient + (1.12 - light.ambient) * facing / light.height * 0.92
    glow = scene.gloss * 0.75 * shine * scene.cover
    return single(scene.albedo * lit[..., None] + glow[..., None] * 0.45)


def with_shadow(scene: Scene, colours: Colours, light: Light) -> Colours:
    """Darken the floor beside a part, away from the light."""
    if scene.floor is None:
        return colours
    size = scene.cover.shape[0]
    shift = -0.022 * size * np.array([np.cos(light.azimuth), np.sin(light.azimuth)])
    matrix = np.array([[1, 0, shift[0]], [0, 1, shift[1]]], np.float32)
    thrown = cv2.warpAffine(scene.cover, matrix, (size, size), borderValue=0)
    thrown = cv2.GaussianBlur(thrown, (0, 0), 0.014 * size)
    dark = (1 - 0.55 * np.clip(thrown - scene.cover, 0, 1)) * (1 - scene.cover) + scene.cover
    return single(colours * dark[..., None])


def photographed(scene: Scene, light: Light, sensor: Rng) -> Picture:
    """The picture that the camera takes; the same `sensor` gives the same noise."""
    size = scene.height.shape[0]
    colours = with_shadow(scene, shaded(scene, light), light)
    x, y = grid_of(size)
    gain = light.exposure * (1 + light.falloff[0] * x * 2 + light.falloff[1] * y * 2)
    colours = single(colours * gain[..., None] * np.array(light.tint, np.float32))
    colours = 1 - np.exp(-1.55 * np.clip(colours, 0, None))  # a film's shoulder: no hard clipping
    colours = colours.astype(np.float32) * np.float32(1.18)
    if light.blur * size > 0.25:
        colours = cv2.GaussianBlur(colours, (0, 0), light.blur * size).astype(np.float32)
    grain = sensor.standard_normal((size, size, 3), dtype=np.float32) * np.float32(light.grain)
    return np.asarray(np.clip((colours + grain) * 255, 0, 255), dtype=np.uint8)


def overlay(picture: Picture, mask: Field) -> Picture:
    """The picture with a mask in red, for looking at."""
    red = blend(
        picture.astype(np.float32), np.array([255, 0, 0], np.float32), mask.astype(np.float32) * 0.5
    )
    return red.astype(np.uint8)
