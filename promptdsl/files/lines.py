"""Reading files of lines that anybody may have changed: no line and no file fills the memory."""

from collections.abc import Iterator
from io import BufferedReader

from promptdsl.files.opening import TooLarge, in_words


def bounded_lines(stream: BufferedReader, longest: int, most: int) -> Iterator[bytes]:
    """Lines with their newline; of a longer one than `longest` only the start, without a newline.

    TooLarge after `most` bytes.
    """
    left = most
    while line := stream.readline(longest):
        left -= len(line)
        yield line
        while len(line) == longest and not line.endswith(b"\n"):  # the rest of a line too long
            line = stream.readline(longest)
            left -= len(line)
            _refuse_more(left, most)
        _refuse_more(left, most)


def _refuse_more(left: int, most: int) -> None:
    if left < 0:
        raise TooLarge(None, f"it is larger than {in_words(most)}")
