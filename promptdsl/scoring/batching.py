"""How many pictures go through the model at once: a fixed number, or the fastest one found.

`auto` doubles the batch while pictures per second grow by at least `WORTH_IT`, and then stays.
Where one picture takes long by itself (a large model on a processor) batches bring nothing but use
of memory, so it stays at one. Out of memory halves the batch for the rest of the run.
"""

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TypeVar

import torch

from promptdsl.errors import EnvironmentProblem
from promptdsl.pictures.reading import Picture
from promptdsl.results import PictureScore
from promptdsl.scoring.detector import Detector
from promptdsl.scoring.pieces import HasPixels, Piece, stacked, with_seen
from promptdsl.scoring.views import Viewing

WORTH_IT = 1.05
SLOW_SECONDS = 0.25  # a picture, beyond which no larger batch is tried
SAMPLES = 2  # full batches timed per size; the first of a size may include warming up
LARGEST = {"cpu": 16, "cuda": 256}
FIRST = {"cpu": 1, "cuda": 8}


T = TypeVar("T")
P = TypeVar("P", bound=HasPixels)


@dataclass(slots=True)
class BatchSize:
    """The current batch size; `searching` while larger ones are still being tried."""

    size: int
    largest: int
    searching: bool
    halved: int = 0
    _seconds: list[float] = field(default_factory=list)
    _previous_rate: float = 0.0

    def took(self, pictures: int, seconds: float) -> None:
        """Tell how long a batch took; in `auto` this decides the size of the next."""
        if not self.searching or pictures != self.size:
            return
        self._seconds.append(seconds)
        if len(self._seconds) >= SAMPLES:
            self._try_next(self.size / max(min(self._seconds), 1e-9))

    def halve(self) -> None:
        """After running out of memory; EnvironmentProblem when one picture is too much."""
        if self.size == 1:
            raise EnvironmentProblem(
                "there is not enough memory for a single picture",
                "free memory on the device, or choose --precision bf16 or --device cpu",
            )
        self.size //= 2
        self.largest = self.size
        self.searching = False
        self.halved += 1

    def _try_next(self, rate: float) -> None:
        self._seconds.clear()
        if rate < self._previous_rate * WORTH_IT:
            self.searching = False
            self.size = max(1, self.size // 2)
        elif self.size * 2 > self.largest or rate < 1 / SLOW_SECONDS:
            self.searching = False
        else:
            self._previous_rate = rate
            self.size *= 2


def batch_size(asked: int | None, device: str) -> BatchSize:
    """A fixed size, or for None the search that suits the device."""
    if asked is not None:
        return BatchSize(asked, asked, searching=False)
    kind = "cuda" if device.startswith("cuda") else "cpu"
    return BatchSize(FIRST[kind], LARGEST[kind], searching=True)


def score_pictures(
    detector: Detector, pictures: Sequence[Picture], batch: BatchSize
) -> list[PictureScore]:
    """Scores in the order of the pictures; out of memory halves the batch and goes on."""
    return list(chain.from_iterable(in_batches(_inspecting(detector), pictures, batch)))


def score_pieces(
    detector: Detector, viewing: Viewing, pieces: Sequence[Piece], batch: BatchSize
) -> list[PictureScore]:
    """Scores of views in their order; out of memory halves the batch and goes on."""
    if not viewing.masks:
        return list(chain.from_iterable(in_batches(_inspecting(detector), pieces, batch)))

    def work(part: Sequence[Piece]) -> list[PictureScore]:
        return detector.score(
            with_seen(detector.encode(stacked(part)), viewing, [piece.view for piece in part])
        )

    return list(chain.from_iterable(in_batches(work, pieces, batch)))


def _inspecting(detector: Detector) -> Callable[[Sequence[HasPixels]], list[PictureScore]]:
    return lambda part: detector.inspect(stacked(part))


def in_batches(
    work: Callable[[Sequence[P]], T],
    pictures: Sequence[P],
    batch: BatchSize,
    *,
    timed: bool = False,
) -> list[T]:
    """What `work` makes of all pictures, a batch at a time; out of memory halves the batch."""
    found: list[T] = []
    done = 0
    while done < len(pictures):
        part = pictures[done : done + batch.size]
        start = time.perf_counter()
        result = _result_or_none(work, part)
        if result is None:
            batch.halve()
            _release_memory()
            continue
        found.append(result)
        if timed:
            batch.took(len(part), time.perf_counter() - start)
        done += len(part)
    return found


def _result_or_none(work: Callable[[Sequence[P]], T], part: Sequence[P]) -> T | None:
    """The result, or None when memory ran out; what the error held is free again by then."""
    try:
        return work(part)
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            return None
        raise EnvironmentProblem(f"the device failed: {_first_line(error)}") from error


def is_out_of_memory(error: BaseException) -> bool:
    """True for the exceptions by which torch, NumPy and Python tell that memory ran out."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()
    return "out of memory" in text or "can't allocate memory" in text or "alloc_failed" in text


def _release_memory() -> None:
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]
