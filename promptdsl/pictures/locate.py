"""`locate`: how a picture lies on the golden one: turned, shifted and grown within stated bounds.

Every turn and shift is tried at a small size (`pose_search`), the likeliest poses are made precise
on larger and larger ones (`alignment`), and the pose is believed only where the edges of the two
pictures agree in most places, and in no other pose as well: another part, an empty place or a part
that looks alike however it is turned is not located, with the reason.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from promptdsl.pictures.alignment import Agreement, Floats, Level
from promptdsl.pictures.geometry import Matrix, Size, inverse, opencv, resized, square
from promptdsl.pictures.plain_shapes import plain_shapes
from promptdsl.pictures.pose_search import STEP, PoseSearch

SIDES = (128, 256, 512, 1024)  # of the longer side, from the search to the last level
BLUR = 1.5  # pixels, at every level
STEPS = (10, 8, 8, 6)
TRIED, TRIED_BEYOND = 5, 2  # poses within and out of bounds, made precise at the first level
KEPT = 5  # of them at the second
PREFERRED = 0.8  # an allowed pose that is so much worth of the best one is taken
NUDGE = 8.0  # degrees, by which a part that is no circle looks different
BEYOND_TURN, BEYOND_SHIFT = 45.0, 0.15  # also searched, so that a pose out of bounds can be told
SLACK_TURN, SLACK = 0.5, 0.005  # degrees, shares: bounds are not missed by an error of measuring
APART_TURN, APART_SHIFT = 4.0, 0.04  # of poses that are not one
LEAST, MOST, ABOVE_PLAIN = 0.36, 0.82, 0.08  # worth, at the second level; above plain shapes'
INSIDE = 0.6  # of the golden picture's structure
DOUBLE = 0.85  # worth of the golden picture in another pose, that light may turn into the best
FLAT = 1.0  # levels of contrast
UNIQUE = 0.05  # by which the next pose must be less alike
UNIQUE_TURN = 0.12  # and the same pose turned on by NUDGE


@dataclass(frozen=True, slots=True)
class Located:
    """How a picture lies; `matrix` (2, 3) maps its pixel centres to the golden picture's."""

    matrix: Matrix
    residual: float  # pixels of the golden picture by which places still lie apart, in the middle
    reason: str | None = None  # why it is not located
    turn: float = 0.0  # degrees, from the golden picture to this one
    shift: tuple[float, float] = (0.0, 0.0)  # of the golden picture's middle, shares of its sides
    growth: float = 1.0
    alike: float = 0.0  # with the golden picture, 0 to 1
    unique: float = 1.0  # how much more alike than in any other pose


class Locator:
    """Locates pictures of a part on the golden one; safe to use from several threads."""

    def __init__(
        self,
        golden: Image.Image,
        turn: float,
        shift: float,
        scale: float = 0.0,
        size: Size | None = None,
    ) -> None:
        """`size`: of the golden picture itself where `golden` is a smaller copy of it."""
        opencv()
        self.size = size or golden.size
        self.turn, self.shift, self.scale = turn, shift, scale
        self._shown = golden.size
        sides = [side for side in SIDES if side <= max(self._shown) * 1.25] or [max(self._shown)]
        grey = _grey(golden)
        scaled = scale > 0
        self._levels = [Level(_at_side(grey, side), BLUR, scaled) for side in sides]
        self._search = PoseSearch(
            _at_side(grey, sides[0]),
            min(180.0, turn + BEYOND_TURN) if turn else 0.0,
            scale * 1.5,
            min(0.5, shift + BEYOND_SHIFT),
        )
        self._least = min(MOST, max(LEAST, self._plain() + ABOVE_PLAIN))
        self.doubt = self._own_doubt(grey)

    def locate(self, image: Image.Image) -> Located:
        """The pose of a picture; with a reason where it is not located."""
        own = image.size
        wide, golden_wide = own[0] / own[1], self.size[0] / self.size[1]
        if not 0.98 < wide / golden_wide < 1.02:
            return Located(
                _unmoved(own, self.size),
                0.0,
                f"its shape is another ({own[0]} x {own[1]} pixels) than the golden picture's "
                f"({self.size[0]} x {self.size[1]})",
            )
        if self.doubt is not None:
            return Located(_unmoved(own, self.size), 0.0, self.doubt)
        grey = _grey(image)
        levels = [_resized(grey, level.size) for level in self._levels]
        best, unique = self._likeliest(levels)
        worth = _worth(best)
        for number in range(2, len(self._levels)):
            best = self._refined(best, number, levels[number])
        return self._judged(best, worth, unique, own)

    def _likeliest(self, levels: list[Floats]) -> tuple[Agreement, float]:
        """The best pose at the second level, and by how much it is ahead of all others."""
        found = self._tried(levels)
        allowed = [one for one in found if self._out_of_bounds(one) is None]
        best = max(found, key=_worth)
        if allowed and _worth(allowed[0]) > PREFERRED * _worth(best):
            best = allowed[0]  # one that is allowed, even if its double out of bounds is more alike
        ahead = [_worth(best) - _worth(one) for one in allowed if _apart(one, best)]
        ahead += [
            _worth(best) - _worth(one) - (UNIQUE_TURN - UNIQUE)
            for one in self._turned_on(best, levels)
        ]
        return best, min(ahead, default=1.0)

    def _tried(self, levels: list[Floats], turn: float | None = None) -> list[Agreement]:
        """Poses made precise, the best one first; `turn`: those that are tried first of all."""
        most = self.turn if turn is None else max(0.0, turn)
        candidates = self._search.candidates(levels[0])
        near = [one for one in candidates if abs(one.turn) <= most + STEP][:TRIED]
        far = [one for one in candidates if abs(one.turn) > most + STEP][:TRIED_BEYOND]
        found = [self._aligned(0, levels[0], one.matrix) for one in near + far]
        found.sort(key=_worth, reverse=True)
        if len(self._levels) > 1:
            found = [self._refined(one, 1, levels[1]) for one in found[:KEPT]]
            found.sort(key=_worth, reverse=True)
        return found

    def _turned_on(self, best: Agreement, levels: list[Floats]) -> list[Agreement]:
        """The best pose turned a little about the part: nothing else than it, if that is seen."""
        if not self.turn:
            return []
        number = min(1, len(self._levels) - 1)
        middle, _ = self._levels[number].extent()
        return [
            self._levels[number].align(
                levels[number], best.matrix @ _turn_about(middle, angle), 4, turning=False
            )
            for angle in (-NUDGE, NUDGE)
        ]

    def _aligned(self, number: int, picture: Floats, matrix: Matrix) -> Agreement:
        turning = self.turn > 0
        return self._levels[number].align(picture, matrix, STEPS[number], turning=turning)

    def _refined(self, one: Agreement, number: int, picture: Floats) -> Agreement:
        level = self._levels[number]
        change = resized(self._levels[number - 1].size, level.size)
        matrix = (change @ square(one.matrix) @ np.linalg.inv(change))[:2]
        return self._aligned(number, picture, matrix)

    def _judged(self, one: Agreement, worth: float, unique: float, own: Size) -> Located:
        level = self._levels[-1].size
        to_level, from_level = resized(own, level), resized(level, self.size)
        matrix = (from_level @ square(inverse(one.matrix)) @ to_level)[:2]
        residual = one.residual * max(self.size) / max(level)
        turn, growth, shift = _pose(one)
        reason = self._doubt(one, worth) or self._out_of_bounds(one) or _ambiguity(unique)
        return Located(matrix, residual, reason, turn, shift, growth, worth, unique)

    def _own_doubt(self, grey: Image.Image) -> str | None:
        """Why no picture can be located on this golden one; None for a good one."""
        levels = [_resized(grey, level.size) for level in self._levels[:2]]
        if levels[0].std() < FLAT:
            return "there is nothing on the golden picture to recognise the part by"
        found = self._tried(levels, 2 * self.turn - STEP)
        own = min(found, key=lambda one: abs(_pose(one)[0]))
        if _worth(own) - max(map(_worth, self._turned_on(own, levels)), default=0.0) < UNIQUE_TURN:
            return (
                "the part looks alike however it is turned: write `turn: up to 0 deg` in locate { }"
            )
        doubles = [one for one in found if _apart(one, own) and _worth(one) > DOUBLE]
        turns = [abs(_pose(one)[0]) for one in doubles if abs(_pose(one)[0]) > APART_TURN]
        close = min((turn for turn in turns if turn < 2 * self.turn - 1), default=None)
        if close is None:
            return None
        return (
            f"the part looks alike turned by {close:.0f} degrees: write `turn: up to "
            f"{max(0, int(close / 2) - 1)} deg` in locate {{ }}, or less"
        )

    def _plain(self) -> float:
        """How much plain shapes look like the golden picture."""
        number = min(1, len(self._levels) - 1)
        size = self._levels[number].size
        found = [0.0]
        for shape in plain_shapes(size, *self._levels[number].extent()):
            small = _shrunk(shape, self._levels[0].size)
            for one in self._search.candidates(small, grown=False)[:1]:
                first = self._aligned(0, small, one.matrix)
                found.append(_worth(self._refined(first, 1, shape) if number else first))
        return max(found)

    def _doubt(self, one: Agreement, worth: float) -> str | None:
        """Why the picture may not show the part at all."""
        if worth < self._least:
            return (
                f"it does not look like the golden picture ({worth:.0%} alike, less than "
                f"{self._least:.0%})"
            )
        if one.inside < INSIDE:
            return f"only {one.inside:.0%} of the part is on the picture"
        return None

    def _out_of_bounds(self, one: Agreement) -> str | None:
        """Why a pose is not one of those that the spec allows."""
        turn, growth, shift = _pose(one)
        if abs(turn) > self.turn + SLACK_TURN:
            return f"turned by {abs(turn):.0f} degrees, more than {self.turn:g}"
        most = max(abs(part) for part in shift)
        if most > self.shift + SLACK:
            return f"shifted by {most:.0%}, more than {self.shift * 100:g}%"
        allowed = (1 + self.scale) * (1 + SLACK)
        if not 1 / allowed <= growth <= allowed:
            larger = "larger" if growth > 1 else "smaller"
            by = abs(growth - 1)
            return f"{larger} by {by:.0%}, more than {self.scale * 100:g}%"
        return None


def _ambiguity(unique: float) -> str | None:
    if unique < UNIQUE:
        return "it looks alike in another pose within the bounds: allow less `turn` or `shift`"
    return None


def _turn_about(middle: tuple[float, float], degrees: float) -> Matrix:
    """(3, 3)"""
    angle = np.deg2rad(degrees)
    cos, sin = np.cos(angle), np.sin(angle)
    x, y = middle
    return np.array(
        [[cos, -sin, x - cos * x + sin * y], [sin, cos, y - sin * x - cos * y], [0, 0, 1]]
    )


def _worth(one: Agreement) -> float:
    return (one.alike + one.blocks) / 2 if one.inside > INSIDE / 2 else 0.0


def _apart(one: Agreement, other: Agreement) -> bool:
    """Whether two agreements, of one level, are two poses."""
    (turn, _, shift), (turn_2, _, shift_2) = _pose(one), _pose(other)
    moved = max(abs(a - b) for a, b in zip(shift, shift_2, strict=True))
    return abs((turn - turn_2 + 180) % 360 - 180) > APART_TURN or moved > APART_SHIFT


def _pose(one: Agreement) -> tuple[float, float, tuple[float, float]]:
    """Degrees, growth, and the shift of the middle in shares of the sides."""
    (a, _, _), (b, _, _) = one.matrix
    middle = (np.array(one.size) - 1) / 2
    moved = (one.matrix @ [*middle, 1.0] - middle) / one.size
    turn, growth = float(np.rad2deg(np.arctan2(b, a))), float(np.hypot(a, b))
    return turn, growth, (float(moved[0]), float(moved[1]))


def _grey(image: Image.Image) -> Image.Image:
    return image.convert("L")


def _at_side(grey: Image.Image, side: int) -> Floats:
    """The picture with its longer side so long."""
    width, height = grey.size
    per = side / max(width, height)
    return _resized(grey, (max(16, round(width * per)), max(16, round(height * per))))


def _resized(grey: Image.Image, size: Size) -> Floats:
    cv2 = opencv()
    pixels = np.asarray(grey)
    how = cv2.INTER_AREA if size[0] < grey.width else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.float32)


def _shrunk(values: Floats, size: Size) -> Floats:
    cv2 = opencv()
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA))


def _unmoved(before: Size, after: Size) -> Matrix:
    return np.asarray(resized(before, after)[:2], np.float64)
