"""Files that ship with promptdsl: packaged path first, else the checkout's folder.

A wheel carries `grammars/` and `specs/` inside the package as `_grammars` and `_specs`; in an
editable install and in a checkout they are the top-level folders next to the package.
"""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def resource_folder(name: str) -> Path:
    """The folder `grammars` or `specs`, wherever this installation keeps it."""
    packaged = _PACKAGE / f"_{name}"
    return packaged if packaged.is_dir() else _PACKAGE.parent / name


def standard_library() -> Path:
    """The folder that `use "std/..."` looks into (it holds `std/`)."""
    return resource_folder("specs")
