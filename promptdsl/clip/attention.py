"""Attention in pieces that end soon, so that a long run can be stopped between two of them.

    softmax(Q K^T / sqrt(d)) V

A row of the result needs its own query and all keys and values: cutting the queries is exact. Only
pictures of thousands of pixels are cut at all.

Shapes: B sequences, H heads, N queries, M keys, d width of a head.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

MOST_WORK = 2**31  # multiplications of one piece of attention or of a linear layer on the CPU


def attend(q_BHNd: Tensor, k_BHMd: Tensor, v_BHMd: Tensor) -> Tensor:
    """(B, H, N, d): every query over all keys of its sequence and head."""
    batch, heads, queries, width = q_BHNd.shape
    rows = rows_at_once(q_BHNd, batch * heads * k_BHMd.shape[2] * width)
    if queries <= rows:
        return F.scaled_dot_product_attention(q_BHNd, k_BHMd, v_BHMd)
    parts = torch.split(q_BHNd, rows, dim=2)
    return torch.cat([F.scaled_dot_product_attention(q, k_BHMd, v_BHMd) for q in parts], dim=2)


def rows_at_once(x: Tensor, work_of_a_row: int) -> int:
    """How many rows to compute in one operation; all of them on a card, which is fast."""
    if x.device.type != "cpu":
        return max(1, x.numel())
    return max(1, MOST_WORK // max(1, work_of_a_row))
