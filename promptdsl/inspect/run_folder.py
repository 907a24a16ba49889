"""The output folder of a run: claimed by one process, appended to safely, resumed after a crash.

    results.jsonl    one record per picture, in the order of the inputs
    run.json         what ran: spec, hashes, versions, counts, times; replaced atomically
    previews.jsonl   small pictures and maps for the report
    maps/            heat maps
    report.html      the report
    results.csv      the same records for spreadsheets, where they are asked for, and spots.csv

A batch of records is one write; the disk is told to keep it (fsync) every `SYNC_SECONDS` and at the
end, so a killed process loses nothing that was written and a power cut at most those seconds, which
`--resume` inspects again. A picture is done when its record is whole: pictures that changed since
are not inspected again, but they are counted and told. Nothing is written through a link, and
nothing is replaced or deleted that a run did not write (see `ownership`).
"""

import json
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

from filelock import FileLock, Timeout

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.lines import bounded_lines
from promptdsl.files.opening import open_regular
from promptdsl.files.writing import disk_told_plainly, write_atomically
from promptdsl.inspect.description import read_earlier_run
from promptdsl.inspect.ownership import (
    LOCK,
    PICTURES_TABLE,
    PREVIEWS,
    RESULTS,
    RUN,
    TABLES,
    clear,
    own_tables,
    refuse_foreign_files,
    refuse_strange_entries,
)
from promptdsl.inspect.records import (
    DIGITS,
    MAPS,
    MAX_BYTES,
    MAX_LINE,
    read_records,
    to_line,
)
from promptdsl.report.spreadsheet import BOM, results_csv, spots_csv
from promptdsl.results import Record, Verdict

SYNC_SECONDS = 2.0
PREVIEWS_PER_VERDICT = 500
LEFTOVER = re.compile(
    r"\.(run\.json|results\.jsonl|report\.html|results\.csv|spots\.csv|probe)[.-]([0-9]+|[a-z0-9_]{8}\.tmp|[0-9]+\.tmp)"
)
MAP_LEFTOVER = re.compile(rf"\..*\.[0-9a-f]{{{DIGITS}}}\.(png|npy)\.[a-z0-9_]{{8}}\.tmp")

Mode = Literal["new", "resume", "overwrite"]


@dataclass(frozen=True, slots=True)
class Finished:
    """A record and, where the report will show it, the line for `previews.jsonl`."""

    record: Record
    preview: str | None = None
    notes: tuple[str, ...] = ()


class RunFolder:
    """An open output folder; use as a context manager."""

    def __init__(self, path: Path, mode: Mode, *, tables: bool = False) -> None:
        """`tables`: those for spreadsheets are asked for, too."""
        self.path, self.mode, self.tables = path, mode, tables
        self.done: tuple[Record, ...] = ()  # what an earlier run wrote
        self.dropped = 0  # its damaged lines, whose pictures are inspected again
        self.last_written: float | None = None  # when it wrote its last record
        self.counts: Counter[str] = Counter()
        self._previews: Counter[str] = Counter()
        self._files: dict[str, BinaryIO] = {}
        self._opened = ExitStack()
        self._synced = 0.0

    def __enter__(self) -> Self:
        """Claim the folder, look at what is in it, and check that it can be written to."""
        with self._opened as opened:
            self._claim()
            self._opened = opened.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *fault: object) -> None:
        """Put everything on the disk and let the folder go."""
        with self._opened:
            if kind is None:
                self.sync()

    def earlier_run(self) -> dict[str, Any] | None:
        """`run.json` of the run to be resumed; None where there is nothing to resume."""
        path = self.path / RUN
        if self.mode != "resume" or not (path.exists() or self._has_records()):
            return None
        return read_earlier_run(path)

    def open_results(self, believe: Callable[[Record], bool] = lambda record: True) -> None:
        """Begin to write: keep an earlier run's records that are believed, or clear them away."""
        with disk_told_plainly(self.path):
            if self.mode == "resume":
                self._keep_whole_records(believe)
            elif self.mode == "overwrite":
                clear(self.path)
            for name in (PREVIEWS, RESULTS):
                file = (self.path / name).open("ab", buffering=0)
                self._files[name] = self._opened.enter_context(file)

    def add(self, finished: Sequence[Finished]) -> None:
        """Append records; whole lines or, on a full disk, none of this call's."""
        previews = [item.preview for item in finished if item.preview and self._takes(item)]
        with disk_told_plainly(self.path):
            if previews:
                _append(self._files[PREVIEWS], "".join(previews).encode("ascii"))
            _append(
                self._files[RESULTS], "".join(to_line(i.record) for i in finished).encode("ascii")
            )
        self.counts.update(item.record.verdict for item in finished)
        if time.monotonic() - self._synced >= SYNC_SECONDS:
            self.sync()

    def wants_preview(self, verdict: Verdict) -> bool:
        """True while the report still has room for pictures of this verdict."""
        return self._previews[verdict] < PREVIEWS_PER_VERDICT

    def sync(self) -> None:
        """Put on the disk what was written."""
        with disk_told_plainly(self.path):
            for name, file in self._files.items():
                _refuse_if_moved(self.path / name, file)
                os.fsync(file.fileno())
        self._synced = time.monotonic()

    def describe(self, run: Mapping[str, Any]) -> None:
        """Replace `run.json`."""
        self.write(RUN, json.dumps(run, indent=2, allow_nan=False) + "\n")

    def write(self, name: str, text: str) -> None:
        """Replace a file of the folder."""
        with disk_told_plainly(self.path):
            write_atomically(self.path / name, text.encode("utf-8", "backslashreplace"))

    def write_tables(self, records: Sequence[Record]) -> None:
        """The tables that are asked for; those of an earlier call are brought up to date."""
        for name in TABLES if self.tables else own_tables(self.path):
            make = results_csv if name == PICTURES_TABLE else spots_csv
            self.write(name, BOM + make(records))

    def _has_records(self) -> bool:
        results = self.path / RESULTS
        return results.exists() and results.stat().st_size > 0

    def _takes(self, item: Finished) -> bool:
        verdict = item.record.verdict
        self._previews[verdict] += 1
        return self._previews[verdict] <= PREVIEWS_PER_VERDICT

    def _claim(self) -> None:
        if self.path.exists() and not self.path.is_dir():
            raise UsageProblem(f"{self.path}: -o needs a folder, and this is a file")
        with disk_told_plainly(self.path):
            self.path.mkdir(parents=True, exist_ok=True)
            self._refuse_content()
            lock = FileLock(self.path / LOCK)
            try:
                self._opened.enter_context(lock.acquire(timeout=0))
            except Timeout:
                raise EnvironmentProblem(
                    f"{self.path}: another run is writing into this folder",
                    "wait for it to end, or choose another folder with -o",
                ) from None
            self._refuse_content()  # another run may have come in between
            _sweep(self.path)
            _probe(self.path)

    def _refuse_content(self) -> None:
        """A Problem where what is in the folder is in the way."""
        if self.mode == "new" and any(not n.startswith(".") for n in os.listdir(self.path)):
            raise UsageProblem(
                f"{self.path}: this folder is not empty",
                "continue the run in it with --resume, or replace its results with --overwrite",
            )
        refuse_strange_entries(self.path, self.tables)
        refuse_foreign_files(self.path, self.tables)

    def _keep_whole_records(self, believe: Callable[[Record], bool]) -> None:
        path = self.path / RESULTS
        if not path.exists():
            return
        self.last_written = path.stat().st_mtime
        reading = read_records(path, believe)
        self.done, self.dropped = reading.records, reading.dropped
        self.counts.update(record.verdict for record in reading.records)
        if reading.dropped:
            write_atomically(path, "".join(map(to_line, reading.records)).encode("ascii"))
        self._mend_previews()

    def _mend_previews(self) -> None:
        """Cut a torn last line, so that the next preview starts on a line of its own; count."""
        path = self.path / PREVIEWS
        if not path.exists():
            return
        verdicts = {(record.image, record.object): record.verdict for record in self.done}
        end = 0
        with open_regular(path) as file:
            for line in bounded_lines(file, MAX_LINE, MAX_BYTES):
                if line.endswith(b"\n"):
                    end = file.tell()
                with suppress(ValueError, KeyError, TypeError, RecursionError):
                    shown = json.loads(line)
                    self._previews[verdicts[shown["image"], shown["object"]]] += 1
        os.truncate(path, end)


def _append(file: BinaryIO, content: bytes) -> None:
    """All of it or none: a write that fails half-way is taken back."""
    start = os.fstat(file.fileno()).st_size
    view = memoryview(content)
    try:
        while view:
            view = view[file.write(view) :]
    except OSError:
        with suppress(OSError):
            file.truncate(start)
        raise


def _refuse_if_moved(path: Path, file: BinaryIO) -> None:
    """FileNotFoundError where the open file is no longer the one of that name."""
    ours, there = os.fstat(file.fileno()), os.stat(path)
    if (ours.st_dev, ours.st_ino) != (there.st_dev, there.st_ino):
        raise FileNotFoundError(None, f"{path.name} was replaced while the run was writing it")


def _sweep(folder: Path) -> None:
    """Remove half-written files of a killed run."""
    for place, pattern in ((folder, LEFTOVER), (folder / MAPS, MAP_LEFTOVER)):
        if not place.is_dir():
            continue
        for entry in os.scandir(place):
            if pattern.fullmatch(entry.name) and entry.is_file(follow_symlinks=False):
                os.unlink(entry.path)


def _probe(folder: Path) -> None:
    """Fail now rather than after the first batch."""
    handle, name = tempfile.mkstemp(prefix=".probe-", suffix=".tmp", dir=folder)
    try:
        os.write(handle, b"\0" * 4096)
    finally:
        os.close(handle)
        os.unlink(name)
