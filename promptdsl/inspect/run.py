"""What `promptdsl run` does between its options and its output."""

import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from promptdsl.engine.device import Compute
from promptdsl.errors import Problem, UsageProblem
from promptdsl.files.inputs import find_pictures, picture_key
from promptdsl.files.writing import disk_told_plainly
from promptdsl.inspect.assignment import assign, objects_of
from promptdsl.inspect.earlier_run import continued
from promptdsl.inspect.inspection import Clock, Drawn, Job, Run, Station, inspect_all
from promptdsl.inspect.interrupts import Stop, Stopped, clean_stop
from promptdsl.inspect.map_names import MAPS, map_name
from promptdsl.inspect.ownership import PREVIEWS, REPORT, RESULTS, refuse_pictures_inside
from promptdsl.inspect.records import follows, read_records
from promptdsl.inspect.run_description import Identity, begin, finish, refuse_another_run
from promptdsl.inspect.run_folder import Mode, RunFolder
from promptdsl.judge.verdict import Decision, resolve
from promptdsl.pictures.gate import Usual
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import Picture, read_rgb
from promptdsl.plan.model import AreaRule, ObjectPlan, Plan, Rule
from promptdsl.report.drawing import LARGEST, SMALLER, MapKind, write_overlay, write_raw
from promptdsl.report.html import report_page
from promptdsl.report.previews import preview_line, read_previews
from promptdsl.results import PictureScore, Record
from promptdsl.scoring.batching import batch_size
from promptdsl.scoring.detector import Detector


class Source(Protocol):
    """A spec or a compiled plan, ready to give detectors."""

    @property
    def path(self) -> str:
        """The file as it was named."""
        ...

    @property
    def plan(self) -> Plan:
        """What to inspect."""
        ...

    @property
    def spec_hash(self) -> str:
        """SHA-256 of the spec's bytes."""
        ...

    @property
    def compute(self) -> Compute:
        """Device and precision."""
        ...

    def calibrated(self, item: ObjectPlan) -> Mapping[str, float]:
        """Numbers for `auto`, by the rule as written."""
        ...

    def changes(self, item: ObjectPlan, weights_hash: str) -> Sequence[str]:
        """What changed since the thresholds were calibrated, a clause each."""
        ...

    def references_left_out(self, item: ObjectPlan) -> Sequence[str]:
        """What the references' patterns met and did not take, a sentence each."""
        ...

    def weights_hash(self, item: ObjectPlan) -> str:
        """SHA-256 of the model's weights; EnvironmentProblem when they are not there."""
        ...

    def usual(self, item: ObjectPlan) -> Usual | None:
        """What the object's pictures usually look like, where that is known."""
        ...

    def build(self, item: ObjectPlan) -> Detector:
        """The object's detector, on the device."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """The command line of a run."""

    inputs: tuple[str, ...]
    out: Path
    mode: Mode = "new"
    object: str | None = None
    recursive: bool = False
    maps: MapKind = "png"
    batch_size: int | None = None  # None: auto


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended."""

    records: tuple[Record, ...]  # of the pictures that were asked for, by an earlier run included
    run: dict[str, Any]  # run.json, which describes the whole folder
    stop: Stop
    dropped: int
    others: int = 0  # records in the folder of pictures that were not asked for this time
    changed: int = 0  # pictures that changed after they were inspected, and keep their old record

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


def execute(source: Source, options: Options, watch: Watch) -> Outcome:
    """Inspect everything; on return all files of the run are written."""
    found = find_pictures(options.inputs, recursive=options.recursive, exclude=options.out)
    refuse_pictures_inside(options.out, found.pictures)
    jobs = assign(found.pictures, source.plan, options.object)
    objects = objects_of(jobs, source.plan)
    rules = {o.name: resolve(o, source.calibrated(o), source.path) for o in objects}
    with clean_stop() as stop, RunFolder(options.out, options.mode) as folder:
        with stop.long_step():  # hashes weights and pictures
            identity = Identity(
                source.path,
                source.spec_hash,
                source.plan.hash,
                {item.name: source.weights_hash(item) for item in objects},
                rules,
                source.compute,
            )
            changed = {o.name: list(source.changes(o, identity.weights[o.name])) for o in objects}
            run = begin(
                identity,
                objects,
                options.inputs,
                maps=options.maps,
                left_out=found.left_out,
                left_out_names=found.first_left_out,
                unreadable=found.unreadable,
                remarks=[what for o in objects for what in source.references_left_out(o)],
                changed_since_calibration={name: what for name, what in changed.items() if what},
            )
        earlier = folder.earlier_run()
        if earlier is not None:
            refuse_another_run(earlier, run, options.out)
            run = continued(earlier, run)
        defects = {item.name: item.defects for item in objects}
        folder.open_results(
            lambda record: follows(record, rules.get(record.object), defects.get(record.object))
        )
        folder.describe(run)
        left = _not_done(jobs, folder)
        changed_pictures = _changed(jobs, left, folder.last_written)
        watch.begins(len(jobs), len(jobs) - len(left))
        outcome = _inspect(source, options, folder, stop, run, left, rules, watch)
        return _of_this_call(outcome, jobs, changed_pictures)


def _not_done(jobs: Sequence[Job], folder: RunFolder) -> list[Job]:
    """Jobs without a record; UsageProblem where a picture was inspected as another object."""
    done = {picture_key(record.image): record.object for record in folder.done}
    for job in jobs:
        if done.get(picture_key(job.image), job.object) != job.object:
            raise UsageProblem(
                f"{folder.path}: {job.image} was inspected as another object in this run",
                "start again with --overwrite, or choose another folder with -o",
            )
    return [job for job in jobs if picture_key(job.image) not in done]


def _changed(jobs: Sequence[Job], left: Sequence[Job], since: float | None) -> int:
    """How many of the pictures that have a record were certainly changed after it was written."""
    if since is None:
        return 0
    fresh = set(left)
    count = 0
    for job in jobs:
        with suppress(OSError):
            status = os.stat(job.image)
            # Another file moved or copied to the name brings its own, older time of change.
            last = max(status.st_mtime, status.st_ctime)
            count += job not in fresh and last > since
    return count


def _of_this_call(outcome: Outcome, jobs: Sequence[Job], changed: int) -> Outcome:
    """The outcome without the records of pictures that this call did not ask for."""
    asked = {picture_key(job.image) for job in jobs}
    records = tuple(r for r in outcome.records if picture_key(r.image) in asked)
    others = len(outcome.records) - len(records)
    return replace(outcome, records=records, others=others, changed=changed)


def _inspect(
    source: Source,
    options: Options,
    folder: RunFolder,
    stop: Stop,
    run: dict[str, Any],
    jobs: Sequence[Job],
    rules: dict[str, tuple[Rule, ...]],
    watch: Watch,
) -> Outcome:
    """Run the loop, then bring the folder's description and report up to date."""
    plans = {item.name: item for item in source.plan.objects}
    batch = batch_size(options.batch_size, str(source.compute.device))
    drawing = Drawing(folder, options.maps, rules)
    loop = Run(
        drawing, folder.add, lambda: stop.asked, watch.inspected, batch, Clock(), stop.long_step
    )
    ledger = Ledger(run, folder, loop, folder.counts.total(), time.perf_counter())
    try:
        inspect_all(jobs, lambda name: _station(source, plans[name], rules[name]), loop)
    except Stopped:
        folder.sync()  # a long step was left: its pictures have no records, and --resume makes them
    except BaseException as error:
        ledger.close_failed(error)
        raise
    folder.sync()
    run = ledger.description("finished" if ledger.inspected == len(jobs) else "interrupted")
    with disk_told_plainly(folder.path):
        records = read_records(folder.path / RESULTS).records
    if run["status"] == "finished":
        folder.write(REPORT, _report(folder, run, records))
    folder.describe(run)
    return Outcome(records, run, stop, folder.dropped)


def _station(source: Source, item: ObjectPlan, rules: tuple[Rule, ...]) -> Station:
    return Station(source.build(item), rules, source.usual(item))


@dataclass(frozen=True, slots=True)
class Ledger:
    """Knows what `run.json` says at the end of a run, however it ends."""

    run: dict[str, Any]
    folder: RunFolder
    loop: Run
    before: int  # records of an earlier run
    started: float

    @property
    def inspected(self) -> int:
        """Records that this run wrote."""
        return self.folder.counts.total() - self.before

    def description(self, status: str, problem: str | None = None) -> dict[str, Any]:
        """The whole of `run.json`."""
        seconds = time.perf_counter() - self.started
        counts, clock, batch = self.folder.counts, self.loop.clock, self.loop.batch
        whole = finish(self.run, status, counts, self.inspected, seconds, clock, problem)
        return {**whole, "batch_size": batch.size, "batch_halved": batch.halved}

    def close_failed(self, error: BaseException) -> None:
        """Best effort: the failure itself is what the user must see."""
        status = "interrupted" if isinstance(error, KeyboardInterrupt) else "failed"
        problem = error.sentence if isinstance(error, Problem) else type(error).__name__
        with suppress(Problem):
            self.folder.describe(self.description(status, problem))


def _report(folder: RunFolder, run: dict[str, Any], records: Sequence[Record]) -> bytes:
    path = folder.path / PREVIEWS
    with disk_told_plainly(folder.path):
        previews = read_previews(path)
    return report_page(run, records, previews).encode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draws heat maps into `maps/` and previews for the report; called from several threads."""

    folder: RunFolder
    maps: MapKind
    rules: dict[str, tuple[Rule, ...]]

    def __call__(
        self, job: Job, picture: Picture, score: PictureScore, decision: Decision
    ) -> Drawn:
        """Write the map's file; a picture that cannot be read again has a verdict but no map."""
        preview = None
        if self.folder.wants_preview(decision.verdict):
            preview = preview_line(job.image, job.object, picture.preview, score.map)
        if self.maps == "none":
            return Drawn(None, preview)
        name = map_name(job.image, self.maps)
        path = self.folder.path / MAPS / name
        try:
            with disk_told_plainly(self.folder.path):
                path.parent.mkdir(exist_ok=True)
                note = self._write(path, job, picture, score)
        except (PictureError, MemoryError) as error:
            return Drawn(None, preview, f"no heat map could be drawn: {error or 'no memory left'}")
        return Drawn(f"{MAPS}/{name}", preview, note=note)

    def _write(self, path: Path, job: Job, picture: Picture, score: PictureScore) -> str | None:
        if self.maps == "npy":
            return write_raw(path, score.map, (picture.width, picture.height))
        image = read_rgb(Path(job.image), LARGEST, picture.sha256)
        above = [r.above for r in self.rules[job.object] if isinstance(r, AreaRule)]
        write_overlay(path, image, score.map, sorted(set(above)))
        return SMALLER if image.size != (picture.width, picture.height) else None
