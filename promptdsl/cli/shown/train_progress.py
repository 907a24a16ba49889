"""How a training goes on: bars on a terminal, a line now and then elsewhere."""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from promptdsl.cli.shown.terminal import say, tell_note
from promptdsl.files.naming import shown

if TYPE_CHECKING:
    from promptdsl.training.loop import Told

LINE_SECONDS = 15.0


class TrainProgress:
    """Implements `promptdsl.training.run.Listener`; use as a context manager."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        self._quiet, self._console = quiet, console
        self._bar = _bar(console) if console.is_terminal and not quiet else None
        self._tasks: dict[str, TaskID] = {}
        self._said = self._began = time.monotonic()
        self._first_step: int | None = None

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._bar is not None:
            self._bar.start()
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
        if kind is KeyboardInterrupt:
            tell_note("the same command goes on from the last saved step", "stopped")

    def encoding(self, done: int, total: int) -> None:
        """So many pictures are encoded."""
        self._advance("encoding pictures", done, total)

    def judging(self, done: int, total: int) -> None:
        """So many held-out pictures are scored."""
        self._advance("judging on held-out pictures", done, total)

    def training(self, told: "Told") -> None:
        """A step was made."""
        if self._first_step is None:
            self._first_step, self._began = told.step - 1, time.monotonic()
        self._advance("training", told.step, told.steps, _losses(told))
        if told.step == told.steps and not self._quiet:
            self._say(f"trained {told.steps:,} steps: {_losses(told)}")

    def note(self, sentence: str) -> None:
        """Something that the user must know."""
        if self._bar is not None:
            self._bar.console.print(f"note: {shown(sentence)}", markup=False, highlight=False)
        else:
            tell_note(sentence)

    def _advance(self, what: str, done: int, total: int, more: str = "") -> None:
        if self._bar is not None:
            if what not in self._tasks:
                self._tasks[what] = self._bar.add_task(what, total=total, more="")
            self._bar.update(self._tasks[what], completed=done, total=total, more=more)
        elif not self._quiet and time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            left = self._left(what, done, total)
            say(f"{what}: {done:,} of {total:,} {more}{left}", err=True)

    def _left(self, what: str, done: int, total: int) -> str:
        if what != "training" or self._first_step is None or done == self._first_step:
            return ""
        each = (time.monotonic() - self._began) / (done - self._first_step)
        seconds = each * (total - done)
        return f", {seconds:.0f} s left" if seconds < 120 else f", {seconds / 60:.0f} min left"

    def _say(self, line: str) -> None:
        if self._bar is not None:
            self._bar.console.print(shown(line), markup=False, highlight=False)
        else:
            say(line, err=True)


def _losses(told: "Told") -> str:
    parts = ", ".join(f"{name} {value:.3f}" for name, value in told.losses.items())
    return f"epoch {told.epoch}: {parts}"


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        TextColumn("{task.fields[more]}"),
        console=console,
    )
