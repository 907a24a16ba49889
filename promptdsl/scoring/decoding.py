"""Decoding and cutting in worker threads, a bounded number of pictures and views ahead of scoring.

Pillow releases the interpreter while it decodes and resizes, so threads overlap with the model's
work. Of pictures that are kept at their own size, to be cut, only so many are held at once as
`HELD_PIXELS` allow, in their order; a larger one is held alone.
"""

import ctypes
import sys
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from PIL import Image
from PIL.Image import Resampling

from promptdsl.engine.device import workers
from promptdsl.errors import SpecProblem
from promptdsl.pictures.gate import Usual, refuse_blank, remarks
from promptdsl.pictures.intensity import Intensity
from promptdsl.pictures.opening import PictureError, picture_size
from promptdsl.pictures.reading import PREVIEW_SIDE, Picture, Whole, read_picture, read_whole
from promptdsl.scoring.pieces import NO_PIXELS, Decoded, Opened, Piece
from promptdsl.scoring.stitching import Stitcher
from promptdsl.scoring.views import Pixels, View, Viewing

Size = tuple[int, int]
# What reads a picture at a size, or whole where it is given none, with an intensity.
Reads = Callable[[Size | None, Intensity | None], Picture | Whole]
Unread = str | Reads  # or a path
MOST_THREADS = 8  # enough to keep a model busy
HELD_PIXELS = 64_000_000  # of decoded pictures, 4 bytes each


def decode_ahead(
    images: Iterable[Unread],
    size: Size,
    ahead: Callable[[], int],
    references: Usual | None = None,
) -> Generator[Decoded, None, None]:
    """Pictures in the order given, squeezed to `size`."""
    for piece in pieces_ahead(images, Viewing(None, None, size, None), ahead, references):
        yield piece.of.picture


def pieces_ahead(
    images: Iterable[Unread],
    viewing: Viewing,
    ahead: Callable[[], int],
    references: Usual | None = None,
) -> Generator[Piece, None, None]:
    """Views of pictures in the order given; at most `ahead()` are made before they are asked for.

    Every command that scores reads its pictures here, and so refuses the same ones. `references`
    say what is usual; what is not gets a note.
    """
    work = _Ahead(iter(images), viewing, references)
    try:
        while (piece := work.next(max(1, ahead()))) is not None:
            yield piece
    finally:
        work.close()


@dataclass(eq=False)
class _Uncut:
    """A picture at its own size, until the last of its views is cut."""

    image: Image.Image | None
    left: int
    large: bool  # it is held alone, until its last view was scored
    release: Callable[[], None]
    lock: threading.Lock = field(default_factory=threading.Lock)

    def cut(self, viewing: Viewing, view: View) -> Pixels:
        image = self.image
        assert image is not None
        pixels = viewing.pixels(image, view)
        del image
        with self.lock:
            self.left -= 1
            last = self.left == 0
        if last:
            self.image = None
            if not self.large:
                self.release()
        return pixels


# A view that is being cut; of the last one of a large picture, what to call once it is scored.
_Making = tuple[Opened, View | None, Future[Pixels] | None, Callable[[], None] | None]


class _Ahead:
    """Decodes and cuts; `next` is for one thread."""

    def __init__(
        self, images: Iterator[Unread], viewing: Viewing, references: Usual | None
    ) -> None:
        self.images, self.viewing, self.references = images, viewing, references
        self.room = _Room()
        self.pool = ThreadPoolExecutor(workers(MOST_THREADS), thread_name_prefix="decode")
        self.cutters = (
            None
            if viewing.is_plain
            else ThreadPoolExecutor(workers(MOST_THREADS), thread_name_prefix="cut")
        )
        self.pictures: deque[Future[tuple[Opened, _Uncut | None]]] = deque()
        self.views: Iterator[_Making] = iter(())
        self.pieces: deque[_Making] = deque()
        self.begun = 0
        self.scored: Callable[[], None] | None = None  # tells that the last view was scored

    def next(self, ahead: int) -> Piece | None:
        """The next view; None after the last."""
        if self.scored is not None:
            _trim()
            self.scored()
            self.scored = None
        while len(self.pieces) < ahead:
            self._decode(ahead)
            piece = next(self.views, None)
            if piece is not None:
                self.pieces.append(piece)
                continue
            if not self.pictures or (self.pieces and not self.pictures[0].done()):
                break  # the end, or nothing to wait for as long as there are views
            self.views = self._cut(*self.pictures.popleft().result())
        if not self.pieces:
            return None
        opened, view, pixels, self.scored = self.pieces.popleft()
        found = pixels.result() if pixels else _pixels(opened)
        return Piece(opened, view, found, self.scored is not None)

    def close(self) -> None:
        """Nothing is decoded or cut any more."""
        self.room.open()
        self.pool.shutdown(wait=True, cancel_futures=True)
        if self.cutters is not None:
            self.cutters.shutdown(wait=True, cancel_futures=True)

    def _decode(self, ahead: int) -> None:
        # Of pictures that are to be cut, `_Room` says how many.
        held = len(self.pieces) if self.cutters is None else 0
        while len(self.pictures) + held < (ahead if self.cutters is None else MOST_THREADS):
            image = next(self.images, None)
            if image is None:
                return
            self.pictures.append(self.pool.submit(self._opened, image, self.begun))
            self.begun += 1

    def _cut(self, opened: Opened, uncut: _Uncut | None) -> Iterator[_Making]:
        if uncut is None or opened.stitcher is None or self.cutters is None:
            yield opened, None, None, None
            return
        views = opened.stitcher.cut.views
        for view in views:
            scored = uncut.release if uncut.large and view is views[-1] else None
            yield opened, view, self.cutters.submit(uncut.cut, self.viewing, view), scored

    def _opened(self, image: Unread, number: int) -> tuple[Opened, _Uncut | None]:
        if self.viewing.is_plain:
            return Opened(_decode(image, self.viewing, self.references)), None
        try:
            return self._whole(image, number)
        except PictureError as error:
            return Opened(error), None
        except SpecProblem as problem:  # its places do not fit on this picture
            return Opened(PictureError(problem.sentence)), None
        finally:
            self.room.passed(number)

    def _whole(self, image: Unread, number: int) -> tuple[Opened, _Uncut | None]:
        if isinstance(image, str):
            width, height = picture_size(Path(image))
            pixels = width * height
            self.room.take(number, pixels)
        else:
            pixels = 0
        uncut = None
        try:
            opened, whole = open_whole(image, self.viewing, self.references)
            assert opened.stitcher is not None
            views = len(opened.stitcher.cut.views)
            large = pixels > HELD_PIXELS
            uncut = _Uncut(whole, views, large, lambda: self.room.give_back(pixels))
        finally:
            if uncut is None:
                self.room.give_back(pixels)
        return opened, uncut


def open_whole(
    image: Unread, viewing: Viewing, references: Usual | None = None
) -> tuple[Opened, Image.Image]:
    """A picture that is to be cut, and its pixels. Raises PictureError and SpecProblem."""
    intensity = viewing.intensity
    whole = read_whole(Path(image), intensity) if isinstance(image, str) else image(None, intensity)
    assert isinstance(whole, Whole)
    refuse_blank(whole.look, whole.sha256)
    notes = (*whole.notes, *remarks(whole.look, references))
    size, preview = whole.image.size, _preview(whole.image)
    picture = Picture(NO_PIXELS, *size, preview, notes, whole.sha256, whole.look)
    image_to_cut, cut = viewing.located(whole.image)
    return Opened(picture, Stitcher(cut)), image_to_cut


def _trim() -> None:
    """Give freed memory back: the C library of Linux keeps that of each thread for later.

    A second picture of 100 megapixels, decoded in another thread, would take as much again.
    """
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)


def _pixels(opened: Opened) -> Pixels:
    return opened.picture.pixels if isinstance(opened.picture, Picture) else NO_PIXELS


def _preview(image: Image.Image) -> Image.Image:
    scale = min(1.0, PREVIEW_SIDE / max(image.size))
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Resampling.BICUBIC, reducing_gap=3.0)


class _Room:
    """How many pixels may be held: pictures enter in their order, and one always may."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._held = 0
        self._turn = 0  # number of the picture that may enter next
        self._gone: set[int] = set()  # those behind it that need no room any more
        self._open = False

    def take(self, number: int, pixels: int) -> None:
        """Wait until there is room for that picture."""
        with self._changed:
            self._changed.wait_for(lambda: self._open or self._may_enter(number, pixels))
            if self._open:
                raise PictureError("it was not read: the run has ended")
            self._held += pixels
            self._pass(number)

    def passed(self, number: int) -> None:
        """That picture entered, or will never do."""
        with self._changed:
            self._pass(number)

    def give_back(self, pixels: int) -> None:
        """So many pixels are no longer held."""
        with self._changed:
            self._held -= pixels
            self._changed.notify_all()

    def open(self) -> None:
        """Nobody waits any more: all is over."""
        with self._changed:
            self._open = True
            self._changed.notify_all()

    def _may_enter(self, number: int, pixels: int) -> bool:
        fits = self._held == 0 or self._held + pixels <= HELD_PIXELS
        return number == self._turn and fits

    def _pass(self, number: int) -> None:
        if number >= self._turn:
            self._gone.add(number)
        while self._turn in self._gone:
            self._gone.remove(self._turn)
            self._turn += 1
        self._changed.notify_all()


def _decode(image: Unread, viewing: Viewing, references: Usual | None) -> Decoded:
    how = viewing.size, viewing.intensity
    try:
        picture = read_picture(Path(image), *how) if isinstance(image, str) else image(*how)
        assert isinstance(picture, Picture)
        refuse_blank(picture.look, picture.sha256)
    except PictureError as error:
        return error
    return replace(picture, notes=(*picture.notes, *remarks(picture.look, references)))
