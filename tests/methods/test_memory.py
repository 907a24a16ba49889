"""References are many and large: what is held at once stays bounded, and nothing else changes."""

import subprocess
import sys

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from promptdsl.methods.april_gan.references import left_out_in_turn, views
from promptdsl.methods.shared import nearest
from promptdsl.methods.shared.map_pixels import blur_matrix, to_pixels
from promptdsl.methods.shared.nearest import nearest_distance

PROBE = """
import resource, torch
from promptdsl.methods.shared.nearest import nearest_distance
memory = torch.randn(20 * 1369, 256)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
nearest_distance(torch.randn(2, 1369, 256), memory)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    dice = torch.Generator().manual_seed(0)
    queries, memory = torch.randn(2, 37, 16, generator=dice), torch.randn(211, 16, generator=dice)
    memory = F.normalize(memory, dim=-1)
    whole = (1 - F.normalize(queries, dim=-1) @ memory.t()).amin(dim=-1)
    torch.testing.assert_close(nearest_distance(queries, memory), whole)
    monkeypatch.setattr(nearest, "QUERY_ROWS", 5)
    monkeypatch.setattr(nearest, "MEMORY_ROWS", 7)
    torch.testing.assert_close(nearest_distance(queries, memory), whole)


def test_left_out_rows_do_not_count() -> None:
    memory = F.normalize(torch.randn(30, 8), dim=-1)
    assert float(nearest_distance(memory[10:20], memory).max()) < 1e-5
    own = slice(10, 20)
    rest = torch.cat([memory[:10], memory[20:]])
    found = nearest_distance(memory[own], memory, own)
    torch.testing.assert_close(found, nearest_distance(memory[own], rest))


@pytest.mark.skipif(sys.platform == "win32", reason="resource is not there")
def test_the_search_holds_a_fixed_number_of_cosines() -> None:
    """All at once would be 2 x 1369 x 27380 x 4 bytes = 300 MB of cosines, twice."""
    done = subprocess.run([sys.executable, "-c", PROBE], capture_output=True, text=True, check=True)
    unit = 2**20 if sys.platform == "darwin" else 2**10
    assert int(done.stdout) / unit < 230


def test_at_most_sixteen_are_left_out_in_turn() -> None:
    assert left_out_in_turn(2) == [0, 1] and left_out_in_turn(5) == [0, 1, 2, 3, 4]
    many = left_out_in_turn(200)
    assert len(many) == 16 and many[0] == 0 and many[-1] == 199


def test_views_of_a_single_reference() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (24, 24, 3), np.uint8)
    seen = views(picture, 8)
    assert seen.shape == (4, 24, 24, 3)
    np.testing.assert_array_equal(seen[0][4:], picture[:-4])
    np.testing.assert_array_equal(seen[1][:, 4:], picture[:, :-4])
    assert seen[2].mean() > picture.mean() > seen[3].mean()


@pytest.mark.parametrize("align_corners", [True, False])
@pytest.mark.parametrize("size", [(30, 30), (21, 40)])
def test_pixels_are_interpolated_and_blurred(align_corners: bool, size: tuple[int, int]) -> None:
    from scipy.ndimage import gaussian_filter

    cells = torch.rand(2, 5, 7)
    expected = F.interpolate(cells[:, None], size, mode="bilinear", align_corners=align_corners)
    found = to_pixels(cells, size, align_corners=align_corners)
    torch.testing.assert_close(found, expected[:, 0], atol=1e-5, rtol=0)
    blurred = to_pixels(cells, size, align_corners=align_corners, sigma=4.0)
    for one, other in zip(blurred, expected[:, 0], strict=True):
        np.testing.assert_allclose(one, gaussian_filter(other.numpy(), 4), atol=1e-5, rtol=0)


def test_a_blur_keeps_the_sum() -> None:
    matrix = blur_matrix(12, 9.0)  # wider than the picture: mirrored several times
    torch.testing.assert_close(matrix.sum(dim=1), torch.ones(12))
