"""Scores and maps from features: every setting, and what must hold for all of them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from safetensors.torch import load_file, save_file

from promptdsl.errors import SpecProblem
from promptdsl.methods.shared.settings import read_fields
from promptdsl.methods.shared.words import Directions, find_directions, prototype
from promptdsl.methods.winclip import references as references_module
from promptdsl.methods.winclip.references import distance, remember
from promptdsl.methods.winclip.scoring import Scores, score_features
from promptdsl.methods.winclip.settings import WinclipSettings
from promptdsl.methods.winclip.windows import (
    WindowSize,
    fuse_maps,
    scores_of_patches,
    window_patches,
    windows_over_patches,
)
from promptdsl.scoring.features import Features, join_features
from promptdsl.scoring.reference_pictures import draw_references

from .conftest import MakePlan

GRID, SIZE, WIDTH = (4, 4), (32, 32), 12


def settings_of(make_plan: MakePlan, **changes: object) -> WinclipSettings:
    return read_fields(WinclipSettings, make_plan(**changes).method.settings)


def features_of(count: int, seed: int = 0) -> Features:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"image": (), "2x2": (9,), "3x3": (4,), "patches": (16,)}
    return Features(
        {
            name: torch.randn(count, *shape, WIDTH, generator=generator)
            for name, shape in shapes.items()
        }
    )


@pytest.fixture
def embeddings(make_plan: MakePlan) -> torch.Tensor:
    generator = torch.Generator().manual_seed(3)
    return torch.randn(len(make_plan().prompts), WIDTH, generator=generator)


def directions(make_plan: MakePlan, embeddings: torch.Tensor, **changes: str) -> Directions:
    settings = settings_of(make_plan, **changes)
    return find_directions(make_plan().prompts, embeddings, settings.averaging, settings.pooling)


def scores_of(make_plan: MakePlan, embeddings: torch.Tensor, **changes: object) -> Scores:
    settings = settings_of(make_plan, **changes)
    words = find_directions(make_plan().prompts, embeddings, settings.averaging, settings.pooling)
    memory = remember(features_of(2, seed=9)) if changes.get("references") else None
    return score_features(features_of(3), words, memory, settings, GRID, SIZE)


def test_pooling_mean_is_the_softmax_of_two_prototypes(make_plan, embeddings) -> None:
    labels = torch.tensor([p.label == "normal" for p in make_plan().prompts])
    pair = torch.stack([prototype(embeddings[rows], "plain") for rows in (labels, ~labels)])
    cosines = F.normalize(features_of(3).tensors["image"], dim=-1) @ pair.t()
    expected = (cosines / 0.07).softmax(dim=-1)[:, 1]
    torch.testing.assert_close(scores_of(make_plan, embeddings).score_B, expected)


def test_pooling_defects_is_the_worst_named_defect(make_plan, embeddings) -> None:
    scores = scores_of(make_plan, embeddings, pooling="defects")
    torch.testing.assert_close(scores.score_B, scores.defects_BK.amax(dim=1))


def test_pooling_max_is_the_nearest_prompt_of_each_label(make_plan, embeddings) -> None:
    labels = torch.tensor([p.label == "normal" for p in make_plan().prompts])
    cosines = F.normalize(features_of(3).tensors["image"], dim=-1) @ F.normalize(embeddings).t()
    best = torch.stack([cosines[:, labels].amax(1), cosines[:, ~labels].amax(1)], dim=1)
    scores = scores_of(make_plan, embeddings, pooling="max")
    torch.testing.assert_close(scores.score_B, (best / 0.07).softmax(dim=-1)[:, 1])
    torch.testing.assert_close(scores.score_B, scores.defects_BK.amax(dim=1))


@pytest.mark.parametrize("averaging", ["normalized", "plain"])
def test_duplicates_count_twice(make_plan, embeddings, averaging) -> None:
    once = prototype(embeddings[:3], averaging)
    twice = prototype(embeddings[[0, 1, 2, 2]], averaging)
    assert not torch.allclose(once, twice)
    rows = F.normalize(embeddings, dim=-1) if averaging == "normalized" else embeddings
    expected = F.normalize((rows[0] + rows[1] + 2 * rows[2]) / 4, dim=-1)
    torch.testing.assert_close(twice, expected)


def test_without_image_only_the_map_changes(make_plan, embeddings) -> None:
    whole = scores_of(make_plan, embeddings)
    windows = scores_of(make_plan, embeddings, windows=("2x2", "3x3"))
    torch.testing.assert_close(whole.score_B, windows.score_B)
    assert not torch.allclose(whole.map_BHW, windows.map_BHW)


def test_image_alone_gives_a_flat_map(make_plan, embeddings) -> None:
    scores = scores_of(make_plan, embeddings, windows=("image",))
    flat = scores.score_B[:, None, None].expand(-1, *SIZE)
    torch.testing.assert_close(scores.map_BHW, flat)


@pytest.mark.parametrize("rule", ["mean", "sum", "words", "references"])
def test_image_score_with_references(make_plan, embeddings, rule) -> None:
    scores = scores_of(make_plan, embeddings, references=("good.png",), image_score=rule)
    words, references = scores.words_B, scores.references_B
    assert references is not None
    expected = {
        "mean": (words + references) / 2,
        "sum": (words + references).clamp_max(1),
        "words": words,
        "references": references,
    }[rule]
    torch.testing.assert_close(scores.score_B, expected)


def test_temperature_keeps_the_order(make_plan, embeddings) -> None:
    mild, sharp = (scores_of(make_plan, embeddings, temperature=t).score_B for t in (0.07, 0.01))
    assert torch.equal(mild.argsort(), sharp.argsort())
    assert (sharp - 0.5).abs().min() >= (mild - 0.5).abs().min()


@pytest.mark.parametrize("fuse", ["harmonic", "mean", "max"])
@pytest.mark.parametrize("pooling", ["mean", "defects", "max"])
def test_everything_lies_between_0_and_1(make_plan, embeddings, fuse, pooling) -> None:
    for temperature in (1e-4, 0.07, 10.0):
        scores = scores_of(
            make_plan,
            embeddings,
            fuse=fuse,
            pooling=pooling,
            temperature=temperature,
            references=("good.png",),
        )
        for values in (scores.score_B, scores.map_BHW, scores.defects_BK):
            assert torch.isfinite(values).all()
            assert values.min() >= 0
            assert values.max() <= 1


unit_scores = arrays(np.float32, (2, 9), elements=st.floats(0, 1, width=32))


@given(scores=unit_scores, fuse=st.sampled_from(["harmonic", "mean", "max"]))
def test_a_patch_takes_the_fused_scores_of_the_windows_over_it(scores, fuse) -> None:
    patches = window_patches(GRID, WindowSize(2, 2), 1)
    cover = windows_over_patches(GRID, WindowSize(2, 2), 1, torch.device("cpu"))
    fused = scores_of_patches(torch.from_numpy(scores), cover, GRID, fuse).flatten(1).numpy()
    for patch in range(16):
        over = scores[:, (patches == patch).any(dim=1).numpy()].astype(np.float64)
        with np.errstate(divide="ignore"):
            expected = {
                "harmonic": over.shape[1] / (1 / over).sum(axis=1),
                "mean": over.mean(axis=1),
                "max": over.max(axis=1),
            }[fuse]
        np.testing.assert_allclose(fused[:, patch], expected, atol=1e-6)


@given(maps=arrays(np.float32, (3, 1, 2, 2), elements=st.floats(0, 1, width=32)))
def test_harmonic_fusion_is_the_most_cautious(maps) -> None:
    harmonic, mean, most = (
        fuse_maps(torch.from_numpy(maps), f) for f in ("harmonic", "mean", "max")
    )
    assert torch.isfinite(harmonic).all()
    assert (harmonic <= mean + 1e-6).all()
    assert (mean <= most + 1e-6).all()


def test_distance_in_small_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    queries, memory = torch.randn(2, 5, WIDTH), F.normalize(torch.randn(40, WIDTH), dim=-1)
    whole = distance(queries, memory)
    cosines = F.normalize(queries, dim=-1) @ memory.t()
    torch.testing.assert_close(whole, ((1 - cosines) / 2).amin(dim=-1))
    monkeypatch.setattr(references_module, "MAX_PRODUCT", 30)
    torch.testing.assert_close(distance(queries, memory), whole)


def test_a_reference_is_at_no_distance_from_itself() -> None:
    features = features_of(2)
    memory = remember(features).memory
    assert set(memory) == {"2x2", "3x3", "patches"}
    assert distance(features.tensors["2x2"], memory["2x2"]).max() < 1e-6


names = st.lists(st.text("abc/", min_size=1, max_size=4), min_size=1, max_size=8, unique=True)


@given(files=names, seed=st.integers(0, 9), data=st.data())
def test_drawn_references_do_not_depend_on_the_order(files, seed, data) -> None:
    shots = data.draw(st.integers(1, len(files)))
    shuffled = data.draw(st.permutations(files))
    drawn = draw_references(files, shots, seed)
    assert drawn == draw_references(shuffled, shots, seed)
    assert len(set(drawn)) == shots
    assert set(drawn) <= set(files)


def test_the_seed_changes_which_references_are_drawn() -> None:
    files = [f"{number}.png" for number in range(30)]
    assert len({draw_references(files, 4, seed) for seed in range(5)}) > 1
    assert draw_references(files, None, 3) == tuple(sorted(files))


def test_more_shots_than_references_is_told() -> None:
    with pytest.raises(SpecProblem, match=r"3 references are asked for, but .* gives 2"):
        draw_references(["a.png", "b.png"], 3, 0)


def test_features_survive_the_disk_and_can_be_scored_with_other_words(
    make_plan, embeddings, tmp_path
) -> None:
    features = features_of(3)
    save_file(features.tensors, tmp_path / "features.safetensors")
    again = Features(load_file(tmp_path / "features.safetensors"))
    joined = join_features([again[:1], again[1:]])
    settings = replace(settings_of(make_plan), temperature=0.5)
    words = directions(make_plan, embeddings, pooling="defects")
    first = score_features(features, words, None, settings, GRID, SIZE)
    second = score_features(joined, words, None, settings, GRID, SIZE)
    torch.testing.assert_close(first.map_BHW, second.map_BHW, rtol=0, atol=0)
    assert len(joined) == 3
