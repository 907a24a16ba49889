"""How characters look in a terminal: how many columns they take, and which must not be shown raw.

A spec is somebody else's text. An escape sequence or a bidirectional override inside it must not
steer the terminal of the person who reads the message, so such characters are shown as pictures.
"""

import unicodedata
from typing import NamedTuple

TAB = 4
_HIDDEN = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0xFEFF}


class Cell(NamedTuple):
    """What stands on the screen for one character, and its columns."""

    shown: str
    width: int


def cell(character: str, column: int = 0) -> Cell:
    """One character at a 0-based column of the screen; the column matters to tabs alone."""
    if " " <= character <= "~":
        return Cell(character, 1)
    if character == "\t":
        width = TAB - column % TAB
        return Cell(" " * width, width)
    code = ord(character)
    if code < 0x20:
        return Cell(chr(0x2400 + code), 1)
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Zl", "Zp") or code in _HIDDEN:
        return Cell("\ufffd", 1)
    if category in ("Mn", "Me", "Cf"):
        return Cell(character, 0)
    return Cell(character, 2 if unicodedata.east_asian_width(character) in "WF" else 1)


def cells(text: str) -> list[Cell]:
    """The characters of a line, tabs expanded to the next multiple of TAB columns."""
    found, column = [], 0
    for character in text:
        item = cell(character, column)
        found.append(item)
        column += item.width
    return found


def display_width(text: str) -> int:
    """Columns that a line takes on the screen."""
    if text.isascii() and text.isprintable():
        return len(text)
    return sum(item.width for item in cells(text))


def harmless(text: str) -> str:
    """A sentence on one line, without anything that steers a terminal."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if character in "\t\n\r" else cell(character).shown for character in text)
