"""Text embeddings: encoded once, found again, robust against damage and against company."""

import multiprocessing
import sqlite3
from pathlib import Path

import numpy as np
import pytest
import torch

from promptdsl.errors import SpecProblem
from promptdsl.runtime import text, text_cache
from promptdsl.runtime.clip_model import ClipModel, assemble
from promptdsl.runtime.text import embed_prompts
from promptdsl.runtime.text_cache import cache_file, load_embeddings, store_embeddings
from promptdsl.runtime.weights import state_from_tensors

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


def test_two_processes_write_at_once() -> None:
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
