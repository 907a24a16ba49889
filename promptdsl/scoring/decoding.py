"""Decoding in worker threads, a bounded number of pictures ahead of the scoring.

Pillow releases the interpreter while it decodes, so threads overlap with the model's work.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from promptdsl.engine.device import workers
from promptdsl.pictures.gate import Usual, refuse_blank, remarks
from promptdsl.pictures.opening import PictureError
from promptdsl.pictures.reading import Picture, read_picture

Decoded = Picture | PictureError
Unread = str | Callable[[tuple[int, int]], Picture]  # a path, or what reads a picture at a size
MOST_THREADS = 8  # enough to keep a model busy


def decode_ahead(
    images: Iterable[Unread],
    size: tuple[int, int],
    ahead: Callable[[], int],
    references: Usual | None = None,
) -> Generator[Decoded, None, None]:
    """Pictures in the order given; at most `ahead()` of them are read before they are asked for.

    Every command that scores reads its pictures here, and so refuses the same ones. `references`
    say what is usual; what is not gets a note.
    """
    waiting: deque[Future[Decoded]] = deque()
    remaining = iter(images)
    pool = ThreadPoolExecutor(workers(MOST_THREADS), thread_name_prefix="decode")
    try:
        while True:
            while len(waiting) < max(1, ahead()):
                image = next(remaining, None)
                if image is None:
                    break
                waiting.append(pool.submit(_decode, image, size, references))
            if not waiting:
                return
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _decode(image: Unread, size: tuple[int, int], references: Usual | None) -> Decoded:
    try:
        picture = read_picture(Path(image), size) if isinstance(image, str) else image(size)
        refuse_blank(picture.look)
    except PictureError as error:
        return error
    return replace(picture, notes=(*picture.notes, *remarks(picture.look, references)))
