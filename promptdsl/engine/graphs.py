"""The window engine on CUDA: fused kernels, and each batch size recorded once as a CUDA graph.

A picture takes some two hundred kernels, so at small batches the time to launch them would rule. A
batch size that comes a second time is recorded and from then on replayed in one launch. Before the
fused kernels are trusted, their result is compared with the plain engine's, on the card at hand.
"""

import warnings
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from promptdsl.clip.tower import VisionTower
from promptdsl.engine.kernels import PlainKernels
from promptdsl.engine.turns import Turns
from promptdsl.engine.window_encoder import PATCHES, Encoded, WindowEncoder, join_encoded

MAX_GRAPHS = 3  # each holds work buffers of its own
NO_TRITON = "Triton is not installed"
DIFFERENT = "they computed something else"
_card = Turns()  # libraries' workspaces and the pool of the graphs are shared, too
SMALLEST_COSINE = 0.999  # between fused and plain: bfloat16 rounds differently, bugs are far below


@dataclass(frozen=True, slots=True)
class Recording:
    """A graph, and all memory that it reads from and writes to.

    A graph knows addresses and holds nothing. The encoder keeps the weights, the packs' rows and
    the work buffers alive that were recorded; without it, a replay would read what lies there then.
    """

    graph: torch.cuda.CUDAGraph
    encoder: WindowEncoder
    pictures_B3HW: Tensor
    encoded: Encoded


class GraphedEncoder:
    """As `WindowEncoder`, for CUDA. One encoder at a time records or replays."""

    def __init__(
        self, tower: VisionTower, windows: Mapping[str, Tensor], *, patches: bool, max_rows: int
    ) -> None:
        self.tower = tower
        self.windows = windows
        self.patches = patches
        self._max_rows = max_rows
        self._fused: bool | None = None  # unknown until compared
        self.notes: tuple[str, ...] = ()  # what the engine does without here
        self._eager = self._encoder()
        self._seen: set[int] = set()
        self._recordings: OrderedDict[int, Recording] = OrderedDict()

    @property
    def fused(self) -> bool:
        """Whether the fused kernels have been compared and are in use."""
        return self._fused is True

    @torch.inference_mode()
    def encode(self, pictures_B3HW: Tensor) -> Encoded:
        """Encode uint8 pictures at the tower's size, some at a time."""
        at_once = max(1, self._max_rows // self._eager.rows_per_picture)
        with _card.take(pictures_B3HW.device):
            try:
                return join_encoded(
                    [self._encode(part) for part in torch.split(pictures_B3HW, at_once)]
                )
            except torch.OutOfMemoryError:
                self._forget()
                raise

    def _encode(self, pictures_B3HW: Tensor) -> Encoded:
        batch = len(pictures_B3HW)
        if self._fused is None:
            self._choose_kernels(pictures_B3HW)
        if batch not in self._seen:
            self._seen.add(batch)
            return self._eager.encode_at_once(pictures_B3HW)
        if batch not in self._recordings:
            while len(self._recordings) >= MAX_GRAPHS:
                self._recordings.popitem(last=False)
            self._recordings[batch] = self._record(pictures_B3HW)
        self._recordings.move_to_end(batch)
        return self._replay(self._recordings[batch], pictures_B3HW)

    def _encoder(self) -> WindowEncoder:
        kernels = fused_kernels() if self._fused is not False else None
        return WindowEncoder(
            self.tower,
            self.windows,
            patches=self.patches,
            max_rows=self._max_rows,
            kernels=kernels or PlainKernels(),
        )

    def _choose_kernels(self, pictures_B3HW: Tensor) -> None:
        """Compare fused with plain on one picture; keep the plain ones where they differ."""
        one = pictures_B3HW[:1]
        self._fused = False
        plain = self._encoder().encode_at_once(one)
        try:
            close = _agree(self._eager.encode_at_once(one), plain)
            reason = NO_TRITON if fused_kernels() is None else DIFFERENT
        except torch.OutOfMemoryError:
            self._fused = None
            raise
        except Exception as error:  # a missing compiler, an unknown card: the plain engine works
            close, reason = False, first_line(error)
        if close and reason != NO_TRITON:
            self._fused = True
            return
        self._eager = self._encoder()
        self.notes = (without_fused(reason),)
        if reason != NO_TRITON:
            warnings.warn(self.notes[0], stacklevel=2)

    def _record(self, pictures_B3HW: Tensor) -> Recording:
        static = torch.empty_like(pictures_B3HW, memory_format=torch.contiguous_format)
        static.copy_(pictures_B3HW)
        encoder = self._encoder()
        encoder.packs(len(static))
        stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):  # libraries take their workspaces before the recording
            self._eager.encode_at_once(static)
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        # Only what this thread does is recorded or refused: other threads may use the card.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            encoded = encoder.encode_at_once(static)
        return Recording(graph, encoder, static, encoded)

    def _replay(self, recording: Recording, pictures_B3HW: Tensor) -> Encoded:
        recording.pictures_B3HW.copy_(pictures_B3HW, non_blocking=True)
        recording.graph.replay()
        # the next replay writes to the same memory: hand out copies
        return {name: rows.clone() for name, rows in recording.encoded.items()}

    def _forget(self) -> None:
        """Give back all memory but the weights'."""
        self._recordings.clear()
        self._seen.clear()
        self._eager = self._encoder()


def without_fused(reason: str) -> str:
    """The sentence for a card on which the plain kernels compute."""
    return f"the fused CUDA kernels are not used here: {reason}"


def first_line(error: Exception) -> str:
    """What an exception says, short."""
    return (str(error).strip() or type(error).__name__).splitlines()[0][:200]


def fused_kernels() -> PlainKernels | None:
    """The Triton kernels, or None where Triton is not installed."""
    try:
        from promptdsl.engine.fused import FusedKernels
    except ImportError:
        return None
    return FusedKernels()


def _agree(fused: Encoded, plain: Encoded) -> bool:
    names = plain.keys() - {PATCHES}
    lowest = min(float(F.cosine_similarity(fused[n], plain[n], dim=-1).min()) for n in names)
    return lowest > SMALLEST_COSINE  # false for NaN
