"""A recorded graph knows addresses only: what it reads must live as long as its recording.

There is no CUDA here. A stand-in for the graph notes every tensor that the recorded operations
read and that was there before the recording, and watches whether it is still alive.
"""

import gc
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from promptdsl.clip.model import assemble
from promptdsl.clip.weights import state_from_tensors
from promptdsl.engine import graphs
from promptdsl.engine.graphs import GraphedEncoder
from promptdsl.methods.winclip.windows import WindowSize, window_patches

from .open_clip_models import build, config


class FakeGraph:
    """Holds nothing of what it read, like the real one."""

    def __init__(self) -> None:
        self.read: list[weakref.ref[Tensor]] = []

    def replay(self) -> None:
        assert self.read
        assert all(tensor() is not None for tensor in self.read), "memory that is gone was read"


class Watch(TorchDispatchMode):
    """Notes tensors that operations read and that no operation in here has made."""

    def __init__(self, graph: FakeGraph) -> None:
        super().__init__()
        self.graph = graph
        self.made: list[Tensor] = []  # kept, so that no identity is used twice

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> object:
        own = {id(tensor) for tensor in self.made}
        for leaf in tree_leaves((args, kwargs)):
            if isinstance(leaf, Tensor) and id(leaf) not in own:
                self.graph.read.append(weakref.ref(leaf))
        result = func(*args, **(kwargs or {}))
        self.made += [leaf for leaf in tree_leaves(result) if isinstance(leaf, Tensor)]
        return result


@contextmanager
def fake_recording(graph: FakeGraph, **_: object) -> Iterator[None]:
    with Watch(graph) as watch:
        yield
    watch.made.clear()


@pytest.fixture
def no_card(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = SimpleNamespace(wait_stream=lambda other: None)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", FakeGraph)
    monkeypatch.setattr(torch.cuda, "graph", fake_recording)
    monkeypatch.setattr(torch.cuda, "Stream", lambda: stream)
    monkeypatch.setattr(torch.cuda, "stream", lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda: stream)
    monkeypatch.setattr(graphs, "fused_kernels", graphs.PlainKernels)


def pictures_of(count: int) -> Tensor:
    dice = torch.Generator().manual_seed(count)
    return torch.randint(0, 256, (count, 3, 64, 64), dtype=torch.uint8, generator=dice)


def graphed(patches: bool = True) -> GraphedEncoder:
    source = state_from_tensors(build(config()).state_dict())
    tower = assemble("tiny", config(), source).vision_tower(device=torch.device("cpu"))
    windows = {"2x2": window_patches(tower.grid, WindowSize(2, 2), 1)}
    return GraphedEncoder(tower, windows, patches=patches, max_rows=4096)


@pytest.mark.usefixtures("no_card")
@pytest.mark.parametrize("patches", [False, True])
def test_all_that_a_graph_reads_lives_as_long_as_its_recording(patches: bool) -> None:
    encoder = graphed(patches)
    encoder.encode(pictures_of(1))
    encoder.encode(pictures_of(2))
    for count in (1, 2):
        encoder.encode(pictures_of(count))  # recorded, then replayed
    gc.collect()
    for count in (1, 2, 1):
        encoder.encode(pictures_of(count))


@pytest.mark.usefixtures("no_card")
def test_a_recording_goes_whole() -> None:
    """When it is dropped nothing of it stays behind, and the next one is made anew."""
    encoder = graphed()
    for _ in range(2):
        encoder.encode(pictures_of(1))
    recording = next(iter(encoder._recordings.values()))
    assert isinstance(recording.graph, FakeGraph)
    packs = weakref.ref(recording.encoder)
    del recording
    encoder._forget()
    gc.collect()
    assert packs() is None
    for _ in range(3):
        encoder.encode(pictures_of(1))


@pytest.mark.usefixtures("no_card")
@pytest.mark.parametrize("reason", [None, "no compiler"])
def test_a_dropped_kernel_is_told(reason: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(graphs.PlainKernels):
        def norm(self, *_: object) -> Tensor:
            raise RuntimeError(reason)

    monkeypatch.setattr(graphs, "fused_kernels", lambda: Broken() if reason else None)
    encoder = graphed()
    said = nullcontext() if reason is None else pytest.warns(UserWarning, match=reason)
    with said:
        encoder.encode(pictures_of(1))
    expected = reason or graphs.NO_TRITON
    assert encoder.notes == (f"the fused CUDA kernels are not used here: {expected}",)
    assert not encoder.fused
