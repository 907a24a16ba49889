"""Signals: a clean end where something is under way, a quick one within a long step."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from promptdsl.clip import attention
from promptdsl.clip.attention import attend
from promptdsl.clip.tower import Linear
from promptdsl.inspect import interrupts
from promptdsl.inspect.interrupts import Stopped, clean_stop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX's here")


def later(seconds: float, what: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, what)
    timer.daemon = True
    timer.start()


def send(number: int) -> Callable[[], None]:
    return lambda: os.kill(os.getpid(), number)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(interrupts, "PATIENCE", 0.1)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_long_step_is_left_soon(number: int, code: int) -> None:
    start = time.monotonic()
    with clean_stop() as stop:
        later(0.05, send(number))
        with pytest.raises(Stopped) as caught, stop.long_step():
            time.sleep(60)
        assert stop.asked and caught.value.exit_code == stop.exit_code == code
        with pytest.raises(Stopped), stop.long_step():
            pytest.fail("no long step begins after that")
    assert time.monotonic() - start < 20


def test_a_step_that_ends_by_itself_is_not_left() -> None:
    with clean_stop() as stop:
        with stop.long_step():
            send(signal.SIGINT)()
            done = sum(range(1000))
        assert stop.asked and done == 499_500
        time.sleep(0.3)  # outside of a long step nothing is raised when the time is up
    assert stop.exit_code == 130


def test_the_second_signal_ends_at_once() -> None:
    with clean_stop() as stop:
        send(signal.SIGTERM)()
        assert stop.asked
        with pytest.raises(Stopped) as caught:
            send(signal.SIGINT)()
        assert caught.value.exit_code == 143


def test_nothing_comes_after_the_end() -> None:
    with clean_stop() as stop:
        send(signal.SIGINT)()
    assert stop.asked
    time.sleep(0.3)
    before = signal.getsignal(signal.SIGINT)
    assert before is signal.default_int_handler


@pytest.mark.parametrize("rows", [1, 5, 8, 100])
def test_pieces_give_the_whole(rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = torch.Generator().manual_seed(0)
    q, k, v = (torch.randn(2, 3, 20, 8, generator=dice) for _ in range(3))
    x, weight = torch.randn(50, 12, generator=dice), torch.randn(7, 12, generator=dice)
    layer, out = Linear(weight, torch.randn(7, generator=dice)), torch.empty(50, 7)
    whole, rowwise = F.scaled_dot_product_attention(q, k, v), F.linear(x, weight, layer.bias)
    monkeypatch.setattr(attention, "MOST_WORK", rows * 2 * 3 * 20 * 8)
    torch.testing.assert_close(attend(q, k, v), whole)
    monkeypatch.setattr(attention, "MOST_WORK", rows * 7 * 12)
    torch.testing.assert_close(layer(x, out=out), rowwise)


SPEC = """inspect 1
object nut {
  defect scratch { "scratched {object}" }
  method winclip { model: "promptdsl-mini", image_size: 3200 px, references: "good.png" }
}
"""


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_run_over_huge_pictures_ends_within_seconds(
    tmp_path: Path, number: int, code: int
) -> None:
    """Encoding one of its references would take many minutes."""
    (tmp_path / "part.inspect").write_text(SPEC, "utf-8")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(tmp_path / "good.png")
    process = subprocess.Popen(
        [sys.executable, "-m", "promptdsl", "run", "part.inspect", "good.png", "-o", "out"],
        cwd=tmp_path,
        env={**os.environ, "PROMPTDSL_CACHE": str(tmp_path / "cache")},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    for _ in range(1200):
        if (tmp_path / "out/run.json").exists():
            break
        time.sleep(0.1)
    time.sleep(5)  # by now it encodes
    assert process.poll() is None
    start = time.monotonic()
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == code, errors
    assert time.monotonic() - start < 15  # a second on a machine that does nothing else
    assert b'"interrupted"' in (tmp_path / "out/run.json").read_bytes()
