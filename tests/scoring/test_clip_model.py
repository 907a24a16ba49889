"""Models that serve, models that are refused with the reason, and weights that do not fit."""

import json
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from promptdsl.clip import model as clip_model
from promptdsl.clip.config import CLIP_MEAN
from promptdsl.clip.model import (
    assemble,
    load_files,
    load_open_clip,
    open_clip_config,
    random_model,
    trained_with_quick_gelu,
)
from promptdsl.clip.weights import state_from_tensors
from promptdsl.errors import EnvironmentProblem

from .open_clip_models import build, config


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    return dict(build(config()).state_dict())


def problem_of(content: dict[str, Any], tensors: dict[str, torch.Tensor]) -> str:
    with pytest.raises(EnvironmentProblem) as caught:
        assemble("tiny", content, state_from_tensors(tensors))
    return caught.value.sentence


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("RN50", "ResNet"),
        ("convnext_base", "timm"),
        ("coca_ViT-B-32", "CoCa"),
        ("ViT-L-14-CLIPA", "averages patches"),
        ("xlm-roberta-base-ViT-B-32", "Hugging Face"),
        ("ViT-H-14-worldwide", "tokenizer"),
    ],
)
def test_models_that_cannot_serve_are_refused_with_the_reason(name: str, reason: str) -> None:
    try:
        content = open_clip_config(name)
    except EnvironmentProblem:
        pytest.skip("this open_clip does not have it")
    with pytest.raises(EnvironmentProblem, match=reason):
        assemble(name, content, state_from_tensors({"none": torch.zeros(1)}))


@pytest.mark.parametrize(
    ("vision", "reason"),
    [
        ({"patch_dropout": 0.5}, "drops patches"),
        ({"attentional_pool": True}, "pools by attention"),
        ({"pool_type": "avg"}, "averages patches"),
        ({"qk_norm": True}, "qk_norm: True"),
        ({"act_kwargs": {"approximate": "tanh"}}, "act_kwargs"),
    ],
)
def test_unserved_variants_are_refused(
    vision: dict[str, Any], reason: str, tensors: dict[str, torch.Tensor]
) -> None:
    assert reason in problem_of(config(vision=vision), tensors)


def test_every_plain_model_of_open_clip_is_served() -> None:
    for name in ("ViT-B-16-plus-240", "ViT-L-14-336-quickgelu", "ViT-B-32", "ViT-g-14", "ViT-e-14"):
        shape = clip_model.read_config(open_clip_config(name), name)
        assert shape.quick_gelu == name.endswith("quickgelu")


def test_a_quickgelu_name_that_an_older_open_clip_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    import open_clip

    known = open_clip.get_model_config
    monkeypatch.setattr(
        open_clip, "get_model_config", lambda name: None if "quick" in name else known(name)
    )
    assert open_clip_config("ViT-L-14-336-quickgelu")["quick_gelu"]
    with pytest.raises(EnvironmentProblem):
        open_clip_config("none-quickgelu")


def test_an_unknown_name_gets_a_near_one() -> None:
    with pytest.raises(EnvironmentProblem, match="no model") as caught:
        open_clip_config("ViT-B-16-plus-241")
    assert caught.value.help == 'did you mean "ViT-B-16-plus-240"?'


def test_an_unknown_tag_lists_those_there_are() -> None:
    with pytest.raises(EnvironmentProblem, match="laion400m_e31"):
        load_open_clip("ViT-B-16-plus-240", "laion9")


@pytest.mark.parametrize(
    ("name", "tag", "wanted"),
    [
        ("ViT-L-14-336", "openai", "ViT-L-14-336-quickgelu"),
        ("ViT-B-32-quickgelu", "laion2b_e16", "ViT-B-32"),
    ],
)
def test_a_quickgelu_mismatch_is_an_error(
    name: str, tag: str, wanted: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from open_clip import pretrained

    entry = dict(pretrained.get_pretrained_cfg(name.removesuffix("-quickgelu"), tag))
    monkeypatch.setattr(clip_model, "_pretrained_entry", lambda *_: entry)
    with pytest.raises(EnvironmentProblem, match="GELU") as caught:
        load_open_clip(name, tag)
    assert caught.value.help == f'write model: "{wanted}", "{tag}"'


def test_older_tables_of_open_clip_are_read_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clip_model, "_table_knows_quick_gelu", lambda _: False)
    assert trained_with_quick_gelu("openai", {})
    assert trained_with_quick_gelu("laion400m_e31", {"url": "vit_b_32-quickgelu-laion400m.pt"})
    assert not trained_with_quick_gelu("laion400m_e31", {"url": "vit_b_16_plus_240.pt"})


def test_weights_that_are_not_here_say_how_to_bring_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from open_clip import pretrained

    def offline(*_: object, **__: object) -> str:
        raise FileNotFoundError("Failed to download file")

    monkeypatch.setattr(pretrained, "download_pretrained", offline)
    with pytest.raises(EnvironmentProblem, match="not on this machine") as caught:
        load_open_clip("ViT-B-16-plus-240", "laion400m_e31")
    assert "promptdsl models" in str(caught.value.help)


def test_misfits_name_the_first_wrong_tensors(tensors: dict[str, torch.Tensor]) -> None:
    sentence = problem_of(config(vision={"width": 96}), tensors)
    assert "visual.class_embedding is 64, not 96" in sentence
    assert re.search(r"and \d+ more$", sentence)
    missing = {name: value for name, value in tensors.items() if name != "visual.proj"}
    assert problem_of(config(), missing).endswith("visual.proj is missing")
    tower = {**tensors, "visual.positional_embedding": torch.zeros(12, 64)}
    assert "12 x 64, not 17 x 64" in problem_of(config(), tower)


def test_an_image_size_must_be_a_multiple_of_the_patch(tensors: dict[str, torch.Tensor]) -> None:
    model = assemble("tiny", config(), state_from_tensors(tensors))
    with pytest.raises(EnvironmentProblem, match="100 px is not a multiple of the 16 px patches"):
        model.vision_tower((100, 100), device=torch.device("cpu"))


def write_model(folder: Path, tensors: dict[str, torch.Tensor], suffix: str) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    config_file, weights = folder / "model.json", folder / f"model{suffix}"
    config_file.write_text(json.dumps(config()), "utf-8")
    if suffix == ".safetensors":
        save_file(tensors, weights)
    else:
        torch.save(tensors, weights)
    return config_file, weights


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".bin"])
def test_local_files(tmp_path: Path, tensors: dict[str, torch.Tensor], suffix: str) -> None:
    model = load_files(*write_model(tmp_path, tensors, suffix))
    tower = model.vision_tower(device=torch.device("cpu"))
    torch.testing.assert_close(tower.class_token, tensors["visual.class_embedding"])
    assert len(model.weights_sha256) == 64
    assert tuple(float(value) / 255 for value in tower.mean.flatten()) == pytest.approx(CLIP_MEAN)


@pytest.mark.parametrize("prefix", ["module.", "text."])
def test_wrapped_names_are_understood(
    tmp_path: Path, tensors: dict[str, torch.Tensor], prefix: str
) -> None:
    wrapped = {
        name if prefix == "text." and name.startswith("visual.") else prefix + name: value
        for name, value in tensors.items()
    }
    config_file, weights = write_model(tmp_path, {}, ".pt")
    torch.save({"state_dict": wrapped, "epoch": 3}, weights)
    assert load_files(config_file, weights).source.shapes["text_projection"] == (32, 48)


def test_mean_and_std_come_from_the_config(tensors: dict[str, torch.Tensor]) -> None:
    content = {"model_cfg": config(), "preprocess_cfg": {"mean": [0.5] * 3, "std": [0.25] * 3}}
    model = assemble("tiny", content, state_from_tensors(tensors))
    assert (model.config.mean, model.config.std) == ((0.5,) * 3, (0.25,) * 3)


class Malice:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("was-here"),))


def test_a_pickle_that_runs_code_is_refused(
    tmp_path: Path, tensors: dict[str, torch.Tensor], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config_file, weights = write_model(tmp_path, tensors, ".pt")
    torch.save({"visual.proj": Malice()}, weights)
    with pytest.raises(EnvironmentProblem, match="does not load as plain weights"):
        load_files(config_file, weights)
    weights.write_bytes(pickle.dumps(Malice()))
    with pytest.raises(EnvironmentProblem, match="does not load as plain weights"):
        load_files(config_file, weights)
    assert not Path("was-here").exists()


@pytest.mark.filterwarnings("ignore:.torch.jit")
def test_torchscript_is_refused_with_the_reason(tmp_path: Path) -> None:
    config_file, weights = write_model(tmp_path, {}, ".pt")
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(weights))
    with pytest.raises(EnvironmentProblem, match="TorchScript archive"):
        load_files(config_file, weights)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_damaged_files_are_one_sentence(
    tmp_path: Path, tensors: dict[str, torch.Tensor], suffix: str
) -> None:
    config_file, weights = write_model(tmp_path, tensors, suffix)
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(EnvironmentProblem, match=re.escape(str(weights))):
        load_files(config_file, weights)
    config_file.write_text("[1, 2", "utf-8")
    with pytest.raises(EnvironmentProblem, match="not a readable JSON"):
        load_files(config_file, weights)
    config_file.write_text("{}", "utf-8")
    _, weights = write_model(tmp_path / "whole", tensors, suffix)
    with pytest.raises(EnvironmentProblem, match="not an open_clip model config"):
        load_files(config_file, weights)


def test_files_that_are_not_there(tmp_path: Path, tensors: dict[str, torch.Tensor]) -> None:
    config_file, weights = write_model(tmp_path, tensors, ".safetensors")
    with pytest.raises(EnvironmentProblem, match="is not there"):
        load_files(config_file, tmp_path / "none.safetensors")
    with pytest.raises(EnvironmentProblem, match="is not there"):
        load_files(tmp_path / "none.json", weights)
    with pytest.raises(EnvironmentProblem, match="the formats are"):
        load_files(config_file, config_file)


def test_random_models_are_repeatable() -> None:
    first, second = (random_model("ViT-S-32-alt", seed=4) for _ in range(2))
    name = ["visual.proj"]
    torch.testing.assert_close(first.source.read(name), second.source.read(name))
    assert first.identity == second.identity
