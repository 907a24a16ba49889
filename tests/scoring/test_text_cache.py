"""Text embeddings: encoded once, found again, robust against damage and against company."""

import multiprocessing
import os
import sqlite3
import tempfile
import time
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import torch

from promptdsl.clip import text, text_cache
from promptdsl.clip.model import ClipModel, assemble
from promptdsl.clip.text import embed_prompts
from promptdsl.clip.text_cache import Row, cache_file, load_embeddings, store_embeddings
from promptdsl.clip.weights import state_from_tensors
from promptdsl.errors import SpecProblem
from promptdsl.files.hashing import hash_file
from promptdsl.scoring.feature_cache import Encoding, FeatureCache
from tests.robustness.damage import damages

from .open_clip_models import build, config

PROMPTS = ["a nut.", "a damaged nut.", "a nut.", "a photo of the nut."]


@pytest.fixture(scope="module")
def model() -> ClipModel:
    return assemble("tiny", config(), state_from_tensors(build(config()).state_dict()))


def forbid_encoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def encode(*_: object) -> None:
        raise AssertionError("the text tower was used")

    monkeypatch.setattr(text, "_encode", encode)


def test_the_second_time_no_text_tower_is_loaded(
    model: ClipModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = embed_prompts(model, PROMPTS)
    forbid_encoding(monkeypatch)
    torch.testing.assert_close(embed_prompts(model, PROMPTS), first, rtol=0, atol=0)
    assert torch.equal(first[0], first[2])


def test_company_does_not_change_an_embedding(model: ClipModel) -> None:
    together = embed_prompts(model, PROMPTS, cached=False)
    alone = torch.cat([embed_prompts(model, [prompt], cached=False) for prompt in PROMPTS])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


def test_many_prompts_in_batches(model: ClipModel, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = [f"a photo of a nut number {number}." for number in range(20)]
    whole = embed_prompts(model, prompts, cached=False)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(text, "BATCH_PROMPTS", 6)
    parts = embed_prompts(model, prompts, cached=False, progress=lambda *step: told.append(step))
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-5)
    assert told == [(6, 20), (12, 20), (18, 20), (20, 20)]


def test_another_shape_of_the_same_weights_has_its_own_entries(model: ClipModel) -> None:
    quick = assemble("tiny", config(quick_gelu=True), model.source)
    assert quick.weights_sha256 == model.weights_sha256
    assert not torch.allclose(embed_prompts(model, PROMPTS), embed_prompts(quick, PROMPTS))


def test_a_prompt_that_is_too_long_is_told_and_not_cut(model: ClipModel) -> None:
    with pytest.raises(SpecProblem, match="tokens, but tiny reads at most 77"):
        embed_prompts(model, ["scratch " * 80])


def test_a_damaged_row_is_made_again(model: ClipModel) -> None:
    first = embed_prompts(model, PROMPTS)
    for damage in (b"short", bytes(4 * 48)):
        with sqlite3.connect(cache_file(model.identity)) as database:
            database.execute("UPDATE embeddings SET embedding = ?", (damage,))
        database.close()
        assert load_embeddings(model.identity, PROMPTS, 48) == {}
        torch.testing.assert_close(embed_prompts(model, PROMPTS), first)
        assert len(load_embeddings(model.identity, PROMPTS, 48)) == 3


@pytest.mark.parametrize("damage", [b"this is no database, " * 100, b"", b"SQLite format 3\0" * 20])
def test_a_damaged_file_is_made_again(model: ClipModel, damage: bytes) -> None:
    first = embed_prompts(model, PROMPTS)
    cache_file(model.identity).write_bytes(damage)
    torch.testing.assert_close(embed_prompts(model, PROMPTS), first)
    torch.testing.assert_close(embed_prompts(model, PROMPTS), first)
    assert len(load_embeddings(model.identity, PROMPTS, 48)) == 3


def test_a_folder_where_nothing_can_be_written_only_costs_time(
    model: ClipModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "file"))
    assert embed_prompts(model, PROMPTS).shape == (4, 48)


def rows(count: int = 3) -> dict[str, Row]:
    return {f"prompt {n}": np.full(8, n, np.float32) for n in range(count)}


@pytest.mark.skipif(os.name == "nt", reason="pipes and links of POSIX systems")
@pytest.mark.parametrize("kind", ["pipe", "loop", "folder"])
def test_what_is_no_file_makes_nobody_wait(kind: str) -> None:
    path = cache_file("model")
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "loop":
        path.symlink_to(path.name)
    else:
        path.mkdir()
    store_embeddings("model", rows())
    assert load_embeddings("model", list(rows()), 8) == {}
    assert os.path.lexists(path)


def test_any_damage_costs_time_alone() -> None:
    """Every prompt comes back as it was stored or not at all, and can be stored again."""
    wanted = rows()
    store_embeddings("model", wanted)
    content = cache_file("model").read_bytes()
    for change in damages(content, 100):
        cache_file("model").write_bytes(change)
        for _ in range(2):
            found = load_embeddings("model", list(wanted), 8)
            assert all(np.array_equal(found[name], wanted[name]) for name in found)
        store_embeddings("model", wanted)
        found = load_embeddings("model", list(wanted), 8)
        assert all(np.array_equal(found[name], wanted[name]) for name in found)


def test_damage_that_sqlite_quotes_in_its_message() -> None:
    """Such a message is no text: Python fails to decode it before it is an error of SQLite's."""
    store_embeddings("model", rows())
    content = cache_file("model").read_bytes()
    words = b"CREATE TABLE embeddings"
    assert words in content
    cache_file("model").write_bytes(content.replace(words, b"CREATE \xa9ABLE embeddings"))
    assert load_embeddings("model", list(rows()), 8) == {}
    store_embeddings("model", rows())
    assert len(load_embeddings("model", list(rows()), 8)) == 3


@pytest.mark.parametrize("lock", ["EXCLUSIVE", "IMMEDIATE"])
def test_a_file_that_another_holds_is_waited_for_once(
    lock: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert text_cache.WAIT_SECONDS <= 2
    monkeypatch.setattr(text_cache, "WAIT_SECONDS", 0.5)
    store_embeddings("model", rows())
    with closing(sqlite3.connect(cache_file("model"), isolation_level=None)) as holder:
        holder.execute(f"BEGIN {lock}")
        started = time.monotonic()
        for _ in range(5):
            load_embeddings("model", list(rows()), 8)
            store_embeddings("model", rows(5))
        assert 0.4 < time.monotonic() - started < 2  # each time would be 2.5 s and more
    store_embeddings("model", rows(5))
    assert len(load_embeddings("model", list(rows(5)), 8)) == 5


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX systems")
@pytest.mark.parametrize("beside", ["-journal", "-wal", "-shm"])
def test_a_pipe_beside_the_file_makes_nobody_wait(beside: str) -> None:
    store_embeddings("model", rows())
    os.mkfifo(f"{cache_file('model')}{beside}")
    child = multiprocessing.get_context("fork").Process(
        target=load_embeddings, args=("model", list(rows()), 8), daemon=True
    )
    child.start()
    child.join(10)
    waits = child.is_alive()
    child.kill()
    assert not waits


@pytest.mark.parametrize(
    "made",
    [
        "VIEW embeddings AS WITH RECURSIVE r(prompt) AS (SELECT 1 UNION ALL SELECT prompt FROM r) "
        "SELECT prompt, prompt AS embedding, prompt AS checksum FROM r WHERE prompt = 2",
        "TRIGGER t BEFORE INSERT ON embeddings BEGIN DELETE FROM embeddings; END",
    ],
)
def test_views_and_triggers_of_somebody_else_are_not_run(made: str) -> None:
    if made.startswith("TRIGGER"):
        store_embeddings("model", rows())
    cache_file("model").parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(cache_file("model"), isolation_level=None)) as database:
        database.execute(f"CREATE {made}")
    assert load_embeddings("model", list(rows()), 8) == {}
    store_embeddings("model", rows())
    assert len(load_embeddings("model", list(rows()), 8)) == 3


@pytest.mark.parametrize("table", ["embeddings (x)", "embeddings (prompt, other, more)", "x (y)"])
def test_a_database_of_somebody_else_is_made_anew(table: str) -> None:
    path = cache_file("model")
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        database.execute(f"CREATE TABLE {table}")
    database.close()
    for _ in range(2):
        load_embeddings("model", list(rows()), 8)
        store_embeddings("model", rows())
    assert len(load_embeddings("model", list(rows()), 8)) == 3


def test_files_of_many_models_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_cache, "MAX_MODELS", 6)
    mine = cache_file("mine")
    mine.parent.mkdir(parents=True, exist_ok=True)
    mine.write_text("a file of somebody else")
    os.utime(mine, (1, 1))
    for number in range(20):
        store_embeddings(f"{number:032x}", rows())
        os.utime(cache_file(f"{number:032x}"), (1000 + number, 1000 + number))
    left = {path.stem for path in mine.parent.iterdir()} - {"mine"}
    assert 3 <= len(left) <= 6
    assert f"{19:032x}" in left
    assert mine.exists()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="needs root to give rights up")
@pytest.mark.parametrize("closed", ["the cache", "the folder", "the file", "damaged"])
def test_a_cache_without_permission_costs_time_alone(
    closed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with tempfile.TemporaryDirectory() as folder:  # others may enter it, unlike pytest's own
        Path(folder).chmod(0o777)
        weights = Path(folder, "weights.pt")
        weights.write_bytes(b"weights")
        weights.chmod(0o644)
        monkeypatch.setenv("PROMPTDSL_CACHE", f"{folder}/cache")
        store_embeddings("model", rows())
        path = cache_file("model")
        path.chmod(0o644)
        if closed == "damaged":
            path.write_bytes(b"this is no database, " * 100)
        for place, name in ((path.parent.parent, "the cache"), (path.parent, "the folder")):
            place.chmod(0 if closed == name else 0o555)
        path.chmod(0 if closed == "the file" else 0o444)
        pid = os.fork()
        if pid == 0:
            try:
                os.seteuid(65534)
                load_embeddings("model", list(rows()), 8)
                store_embeddings("model", rows(5))
                store_embeddings("another", rows(5))
                hash_file(weights)
                FeatureCache(Path(folder) / "cache" / "features", 10**6).clear_to(0)
                cache = FeatureCache(Path(folder) / "cache" / "features", 10**6)
                cache.put("a", Encoding("k", None), {"image": torch.ones(1, 5)})
                os._exit(0 if cache.get("a", Encoding("k", None)) is None else 1)
            except BaseException:
                os._exit(2)
        assert os.waitpid(pid, 0)[1] == 0


def test_the_file_stays_within_its_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_cache, "MAX_BYTES", 10 * (4 * 8 + 256))
    for start in range(0, 40, 4):
        rows = {f"prompt {n}": np.full(8, n, np.float32) for n in range(start, start + 4)}
        store_embeddings("model", rows)
    kept = load_embeddings("model", [f"prompt {number}" for number in range(40)], 8)
    assert list(kept) == [f"prompt {number}" for number in range(30, 40)]


def write_rows(start: int) -> None:
    for number in range(start, start + 40):
        store_embeddings("shared", {f"prompt {number}": np.full(8, number, np.float32)})


def test_two_processes_write_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_cache, "WAIT_SECONDS", 60)  # on any disk
    context = multiprocessing.get_context("fork")
    writers = [context.Process(target=write_rows, args=(start,)) for start in (0, 20)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
        assert writer.exitcode == 0
    kept = load_embeddings("shared", [f"prompt {number}" for number in range(60)], 8)
    assert len(kept) == 60
    assert all(row[0] == int(prompt.split()[1]) for prompt, row in kept.items())
