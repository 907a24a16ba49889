"""Poses in which a picture may show the golden part: every turn, growth and shift is tried.

At a small size, the fields of edges of the golden picture, turned and grown in steps, are
correlated with that of the picture; the Fourier transform tries all shifts at once.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from promptdsl.pictures.alignment import Floats, blank_border, clear_edge, edges
from promptdsl.pictures.geometry import Matrix, Size, opencv

STEP = 4.0  # degrees between the turns that are tried
GROWTH_STEP = 0.05
MOST_GROWTHS = 4  # either way: half a megabyte is kept for every pose
_BLUR = 1.0

Field = npt.NDArray[np.complex64]


class Candidate(NamedTuple):
    """A pose, golden -> picture at the search's size, and how well it fits, 0 to 1."""

    fit: float
    turn: float
    growth: float
    matrix: Matrix


class PoseSearch:
    """The golden picture's field in all turns and growths."""

    def __init__(self, golden: Floats, turn: float, growth: float, shift: float) -> None:
        self.size: Size = (golden.shape[1], golden.shape[0])
        self._room = tuple(int(np.ceil(shift * side)) + 1 for side in self.size)
        # twice as large, so that no shift comes in again at the other side
        self._padded = tuple(opencv().getOptimalDFTSize(2 * side) for side in self.size)
        field = _field(golden)
        turns = np.arange(0, turn + STEP, STEP)
        count = min(MOST_GROWTHS, int(np.ceil(growth / GROWTH_STEP)))
        steps = np.linspace(0, growth, count + 1)
        self._poses = [
            (float(angle), float(grown))
            for angle in sorted({*turns, *-turns})
            if -180 <= angle < 180
            for grown in sorted({*(1 + steps), *(1 / (1 + steps))})
        ]
        self._spectra = [self._spectrum(_posed(field, *pose)) for pose in self._poses]

    def candidates(self, picture: Floats, *, grown: bool = True) -> list[Candidate]:
        """The best shift of every turn, best first; turns whose neighbours are better are left.

        Without `grown`, only at the golden picture's own size.
        """
        field = _field(picture)
        spectrum, energy = self._transform(field), np.linalg.norm(field) + 1e-9
        found = [
            self._best(pose, spectrum * known / energy)
            for pose, known in zip(self._poses, self._spectra, strict=True)
            if grown or pose[1] == 1
        ]
        by_turn: dict[float, Candidate] = {}
        for one in found:
            if one.turn not in by_turn or one.fit > by_turn[one.turn].fit:
                by_turn[one.turn] = one
        row = [by_turn[turn] for turn in sorted(by_turn)]
        peaks = [
            one
            for number, one in enumerate(row)
            if all(one.fit >= other.fit for other in row[max(0, number - 1) : number + 2])
        ]
        return sorted(peaks, key=lambda one: -one.fit)

    def _best(self, pose: tuple[float, float], product: Field) -> Candidate:
        across, down = self._room
        values = _inverse(product)
        corner = np.roll(values, (down, across), (0, 1))[: 2 * down + 1, : 2 * across + 1]
        y, x = np.unravel_index(int(corner.argmax()), corner.shape)
        matrix = _about_the_middle(self.size, *pose)
        matrix[:, 2] += (x - across, y - down)
        return Candidate(float(corner[y, x]), *pose, matrix)

    def _spectrum(self, field: Field) -> Field:
        spectrum = np.conj(self._transform(field)) / (np.linalg.norm(field) + 1e-9)
        return np.asarray(spectrum, np.complex64)

    def _transform(self, field: Field) -> Field:
        padded = np.zeros((self._padded[1], self._padded[0], 2), np.float32)
        padded[: field.shape[0], : field.shape[1], 0] = field.real
        padded[: field.shape[0], : field.shape[1], 1] = field.imag
        found = opencv().dft(padded, nonzeroRows=field.shape[0])
        return np.ascontiguousarray(found).view(np.complex64)[..., 0]


def _inverse(product: Field) -> Floats:
    cv2 = opencv()
    pairs = np.ascontiguousarray(product).view(np.float32).reshape(*product.shape, 2)
    return np.asarray(cv2.idft(pairs, flags=cv2.DFT_SCALE)[..., 0])


def _field(grey: Floats) -> Field:
    smooth = opencv().GaussianBlur(grey, (0, 0), _BLUR)
    pairs = edges(smooth, clear_edge(smooth))[0]
    field = np.ascontiguousarray(pairs).view(np.complex64)[..., 0]
    blank_border(field)
    return field


def _posed(field: Field, turn: float, growth: float) -> Field:
    """The field turned and grown about the picture's middle; its directions turn twice as far."""
    cv2 = opencv()
    size = (field.shape[1], field.shape[0])
    matrix = _about_the_middle(size, turn, growth)
    parts = [cv2.warpAffine(np.ascontiguousarray(part), matrix, size)
             for part in (field.real, field.imag)]  # fmt: skip
    turned = (parts[0] + 1j * parts[1]) * np.exp(2j * np.deg2rad(turn))
    return np.asarray(turned, np.complex64)


def _about_the_middle(size: Size, turn: float, growth: float) -> Matrix:
    middle = (np.array(size) - 1) / 2
    angle = np.deg2rad(turn)
    cos, sin = growth * np.cos(angle), growth * np.sin(angle)
    linear = np.array([[cos, -sin], [sin, cos]])
    return np.column_stack([linear, middle - linear @ middle])
