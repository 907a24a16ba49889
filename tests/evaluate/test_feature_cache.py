"""The feature cache: hits, damage, the bound, and two processes at once."""

import hashlib
import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import save

from promptdsl.errors import UsageProblem
from promptdsl.scoring import feature_cache
from promptdsl.scoring.feature_cache import (
    MAGIC,
    Encoding,
    FeatureCache,
    encoding_key,
    open_feature_cache,
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


def kept(folder: Path) -> list[int]:
    """The sizes of the files that are left."""
    return sorted(path.stat().st_size for path in folder.rglob("*.features"))


def test_a_picture_lies_where_later_versions_look_for_it(tmp_path: Path) -> None:
    cache(tmp_path).put("a", ALL, {"image": torch.ones(1, 2)})
    (path,) = tmp_path.rglob("*.features")
    name = hashlib.sha256(b"a key").hexdigest()[:40]
    assert path == tmp_path / name[:2] / f"{name}.features"
    assert path.read_bytes().startswith(b"promptdsl-features 1\n")


def test_hits_and_misses_are_counted(tmp_path: Path) -> None:
    store = cache(tmp_path)
    store.put("a", ALL, {"image": torch.ones(1)})
    assert store.get("a", ALL) is not None, "a picture may have one value alone"
    assert store.get("a", ALL) is not None and store.get("b", ALL) is None
    assert (store.hits, store.misses) == (2, 1)


def test_all_that_a_method_gives_replaces_what_was_there(tmp_path: Path) -> None:
    store = cache(tmp_path)
    store.put("a", ALL, {"older": torch.ones(1, 2)})
    store.put("a", ALL, {"image": torch.ones(1, 2)})
    assert (store.get("a", ALL) or {}).keys() == {"image"}


def test_what_is_larger_than_the_room_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache(tmp_path / "a").put("a", ALL, {"image": torch.ones(1, 500)})
    (size,) = kept(tmp_path / "a")
    monkeypatch.setattr(feature_cache, "_ROOM", 0.5)
    cache(tmp_path / "b", 2 * size).put("a", ALL, {"image": torch.ones(1, 500)})
    cache(tmp_path / "c", 2 * size - 1).put("a", ALL, {"image": torch.ones(1, 500)})
    assert kept(tmp_path / "b") == [size] and kept(tmp_path / "c") == []
    store = cache(tmp_path / "d", 3 * size)
    for name in "abc":
        store.put(name, ALL, {"image": torch.ones(1, 500)})
    assert kept(tmp_path / "d") == [size] * 3, "as much as there may be"
    store.put("d", ALL, {"image": torch.ones(1, 500)})
    assert kept(tmp_path / "d") == [size], "half of the bound, as the room says here"


def test_the_oldest_go_first_whatever_their_size_and_no_more_than_must(tmp_path: Path) -> None:
    for at, order in enumerate(itertools.permutations((100, 200, 300))):
        folder = tmp_path / str(at)
        store = cache(folder)
        for age, length in enumerate(order):
            before = {*folder.rglob("*.features")}
            store.put(f"{length}", ALL, {"image": torch.ones(1, length)})
            (path,) = {*folder.rglob("*.features")} - before
            os.utime(path, (1000 + age, 1000 + age))
        sizes = kept(folder)
        store.clear_to(sum(sizes))
        assert kept(folder) == sizes, "nothing must go"
        store.clear_to(sum(sizes) - 1)
        assert store.get(f"{order[0]}", ALL) is None
        assert store.get(f"{order[1]}", ALL) is not None
        assert store.get(f"{order[2]}", ALL) is not None


def test_another_process_may_go_on_with_its_unfinished_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = cache(tmp_path)
    store.put("a", ALL, {"image": torch.ones(1, 5)})
    (path,) = tmp_path.rglob("*.features")
    unfinished = path.with_name(f".{path.name}.ab_c1234.tmp")
    unfinished.write_text("half")
    last = unfinished.stat().st_mtime
    monkeypatch.setattr(feature_cache.time, "time", lambda: last + 3600)
    store.clear_to(0)
    assert unfinished.exists()
    monkeypatch.setattr(feature_cache.time, "time", lambda: last + 3600.5)
    store.clear_to(0)
    assert not unfinished.exists(), "after an hour it is abandoned"


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX systems")
def test_links_are_neither_entered_nor_counted(tmp_path: Path) -> None:
    other, mine = tmp_path / "other", tmp_path / "mine"
    cache(other).put("a", ALL, {"image": torch.ones(1, 500)})
    (theirs,) = other.rglob("*.features")
    store = cache(mine)
    store.put("b", ALL, {"image": torch.ones(1, 500)})
    (own,) = mine.rglob("*.features")
    os.utime(own, (1000, 1000))  # the first to go
    (mine / "link").symlink_to(theirs.parent)
    (own.parent / f"{'0' * 40}.features").symlink_to(theirs)
    store.clear_to(own.stat().st_size + 500)
    assert own.exists(), "a link is as large as itself, not as the file that it leads to"
    store.clear_to(0)
    assert not own.exists() and theirs.exists()


def test_the_cache_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path))
    monkeypatch.delenv("PROMPTDSL_CACHE_LIMIT", raising=False)
    assert open_feature_cache() == FeatureCache(tmp_path / "features", 2 * 10**9)
    monkeypatch.setenv("PROMPTDSL_CACHE_LIMIT", "3 kB")
    assert open_feature_cache() == FeatureCache(tmp_path / "features", 3000)
    monkeypatch.setenv("PROMPTDSL_CACHE_LIMIT", "0")
    assert open_feature_cache() is None


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
@pytest.mark.parametrize(
    "kind", ["pipe", "loop", "folder", "vast", "forged", "scalar", "nan", "several"]
)
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
        nan = float("nan")
        forged = {
            "scalar": torch.ones(()),
            "nan": torch.full((1, 5), nan),
            "several": torch.ones(3, 5),
        }
        payload = save({"image": forged.get(kind, torch.full((3, 5), nan))})
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
    assert read_limit("2kb") == 2000 and read_limit("700") == 700
    assert read_limit("0.5 TB") == 5 * 10**11
    assert read_limit("0") == 0
    with pytest.raises(UsageProblem, match="is no size"):
        read_limit("a lot")
