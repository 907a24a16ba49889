"""`intensity: A to B`: the stored values A to B become black to white; beyond them it is clipped.

    level = 255 (value - A) / (B - A), rounded, in 0..255

What the stored value of a pixel is:

| file | stored value |
|---|---|
| up to 8 bits, also palettes, CMYK, JPEG, WebP, AVIF | the level that is shown, 0 to 255 |
| PGM and PPM | the number in the file, 0 to its largest |
| 16 bits, grey or colour | 0 to 65,535 |
| 12 bits that a TIFF or a JPEG 2000 calls 12 bits | 0 to 4,095 |
| with a sign | as signed: -128 to 127, -32,768 to 32,767 |
| 32 bits, floating point | the number itself; what is no number is black |

Where a TIFF says that 0 is white, A is white and B black. An alpha channel keeps its meaning.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from PIL import Image

from promptdsl.pictures.problem import PictureError

Intensity = tuple[float, float]
Levels = npt.NDArray[np.uint8]
Values = npt.NDArray[np.integer] | npt.NDArray[np.floating]
Meaning = Callable[[Levels], Values]  # levels as they are decoded -> stored values

LEAST_REACHED = 0.25  # of the range, by the brightest value that a file can hold
_PIECE = 1 << 22  # values that are brought to levels at a time


@dataclass(slots=True)
class Tones:
    """From stored values to levels, strip by strip, and which values there were."""

    black: float
    white: float
    lowest: float = np.inf
    highest: float = -np.inf
    lost: int = 0  # values that are no number
    _tables: dict[str, Levels] = field(default_factory=dict)

    @property
    def stored(self) -> tuple[float, float] | None:
        """The lowest and the highest value; None before there were any."""
        return (self.lowest, self.highest) if self.lowest <= self.highest else None

    def refuse_less(self, most: float) -> None:
        """PictureError where even the brightest value that the file can hold would be dark."""
        if (most - self.black) / (self.white - self.black) < LEAST_REACHED:
            raise PictureError(
                f"its values reach {most:g} at most, of which `{told((self.black, self.white))}` "
                "makes a dark picture: save it as deep as the others, or correct the intensity"
            )

    def levels(self, values: Values) -> Levels:
        """Levels of stored values of any type, in their shape."""
        if values.dtype.kind == "u" and values.dtype.itemsize <= 2:
            return self._by_table(values)
        flat = values.ravel()
        found = np.empty(flat.size, np.uint8)
        for first in range(0, flat.size, _PIECE):
            part = flat[first : first + _PIECE]
            known = np.isfinite(part)
            self._note(part[known])
            self.lost += int(np.isnan(part).sum())
            found[first : first + _PIECE] = self._linear(part)
        return found.reshape(values.shape)

    def of_image(self, image: Image.Image, meaning: Meaning | None = None) -> Image.Image:
        """An 8-bit picture, L or RGB, whose decoded levels mean `meaning` of them."""
        values = np.arange(256, dtype=np.uint8)
        stored = values if meaning is None else meaning(values)
        for band in image.split():
            self._note(stored[np.flatnonzero(band.histogram())])
        table = self._linear(stored)
        return image.point([int(level) for level in table] * len(image.getbands()))

    def _by_table(self, values: Values) -> Levels:
        self._note(values)
        kind = values.dtype.newbyteorder("=")
        table = self._tables.get(kind.name)
        if table is None:
            every = np.arange(2 ** (8 * kind.itemsize), dtype=np.float64)
            table = self._tables[kind.name] = self._linear(every)
        return table[values]

    def _linear(self, values: Values) -> Levels:
        share = (values.astype(np.float64) - self.black) / (self.white - self.black)
        return np.rint(np.nan_to_num(np.clip(share, 0, 1)) * 255).astype(np.uint8)

    def _note(self, values: Values) -> None:
        if values.size:
            self.lowest = min(self.lowest, float(values.min()))
            self.highest = max(self.highest, float(values.max()))

    def notes(self) -> tuple[str, ...]:
        """What was made of values that have no level."""
        return ("values that are no number (NaN) were made black",) if self.lost else ()


def tones_of(intensity: Intensity | None) -> Tones | None:
    """The tones of a written intensity; None without one. Raises PictureError."""
    if intensity is None:
        return None
    black, white = intensity
    if not np.isfinite([black, white]).all() or white <= black:
        raise PictureError(f"`{told(intensity)}` is no range: the second value must be above")
    return Tones(float(black), float(white))


def told(intensity: Intensity) -> str:
    """As it is written in a spec."""
    return f"intensity: {number(intensity[0])} to {number(intensity[1])}"


def number(value: float) -> str:
    """Short, and never with an exponent that the language does not read."""
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.6f}".rstrip("0").rstrip(".")
