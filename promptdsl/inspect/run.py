"""A run: pictures are found, inspected and written down; on return every file of it is whole.

Records are written in the order of the pictures, each only after its heat map, which worker threads
draw while the next pictures are scored.
"""

import os
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Protocol

from promptdsl.engine.device import workers
from promptdsl.errors import Problem, UsageProblem
from promptdsl.files.found import Found
from promptdsl.files.inputs import find_pictures
from promptdsl.files.search import place_of
from promptdsl.files.writing import disk_told_plainly
from promptdsl.inspect.description import (
    Described,
    begin,
    continued,
    finish,
    refuse_another_run,
)
from promptdsl.inspect.inspector import Inspected, Inspector, Pace
from promptdsl.inspect.interrupts import Stop, Stopped, clean_stop
from promptdsl.inspect.jobs import COMMAND_LINE, Job, assign, objects_of
from promptdsl.inspect.ownership import PREVIEWS, REPORT, RESULTS, refuse_pictures_inside
from promptdsl.inspect.records import MAPS, Terms, follows, map_name, read_records
from promptdsl.inspect.run_folder import Finished, Mode, RunFolder
from promptdsl.inspect.source import Source
from promptdsl.judge.verdict import resolve
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import Picture, read_rgb
from promptdsl.plan.model import AreaRule, ObjectPlan, Rule
from promptdsl.report.drawing import (
    LARGEST,
    SMALLER,
    MapKind,
    reduced_to,
    write_overlay,
    write_raw,
)
from promptdsl.report.html import report_page
from promptdsl.report.marks import marks_of
from promptdsl.report.previews import preview_line, read_previews
from promptdsl.results import PictureScore, Record, name_first

DRAWING_THREADS = 2
HELD_BYTES = 256_000_000  # of maps that wait to be drawn
Rules = dict[str, tuple[Rule, ...]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    records: tuple[Record, ...]  # of the pictures that were asked for, by an earlier run included
    run: Described  # run.json, which describes the whole folder
    stop: Stop
    dropped: int  # damaged records of the earlier run
    others: int  # records in the folder of pictures that were not asked for this time
    changed: int  # pictures that changed after they were inspected, and keep their old record

    @property
    def counts(self) -> Counter[str]:
        """Verdicts of the pictures that were asked for."""
        return Counter(record.verdict for record in self.records)


class Watch(Protocol):
    """Who is told of the run's progress."""

    def begins(self, total: int, done: int) -> None:
        """So many pictures in all, so many of them inspected by an earlier run."""
        ...

    def inspected(self, record: Record) -> None:
        """A record was written."""
        ...


def run(
    source: Source,
    inputs: Sequence[str],
    out: Path,
    watch: Watch,
    *,
    mode: Mode = "new",
    object: str | None = None,
    recursive: bool = False,
    maps: MapKind = "png",
    batch_size: int | None = None,
    tables: bool = False,
    map_size: int | None = None,
) -> Outcome:
    """Inspect everything that `inputs` name; a batch size of None looks for the fastest.

    `tables`: write those for spreadsheets, too. `map_size`: longest side of a heat map as PNG.
    """
    found = find_pictures(inputs, recursive=recursive, exclude=out)
    refuse_pictures_inside(out, found.pictures)
    jobs = assign(found.pictures, source.plan, object)
    objects = objects_of(jobs, source.plan)
    rules = {o.name: resolve(o, source.calibrated(o), source.path) for o in objects}
    with clean_stop() as stop, RunFolder(out, mode, tables=tables) as folder:
        with stop.long_step():  # hashes weights and pictures
            about = {"inputs": list(inputs), "maps": maps, **_met(found)}
            described = _describe(source, objects, rules, about)
        earlier = folder.earlier_run()
        if earlier is not None:
            refuse_another_run(earlier, described, out)
            described = continued(earlier, described)
        terms = {o.name: Terms(rules[o.name], o, source.plan.hash) for o in objects}
        folder.open_results(lambda record: follows(record, terms.get(record.object)))
        folder.describe(described)
        left = _not_done(jobs, folder)
        changed = _changed(jobs, left, folder.last_written)
        watch.begins(len(jobs), len(jobs) - len(left))
        inspector = Inspector(source, object, COMMAND_LINE)
        pace = Pace(inspector.batch(batch_size), lambda: stop.asked, stop.long_step)
        work = _Work(folder, described, pace, Drawing(folder, maps, rules, map_size), watch)
        described, records = work.do(inspector, left)
        asked = {place_of(job.image) for job in jobs}
        those = tuple(record for record in records if place_of(record.image) in asked)
        return Outcome(those, described, stop, folder.dropped, len(records) - len(those), changed)


def _describe(
    source: Source, objects: Sequence[ObjectPlan], rules: Rules, about: Described
) -> Described:
    weights = {item.name: source.weights_hash(item) for item in objects}
    changes = {item.name: list(source.changes(item, weights[item.name])) for item in objects}
    about |= {
        "remarks": [what for item in objects for what in source.references_left_out(item)],
        "changed_since_calibration": {name: what for name, what in changes.items() if what},
    }
    return begin(source, objects, rules, weights, about)


def _met(found: Found) -> Described:
    """What the inputs gave besides pictures."""
    left = found.left_out.items()
    return {
        "left_out": {why: one.count for why, one in left},
        "left_out_names": {why: one.first for why, one in left},
        "unreadable": found.unreadable,
    }


def _not_done(jobs: Sequence[Job], folder: RunFolder) -> list[Job]:
    """Jobs without a record; UsageProblem where a picture was inspected as another object."""
    done = {place_of(record.image): record.object for record in folder.done}
    for job in jobs:
        if done.get(place_of(job.image), job.object) != job.object:
            raise UsageProblem(
                f"{folder.path}: {job.image} was inspected as another object in this run",
                "start again with --overwrite, or choose another folder with -o",
            )
    return [job for job in jobs if place_of(job.image) not in done]


def _changed(jobs: Sequence[Job], left: Sequence[Job], since: float | None) -> int:
    """How many of the pictures that have a record were certainly changed after it was written."""
    if since is None:
        return 0
    count = 0
    for job in set(jobs).difference(left):
        with suppress(OSError):
            status = os.stat(job.image)
            # Another file moved or copied to the name brings its own, older time of change.
            count += max(status.st_mtime, status.st_ctime) > since
    return count


class _Work:
    """The inspection itself, written down as it goes on; `run.json` tells how it ended."""

    def __init__(
        self,
        folder: RunFolder,
        described: Described,
        pace: Pace,
        draw: Callable[[Inspected], Finished],
        watch: Watch,
    ) -> None:
        self.folder, self.described, self.pace = folder, described, pace
        self.draw, self.watch = draw, watch
        self._pending: deque[tuple[Future[Finished], int]] = deque()  # with the bytes of its map
        self._held = 0  # bytes of all of them
        self._before = folder.counts.total()
        self._started = time.perf_counter()

    def do(self, inspector: Inspector, jobs: Sequence[Job]) -> tuple[Described, tuple[Record, ...]]:
        """Inspect, then bring description and report up to date; all records of the folder."""
        folder = self.folder
        try:
            for _, of_one_object in groupby(jobs, key=lambda job: job.object):
                self._inspect(inspector, of_one_object)
        except Stopped:
            pass  # a long step was left: its pictures have no records, and --resume makes them
        except BaseException as error:
            self._close_failed(error)
            raise
        folder.sync()
        described = self._ended("finished" if self._inspected == len(jobs) else "interrupted")
        with disk_told_plainly(folder.path):
            records = read_records(folder.path / RESULTS).records
            if described["status"] == "finished":
                page = report_page(described, records, read_previews(folder.path / PREVIEWS))
                folder.write(REPORT, page)
        folder.write_tables(records)
        folder.describe(described)
        return described, records

    def _inspect(self, inspector: Inspector, jobs: Iterable[Job]) -> None:
        pool = ThreadPoolExecutor(workers(DRAWING_THREADS), thread_name_prefix="draw")
        with closing(inspector.batches(jobs, self.pace)) as batches:
            try:
                for batch in batches:
                    while batch:
                        one = batch.pop(0)
                        held = _bytes(one)
                        self._write(2 * self.pace.batch.size, HELD_BYTES - held)
                        self._pending.append((pool.submit(self.draw, one), held))
                        self._held += held
                        del one
                    self._write(2 * self.pace.batch.size, HELD_BYTES)
                self._write(0, 0)
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _write(self, at_most: int, most_bytes: int) -> None:
        """Write what is ready, in order; wait until so many, with maps of so many bytes, are left.

        A map may be as large as its picture, and is held until it is drawn.
        """
        start = time.perf_counter()
        ready: list[Finished] = []
        while self._pending and (
            len(self._pending) > at_most
            or self._held > max(0, most_bytes)
            or self._pending[0][0].done()
        ):
            drawn, held = self._pending.popleft()
            self._held -= held
            ready.append(drawn.result())
        if ready:
            self.folder.add(ready)
        self.pace.writing += time.perf_counter() - start
        for one in ready:
            self.pace.notes.update(one.notes)
            name_first(self.pace.noted, one.notes, one.record.image)
            self.watch.inspected(one.record)

    @property
    def _inspected(self) -> int:
        """Records that this run wrote."""
        return self.folder.counts.total() - self._before

    def _ended(self, status: str, problem: str | None = None) -> Described:
        counts, seconds = self.folder.counts, time.perf_counter() - self._started
        return finish(self.described, status, counts, self._inspected, seconds, self.pace, problem)

    def _close_failed(self, error: BaseException) -> None:
        """Best effort: the failure itself is what the user must see."""
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        problem = error.sentence if isinstance(error, Problem) else type(error).__name__
        with suppress(Problem):
            self.folder.describe(self._ended(status, problem))


def _bytes(one: Inspected) -> int:
    return one.score.map.nbytes if one.score else 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draws heat maps into `maps/` and previews for the report; called from several threads."""

    folder: RunFolder
    maps: MapKind
    rules: Rules
    longest: int | None = None  # side of a map as PNG

    def __call__(self, one: Inspected) -> Finished:
        """Write the map's file; a picture that cannot be read again has a verdict but no map."""
        record, picture, score = one.record, one.picture, one.score
        if picture is None or score is None:
            return Finished(record, None, one.notes)
        preview, notes = None, one.notes
        if self.folder.wants_preview(record.verdict):
            preview = preview_line(record.image, record.object, picture.preview, score.map)
        if self.maps == "none":
            return Finished(record, preview, notes)
        name = map_name(record.image, self.maps)
        try:
            with disk_told_plainly(self.folder.path):
                (self.folder.path / MAPS).mkdir(exist_ok=True)
                smaller = self._write(self.folder.path / MAPS / name, one, picture, score)
        except (PictureError, MemoryError) as error:
            why = f"no heat map could be drawn: {error or 'no memory left'}"
            return Finished(replace(record, error=why), preview, notes)
        notes = (*notes, SMALLER) if smaller else notes
        return Finished(replace(record, map=f"{MAPS}/{name}"), preview, notes)

    def _write(self, path: Path, one: Inspected, picture: Picture, score: PictureScore) -> bool:
        """True where the map is smaller than the picture, and nobody asked for that."""
        size, spots = (picture.width, picture.height), one.record.spots or ()
        settings = one.item.picture if one.item else None
        if self.maps == "npy":
            return write_raw(path, score.map, size, None if settings else LARGEST) is not None
        most = max(LARGEST, (self.longest or 0) ** 2)
        intensity = settings.intensity if settings else None
        whole = read_rgb(Path(one.record.image), most, picture.sha256, intensity)
        image = reduced_to(whole, self.longest)
        rules = self.rules[one.record.object]
        areas = [rule for rule in rules if isinstance(rule, AreaRule)]
        above = {rule.above for rule in areas if rule.region is None}
        marks = marks_of(score, spots, one.layout, size, image.size)
        write_overlay(path, image, score.map, sorted(above), marks)
        return whole.size != size and self.longest is None
