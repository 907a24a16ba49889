"""Ctrl-C and SIGTERM: the first asks for a clean end, the second ends at once.

A clean end waits for what is under way, so that no record is half written. A step that only
computes may take minutes, though: it is declared as a long step, and left when it has not ended
`PATIENCE` seconds after the signal. Python can only leave between two operations, so that the
engine cuts its largest ones (`tower.py`, `attention.py`).
"""

import _thread
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 0.4  # seconds that a long step may still take to end by itself


class Stopped(KeyboardInterrupt):
    """Asked to end by a signal, in the middle of something."""

    def __init__(self, exit_code: int) -> None:
        super().__init__()
        self.exit_code = exit_code


@dataclass(slots=True)
class Stop:
    """Which signal asked the run to end, if any."""

    signal: int | None = None
    _inside: int = 0  # long steps
    _timer: threading.Timer | None = None
    _waited: bool = False  # the next interrupt comes from the timer

    @property
    def asked(self) -> bool:
        """True once a clean end was asked for."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or 0)

    @contextmanager
    def long_step(self) -> Iterator[None]:
        """While open, a signal ends the step soon, by raising Stopped; nothing may be half done."""
        if self.asked:
            raise Stopped(self.exit_code)
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1

    def note(self, number: int, frame: FrameType | None = None) -> None:
        """The signal handler."""
        if self.asked:
            from_timer, self._waited = self._waited, False
            if not from_timer or self._inside:
                raise Stopped(self.exit_code)
            return
        self.signal = number
        if sys.stderr.isatty():
            os.write(2, b"\nstopping after this batch; once more stops at once\n")
        self._timer = threading.Timer(PATIENCE, self._time_is_up)
        self._timer.daemon = True
        self._timer.start()

    def _time_is_up(self) -> None:
        self._waited = True
        main = threading.main_thread().ident
        if main is not None and hasattr(signal, "pthread_kill"):
            signal.pthread_kill(main, signal.SIGINT)  # wakes it, also from a sleep or a wait
        else:
            _thread.interrupt_main()

    def end_waiting(self) -> None:
        """No interrupt comes from the timer any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            time.sleep(0)  # one that came just now is handled here


@contextmanager
def clean_stop() -> Iterator[Stop]:
    """While open, signals are noted instead of raising; only the main thread can do that."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = {number: signal.signal(number, stop.note) for number in SIGNALS}
    try:
        yield stop
    finally:
        stop.end_waiting()
        for number, handler in before.items():
            signal.signal(number, handler)
