"""Hashes of files: remembered while the file is certainly the same, made again when it is not."""

import hashlib
import json
import os
import shutil
from io import BufferedReader
from pathlib import Path

import pytest

from promptdsl.files import hashing
from promptdsl.files.hashing import hash_file
from tests.robustness.damage import damages, strange_json

REST_SECONDS = hashing.REST_SECONDS  # as it is outside of these tests


@pytest.fixture(autouse=True)
def _files_are_at_rest_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashing, "REST_SECONDS", -1.0)


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
    monkeypatch.setattr(hashing.hashlib, "file_digest", None)
    assert hash_file(file) == first


def test_a_replacement_of_equal_size_and_time_is_noticed(tmp_path: Path) -> None:
    file, other = tmp_path / "weights.pt", tmp_path / "other.pt"
    file.write_bytes(b"one")
    hash_file(file)
    other.write_bytes(b"two")
    shutil.copystat(file, other)
    os.replace(other, file)
    assert hash_file(file) == hashlib.sha256(b"two").hexdigest()


def test_a_rewrite_that_keeps_the_times_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    hash_file(file)
    before = file.stat()
    file.write_bytes(b"two")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert hash_file(file) == hashlib.sha256(b"two").hexdigest()


def test_a_file_that_has_just_changed_leaves_no_note(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "REST_SECONDS", 60.0)
    (tmp_path / "weights.pt").write_bytes(b"one")
    hash_file(tmp_path / "weights.pt")
    assert not (own_cache / "hashes").exists()


@pytest.mark.parametrize("times", ["modified", "changed"])
def test_five_seconds_of_rest_are_needed_since_either_time(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, times: str
) -> None:
    monkeypatch.setattr(hashing, "REST_SECONDS", REST_SECONDS)
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    if times == "changed":
        os.utime(file, ns=(0, 0))
        last = file.stat().st_ctime_ns
    else:
        last = file.stat().st_ctime_ns + 10**12
        os.utime(file, ns=(last, last))
    monkeypatch.setattr(hashing.time, "time_ns", lambda: last + 5 * 10**9)
    hash_file(file)
    assert not (own_cache / "hashes").exists()
    monkeypatch.setattr(hashing.time, "time_ns", lambda: last + 5 * 10**9 + 1)
    hash_file(file)
    assert (own_cache / "hashes").exists()


def test_a_file_that_changes_while_it_is_read_leaves_no_note(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    real = hashing.hash_stream

    def changing(stream: BufferedReader) -> str:
        sha256 = real(stream)
        with file.open("ab") as other:
            other.write(b" more")
        return sha256

    monkeypatch.setattr(hashing, "hash_stream", changing)
    hash_file(file)
    assert not (own_cache / "hashes").exists()


def test_a_note_holds_what_proves_that_a_file_is_the_same(tmp_path: Path, own_cache: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    sha256, status = hash_file(file), file.stat()
    (note,) = (own_cache / "hashes").iterdir()
    assert note.name == hashlib.sha256(os.fsencode(file.resolve())).hexdigest()[:32] + ".json"
    said = json.loads(note.read_bytes())
    assert len(said.pop("check")) == 16
    assert said == {
        "size": 3,
        "modified": status.st_mtime_ns,
        "changed": status.st_ctime_ns,
        "inode": status.st_ino,
        "device": status.st_dev,
        "sha256": sha256,
    }
    note.write_text(json.dumps(hashing._sealed({**said, "sha256": "0" * 64}) | {"check": "0" * 16}))
    assert hash_file(file) == sha256, "a note whose checksum is wrong is not believed"


DAMAGE = [b"", b"{", b'{"size": 3}', b'{"size": 3, "changed": 0}', b"[]", b"[" * 100_000]


@pytest.mark.parametrize("damage", DAMAGE, ids=range(len(DAMAGE)))
def test_a_damaged_note_is_ignored(tmp_path: Path, own_cache: Path, damage: bytes) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    first = hash_file(file)
    (note,) = (own_cache / "hashes").iterdir()
    note.write_bytes(damage)
    assert hash_file(file) == first
    assert b"sha256" in note.read_bytes()


def test_no_damage_of_a_note_gives_a_wrong_hash(tmp_path: Path, own_cache: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(b"one")
    first = hash_file(file)
    (note,) = (own_cache / "hashes").iterdir()
    content = note.read_bytes()
    digit = b"0" if first[0] != "0" else b"1"
    wrong_digit = content.replace(first.encode(), digit + first[1:].encode())
    strange = (strange_json(content, seed) for seed in range(40))
    for changed in (wrong_digit, *damages(content, 60), *strange):
        note.write_bytes(changed)
        assert hash_file(file) == first


def test_notes_are_bounded(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "MAX_NOTES", 6)
    (own_cache / "hashes").mkdir(parents=True)
    mine = own_cache / "hashes" / "mine.json"
    mine.write_text("a file of somebody else")
    os.utime(mine, (1, 1))
    for number in range(20):
        (tmp_path / f"{number}.pt").write_bytes(b"one")
        hash_file(tmp_path / f"{number}.pt")
    assert 3 <= len([*(own_cache / "hashes").iterdir()]) - 1 <= 6
    assert mine.exists()


def test_the_oldest_half_of_the_notes_goes(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hashing, "MAX_NOTES", 5)
    for number in range(5):
        (tmp_path / f"{number}.pt").write_bytes(b"one")
        hash_file(tmp_path / f"{number}.pt")
    notes = sorted((own_cache / "hashes").iterdir())
    assert len(notes) == 5, "as many as there may be"
    for age, note in enumerate(notes):
        os.utime(note, (1_000_000 + age, 1_000_000 + age))
    (tmp_path / "new.pt").write_bytes(b"one")
    hash_file(tmp_path / "new.pt")
    left = set((own_cache / "hashes").iterdir())
    assert left.isdisjoint(notes[:3]) and left > set(notes[3:]) and len(left) == 3


@pytest.mark.parametrize("place", ["a file", "a link to nothing"])
def test_a_cache_that_cannot_be_used_is_no_obstacle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    cache = tmp_path / "cache"
    if place == "a file":
        cache.write_bytes(b"")
    else:
        cache.symlink_to(tmp_path / "nowhere" / "deep")
    monkeypatch.setenv("PROMPTDSL_CACHE", str(cache))
    (tmp_path / "weights.pt").write_bytes(b"one")
    assert hash_file(tmp_path / "weights.pt")
