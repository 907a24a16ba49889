"""Progress of validation and calibration on standard error."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from promptdsl.cli.shown.terminal import say
from promptdsl.files.naming import shown

LINE_SECONDS = 15.0


class ValidationProgress:
    """A bar on a terminal, a line now and then elsewhere; a `validation.run.Watch`."""

    def __init__(self, console: Console, *, quiet: bool) -> None:
        """Nothing is drawn until it is entered."""
        self._quiet = quiet
        self._bar = _bar(console) if console.is_terminal and not quiet else None
        self._task: TaskID | None = None
        self._name, self._total, self._done = "", 0, 0
        self._said = time.monotonic()

    def __enter__(self) -> Self:
        """Start drawing."""
        if self._bar is not None:
            self._bar.start()
            self._task = self._bar.add_task("loading", total=None)
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

    @contextmanager
    def aside(self) -> Iterator[None]:
        """The terminal without the bar, for what is to stay on it."""
        if self._bar is not None:
            self._bar.stop()
        try:
            yield
        finally:
            if self._bar is not None:
                self._bar.start()

    def prepares(self, what: str, done: int, total: int) -> None:
        """So much of the prompts or references is encoded."""
        self._show(f"encoding {what}", done, total)

    def inspects(self, name: str, total: int) -> None:
        """So many pictures of this object come now."""
        self._name, self._total, self._done = name, total, 0
        self._show(f"inspecting {name}", 0, total)

    def advance(self, pictures: int) -> None:
        """So many more pictures were scored."""
        self._done += pictures
        self._show(f"inspecting {self._name}", self._done, self._total)
        if self._bar is None and not self._quiet and time.monotonic() - self._said >= LINE_SECONDS:
            self._said = time.monotonic()
            say(f"{shown(self._name)}: {self._done:,} of {self._total:,} pictures", err=True)

    def measures(self, name: str) -> None:
        """The figures of this object are computed now."""
        self._show(f"measuring {name}", 0, None)

    def _show(self, what: str, done: int, total: int | None) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(
                self._task, description=escape(shown(what)), completed=done, total=total
            )


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
        transient=True,
    )
