"""Before a file is replaced: is it one of ours, and is it none that the command reads?

A name proves nothing: `report.html` and `junit.xml` are names that anybody may use, so what stands
in a file decides. An output that is an input by another spelling, or behind a link, would destroy
what the command was asked about.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path

from promptdsl.errors import UsageProblem
from promptdsl.files.naming import shown
from promptdsl.files.opening import open_regular

HEAD = 200_000  # bytes: more than the style sheet before a page's own mark
PAGE_MARK = b'<p class="brand">promptdsl '
JSON_MARK = b'"promptdsl": "'  # the version, among those of the libraries


def head(path: Path) -> bytes:
    """The beginning of a regular file; nothing where there is none. Raises OSError."""
    try:
        with open_regular(path) as file:
            return file.read(HEAD)
    except (FileNotFoundError, NotADirectoryError):
        return b""


def refuse_foreign_outputs(folder: Path, marks: Mapping[str, bytes]) -> None:
    """UsageProblem where a file of that name lacks its mark: somebody else wrote it."""
    for name, mark in marks.items():
        refuse_other_content(folder / name, "promptdsl", partial(_holds, mark))


def _holds(mark: bytes, start: bytes) -> bool:
    return mark in start


def refuse_other_content(path: Path, command: str, ours: Callable[[bytes], bool]) -> None:
    """UsageProblem where a file is there whose beginning is not what the command writes."""
    try:
        content = head(path)
    except OSError:
        content = b"?"
    if content and not ours(content):
        raise foreign(path, command)


def foreign(path: Path, command: str) -> UsageProblem:
    """The sentence for a file that would have been replaced."""
    return UsageProblem(
        f"{shown(path)}: this file was not written by {command}, so it is not replaced",
        "move it away, or choose another folder with -o",
    )


def refuse_inputs_as_output(out: str | Path, inputs: Iterable[str | Path]) -> None:
    """UsageProblem where writing `out` would replace a file that the command reads."""
    for given in inputs:
        if _is_same(out, given):
            raise UsageProblem(
                f"{shown(out)} is {shown(given)}, which this command reads; it is not replaced",
                "choose another name with -o",
            )


def _is_same(one: str | Path, other: str | Path) -> bool:
    try:
        return os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them is not there
        return os.path.realpath(one) == os.path.realpath(other)
