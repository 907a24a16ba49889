"""One user at a time of work buffers: threads by a lock, streams of a card by an event.

Work on a card goes on after the call that started it has returned, so that a lock alone keeps two
threads apart and not what two streams still compute.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import torch


class Turns:
    """Hands the buffers to one user after another."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: torch.cuda.Event | None = None  # the end of what the last user started

    @contextmanager
    def take(self, device: torch.device) -> Iterator[None]:
        """While open, nobody else uses the buffers, on the processor or on the card."""
        with self._lock:
            if device.type != "cuda":
                yield
                return
            stream = torch.cuda.current_stream(device)
            if self._done is not None:
                stream.wait_event(self._done)
            try:
                yield
            finally:
                self._done = stream.record_event()
