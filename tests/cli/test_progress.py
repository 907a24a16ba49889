"""One display of progress for all commands: what it says on a terminal, and what elsewhere."""

import re
import sys
from dataclasses import dataclass
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from promptdsl.cli.shown import progress as module
from promptdsl.cli.shown.progress import Progress
from promptdsl.results import Record

ERASED = "\x1b[2K"  # the line of the bar
RECORD = Record("a.png", "nut", 0.5, "pass")


@dataclass
class Clock:
    now: float = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def terminal() -> tuple[StringIO, Console]:
    stream = StringIO()
    return stream, Console(file=stream, force_terminal=True, width=120, legacy_windows=False)


def told(step: int, steps: int) -> Any:
    return SimpleNamespace(step=step, steps=steps, epoch=1, losses={"loss": 0.5, "dice": 0.25})


def test_what_is_printed_meanwhile_begins_on_an_empty_line() -> None:
    stream, console = terminal()
    with Progress(console=console) as progress:
        progress.inspects("nut", 2)
        with progress.aside():
            stream.write("a table\n")
        progress.advance(2)
    before, after = stream.getvalue().split("a table\n")
    assert "inspecting nut" in before and before.endswith(ERASED)
    assert "2/2" in after


def test_a_long_sentence_keeps_its_command_whole_beside_a_bar() -> None:
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=40, legacy_windows=False)
    sentence = "the words changed; `promptdsl calibrate nut.inspect` makes them true again"
    with Progress(console=console) as progress:
        progress.note(sentence)
        sys.stderr.write(f"warning: {sentence}\n")
    assert f"note: {sentence}\n" in stream.getvalue()
    assert f"warning: {sentence}\n" in stream.getvalue()


def test_speed_is_that_of_the_whole_run_and_not_of_the_last_batch(clock: Clock) -> None:
    stream, console = terminal()
    with Progress(console=console) as progress:
        progress.begins(4, 0)
        clock.now = 2.0
        for _ in range(4):
            progress.inspected(RECORD)
    assert "4/4 2.0/s" in re.sub(r"\x1b\[[\d;]*m", "", stream.getvalue())


def test_without_a_terminal_there_is_nothing_to_put_aside() -> None:
    elsewhere = StringIO()
    with Progress(console=Console(file=elsewhere)) as progress, progress.aside():
        elsewhere.write("a table\n")
    assert elsewhere.getvalue() == "a table\n"


def test_lines_of_a_run(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[Record] = []
    with Progress("loading the model", also=seen.append) as progress:
        progress.begins(1200, 199)
        for clock.now in (10, 20, 30, 40, 50):
            progress.inspected(RECORD)
    assert capsys.readouterr().err.splitlines() == [
        "201 of 1,200 pictures, 0.1 pictures/s, 2.8 h left",
        "203 of 1,200 pictures, 0.1 pictures/s, 2.8 h left",
    ]
    assert seen == [RECORD] * 5


def test_lines_of_a_validation_and_of_a_training(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with Progress() as progress:
        progress.inspects("nut\x1b[2J", 30)
        for clock.now in (10, 20):
            progress.advance(10)
        for clock.now in (30, 40):
            progress.counts("encoding pictures", 3, 8)
        for clock.now, step in ((50, 1), (60, 2), (70, 3)):
            progress.training(told(step, 3))
    assert capsys.readouterr().err.splitlines() == [
        "nut␛[2J: 20 of 30 pictures",
        "encoding pictures: 3 of 8",
        "training: 3 of 3 epoch 1: loss 0.500, dice 0.250, 0 s left",
        "trained 3 steps: epoch 1: loss 0.500, dice 0.250",
    ]


@pytest.mark.parametrize(("pictures", "left"), [(5, "60 s"), (201, "50 min"), (2001, "8.3 h")])
def test_how_long_it_still_takes(
    clock: Clock, capsys: pytest.CaptureFixture[str], pictures: int, left: str
) -> None:
    with Progress() as progress:
        progress.begins(pictures, 0)
        clock.now = 15
        progress.inspected(RECORD)
    assert f"{left} left" in capsys.readouterr().err


def test_quiet_says_nothing_but_notes(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(quiet=True) as progress:
        progress.inspects("nut", 9)
        for step in range(1, 10):
            clock.now += 20
            progress.step("loading")
            progress.advance(1)
            progress.training(told(step, 9))
        progress.note("going on from a.state")
    assert capsys.readouterr().err == "note: going on from a.state\n"


def test_steps_are_told_at_once_where_there_is_no_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress() as progress:
        progress.step("fp32, batch 1")
    assert capsys.readouterr().err == "fp32, batch 1\n"


def test_bars_of_a_run() -> None:
    stream, console = terminal()
    with Progress("loading the model", console=console) as progress:
        progress.begins(3, 1)
        progress.prepares("prompts", 1, 2)
        progress.inspected(RECORD)
        progress.inspected(RECORD)
    shown = stream.getvalue()
    assert "loading the model" in shown and "inspecting" in shown and "3/3" in shown


def test_the_rate_of_a_bar_that_came_back_is_that_of_the_run(clock: Clock) -> None:
    stream, console = terminal()
    with Progress("loading the model", console=console) as progress:
        progress.begins(30, 0)
        for clock.now in (1, 2, 3):
            progress.inspected(RECORD)
        progress.prepares("prompts", 8, 8)  # of the next object: the bar before goes
        for clock.now in (4, 4, 4):
            progress.inspected(RECORD)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert set(re.findall(r"[0-9.]+/s", shown)) <= {"1.0/s", "1.2/s", "1.5/s"}
    assert "6/30 1.5/s 00:16" in shown
    assert "?" not in shown, "no `0/?` where it is not known how many there are"


@pytest.mark.parametrize("width", [80, 120])
def test_a_training_leaves_room_for_bars_and_counts(width: int) -> None:
    stream = StringIO()
    console = Console(file=stream, force_terminal=True, width=width, legacy_windows=False)
    with Progress(None, kept=True, console=console) as progress:
        progress.counts("encoding pictures", 12, 12)
        for step in range(1, 13):
            progress.training(told(step, 12))
        progress.counts("judging on held-out pictures", 1, 12)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert "…" not in shown
    assert "12/12" in shown and "trained 12 steps: epoch 1: loss 0.500, dice 0.250" in shown
    assert "1/12" in shown.splitlines()[-1] and "━" in shown.splitlines()[-1]


def test_bars_of_a_training_stay() -> None:
    stream, console = terminal()
    with Progress(None, kept=True, console=console) as progress:
        progress.counts("encoding pictures", 2, 2)
        progress.note("going on from [a].state")
        progress.training(told(1, 1))
        progress.counts("judging on held-out pictures", 4, 4)
    shown = stream.getvalue()
    assert "note: going on from [a].state\n" in shown
    assert "trained 1 step: epoch 1: loss 0.500, dice 0.250\n" in shown
    last = shown[shown.rindex("encoding pictures") :]
    assert "loss 0.500, dice 0.250" in last and "judging on held-out pictures" in last
