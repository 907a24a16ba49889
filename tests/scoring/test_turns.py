"""Work buffers have one user at a time, whether threads or streams ask for them."""

import threading
import time

import pytest
import torch

from promptdsl.engine.turns import Turns


def test_threads_take_turns() -> None:
    turns, inside, most = Turns(), [], []

    def work() -> None:
        with turns.take(torch.device("cpu")):
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.01)
            inside.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1, 1]


class Stream:
    """Writes down what a card would be told."""

    def __init__(self, name: str, told: list[str]) -> None:
        self.name, self.told = name, told

    def wait_event(self, event: str) -> None:
        self.told.append(f"{self.name} waits for {event}")

    def record_event(self) -> str:
        return f"the end of {self.name}"


def test_a_stream_waits_for_the_end_of_the_last_users_work(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    streams = iter([Stream("one", told), Stream("two", told), Stream("three", told)])
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: next(streams))
    turns = Turns()
    for number in range(3):
        try:
            with turns.take(torch.device("cuda")):
                told.append("works")
                if number == 1:
                    raise torch.OutOfMemoryError
        except torch.OutOfMemoryError:
            pass
    assert told == [
        "works",
        "two waits for the end of one",
        "works",
        "three waits for the end of two",
        "works",
    ]
