"""Encoders that detectors share: the weights of a model stand in memory once.

Objects that differ only in their words and references use one encoder. Detectors may work in
several threads, so looking one up, making it and running it are each done by one thread at a time.
"""

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

E = TypeVar("E")


class SharedEncoders(Generic[E]):
    """Encoders by all that makes them alike; one goes when its last detector goes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakValueDictionary[Hashable, E] = WeakValueDictionary()

    def find(self, key: Hashable, make: Callable[[], E]) -> E:
        """The encoder of that key; made by the first thread that asks, waited for by the others."""
        with self._lock:
            encoder = self._known.get(key)
            if encoder is None:
                encoder = make()
                self._known[key] = encoder
            return encoder
