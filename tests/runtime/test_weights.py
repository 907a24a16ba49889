"""Hashes of weights: remembered while the file is the same, made again when it is not."""

import hashlib
import os
from pathlib import Path

import pytest
import torch

from promptdsl.runtime import weights
from promptdsl.runtime.weights import hash_file, hash_tensors


def test_hash_of_a_file_follows_its_content(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    for content in (b"one", b"three"):
        file.write_bytes(content)
        assert hash_file(file) == hashlib.sha256(content).hexdigest()


def test_an_unchanged_file_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    first = hash_file(file)
    monkeypatch.setattr(weights.hashlib, "file_digest", None)
    assert hash_file(file) == first


@pytest.mark.parametrize("damage", [b"", b"{", b'{"size": 3}', b'{"size": 3, "changed": 0}', b"[]"])
def test_a_damaged_note_is_ignored(tmp_path: Path, own_cache: Path, damage: bytes) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    first = hash_file(file)
    (note,) = (own_cache / "hashes").iterdir()
    note.write_bytes(damage)
    assert hash_file(file) == first
    assert b"sha256" in note.read_bytes()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_cache_that_cannot_be_written_is_no_obstacle(tmp_path: Path, own_cache: Path) -> None:
    own_cache.mkdir()
    own_cache.chmod(0o500)
    (tmp_path / "weights.pt").write_bytes(b"one")
    assert hash_file(tmp_path / "weights.pt")


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
