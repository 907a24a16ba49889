"""Which files of an output folder are a run's own, told by what is in them.

A name alone proves nothing: `report.html` and `run.json` are names that anybody may use. A run
replaces and deletes only what a run wrote, and heat maps only where its own record names them.
"""

import json
import os
import stat
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from promptdsl.errors import UsageProblem
from promptdsl.files.owned import foreign, head
from promptdsl.inspect.records import MAPS, MAX_LINE, own_map, parse_line, read_records
from promptdsl.report.spreadsheet import BOM, HEAD

RESULTS, RUN, PREVIEWS, REPORT = "results.jsonl", "run.json", "previews.jsonl", "report.html"
PICTURES_TABLE, SPOTS_TABLE = "results.csv", "spots.csv"
TABLES = (PICTURES_TABLE, SPOTS_TABLE)
LOCK = ".promptdsl.lock"
REPORT_MARK = b'<p class="brand">promptdsl <span>inspection report</span>'
TABLE_MARK = (BOM + ",".join(HEAD)).encode()
_RUN_FIELDS = {"format", "status", "spec_hash", "plan_hash", "counts"}
_RUN_START = b'{\n  "format": 1,\n  "status": "'
_PREVIEW_START = b'{"image": "'


def refuse_strange_entries(folder: Path, tables: bool = False) -> None:
    """UsageProblem where one of a run's names is a link or a pipe: none is followed."""
    for name in (RESULTS, RUN, PREVIEWS, REPORT, LOCK, MAPS, *(TABLES if tables else ())):
        path = folder / name
        try:
            mode = path.lstat().st_mode
        except FileNotFoundError:
            continue
        wanted = stat.S_ISDIR(mode) if name == MAPS else stat.S_ISREG(mode)
        if not wanted:
            kind = "folder" if name == MAPS else "file"
            what = "a link" if stat.S_ISLNK(mode) else f"no {kind}"
            raise UsageProblem(
                f"{path}: this is {what}, and a run writes only into a {kind} of its own",
                "move it away, or choose another folder with -o",
            )


def refuse_foreign_files(folder: Path, tables: bool = False) -> None:
    """UsageProblem where a file that a run would replace was not written by a run.

    `tables`: it was asked for them. Raises OSError where one cannot be read.
    """
    certain = _is_own_run(folder / RUN)
    for name, own in (
        (RUN, certain),
        (RESULTS, certain or _is_own_results(folder / RESULTS)),
        (PREVIEWS, certain or head(folder / PREVIEWS).startswith(_PREVIEW_START)),
        (REPORT, REPORT_MARK in head(folder / REPORT)),
        *((name, is_own_table(folder / name)) for name in (TABLES if tables else ())),
    ):
        path = folder / name
        if not own and path.exists() and path.stat().st_size > 0:
            raise foreign(path, "promptdsl run")


def refuse_pictures_inside(out: Path, pictures: Sequence[str]) -> None:
    """UsageProblem where a picture lies in the output folder, by its name or behind a link."""
    folder = os.path.realpath(out)
    lexical = os.path.abspath(out)
    real: dict[str, str] = {}  # folder as written -> where it really is
    for picture in pictures:
        parent, name = os.path.split(os.path.abspath(picture))
        if parent not in real:
            real[parent] = os.path.realpath(parent)
        path = os.path.join(real[parent], name)
        if os.path.islink(path):
            path = os.path.realpath(path)
        if _lies_in(path, folder) or _lies_in(os.path.join(parent, name), lexical):
            raise UsageProblem(
                f"{out}: results cannot go into a folder that holds what is inspected ({picture})",
                "choose another folder with -o",
            )


def clear(folder: Path) -> None:
    """Remove an earlier run's files, and nothing that a run did not write. Raises OSError."""
    maps = folder / MAPS
    if (folder / RESULTS).exists() and maps.is_dir() and not maps.is_symlink():
        for record in read_records(folder / RESULTS).records:
            path = maps / (own_map(record) or "")
            if path != maps and path.is_file() and not path.is_symlink():
                path.unlink()
    for name in (RESULTS, RUN, PREVIEWS, REPORT, *own_tables(folder)):
        (folder / name).unlink(missing_ok=True)


def own_tables(folder: Path) -> list[str]:
    """The tables in a folder that a run wrote and nobody has saved in another form."""
    return [name for name in TABLES if is_own_table(folder / name)]


def is_own_table(path: Path) -> bool:
    """A regular file that begins as a run's tables do."""
    try:
        return stat.S_ISREG(path.lstat().st_mode) and head(path).startswith(TABLE_MARK)
    except OSError:
        return False


def _lies_in(path: str, folder: str) -> bool:
    return path.startswith(os.path.join(folder, ""))


def _is_own_run(path: Path) -> bool:
    """A whole description, or the start of one that was cut off."""
    start = head(path)
    if start.startswith(_RUN_START):
        return True
    with suppress(ValueError, RecursionError):
        described = json.loads(start)
        return isinstance(described, dict) and described.keys() >= _RUN_FIELDS
    return False


def _is_own_results(path: Path) -> bool:
    """True where the first line is a record, or the first piece of one."""
    line, newline, _ = head(path).partition(b"\n")
    if newline and len(line) < MAX_LINE:
        return parse_line(line + newline) is not None
    return line.startswith(_PREVIEW_START)
