"""The feature cache: hits, damage, the bound, and two processes at once."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from promptdsl.errors import UsageProblem
from promptdsl.scoring.feature_cache import (
    MAGIC,
    Encoding,
    FeatureCache,
    encoding_key,
    read_limit,
)
from tests.robustness.damage import damages, every_flip

ALL = Encoding("key", None)
WORK = """
import sys, torch
from pathlib import Path
from promptdsl.scoring.feature_cache import Encoding, FeatureCache
cache = FeatureCache(Path(sys.argv[1]), 40_000)
for turn in range(60):
    name = f"picture {turn % 12}"
    known = cache.get(name, Encoding("key", None))
    assert known is None or torch.equal(known["image"], torch.full((1, 500), float(turn % 12)))
    cache.put(name, Encoding("key", None), {"image": torch.full((1, 500), float(turn % 12))})
"""


def cache(folder: Path, limit: int = 10**8) -> FeatureCache:
    return FeatureCache(folder, limit)


def size_of(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_was_put_comes_back_bit_for_bit(tmp_path: Path) -> None:
    tensors = {"image": torch.randn(1, 7), "2x2": torch.randn(1, 4, 7)}
    cache(tmp_path).put("a", ALL, tensors)
    found = cache(tmp_path).get("a", ALL)
    assert found is not None
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_another_picture_and_another_encoding_are_misses(tmp_path: Path) -> None:
    store = cache(tmp_path)
    store.put("a", ALL, {"image": torch.zeros(1, 2)})
    assert store.get("b", ALL) is None
    assert store.get("a", Encoding("other", None)) is None
    assert (store.hits, store.misses) == (0, 2)
    assert encoding_key(["a", 1]) != encoding_key(["a", 2])


def test_fewer_windows_need_no_model_and_more_are_added(tmp_path: Path) -> None:
    store = cache(tmp_path)
    both, one = Encoding("k", frozenset({"image", "2x2"})), Encoding("k", frozenset({"image"}))
    store.put("a", both, {"image": torch.ones(1, 2), "2x2": torch.ones(1, 3, 2)})
    assert (store.get("a", one) or {}).keys() == {"image"}
    more = Encoding("k", frozenset({"image", "3x3"}))
    assert store.get("a", more) is None
    store.put("a", more, {"image": torch.ones(1, 2), "3x3": torch.ones(1, 5, 2)})
    assert store.get("a", both) is not None, "what was there stays"
    assert store.get("a", more) is not None


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "text"])
def test_damaged_files_are_ignored_and_rewritten(tmp_path: Path, damage: str) -> None:
    store = cache(tmp_path)
    store.put("a", ALL, {"image": torch.ones(1, 50)})
    path = next(tmp_path.rglob("*.features"))
    content = bytearray(path.read_bytes())
    content[-3] ^= 255 if damage == "flip" else 0
    path.write_bytes({"cut": content[:-9], "empty": b"", "text": b"hello"}.get(damage, content))
    assert store.get("a", ALL) is None
    store.put("a", ALL, {"image": torch.ones(1, 50)})
    assert store.get("a", ALL) is not None


def test_the_bound_holds_and_the_least_recently_used_go_first(tmp_path: Path) -> None:
    store = cache(tmp_path, 10_000)
    for number in range(4):
        store.put(str(number), ALL, {"image": torch.ones(1, 500)})
    for age, path in enumerate(
        sorted(tmp_path.rglob("*.features"), key=lambda p: p.stat().st_mtime)
    ):
        os.utime(path, (1000 + age, 1000 + age))
    assert store.get("0", ALL) is not None  # now the most recent one
    store.put("4", ALL, {"image": torch.ones(1, 500)})
    assert size_of(tmp_path) <= 10_000
    assert store.get("0", ALL) is not None
    assert store.get("4", ALL) is not None
    assert store.get("1", ALL) is None


def test_files_of_somebody_else_are_not_deleted(tmp_path: Path) -> None:
    store = cache(tmp_path, 10_000)
    store.put("a", ALL, {"image": torch.ones(1, 500)})
    (path,) = tmp_path.rglob("*.features")
    abandoned = path.with_name(f".{path.name}.ab_c1234.tmp")
    mine = [path.with_name("notes.txt"), path.with_name("mine.features"), tmp_path / "mine"]
    for file in (abandoned, *mine):
        file.write_text("x" * 9_000)
        os.utime(file, (1000, 1000))
    store.put("b", ALL, {"image": torch.ones(1, 500)})
    store.clear_to(0)
    assert not abandoned.exists()
    assert not list(tmp_path.rglob("*" + "?" * 40 + ".features"))
    assert all(file.exists() for file in mine)


def test_two_processes_share_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WORK, str(tmp_path)]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for process in both:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told.decode()
    assert size_of(tmp_path) <= 2 * 40_000
    assert not [
        path for path in tmp_path.rglob("*") if path.is_file() and path.suffix != ".features"
    ]


def test_a_folder_that_cannot_be_written_costs_time_alone(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    store = cache(blocked / "features")
    store.put("a", ALL, {"image": torch.ones(1, 5)})
    assert store.get("a", ALL) is None


@pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX systems")
@pytest.mark.parametrize("kind", ["pipe", "loop", "folder", "vast", "forged"])
def test_what_is_no_file_of_ours_is_a_miss_at_once(tmp_path: Path, kind: str) -> None:
    store = cache(tmp_path, 10**6)
    store.put("a", ALL, {"image": torch.ones(1, 5)})
    (path,) = tmp_path.rglob("*.features")
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind == "folder":
        path.mkdir()
    elif kind == "vast":
        path.touch()
        os.truncate(path, 50 * 10**9)
    else:
        payload = save({"image": torch.full((3, 5), float("nan"))})
        path.write_bytes(MAGIC + hashlib.sha256(payload).digest() + payload)
    assert store.get("a", ALL) is None
    store.put("a", ALL, {"image": torch.ones(1, 5)})


def test_any_damage_is_a_miss(tmp_path: Path) -> None:
    store = cache(tmp_path)
    store.put("a", ALL, {"image": torch.randn(1, 40)})
    (path,) = tmp_path.rglob("*.features")
    content = path.read_bytes()
    for change in [*every_flip(content), *damages(content, 300)]:
        path.write_bytes(change)
        assert store.get("a", ALL) is None


def test_sizes_are_read_as_people_write_them() -> None:
    assert read_limit("") == 2 * 10**9
    assert read_limit("500 MB") == 500 * 10**6
    assert read_limit("1.5gb") == 1_500_000_000
    assert read_limit("0") == 0
    with pytest.raises(UsageProblem, match="is no size"):
        read_limit("a lot")
