"""The run loop: decode ahead, score in batches, decide, draw, append; one record per picture.

Scoring happens in the calling thread; decoding before it and drawing after it in worker threads.
Records are written in the order of the inputs, each only after its heat map.
"""

import math
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from itertools import groupby, islice
from typing import Protocol

from promptdsl.engine.device import workers
from promptdsl.inspect.run_folder import Finished
from promptdsl.judge.verdict import Decision, decide
from promptdsl.pictures.gate import Usual
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import Picture
from promptdsl.plan.model import Rule
from promptdsl.results import PictureScore, Record, name_first
from promptdsl.scoring.batching import BatchSize, score_pictures
from promptdsl.scoring.decoding import Decoded, decode_ahead
from promptdsl.scoring.detector import Detector, engine_notes

DRAWING_THREADS = 2


@dataclass(frozen=True, slots=True)
class Job:
    """A picture to inspect as an object."""

    image: str
    object: str


@dataclass(frozen=True, slots=True)
class Station:
    """All that inspecting one object takes."""

    detector: Detector
    rules: tuple[Rule, ...]
    references: Usual | None = None  # what its pictures usually look like


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn: the map's path relative to the output folder, and the preview's line."""

    map: str | None
    preview: str | None
    problem: str | None = None  # why there is no map although one was asked for
    note: str | None = None  # what to count and tell at the end


class Draw(Protocol):
    """Draws one picture's heat map and preview; called from several threads."""

    def __call__(
        self, job: Job, picture: Picture, score: PictureScore, decision: Decision
    ) -> Drawn:
        """Write the map's file and give its name; EnvironmentProblem when the disk fails."""
        ...


@dataclass(slots=True)
class Clock:
    """Seconds spent waiting for decoding, scoring, and waiting for drawing and the disk."""

    decoding: float = 0.0
    scoring: float = 0.0
    writing: float = 0.0
    notes: Counter[str] = field(default_factory=Counter)
    noted: dict[str, list[str]] = field(default_factory=dict)  # note -> the first few pictures
    engine: dict[str, None] = field(default_factory=dict)  # what the engine did without, in order


@dataclass(frozen=True, slots=True)
class Run:
    """The loop's surroundings: where records go, when to stop, whom to tell."""

    draw: Draw
    add: Callable[[Sequence[Finished]], None]
    stop: Callable[[], bool]
    tell: Callable[[Record], None]
    batch: BatchSize
    clock: Clock
    long_step: Callable[[], AbstractContextManager[None]] = nullcontext


Pending = deque[Future[Finished]]


def inspect_all(jobs: Iterable[Job], station_for: Callable[[str], Station], run: Run) -> None:
    """Inspect jobs object by object until done or asked to stop; every picture gives one record."""
    for name, group in groupby(jobs, key=lambda job: job.object):
        if run.stop():
            return
        with run.long_step():
            station = station_for(name)
        _inspect_object(list(group), station, run)


def _inspect_object(jobs: Sequence[Job], station: Station, run: Run) -> None:
    pictures = decode_ahead(
        (job.image for job in jobs),
        station.detector.size,
        lambda: 2 * run.batch.size + 2,
        station.references,
    )
    pending: Pending = deque()
    with ThreadPoolExecutor(workers(DRAWING_THREADS), thread_name_prefix="draw") as pool:
        try:
            for batch in _batches(zip(jobs, pictures, strict=True), run):
                pending.extend(_submit(batch, station, run, pool))
                _write(pending, run, at_most=2 * run.batch.size)
            _write(pending, run, at_most=0)
        finally:
            run.clock.engine |= dict.fromkeys(engine_notes(station.detector))
            pool.shutdown(wait=True, cancel_futures=True)
            pictures.close()


def _batches(
    decoded: Iterator[tuple[Job, Decoded]], run: Run
) -> Iterator[list[tuple[Job, Decoded]]]:
    """Groups of as many pictures as the batch size is at that moment."""
    while not run.stop():
        start = time.perf_counter()
        with run.long_step():
            batch = list(islice(decoded, run.batch.size))
        run.clock.decoding += time.perf_counter() - start
        if not batch:
            return
        yield batch


def _submit(
    batch: Sequence[tuple[Job, Decoded]], station: Station, run: Run, pool: ThreadPoolExecutor
) -> Iterator[Future[Finished]]:
    """Score a batch and hand each picture on, in order."""
    pictures = [picture for _, picture in batch if isinstance(picture, Picture)]
    scores = iter(_timed_scores(pictures, station, run))
    for job, picture in batch:
        if isinstance(picture, PictureError):
            yield pool.submit(_failed, job, str(picture))
        else:
            yield pool.submit(_finish, job, picture, next(scores), station, run.draw)


def _timed_scores(pictures: Sequence[Picture], station: Station, run: Run) -> list[PictureScore]:
    start = time.perf_counter()
    with run.long_step():
        scores = score_pictures(station.detector, pictures, run.batch)
    seconds = time.perf_counter() - start
    run.clock.scoring += seconds
    run.batch.took(len(pictures), seconds)
    return scores


def _finish(
    job: Job, picture: Picture, score: PictureScore, station: Station, draw: Draw
) -> Finished:
    """Decide and draw; runs in a worker thread."""
    try:
        value = float(score.score)  # decided by the very number that is written
        decision = decide(value, score.map, station.rules)
        _refuse_no_numbers(score.defects)
    except ValueError as error:
        return _failed(job, str(error))
    drawn = draw(job, picture, score, decision)
    record = Record(
        image=job.image,
        object=job.object,
        score=value,
        verdict=decision.verdict,
        rule=decision.rule,
        defect=max(score.defects, key=lambda name: score.defects[name], default=None),
        defects={name: float(share) for name, share in score.defects.items()},
        area=decision.area,
        map=drawn.map,
        error=drawn.problem,
    )
    return Finished(record, drawn.preview, (*picture.notes, *filter(None, [drawn.note])))


def _refuse_no_numbers(defects: Mapping[str, float]) -> None:
    if not all(math.isfinite(share) for share in defects.values()):
        raise ValueError("the model gave a probability that is not a number")


def _failed(job: Job, sentence: str) -> Finished:
    return Finished(
        Record(image=job.image, object=job.object, score=None, verdict="error", error=sentence)
    )


def _write(pending: Pending, run: Run, at_most: int) -> None:
    """Write what is ready, in order, and wait until at most so many are left."""
    start = time.perf_counter()
    ready: list[Finished] = []
    while pending and (len(pending) > at_most or pending[0].done()):
        ready.append(pending.popleft().result())
    if ready:
        run.add(ready)
    run.clock.writing += time.perf_counter() - start
    for item in ready:
        run.clock.notes.update(item.notes)
        name_first(run.clock.noted, item.notes, item.record.image)
        run.tell(item.record)
