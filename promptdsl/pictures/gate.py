"""Before a picture is scored: can a verdict on it mean anything?

`pass` needs a picture that could have failed. A picture without anything on it is not inspected;
one that is probably not what the spec is about is inspected with a note. References, where a spec
has them, say what its pictures usually look like.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from promptdsl.pictures.intensity import number, told
from promptdsl.pictures.look import Look
from promptdsl.pictures.problem import PictureError

DARK, BRIGHT = 64, 200  # the brightest below, the darkest above: levels of 255
PALE = 4.0  # levels of contrast
# How far from all references a picture may be: conservative, so that a note means something.
LEVELS = 64  # of brightness, or once more the references' own range
TIMES = 3.0  # of contrast and sharpness
SIZE_TIMES = 4.0  # of the smallest side
SHAPE_TIMES = 3.0  # of width to height, or once more the references' own range

NOT_INSPECTED = "not inspected: "

LEAST_REFERENCES = 2
MOST_REFERENCES = 16  # that are looked at

Range = tuple[float, float]


class NotInspected(PictureError):
    """A picture that could be read, but on which no verdict would mean anything."""

    def __init__(self, reason: str) -> None:
        super().__init__(NOT_INSPECTED + reason)
        self.reason = reason


class Usual(NamedTuple):
    """The ranges in which the references lie, of measures of their looks."""

    brightness: Range
    contrast: Range
    sharpness: Range
    side: Range
    shape: Range


def usual(looks: Sequence[Look]) -> Usual | None:
    """What pictures look like; None where one alone, or none, tells nothing of that."""
    if len(looks) < LEAST_REFERENCES:
        return None
    values = ([float(getattr(look, name)) for look in looks] for name in Usual._fields)
    return Usual(*((min(found), max(found)) for found in values))


def refuse_blank(look: Look | None, sha256: str | None = None) -> None:
    """Raises NotInspected for a picture on which there is nothing; `sha256`: of its bytes."""
    if look is not None and look.blank is not None:
        refused = NotInspected(look.blank + _stored(look))
        refused.sha256 = sha256
        raise refused


def remarks(look: Look | None, references: Usual | None = None) -> tuple[str, ...]:
    """Notes on a picture of which a verdict may mean little."""
    if look is None:
        return ()
    beside = () if references is None else _beside(look, references)
    return (*_alone(look), *beside)


def _alone(look: Look) -> Iterator[str]:
    if look.high < DARK:
        yield f"very dark pictures: the brightest part is below a quarter of {_cause(look)}"
    if look.low > BRIGHT:
        yield "very bright pictures: even the darkest part is nearly white"
    if look.contrast < PALE:
        yield "pictures with hardly any contrast"


def _cause(look: Look) -> str:
    """The range that is hardly used, and what to write; in few words that differ, to be counted."""
    if look.intensity is not None:
        return f"`{told(look.intensity)}`"
    reached = (look.high + 1) * (256 if look.deep else 1)
    most = (1 << (reached - 1).bit_length()) - 1  # the bits that would do: 4095
    cause = f", as values of {most.bit_length()} bits in a file of 16 are" if look.deep else ""
    return f"the range{cause}; write `{told((0, most))}` in picture {{ }}"


def _stored(look: Look) -> str:
    """Why a picture may be black or white all over that is not."""
    if look.intensity is None or look.stored is None:
        return ""
    low, high = (number(value) for value in look.stored)
    return f" with `{told(look.intensity)}`: its values go from {low} to {high}"


def _beside(look: Look, references: Usual) -> Iterable[str]:
    low, high = references.brightness
    slack = max(LEVELS, high - low)
    if look.brightness < low - slack:
        yield "pictures much darker than all references"
    if look.brightness > high + slack:
        yield "pictures much brighter than all references"
    if look.contrast < references.contrast[0] / TIMES:
        yield "pictures with far less contrast than all references"
    if look.sharpness < references.sharpness[0] / TIMES:
        yield "pictures far less sharp than all references"
    if look.side < references.side[0] / SIZE_TIMES:
        yield "pictures much smaller than all references"
    narrow, wide = references.shape
    times = max(SHAPE_TIMES, wide / narrow)
    if not narrow / times <= look.shape <= wide * times:
        yield "pictures of quite another shape (width to height) than all references"
