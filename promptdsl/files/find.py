"""The one way from a path, a folder or a pattern to files, for `check` and `run` alike.

A name that exists means itself, whatever signs are in it: a file is that file, a folder the
pictures in it. Otherwise `*`, `?` and `[...]` match within one part of the path and `**` any
number of folders; what they match is taken if it has a picture's ending.

A wildcard matches no hidden files and folders and enters no folder that holds an earlier run's
results. Every folder is visited once, however many links lead to it. `**` follows no link to a
folder in a spec, which is somebody else's text; on the command line it does, and the real way to a
folder goes first. What is met and not taken stands in the result.
"""

import os
from pathlib import Path

from promptdsl.files.found import Found, together
from promptdsl.files.order import natural_order
from promptdsl.files.search import (
    MAX_ENTRIES,
    How,
    Search,
    TooManyFiles,
    is_there,
    is_wild,
    place_of,
)

__all__ = [
    "MAX_ENTRIES",
    "Found",
    "How",
    "TooManyFiles",
    "find",
    "has_wildcards",
    "place_of",
    "together",
]
MAX_PARTS = 100
IN_A_SPEC = How()


def find(folder: str | Path, pattern: str, how: How = IN_A_SPEC) -> Found:
    """Files of a pattern that is relative to `folder`, or absolute. Raises TooManyFiles."""
    found = Found()
    anchor, parts = Path(pattern).anchor, Path(pattern).parts
    start, parts = (anchor, parts[1:]) if anchor else (os.fspath(folder) or ".", parts)
    whole = os.path.join(start, *parts)
    if not pattern or len(parts) > MAX_PARTS or "\0" in whole:
        return found
    if os.path.lexists(whole):
        start, parts = whole, ()
    else:
        literal = next((at for at, part in enumerate(parts) if is_wild(part)), len(parts))
        start, parts = os.path.join(start, *parts[:literal]), parts[literal:]
        if not is_there(start, found) or not parts:
            return found
    search = Search(parts, found, how)
    search.go(start)
    found.files = tuple(sorted(found.places, key=natural_order))
    found.strange = tuple(name for name in found.files if name in search.strange)
    return found


def has_wildcards(pattern: str) -> bool:
    """Whether a part of it could match something other than its own name."""
    return any(is_wild(part) for part in Path(pattern).parts)
