"""Numbers with a unit behind them, out of the words of a line: `10%`, `120 px`, `0.3 mm`."""

from collections.abc import Sequence
from dataclasses import dataclass

from lark import Token

from promptdsl.language.statements import is_word

PIXELS = ("px", "pixel", "pixels")
# Units that are not of the language, and what one of them is in millimetres.
IN_MILLIMETRES: dict[str, float] = {
    "cm": 10.0, "m": 1000.0, "um": 0.001, "µm": 0.001, "μm": 0.001, "micron": 0.001,
    "microns": 0.001, "in": 25.4, "inch": 25.4, "inches": 25.4, "mil": 0.0254, "mils": 0.0254,
    "millimeter": 1.0, "millimeters": 1.0, "millimetre": 1.0, "millimetres": 1.0,
}  # fmt: skip
_PLAIN_PIXELS = {f"{word}{power}": f"px{power}" for word in PIXELS for power in ("", "2")}
_ANGLES = {"deg", "degree", "degrees", "rad", "radian", "radians"}
_SQUARE = {"²": "2", "^2": "2"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A number, its unit as a spec writes it ("" without one), and the words that say so."""

    value: float
    unit: str
    tokens: tuple[Token, ...]

    @property
    def written(self) -> str:
        """The number as its author wrote it."""
        return str(self.tokens[0]).rstrip("% \t")

    def with_unit(self, unit: str) -> str:
        """The number as a spec writes it, in some unit."""
        return f"{self.written}%" if unit == "%" else f"{self.written} {unit}".rstrip()

    def __str__(self) -> str:
        return self.with_unit(self.unit)


def plain_unit(word: str) -> str:
    """A unit in small letters: `px` for pixels, `mm2` for mm²."""
    unit = word.lower()
    for sign, plain in _SQUARE.items():
        unit = unit.replace(sign, plain)
    return _PLAIN_PIXELS.get(unit, unit)


def measured(tokens: Sequence[Token], at: int = 0) -> Measured | None:
    """The number at a place, with the word behind it where that is a unit; None without one."""
    token = tokens[at]
    if token.type == "PERCENT":
        return Measured(float(str(token).rstrip("% \t")), "%", (token,))
    if token.type != "NUMBER":
        return None
    behind = tokens[at + 1] if at + 1 < len(tokens) else None
    if behind is None or not is_word(behind) or not is_unit(str(behind)):
        return Measured(float(token), "", (token,))
    return Measured(float(token), plain_unit(str(behind)), (token, behind))


def is_unit(word: str) -> bool:
    """Whether a word is a unit of lengths, areas or angles, known or not."""
    unit = plain_unit(word)
    return unit.removesuffix("2") in {"px", "mm", *IN_MILLIMETRES} or unit in _ANGLES


def canonical(kind: str, lengths: Sequence[object]) -> str:
    """The numbers of a shape as a spec writes them."""
    words = [str(each) for each in lengths]
    if kind == "box":
        return " ".join(words)
    if kind == "circle":
        return f"{words[0]} {words[1]}, {words[2]}"
    if kind == "ring":
        return f"{words[0]} {words[1]}, {words[2]} to {words[3]}"
    return ", ".join(f"{x} {y}" for x, y in zip(words[::2], words[1::2], strict=True))


def without_sign(length: Measured) -> Measured:
    """The length of `30%-42%`, whose sign only stood between two numbers."""
    first, *rest = length.tokens
    bare = Token.new_borrow_pos(first.type, str(first).lstrip("-"), first)
    return Measured(-length.value, length.unit, (bare, *rest))
