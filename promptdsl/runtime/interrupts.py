"""Ctrl-C and SIGTERM: the first asks for a clean end, the second ends at once."""

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class Stop:
    """Which signal asked the run to end, if any."""

    signal: int | None = None

    @property
    def asked(self) -> bool:
        """True once a clean end was asked for."""
        return self.signal is not None

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM."""
        return 128 + (self.signal or 0)


@contextmanager
def clean_stop() -> Iterator[Stop]:
    """While open, signals are noted instead of raising; only the main thread can do that."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def note(number: int, frame: FrameType | None) -> None:
        if stop.asked:
            raise KeyboardInterrupt
        stop.signal = number
        if sys.stderr.isatty():
            os.write(2, b"\nstopping after this batch; once more stops at once\n")

    before = {number: signal.signal(number, note) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
