"""Progress on standard error: a bar on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from promptdsl.cli.shown.terminal import say
from promptdsl.results import Record

LINE_SECONDS = 15.0


class _Rate(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        """The speed, once there is one."""
        return Text(f"{task.speed:.1f}/s" if task.speed else "", "progress.data.speed")


class RunProgress:
    """Shows how a run goes on; use as a context manager. `also` is told of every record too."""

    def __init__(self, console: Console, *, quiet: bool, also: Callable[[Record], None]) -> None:
        self._quiet, self._also = quiet, also
        self._bar = _bar(console) if console.is_terminal and not quiet else None
        self._task: TaskID | None = None
        self._steps: dict[str, TaskID] = {}
        self._total = self._done = self._earlier = 0
        self._started = self._said = time.monotonic()

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._bar is not None:
            self._bar.start()
            self._steps["model"] = self._bar.add_task("loading the model", total=None)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""
        if self._bar is not None:
            self._bar.stop()

    def prepares(self, what: str, done: int, total: int) -> None:
        """So much of the prompts or references is encoded."""
        if self._bar is not None:
            if what not in self._steps:
                self._steps[what] = self._bar.add_task(f"encoding {what}", total=total)
            self._bar.update(self._steps[what], completed=done, total=total, visible=done < total)

    def begins(self, total: int, done: int) -> None:
        """So many pictures in all, so many of them inspected by an earlier run."""
        self._total, self._done, self._earlier = total, done, done
        self._started = self._said = time.monotonic()
        if self._bar is not None:
            self._task = self._bar.add_task("inspecting", total=total, completed=done)

    def inspected(self, record: Record) -> None:
        """A record was written."""
        self._done += 1
        self._also(record)
        if self._bar is not None and self._task is not None:
            self._hide_steps()
            self._bar.advance(self._task)
        elif not self._quiet and time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            say(self._line(), err=True)

    def _hide_steps(self) -> None:
        if self._bar is not None and self._steps:
            for step in self._steps.values():
                self._bar.remove_task(step)
            self._steps.clear()

    def _line(self) -> str:
        rate = (self._done - self._earlier) / max(time.monotonic() - self._started, 1e-9)
        left = (self._total - self._done) / max(rate, 1e-9)
        return (
            f"{self._done:,} of {self._total:,} pictures, {rate:.1f} pictures/s, "
            f"{_duration(left)} left"
        )


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        _Rate(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        transient=True,
    )


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
