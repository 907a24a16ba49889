"""Opening other people's files: regular ones, at once, with a bound."""

import os
from pathlib import Path

import pytest

from promptdsl.files.opening import TooLarge, in_words, open_regular, read_regular, reason

POSIX = pytest.mark.skipif(os.name == "nt", reason="pipes and devices of POSIX systems")


def test_a_regular_file_is_read_whole(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    assert read_regular(tmp_path / "a", 7) == b"content"


def test_more_than_the_limit_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    with pytest.raises(TooLarge, match="larger than 6 bytes"):
        read_regular(tmp_path / "a", 6)


@POSIX
@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/tty"])
def test_what_is_no_file_is_refused_at_once(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    if name == "pipe":
        os.mkfifo(path)
    with pytest.raises(OSError, match=r"not a regular file|No such device"):
        open_regular(path)


def test_a_folder_is_named_as_such(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        open_regular(tmp_path)


@POSIX
def test_a_link_to_itself_is_an_error_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(OSError, match="symbolic links") as error:
        open_regular(tmp_path / "loop")
    assert "symbolic links" in reason(error.value)


def test_sizes_are_said_in_words() -> None:
    assert [in_words(n) for n in (12, 1_000, 2_500_000, 10**9)] == [
        "12 bytes", "1 kB", "2.5 MB", "1 GB",
    ]  # fmt: skip
