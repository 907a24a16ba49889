"""Pictures in, verdicts out: the one way in which pictures are inspected.

Scoring happens in the calling thread, decoding ahead of it in worker threads. `promptdsl run`
writes down what comes out here; programs get it as a `Result` each.
"""

import math
import os
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path

from PIL import Image

from promptdsl.errors import PictureProblem, SpecProblem, UsageProblem
from promptdsl.files.naming import shown
from promptdsl.inspect.jobs import Given, Job, job_of, only_object
from promptdsl.inspect.result import Result
from promptdsl.inspect.source import Source
from promptdsl.inspect.traces import asks_for_spots, largest, part_notes, told_spots, traced
from promptdsl.judge.measures import areas_in, others_in
from promptdsl.judge.places import Layout, lying
from promptdsl.judge.stale import stale
from promptdsl.judge.verdict import decide, resolve
from promptdsl.pictures.gate import Usual
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import Picture
from promptdsl.plan.model import ObjectPlan, Plan, Rule
from promptdsl.results import PictureScore, Record
from promptdsl.scoring.batching import BatchSize, batch_size, score_pieces
from promptdsl.scoring.decoding import Unread, pieces_ahead
from promptdsl.scoring.detector import Detector, engine_notes
from promptdsl.scoring.pieces import Decoded, Piece, next_pieces
from promptdsl.scoring.views import Viewing, viewing_of

Finished = tuple[Decoded, PictureScore | None]


@dataclass(frozen=True, slots=True)
class Station:
    """All that inspecting one object takes."""

    detector: Detector
    rules: tuple[Rule, ...]  # with the calibrated numbers
    viewing: Viewing
    references: Usual | None = None  # what its pictures usually look like
    layout: Layout | None = None  # its regions and what it ignores


@dataclass(slots=True)
class Pace:
    """How many pictures go through the model at once, when to stop, and what was counted."""

    batch: BatchSize
    stop: Callable[[], bool] = lambda: False
    long_step: Callable[[], AbstractContextManager[None]] = nullcontext
    decoding: float = 0.0  # seconds spent waiting for pictures
    scoring: float = 0.0
    writing: float = 0.0  # waiting for drawing and the disk
    engine: dict[str, None] = field(default_factory=dict)  # what the engine did without, in order
    notes: Counter[str] = field(default_factory=Counter)
    noted: dict[str, list[str]] = field(default_factory=dict)  # note -> the first few pictures


@dataclass(frozen=True, slots=True)
class Inspected:
    """A picture's record, and what it was made from where there is a verdict."""

    record: Record
    picture: Picture | None = None
    score: PictureScore | None = None
    notes: tuple[str, ...] = ()
    item: ObjectPlan | None = None
    layout: Layout | None = None


class Inspector:
    """A spec or a compiled plan, ready to inspect pictures; any number of threads may use it.

    `promptdsl.load` makes one. It holds no file open and needs no closing.
    """

    def __init__(self, source: Source, object: str | None = None, option: str = "object=") -> None:
        self.source = source
        self._only = only_object(source.plan, object, option)
        self._option = option
        self._stations: dict[str, Station] = {}
        self._building = threading.Lock()

    @property
    def plan(self) -> Plan:
        """Everything that the spec means: prompts, settings, rules."""
        return self.source.plan

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects as which pictures may be inspected."""
        return (self._only,) if self._only else tuple(item.name for item in self.plan.objects)

    def warnings(self) -> list[str]:
        """Why verdicts may mean little, a sentence each: thresholds that nobody calibrated, or on
        what has changed since; pictures that the references leave out.

        Reads the pictures and weights that the calibration rests on, which may take a while.
        """
        found = []
        for item in self.plan.objects:
            if item.name not in self.objects:
                continue
            changes = self.source.changes(item, self.source.weights_hash(item))
            if changes:
                found.append(stale(item.name, changes, Path(self.source.path)))
            if item.default_thresholds:
                found.append(f"{item.name} has no thresholds; 0.5 is an uncalibrated default")
            found += self.source.references_left_out(item)
        return found

    def inspect(self, picture: Given) -> Result:
        """Inspect one picture: a path, a PIL image, or an array (H, W) or (H, W, 3) of uint8.

        Raises PictureProblem for a picture that cannot be inspected.
        """
        (result,) = self.inspect_many([picture], batch_size=1)
        if isinstance(result, PictureProblem):
            raise result
        return result

    def inspect_many(
        self, pictures: Iterable[Given], *, batch_size: int | None = None
    ) -> Iterator[Result | PictureProblem]:
        """Inspect pictures in batches, in their order; None looks for the fastest batch size.

        A picture that cannot be inspected gives a PictureProblem in its place, whose verdict is
        "error"; the others are inspected all the same.
        """
        if isinstance(pictures, str | os.PathLike | Image.Image):
            raise UsageProblem("inspect_many takes several pictures", "give a list, or use inspect")
        if batch_size is not None and batch_size < 1:
            raise UsageProblem(f"batch_size: {batch_size} is less than one picture")
        pace = Pace(self.batch(batch_size))
        jobs = (job_of(picture, self.plan, self._only, self._option) for picture in pictures)
        return (_result(one) for batch in self.batches(jobs, pace) for one in batch)

    def batch(self, asked: int | None) -> BatchSize:
        """A fixed batch size, or for None the search that suits the device."""
        return batch_size(asked, str(self.source.compute.device))

    def __repr__(self) -> str:
        objects, compute = ", ".join(self.objects), self.source.compute
        return f"<promptdsl.Inspector of {self.source.path}: {objects}; {compute.note}>"

    def batches(self, jobs: Iterable[Job], pace: Pace) -> Generator[list[Inspected], None, None]:
        """Inspect until done or asked to stop; every picture gives one record, in order."""
        for name, group in groupby(jobs, key=lambda job: job.object):
            if pace.stop():
                return
            with pace.long_step():
                station = self.station(name)
            for batch in _of_one_object(group, station, pace):
                # The list is emptied: maps may be large, and whoever asked has them alone.
                yield [self._traced(batch.pop(0), station) for _ in range(len(batch))]

    def _traced(self, one: Inspected, station: Station) -> Inspected:
        """With what traces it back, and a note where its name should tell the part and does not."""
        item = self._item(one.record.object)
        record = traced(one.record, one.picture, one.score, item, self.plan.hash)
        notes = one.picture.notes if one.picture else ()
        notes = (*notes, *part_notes(record, item))
        layout = lying(station.layout, one.score.pose if one.score else None)
        return replace(one, record=record, notes=notes, item=item, layout=layout)

    def _item(self, name: str) -> ObjectPlan:
        return next(item for item in self.plan.objects if item.name == name)

    def station(self, name: str) -> Station:
        """What inspects an object; made once, by the first thread that needs it."""
        if name in self._stations:
            return self._stations[name]
        with self._building:
            if name not in self._stations:
                item = self._item(name)
                rules = resolve(item, self.source.calibrated(item), self.source.path)
                places = self.source.places(item)
                layout = places.layout
                detector = self.source.build(item)
                usual = self.source.usual(item)
                viewing = viewing_of(item, detector, layout, places.golden)
                self._stations[name] = Station(detector, rules, viewing, usual, layout)
            return self._stations[name]


def _of_one_object(jobs: Iterable[Job], station: Station, pace: Pace) -> Iterator[list[Inspected]]:
    begun: deque[Job] = deque()

    def pictures() -> Iterator[Unread]:
        for job in jobs:
            begun.append(job)
            yield job.read or job.image

    viewing = station.viewing
    pieces = pieces_ahead(pictures(), viewing, lambda: 2 * pace.batch.size + 2, station.references)
    try:
        while not pace.stop():
            start = time.perf_counter()
            with pace.long_step():
                batch = next_pieces(pieces, pace.batch.size)
            pace.decoding += time.perf_counter() - start
            if not batch:
                return
            # Nothing is kept here: maps may be large.
            yield [
                _judged(begun.popleft(), picture, score, station)
                for picture, score in _scored(batch, station, pace)
            ]
    finally:
        pace.engine |= dict.fromkeys(engine_notes(station.detector))
        pieces.close()


def _scored(batch: Sequence[Piece], station: Station, pace: Pace) -> list[Finished]:
    """The pictures whose last view was in the batch, in their order."""
    pieces = [piece for piece in batch if piece.is_picture]
    start = time.perf_counter()
    with pace.long_step():
        scores = iter(score_pieces(station.detector, station.viewing, pieces, pace.batch))
    seconds = time.perf_counter() - start
    pace.scoring += seconds
    pace.batch.took(len(pieces), seconds)
    finished: list[Finished] = []
    for piece in batch:
        picture, stitcher = piece.of.picture, piece.of.stitcher
        if not isinstance(picture, Picture):
            finished.append((picture, None))
        elif stitcher is None or piece.view is None:
            size = picture.width, picture.height
            finished.append((picture, replace(next(scores), size=size)))
        else:
            stitcher.add(piece.view, next(scores))
            if stitcher.complete:
                finished.append((picture, stitcher.finished()))
    return finished


def _judged(job: Job, picture: Decoded, score: PictureScore | None, station: Station) -> Inspected:
    if not isinstance(picture, Picture) or score is None:
        assert isinstance(picture, PictureError)
        return _failed(job, picture)
    if score.size is None:  # sizes are those of the picture itself
        score = replace(score, size=(picture.width, picture.height))
    try:
        value = float(score.score)  # decided by the very number that is written
        decision = decide(score, station.rules, station.layout)
        if not all(map(math.isfinite, score.defects.values())):
            raise ValueError("the model gave a probability that is not a number")
    except (ValueError, SpecProblem) as error:
        return _failed(job, error)
    spots, left_out = largest(told_spots(decision.spots, station.rules))
    asked = asks_for_spots(station.rules, station.layout)
    record = Record(
        image=job.image,
        object=job.object,
        score=value,
        verdict=decision.verdict,
        rule=decision.rule,
        defect=max(score.defects, key=lambda name: score.defects[name], default=None),
        defects={name: float(share) for name, share in score.defects.items()},
        area=areas_in(decision.measures),
        measures=others_in(decision.measures) or None,
        spots=spots if asked else None,
        spots_left_out=left_out or None,
    )
    return Inspected(record, picture, score)


def _failed(job: Job, error: Exception) -> Inspected:
    record = Record(job.image, job.object, score=None, verdict="error", error=str(error))
    sha256 = error.sha256 if isinstance(error, PictureError) else None
    return Inspected(replace(record, picture_sha256=sha256))


def _result(one: Inspected) -> Result | PictureProblem:
    record = one.record
    if one.picture is None or one.score is None:
        reason = record.error or ""
        sentence = f"{shown(record.image)}: {reason}" if record.image else reason
        problem = PictureProblem(sentence, record.image, record.object, reason)
        problem.time, problem.plan_hash = record.time, record.plan_hash
        return problem
    return Result.of(record, one.picture, one.score, one.notes, one.layout)
