"""Progress on standard error: bars on a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from math import ceil
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as Bars
from rich.text import Text

from promptdsl.cli.shown.terminal import say, tell_note
from promptdsl.files.naming import counted, shown
from promptdsl.results import Record

if TYPE_CHECKING:
    from promptdsl.training.loop import Told

LINE_SECONDS = 15.0
BROAD = 110  # columns from which all losses of a training have room behind its bar


class Progress:
    """How any command goes on: the Watch of inspect and evaluate, the Listener of training.

    `also` is told of every record, too; `kept` leaves all bars on the terminal.
    """

    def __init__(
        self,
        first: str | None = "loading",
        *,
        quiet: bool = False,
        kept: bool = False,
        console: Console | None = None,
        also: Callable[[Record], None] = lambda record: None,
    ) -> None:
        console = console or Console(stderr=True)
        console.soft_wrap = True  # the terminal breaks long sentences, so a command stays whole
        self._bars = None if quiet or not console.is_terminal else _bars(console, kept)
        self._narrow = console.width < BROAD
        self._first, self._quiet, self._kept, self._also = first, quiet, kept, also
        self._tasks: dict[str, TaskID] = {}
        self._name, self._total, self._done, self._earlier = "", 0, 0, 0
        self._began = self._said = time.monotonic()

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._bars is not None:
            self._bars.start()
        if self._first is not None:
            self._show(self._first)
        return self

    def __exit__(self, *fault: object) -> None:
        """Leave the terminal as it was."""
        if self._bars is not None:
            self._bars.stop()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The terminal without the bar, for what is to stay on it."""
        if self._bars is not None:
            self._bars.stop()
        try:
            yield
        finally:
            if self._bars is not None:
                self._bars.start()

    def step(self, what: str) -> None:
        """This is done now, however long it takes."""
        self._show(what)
        if self._bars is None and not self._quiet:
            say(what, err=True)

    def prepares(self, what: str, done: int, total: int) -> None:
        """So much of the prompts or references is encoded."""
        self._show(f"encoding {what}", done, total)

    def begins(self, total: int, done: int) -> None:
        """So many pictures or steps in all, so many of them done earlier."""
        self._total, self._done, self._earlier = total, done, done
        self._began = self._said = time.monotonic()

    def inspected(self, record: Record) -> None:
        """A record of a run was written."""
        self._done += 1
        self._also(record)
        self._show("inspecting", self._done, self._total, rate=self._rate())
        self._line(
            f"{self._done:,} of {self._total:,} pictures, {self._rate():.1f} pictures/s, "
            f"{self._left()} left"
        )

    def inspects(self, name: str, total: int) -> None:
        """So many pictures of this object come now."""
        self._name, self._total, self._done = name, total, 0
        self._show(f"inspecting {name}", 0, total)

    def advance(self, pictures: int) -> None:
        """So many more pictures of it were scored."""
        self._done += pictures
        self._show(f"inspecting {self._name}", self._done, self._total)
        self._line(f"{self._name}: {self._done:,} of {self._total:,} pictures")

    def measures(self, name: str) -> None:
        """The figures of this object are computed now."""
        self._show(f"measuring {name}")

    def counts(self, what: str, done: int, total: int) -> None:
        """So many pictures are encoded for a training, or judged after it."""
        self._show(what, done, total)
        self._line(f"{what}: {done:,} of {total:,}")

    def training(self, told: "Told") -> None:
        """A step of a training was made."""
        if self._total != told.steps:
            self.begins(told.steps, told.step - 1)
        self._done = told.step
        each = [f"{name} {value:.3f}" for name, value in told.losses.items()]
        losses = f"epoch {told.epoch}: {', '.join(each)}"
        ended = told.step == told.steps
        brief = "" if ended else f"epoch {told.epoch}: {each[-1]}"
        self._show("training", told.step, told.steps, more=brief if self._narrow else losses)
        self._line(f"training: {told.step:,} of {told.steps:,} {losses}, {self._left()} left")
        if ended and not self._quiet:
            self._print(f"trained {counted(told.steps, 'step')}: {losses}")

    def note(self, sentence: str) -> None:
        """Something that the user must know."""
        if self._bars is None:
            tell_note(sentence)
        else:
            self._print(f"note: {sentence}")

    def _show(
        self,
        what: str,
        done: int = 0,
        total: int | None = None,
        *,
        rate: float | None = None,
        more: str = "",
    ) -> None:
        if self._bars is None:
            return
        what = shown(what)
        if what not in self._tasks:
            while self._tasks and not self._kept:
                self._bars.remove_task(self._tasks.popitem()[1])
            self._tasks[what] = self._bars.add_task(
                what, total=total, completed=done, rate=rate, more=""
            )
        self._bars.update(self._tasks[what], completed=done, total=total, rate=rate, more=more)

    def _line(self, line: str) -> None:
        """A line where there are no bars, if the last one was some time ago."""
        now = time.monotonic()
        if self._bars is None and not self._quiet and now - self._said >= LINE_SECONDS:
            self._said = now
            say(line, err=True)

    def _print(self, line: str) -> None:
        if self._bars is None:
            say(line, err=True)
        else:
            self._bars.console.print(shown(line), markup=False, highlight=False)

    def _rate(self) -> float:
        """Pictures or steps a second."""
        return (self._done - self._earlier) / max(time.monotonic() - self._began, 1e-9)

    def _left(self) -> str:
        seconds = (self._total - self._done) / max(self._rate(), 1e-9)
        if seconds < 90:
            return f"{seconds:.0f} s"
        return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class _Rate(ProgressColumn):
    """Pictures per second."""

    def render(self, task: Task) -> Text:
        """Of the whole run: a bar that has just come back knows no speed of its own."""
        rate = task.fields["rate"]
        return Text("" if rate is None else f"{rate:.1f}/s", "progress.data.speed")


class _Count(MofNCompleteColumn):
    """`3/24`."""

    def render(self, task: Task) -> Text:
        """Nothing where it is not known how many there are."""
        return Text("") if task.total is None else super().render(task)


class _Left(TimeRemainingColumn):
    """`00:05`."""

    def render(self, task: Task) -> Text:
        """By the rate of the whole run, where there is one."""
        rate, left = task.fields["rate"], task.remaining
        if not rate or left is None or task.finished:
            return super().render(task)
        minutes, seconds = divmod(ceil(left / rate), 60)
        hours, minutes = divmod(minutes, 60)
        text = f"{minutes:02d}:{seconds:02d}"
        return Text(f"{hours}:{text}" if hours else text, "progress.remaining")


def _bars(console: Console, kept: bool) -> Bars:
    return Bars(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24 if kept else 40),  # a training's losses stand behind its bar
        _Count(),
        _Rate(),
        _Left(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[more]}", markup=False),
        console=console,
        transient=not kept,
    )
