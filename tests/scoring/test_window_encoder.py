"""The packed engine: windows stand alone, packing changes nothing, work buffers do not leak."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from promptdsl.clip.model import assemble
from promptdsl.clip.tower import VisionTower
from promptdsl.clip.weights import state_from_tensors
from promptdsl.engine.packs import make_packs
from promptdsl.engine.window_encoder import Encoded, WindowEncoder
from promptdsl.errors import SpecProblem
from promptdsl.methods.winclip.windows import WindowSize, window_patches

from .open_clip_models import build, config

CPU = torch.device("cpu")
SIZES = (WindowSize(2, 2), WindowSize(1, 3), WindowSize(3, 3))


@pytest.fixture(scope="module")
def theirs() -> torch.nn.Module:
    return build(config())


@pytest.fixture(scope="module")
def tower(theirs: torch.nn.Module) -> VisionTower:
    return assemble("tiny", config(), state_from_tensors(theirs.state_dict())).vision_tower(
        device=CPU
    )


def pictures_of(count: int, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, 64, 64), dtype=torch.uint8, generator=generator)


def encode(
    tower: VisionTower,
    pictures: Tensor,
    *,
    stride: int = 1,
    rows: int = 4096,
    patches: bool = False,
) -> Encoded:
    windows = {s.name: window_patches(tower.grid, s, min(stride, s.rows)) for s in SIZES}
    return WindowEncoder(tower, windows, patches=patches, max_rows=rows).encode(pictures)


def alone(theirs: torch.nn.Module, tower: VisionTower, picture: Tensor, patches: Tensor) -> Tensor:
    """One window through open_clip's own modules, with nothing else in the batch."""
    visual = theirs.visual
    x = visual.conv1(((picture.float() - tower.mean) / tower.std)[None]).flatten(2).transpose(1, 2)
    x = torch.cat([visual.class_embedding.expand(1, 1, -1), x], dim=1) + visual.positional_embedding
    x = visual.ln_pre(x[:, [0, *(patches + 1).tolist()]])
    for block in visual.transformer.resblocks:
        x = block(x)
    return (visual.ln_post(x[:, 0]) @ visual.proj)[0].detach()


def test_a_window_is_the_same_as_when_it_is_alone(
    theirs: torch.nn.Module, tower: VisionTower
) -> None:
    pictures = pictures_of(2)
    encoded = encode(tower, pictures)
    for size in SIZES:
        patches = window_patches(tower.grid, size, 1)
        for window in (0, len(patches) // 2, len(patches) - 1):
            for index, picture in enumerate(pictures):
                expected = alone(theirs, tower, picture, patches[window])
                actual = encoded[size.name][index, window]
                torch.testing.assert_close(actual, expected, rtol=0, atol=2e-5)


def test_windows_never_attend_to_one_another(tower: VisionTower) -> None:
    """Change one patch of one picture: only the windows that hold it may change, to the bit."""
    before, after = pictures_of(2), pictures_of(2)
    after[0, :, :16, :16] = 255 - after[0, :, :16, :16]  # patch 0
    first, second = encode(tower, before), encode(tower, after)
    for size in SIZES:
        holds = (window_patches(tower.grid, size, 1) == 0).any(dim=1)
        same = (first[size.name] == second[size.name]).all(dim=-1)
        assert not same[0, holds].any()
        assert same[0, ~holds].all()
        assert same[1].all()


def test_windows_of_a_picture_differ(tower: VisionTower) -> None:
    encoded = encode(tower, pictures_of(1))
    for size in SIZES:
        unit = F.normalize(encoded[size.name][0], dim=-1)
        cosines = unit @ unit.t() - 2 * torch.eye(len(unit))
        assert cosines.max() < 0.999


@pytest.mark.parametrize("rows", [1, 20, 60, 150, 100_000])
@pytest.mark.parametrize("patches", [False, True])
def test_packing_changes_nothing(tower: VisionTower, rows: int, patches: bool) -> None:
    pictures = pictures_of(5)
    expected = encode(tower, pictures, patches=patches)
    actual = encode(tower, pictures, rows=rows, patches=patches)
    assert_same(actual, expected)


@settings(max_examples=15, deadline=None)
@given(order=st.permutations(range(5)), cut=st.integers(1, 5))
def test_batch_and_order_do_not_matter(tower: VisionTower, order: list[int], cut: int) -> None:
    pictures = pictures_of(5)
    whole = encode(tower, pictures)
    parts = [encode(tower, part) for part in pictures[order].split(cut)]
    for name, rows in whole.items():
        joined = torch.cat([part[name] for part in parts])
        torch.testing.assert_close(joined, rows[order], rtol=0, atol=1e-5)


def test_work_buffers_carry_nothing_over(tower: VisionTower) -> None:
    windows = {size.name: window_patches(tower.grid, size, 1) for size in SIZES}
    encoder = WindowEncoder(tower, windows, patches=True, max_rows=200)
    first = encoder.encode(pictures_of(1))
    kept = first["image"].clone()
    encoder.encode(pictures_of(4, seed=1))
    torch.testing.assert_close(first["image"], kept, rtol=0, atol=0)
    assert_same(encoder.encode(pictures_of(1)), first)


def test_packs_hold_their_bound_and_every_sequence_once() -> None:
    windows = [window_patches((4, 4), size, 1) for size in SIZES]
    for patches in (False, True):
        packs = make_packs(3, 17, windows, patches=patches, max_rows=70, device=CPU)
        assert all(pack.tokens <= 70 for pack in packs)
        for scale, patches_WK in enumerate(windows):
            groups = [group for pack in packs for group in pack.groups if group.scale == scale]
            assert sum(group.count for group in groups) == 3 * len(patches_WK)


def assert_same(actual: Encoded, expected: Encoded) -> None:
    assert actual.keys() == expected.keys()
    for name, rows in expected.items():
        torch.testing.assert_close(actual[name], rows, rtol=0, atol=1e-5)


@settings(deadline=None)
@given(
    grid=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    rows=st.integers(1, 9),
    columns=st.integers(1, 9),
    stride=st.integers(1, 9),
)
def test_windows_cover_every_patch_or_are_refused(
    grid: tuple[int, int], rows: int, columns: int, stride: int
) -> None:
    size = WindowSize(rows, columns)
    if rows > grid[0] or columns > grid[1] or stride > min(rows, columns):
        with pytest.raises(SpecProblem):
            window_patches(grid, size, stride)
        return
    patches = window_patches(grid, size, stride)
    assert set(patches.flatten().tolist()) == set(range(grid[0] * grid[1]))
    assert len({tuple(row) for row in patches.tolist()}) == len(patches)
