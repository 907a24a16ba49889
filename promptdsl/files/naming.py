"""Names of files as people see them, and commands that they can paste."""

import os
import shlex
import subprocess
from pathlib import PurePath

from promptdsl.diagnostics.width import harmless


def shown(name: str | PurePath) -> str:
    """A name, title or phrase on one line, without anything that steers a terminal.

    Whatever comes from a spec or from the disk goes through here on its way to a terminal; files
    for machines and HTML pages keep the exact text.
    """
    return harmless(str(name))


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """`1 error`, `2 errors`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def signed(change: float, digits: int = 3) -> str:
    """`+0.012`, `-0.012`; what rounds to nothing has no sign, since it went neither way."""
    text = f"{change:+.{digits}f}"
    return text[1:] if not text.strip("+-0.") else text


def placed(place: str, room: int) -> str:
    """`folder/nut.inspect:13` for a column of so many letters: broken behind a folder, else cut.

    It is cut in front, so that the number of the line stays; a terminal would break it anywhere.
    """
    lines = [""]
    for part in place.replace("/", "/\n").split("\n"):
        if len(lines[-1]) + len(part) > room and lines[-1]:
            lines.append("")
        lines[-1] += part if len(part) <= room else f"...{part[3 - room :]}"
    return "\n".join(lines)


def command_line(*words: str | PurePath) -> str:
    """`promptdsl check 'my part.inspect'`: words quoted as this system's shell wants them.

    A path that begins with a dash is no option: it gets `./` before it.
    """
    safe = [_no_option(word) for word in words]
    joined = subprocess.list2cmdline(safe) if os.name == "nt" else shlex.join(safe)
    return shown(f"promptdsl {joined}")


def _no_option(word: str | PurePath) -> str:
    written = str(word)
    return f"./{written}" if isinstance(word, PurePath) and written.startswith("-") else written
