"""Folders of pictures as patterns that a spec can hold: relative to it, and not outside of it."""

import os
from collections import Counter
from glob import escape
from pathlib import Path

from promptdsl.errors import UsageProblem
from promptdsl.files.advice import instead_of
from promptdsl.files.find import find, together
from promptdsl.files.suffixes import picture_suffixes


def patterns_for(folder: str | None, spec_folder: Path) -> tuple[str, ...]:
    """`folder/*.png` for each kind of picture in it, the most frequent first; () for no folder.

    UsageProblem for a folder that a spec cannot take pictures from.
    """
    if folder is None:
        return ()
    path = Path(folder).expanduser()
    path = path if path.is_absolute() or path.exists() else spec_folder / path
    if not path.is_dir():
        raise UsageProblem(f"there is no folder {folder}", instead_of(path))
    root = spec_folder.resolve()
    if not path.resolve().is_relative_to(root):
        raise UsageProblem(
            f"{folder} lies outside of the spec's folder {root}",
            "copy the pictures into a folder next to the spec",
        )
    found = find(path, ".")
    for unreadable, why in found.unreadable.items():
        raise UsageProblem(f"{unreadable} was not looked at: {why}", "make it readable")
    suffixes = Counter(os.path.splitext(name)[1] for name in found.files)
    if not suffixes:
        raise UsageProblem(f"{folder} holds no pictures", f"pictures end in {picture_suffixes()}")
    relative = Path(os.path.relpath(path.resolve(), root)).as_posix()
    prefix = "" if relative == "." else f"{escape(relative)}/"
    return tuple(f"{prefix}*{suffix}" for suffix, _ in suffixes.most_common())


def count_of(patterns: tuple[str, ...], spec_folder: Path) -> int:
    """How many pictures the patterns of a spec in that folder give."""
    return len(together(find(spec_folder, pattern) for pattern in patterns).files)
