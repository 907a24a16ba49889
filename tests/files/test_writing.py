"""Writing: whole or not at all, from many threads at once."""

import os
import threading
from pathlib import Path

import pytest

from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.files.writing import write_atomically, write_file


def test_threads_that_write_one_file_leave_one_whole_content(tmp_path: Path) -> None:
    contents = [bytes([65 + number]) * 100_000 for number in range(8)]
    failures: list[BaseException] = []

    def write(content: bytes) -> None:
        try:
            for _ in range(10):
                write_atomically(tmp_path / "file", content, durable=False)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert (tmp_path / "file").read_bytes() in contents
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("name", ["n" * 250, "零" * 84, "ü" * 120])
def test_a_long_name_gets_a_temporary_name_that_fits(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    write_atomically(path, b"content")
    assert path.read_bytes() == b"content"


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX systems")
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    (tmp_path / "file").chmod(0o640)
    write_atomically(tmp_path / "file", b"new")
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640


def test_a_file_that_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    with pytest.raises(UsageProblem, match="exists already"):
        write_file(tmp_path / "file", b"new", overwrite=False)
    assert (tmp_path / "file").read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["file"]


def test_a_new_file_is_written_once(tmp_path: Path) -> None:
    write_file(tmp_path / "file", b"new", overwrite=False)
    assert (tmp_path / "file").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["file"]


def test_a_pipe_is_no_file_to_replace(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        write_atomically(tmp_path / "pipe", b"x")
    with pytest.raises(EnvironmentProblem, match="not a regular file"):
        write_file(tmp_path / "pipe", b"x")
    assert (tmp_path / "pipe").is_fifo()
    assert sorted(os.listdir(tmp_path)) == ["pipe"]
