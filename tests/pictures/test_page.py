"""The page about pictures states the bounds that the code has."""

import re
from pathlib import Path

from promptdsl.files.opening import in_words
from promptdsl.pictures import claims, gate, look, netpbm, opening, reading, visible

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "pictures.md").read_text("utf-8")


def said(pattern: str) -> bool:
    return re.search(pattern, " ".join(PAGE.split())) is not None


def test_the_bounds_of_files() -> None:
    assert said(rf"bytes of a file \| {in_words(opening.MAX_BYTES)}")
    whole = claims.MAX_PIXELS_WHOLE // 10**6
    assert said(rf"{claims.MAX_PIXELS // 10**6} megapixels; {whole} for WebP")
    assert said(rf"\(P2, P3\) \| {in_words(netpbm.MAX_TEXT)}")
    assert said(rf"at least {reading.MIN_SIDE}:")
    assert said(rf"above {opening.LARGE_PIXELS // 10**6} megapixels are decoded one at a time")


def test_the_bounds_of_the_gate() -> None:
    assert look.EXTREME == 1 / 1000
    assert said(rf"at most {look.FLAT_CONTRAST} of 255 levels")
    assert said(rf"more than {look.FLAT_RANGE} levels from another")
    assert said(rf"at level {look.BLACK} or below and none at {look.FAR} or above")
    assert said(rf"at level {look.WHITE} or above and none at {255 - look.FAR} or below")
    assert said(rf"at least {visible.NOTHING_SEEN:.1%} of it is transparent")
    assert said(rf"below level {gate.DARK} of 255")
    assert said(rf"above level {gate.BRIGHT}")
    assert said(rf"below {gate.PALE:.0f} levels")
    assert said(rf"by more than {gate.LEVELS} levels")
    assert (gate.TIMES, gate.SIZE_TIMES, gate.SHAPE_TIMES) == (3, 4, 3)
    assert said("less than a third") and said("less than a quarter") and said("three times outside")
    assert gate.LEAST_REFERENCES == 2
    assert said(rf"up to {gate.MOST_REFERENCES} of those")
