"""The fused kernels, run by Triton's interpreter where there is no CUDA device."""

import importlib.util
import os
import subprocess
import sys

import pytest

SCRIPT = """
import torch
from promptdsl.clip.tower import Norm
from promptdsl.engine.fused import FusedKernels
from promptdsl.engine.kernels import PlainKernels
from promptdsl.engine.packs import Group

torch.manual_seed(0)
fused, plain = FusedKernels(), PlainKernels()
for heads, head in ((2, 16), (3, 24)):
    width = heads * head
    groups = [Group(0, 9, 5, 0), Group(1, 13, 10, 45), Group(2, 3, 26, 175), Group(-1, 1, 70, 253)]
    qkv = torch.randn(323, 3 * width)
    got, wanted = (k.attend(qkv, groups, heads).clone() for k in (fused, plain))
    torch.testing.assert_close(got, wanted, rtol=0, atol=1e-5)
    qkv[5:10] += 1.0  # the second window: no other row may move, to the bit
    moved = (fused.attend(qkv, groups, heads) != got).any(dim=1).nonzero().flatten().tolist()
    assert moved == [5, 6, 7, 8, 9], moved

norm = Norm(torch.randn(48), torch.randn(48), 1e-5)
x, delta = torch.randn(7, 48), torch.randn(7, 48)
mine, theirs = x.clone(), x.clone()
got = fused.add_norm(mine, delta, norm, torch.float32)
torch.testing.assert_close(got, plain.add_norm(theirs, delta, norm, torch.float32))
torch.testing.assert_close(mine, theirs)
torch.testing.assert_close(fused.norm(norm, x, torch.float32), plain.norm(norm, x, torch.float32))
print("fused agrees")
"""


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_fused_kernels_compute_the_same() -> None:
    environment = {**os.environ, "TRITON_INTERPRET": "1"}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=False
    )
    assert result.stdout == "fused agrees\n", result.stderr[-3000:]
