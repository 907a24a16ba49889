"""Runs that are killed, stopped or ended from outside, in a process of their own."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from .fakes import paint_many

SCRIPT = Path(__file__).with_name("slow_run.py")
PICTURES = 60


def start(folder: Path, mode: str, seconds: float) -> "subprocess.Popen[str]":
    pictures = [f"pics/p{i}.png" for i in range(PICTURES)]
    return subprocess.Popen(
        [sys.executable, str(SCRIPT), "out", mode, str(seconds), *pictures],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def records(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "out/results.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def wait_for_the_first_record(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "record\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_cleanly_and_resume_completes(tmp_path: Path, number: signal.Signals) -> None:
    paint_many(tmp_path / "pics", PICTURES)
    process = start(tmp_path, "new", 0.03)
    wait_for_the_first_record(process)
    process.send_signal(number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, errors
    assert errors == ""
    before = records(tmp_path)
    assert 0 < len(before) < PICTURES
    assert json.loads((tmp_path / "out/run.json").read_text())["status"] == "interrupted"
    assert not (tmp_path / "out/report.html").exists()
    process = start(tmp_path, "resume", 0.0)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    after = records(tmp_path)
    assert after[: len(before)] == before
    assert [record["image"] for record in after] == [f"pics/p{i}.png" for i in range(PICTURES)]


@pytest.mark.slow
def test_a_run_killed_at_random_moments_loses_and_doubles_nothing(tmp_path: Path) -> None:
    paint_many(tmp_path / "pics", PICTURES)
    chance = random.Random(4)
    for attempt in range(8):
        process = start(tmp_path, "resume", 0.02)
        if attempt:
            wait_for_the_first_record(process)
        else:
            time.sleep(chance.uniform(0, 1.5))
        time.sleep(chance.uniform(0, 0.25))
        process.kill()
        process.communicate(timeout=60)
        if (tmp_path / "out/results.jsonl").exists() and len(records_so_far(tmp_path)) > 40:
            break
    process = start(tmp_path, "resume", 0.0)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 0, errors
    images = [record["image"] for record in records(tmp_path)]
    assert images == [f"pics/p{i}.png" for i in range(PICTURES)]
    for record in records(tmp_path):
        assert (tmp_path / "out" / record["map"]).is_file()


def records_so_far(folder: Path) -> list[str]:
    return (folder / "out/results.jsonl").read_text().splitlines()


def test_another_process_may_not_write_into_the_folder(tmp_path: Path) -> None:
    paint_many(tmp_path / "pics", PICTURES)
    first = start(tmp_path, "new", 1.0)
    try:
        wait_for_the_first_record(first)
        second = start(tmp_path, "resume", 0.0)
        _, errors = second.communicate(timeout=60)
        assert second.returncode == 3
        assert errors == "error: out: another run is writing into this folder\n"
    finally:
        first.kill()
        first.communicate(timeout=60)
    third = start(tmp_path, "resume", 0.0)
    _, errors = third.communicate(timeout=60)
    assert third.returncode == 0, errors
