"""Writing to the terminal: colours where they are wanted, sentences on standard error."""

import json
import os
import sys
from typing import TYPE_CHECKING, TextIO

from promptdsl.files import naming
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from rich.console import Console


counted = naming.counted


def console_for_tables(wide: int) -> "Console":
    """The terminal; where the output is none and nobody says how wide it is, `wide` columns."""
    from rich.console import Console

    console = Console()
    known = console.is_terminal or "COLUMNS" in os.environ
    return console if known else Console(width=wide)


def use_color(stream: TextIO) -> bool:
    """NO_COLOR and FORCE_COLOR decide, in this order; else colours go to terminals alone."""
    if os.environ.get("NO_COLOR"):
        return False
    forced = os.environ.get("FORCE_COLOR")
    if forced:
        return forced != "0"
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def prepare_streams() -> None:
    """Neither a closed stream nor a character that its encoding lacks may end a command."""
    sys.stdin = sys.stdin or open(os.devnull, encoding="utf-8")  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="replace")


def write_people(text: str) -> None:
    """Text for people to standard output."""
    sys.stdout.write(text)


def say(text: str, *, err: bool = False) -> None:
    """Lines for people, each without anything that steers a terminal, to either output."""
    stream = sys.stderr if err else sys.stdout
    stream.write("".join(f"{shown(line)}\n" for line in text.split("\n")))
    stream.flush()


def write_machines(text: str) -> None:
    """Text for machines to standard output: UTF-8 with plain line ends, whatever the locale."""
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", errors="replace"))
    sys.stdout.buffer.flush()


def write_json(content: object) -> None:
    """One JSON document for machines."""
    write_machines(json.dumps(content, indent=2) + "\n")


def painted(text: str, style: str, stream: TextIO) -> str:
    """Text in a style ("1;31" is bold red) if the stream takes colours."""
    return f"\x1b[{style}m{text}\x1b[0m" if use_color(stream) else text


def tell_error(sentence: str, help: str | None = None) -> None:
    """`error: sentence`, and `help: ...` below it, on standard error."""
    lines = [f"{painted('error', '1;31', sys.stderr)}: {shown(sentence)}"]
    if help:
        lines.append(f"{painted('help', '1;36', sys.stderr)}: {shown(help)}")
    sys.stderr.write("\n".join(lines) + "\n")


def tell_note(sentence: str, word: str = "note") -> None:
    """`note: sentence` on standard error."""
    sys.stderr.write(f"{painted(word, '1;36', sys.stderr)}: {shown(sentence)}\n")
