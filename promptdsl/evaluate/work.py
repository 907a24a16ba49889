"""What pictures are scored with, who is told of the progress, and how several objects are done."""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, TypeVar

from promptdsl.engine.device import Compute
from promptdsl.errors import Problem
from promptdsl.plan.model import ObjectPlan
from promptdsl.scoring.cached_scoring import Scoring, open_scoring
from promptdsl.scoring.feature_cache import DEFAULT_LIMIT, FeatureCache

Job = TypeVar("Job")
Done = TypeVar("Done")


class Watch(Protocol):
    """Who is told of the progress."""

    def prepares(self, what: str, done: int, total: int) -> None:
        """So much of the prompts or references is encoded."""

    def inspects(self, name: str, total: int) -> None:
        """So many pictures of this object come now."""

    def advance(self, pictures: int) -> None:
        """So many more pictures were scored."""

    def measures(self, name: str) -> None:
        """The figures of this object are computed now."""

    def aside(self) -> AbstractContextManager[None]:
        """While something is told that is to stay on the terminal."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """Device, cache and watcher of one command."""

    compute: Compute
    cache: FeatureCache | None
    watch: Watch

    def open(self, item: ObjectPlan, folder: Path) -> Scoring:
        """The scoring of an object; `folder` is the spec's."""
        return open_scoring(item, folder, self.compute, self.cache, self.watch.prepares)

    @contextmanager
    def with_cache(self) -> Iterator["Work"]:
        """The same; where the cache is switched off, with one that is gone afterwards."""
        if self.cache is not None:
            yield self
            return
        with tempfile.TemporaryDirectory(prefix="promptdsl-") as folder:
            yield replace(self, cache=FeatureCache(Path(folder), DEFAULT_LIMIT))


def until_problem(
    jobs: Iterable[Job], do: Callable[[Job], Done]
) -> tuple[list[Done], Problem | None]:
    """What is finished, and what stopped it; raises where nothing is finished yet."""
    finished: list[Done] = []
    for job in jobs:
        try:
            finished.append(do(job))
        except Problem as problem:
            if not finished:
                raise
            return finished, problem
    return finished, None
