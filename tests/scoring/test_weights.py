"""Hashes of tensors."""

import torch

from promptdsl.clip.weights import hash_tensors


def test_hash_of_tensors_sees_names_types_shapes_and_values() -> None:
    base = {"a": torch.zeros(2, 3)}
    others = [
        {"b": torch.zeros(2, 3)},
        {"a": torch.zeros(3, 2)},
        {"a": torch.zeros(2, 3, dtype=torch.int32)},
        {"a": torch.ones(2, 3)},
    ]
    assert len({hash_tensors(state) for state in (base, *others)}) == 5
    assert hash_tensors({"x": torch.ones(1), **base}) == hash_tensors({**base, "x": torch.ones(1)})
