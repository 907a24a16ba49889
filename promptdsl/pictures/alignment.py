"""Bringing two pictures of one part onto each other, precisely, from a pose that is nearly right.

Both are seen as fields of edges, which a change of light hardly changes: with the gradient
(gx, gy) of length m, the field is (gx² - gy², 2 gx gy) / (m (m + e)), of length 0 to 1, the same
for an edge from dark to light and one from light to dark. The pose that brings the picture's
field to the golden one's is found by inverse compositional Gauss-Newton steps (Baker and
Matthews, 2004) with Geman-McClure weights, so that defects and what lies behind the part do not
pull at it.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from promptdsl.pictures.geometry import Matrix, Size, inverse, opencv, square

Floats = npt.NDArray[np.float32]

STRUCTURED = 0.25  # share of the golden picture's pixels that are compared: those near edges
TOLERANT = 0.5  # difference of fields, of which edges are 1 long, that counts half or less
EDGE = 3  # pixels at the border whose gradients say nothing
BLOCKS = 16  # along the longer side, for which agreement is told apart
_STILL = 0.01  # pixels: a smaller step is the last one
_REACH = 80  # percentile of the gradients that is a clear edge


class Agreement(NamedTuple):
    """How well a picture agrees with the golden one in a pose."""

    matrix: Matrix  # golden -> picture, at this level
    alike: float  # correlation of the fields, -1 to 1
    blocks: float  # share of the golden picture's structure in blocks that agree
    residual: float  # pixels of this level by which places still lie apart, in the middle
    inside: float  # share of the golden picture's structure that lies in the picture
    size: Size  # of the level


class Level:
    """The golden picture at one size, ready to have pictures aligned to it."""

    def __init__(self, golden: Floats, sigma: float, scaled: bool) -> None:
        cv2 = opencv()
        self.size = (golden.shape[1], golden.shape[0])
        self.sigma = sigma
        smooth = cv2.GaussianBlur(golden, (0, 0), sigma)
        field, strength = edges(smooth, clear_edge(smooth))
        blank_border(strength)
        near = cv2.GaussianBlur(strength, (0, 0), 2)
        self._chosen = np.flatnonzero(near.ravel() >= np.quantile(near, 1 - STRUCTURED))
        rows, columns = np.divmod(self._chosen, self.size[0])
        self._middle = ((self.size[0] - 1) / 2, (self.size[1] - 1) / 2)
        self._reach = max(self.size) / 2
        self._x, self._y = columns - self._middle[0], rows - self._middle[1]
        self._field = self._pick(field)
        self._weight = strength.ravel()[self._chosen]
        self._steps = self._jacobian(field, scaled)
        side = max(self.size) / BLOCKS
        self._block = ((rows // side) * BLOCKS + columns // side).astype(np.intp)

    def _pick(self, field: Floats) -> Floats:
        return np.asarray(field.reshape(-1, 2)[self._chosen])

    def _jacobian(self, field: Floats, scaled: bool) -> Floats:
        """(N, 2, 3 or 4): the field's change by a shift across, down, a turn and a growth."""
        cv2 = opencv()
        across = self._pick(cv2.Sobel(field, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8))
        down = self._pick(cv2.Sobel(field, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8))
        x, y = self._x[:, None] / self._reach, self._y[:, None] / self._reach
        own = np.stack([-self._field[:, 1], self._field[:, 0]], 1) * 2 / self._reach
        columns = [across, down, x * down - y * across - own]
        if scaled:
            columns.append(x * across + y * down)
        return np.stack(columns, -1).astype(np.float32)

    def extent(self) -> tuple[tuple[float, float], float]:
        """The middle of the golden picture's edges, and how far they lie from it, in pixels."""
        total = float(self._weight.sum()) + 1e-9
        x, y = (float((axis * self._weight).sum()) / total for axis in (self._x, self._y))
        apart = (self._x - x) ** 2 + (self._y - y) ** 2
        extent = float(np.sqrt((apart * self._weight).sum() / total))
        return (x + self._middle[0], y + self._middle[1]), extent

    def align(
        self, picture: Floats, matrix: Matrix, steps: int, *, turning: bool = True
    ) -> Agreement:
        """From `matrix` (golden -> picture) to a better one; without `turning`, it keeps its turn.

        The picture is at this level's size.
        """
        smooth = opencv().GaussianBlur(picture, (0, 0), self.sigma)
        clear = clear_edge(smooth)
        for _ in range(steps):
            found, inside = self._seen(smooth, matrix, clear)
            step = self._step(found, inside, turning)
            matrix = (square(matrix) @ square(inverse(self._motion(step))))[:2]
            if np.abs(step).max() < _STILL:
                break
        return self._agreement(*self._seen(smooth, matrix, clear), matrix)

    def _seen(self, smooth: Floats, matrix: Matrix, clear: float) -> tuple[Floats, Floats]:
        """(N, 2) the picture's field in this pose, and (N,) 1 where there is a picture."""
        cv2 = opencv()
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        posed = cv2.warpAffine(
            smooth, matrix, self.size, flags=flags, borderMode=cv2.BORDER_REPLICATE
        )
        columns, rows = self._x + self._middle[0], self._y + self._middle[1]
        inside = np.ones(len(columns), bool)
        for row, most in zip(matrix, smooth.shape[::-1], strict=True):
            place = row[0] * columns + row[1] * rows + row[2]
            inside &= (place > EDGE - 1) & (place < most - EDGE)
        return self._pick(edges(posed, clear)[0]), inside.astype(np.float32)

    def _step(self, found: Floats, inside: Floats, turning: bool) -> npt.NDArray[np.float64]:
        """Pixels that each unknown moves the part by."""
        apart = found - self._field
        trust = inside / (1 + (apart**2).sum(1) / TOLERANT**2) ** 2
        count = self._steps.shape[2]
        free = [number for number in range(count) if turning or number != 2]
        flat = self._steps[:, :, free].reshape(-1, len(free))
        weighted = flat * np.repeat(trust, 2)[:, None]
        normal = (weighted.T @ flat).astype(np.float64)
        wanted = (weighted.T @ apart.ravel()).astype(np.float64)
        normal += np.eye(len(normal)) * (1e-6 * np.trace(normal) + 1e-9)
        step = np.zeros(count)
        step[free] = np.clip(np.linalg.solve(normal, wanted), -self._reach / 8, self._reach / 8)
        return step

    def _motion(self, step: npt.NDArray[np.float64]) -> Matrix:
        angle = step[2] / self._reach
        growth = 1 + (step[3] / self._reach if len(step) > 3 else 0.0)
        cos, sin = growth * np.cos(angle), growth * np.sin(angle)
        linear = np.array([[cos, -sin], [sin, cos]])
        return np.column_stack([linear, step[:2] + self._middle - linear @ self._middle])

    def _agreement(self, found: Floats, inside: Floats, matrix: Matrix) -> Agreement:
        def by_block(values: Floats) -> npt.NDArray[np.float64]:
            return np.asarray(np.bincount(self._block, values, BLOCKS * BLOCKS), np.float64)

        weight = self._weight * inside
        both = (found * self._field).sum(1) * inside
        ours, theirs = (self._field**2).sum(1) * inside, (found**2).sum(1) * inside
        alike = both.sum() / np.sqrt(ours.sum() * theirs.sum() + 1e-9)
        held = by_block(weight)
        each = by_block(both) / np.sqrt(by_block(ours) * by_block(theirs) + 1e-9)
        agree = held[each > 0.5].sum() / max(1e-9, held.sum())
        shifts = self._local_shifts(found, inside, by_block)
        full = held > 0.25 * held.max()
        residual = float(np.median(shifts[full])) if full.any() else 0.0
        share = float(weight.sum() / max(1e-9, self._weight.sum()))
        return Agreement(matrix, float(alike), float(agree), residual, share, self.size)

    def _local_shifts(self, found: Floats, inside: Floats, by_block: object) -> Floats:
        """(blocks,) pixels by which each block alone would still move."""
        assert callable(by_block)
        apart = (found - self._field) * inside[:, None]
        jx, jy = self._steps[:, :, 0], self._steps[:, :, 1]
        xx, yy, xy = (by_block((a * b).sum(1) * inside) for a, b in ((jx, jx), (jy, jy), (jx, jy)))
        bx, by = by_block((jx * apart).sum(1)), by_block((jy * apart).sum(1))
        ridge = 0.05 * (xx + yy) + 1e-9  # along a straight edge nothing can be said
        det = (xx + ridge) * (yy + ridge) - xy**2
        across, down = (yy + ridge) * bx - xy * by, (xx + ridge) * by - xy * bx
        return np.asarray(np.hypot(across / det, down / det), np.float32)


def edges(smooth: Floats, clear: float) -> tuple[Floats, Floats]:
    """(H, W, 2) the field of edges and (H, W) its strength, 0 to 1; `clear`: of a clear edge."""
    across, down, length = _gradients(smooth)
    per = 1 / (np.maximum(length, 1e-6) * (length + 2 * clear))
    field = np.stack([(across**2 - down**2) * per, 2 * across * down * per], -1)
    return field, length / (length + 2 * clear)


def clear_edge(smooth: Floats) -> float:
    """The gradient that a fifth of the picture exceeds: noise lies below, edges above."""
    return float(np.percentile(_gradients(smooth)[2][::2, ::2], _REACH)) + 0.01


def blank_border(field: npt.NDArray[np.generic]) -> None:
    """Set what lies at the border to 0, in place."""
    field[:EDGE] = field[-EDGE:] = 0
    field[:, :EDGE] = field[:, -EDGE:] = 0


def _gradients(smooth: Floats) -> tuple[Floats, Floats, Floats]:
    cv2 = opencv()
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / 8)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / 8)
    return across, down, cv2.magnitude(across, down)
