"""Damaged, forged and foreign model files: each is one sentence, and none scores something else."""

import json
import pickle
import random
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from promptdsl.check.known_models import facts_of_config
from promptdsl.cli.main import main
from promptdsl.clip.config import expected_shapes, read_config
from promptdsl.clip.model import assemble, load_files
from promptdsl.clip.weights import open_weights, state_from_tensors
from promptdsl.errors import EnvironmentProblem

from .open_clip_models import TEXT, VISION, build, config

State = dict[str, Tensor]


@pytest.fixture(scope="module")
def tensors() -> State:
    return dict(build(config()).state_dict())


def refusal_of(content: dict[str, Any], state: State) -> str:
    with pytest.raises(EnvironmentProblem) as caught:
        assemble("tiny", content, state_from_tensors(state))
    return caught.value.sentence


# the config


ENDLESS: list[Any] = []
ENDLESS.append(ENDLESS)
WRONG: list[Any] = [0, -1, 2.5, 10**9, 10**5000, "16", True, None, [], {}, [16, 16, 16], ENDLESS]
WRONG += [float("nan"), float("inf")]
WHOLE = [
    (None, "embed_dim"),
    *(("vision_cfg", name) for name in ("width", "layers", "patch_size", "image_size")),
    ("vision_cfg", "head_width"),
    *(("text_cfg", name) for name in ("width", "layers", "heads", "context_length", "vocab_size")),
]


def changed(place: str | None, name: str, value: object) -> dict[str, Any]:
    content = {
        "embed_dim": 48,
        "vision_cfg": dict(VISION),
        "text_cfg": dict(TEXT),
        "preprocess_cfg": {},
    }
    (content if place is None else content[place])[name] = value  # type: ignore[index]
    return content


@pytest.mark.parametrize(("place", "name"), WHOLE)
def test_whole_numbers_of_a_config_are_held_to_a_range(place: str | None, name: str) -> None:
    for value in WRONG:
        with pytest.raises(
            EnvironmentProblem, match=r"is not an open_clip model config|cannot serve"
        ):
            read_config(changed(place, name, value), "tiny")


@pytest.mark.parametrize(
    ("place", "name", "values"),
    [
        ("vision_cfg", "mlp_ratio", [0, -4.0, 1e9, float("nan"), "4", True, 1e-9]),
        ("vision_cfg", "norm_kwargs", [{"eps": -1}, {"eps": float("nan")}, {"eps": "x"}, [], "a"]),
        ("text_cfg", "mlp_ratio", [float("inf"), None, [4]]),
        ("text_cfg", "tokenizer_kwargs", [{"clean": "none"}, {"clean": ["lower"]}, "lower", 3]),
        ("text_cfg", "heads", [3, 33, 64]),
        ("vision_cfg", "head_width", [128, 65]),
        ("vision_cfg", "image_size", [15, [64], [64, 8]]),
        ("vision_cfg", "no_ln_pre", [0, "false"]),
        (None, "quick_gelu", ["false", 1]),
        (None, "vision_cfg", [None, [], "x"]),
        (None, "text_cfg", [None, [], 7]),
        (None, "model_cfg", [None, [], "x"]),
        ("preprocess_cfg", "mean", [[0.5] * 2, [0.5, 0.5, float("nan")], "abc", [1e9] * 3, 0.5]),
        ("preprocess_cfg", "std", [[0.0] * 3, [0.5, -0.5, 0.5], [True] * 3, None, {}]),
    ],
)
def test_all_else_in_a_config_is_held_to_what_can_be_computed(
    place: str | None, name: str, values: list[Any]
) -> None:
    for value in values:
        with pytest.raises(EnvironmentProblem, match="is not an open_clip model config"):
            read_config(changed(place, name, value), "tiny")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000 + "]" * 100_000, "nested too deep"),
        ('{"embed_dim": ' * 5_000 + "1" + "}" * 5_000, "nested too deep"),
        ("[1]", "holds no object"),
        ('{"embed_dim": 48, "vision_cfg": {"patch_size": 0}, "text_cfg": {}}', "patch_size"),
        ('{"a": ' + "1" * 5_000 + "}", "JSON"),
        ('{"a": "' + "x" * 2_000_000 + '"}', "larger than"),
    ],
)
def test_a_config_that_no_model_has_ends_check_and_run_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, reason: str
) -> None:
    path, weights = tmp_path / "model.json", tmp_path / "model.safetensors"
    path.write_text(text, "utf-8")
    save_file({"a": torch.zeros(1)}, weights)
    with pytest.raises(EnvironmentProblem, match=reason):
        load_files(path, weights)
    spec = tmp_path / "part.inspect"
    spec.write_text(
        'inspect 1\nobject nut {\n  defect scratch { "scratched {object}" }\n'
        '  method anomalyclip { model: "model.json", "model.safetensors" }\n}\n',
        "utf-8",
    )
    assert main(["check", str(spec)]) == 1
    told = capsys.readouterr()
    assert "I413" in told.out + told.err


def test_both_readers_of_configs_agree_on_what_is_one() -> None:
    for place, name in WHOLE:
        for value in WRONG:
            if facts_of_config(changed(place, name, value)) is None:
                with pytest.raises(EnvironmentProblem):
                    read_config(changed(place, name, value), "tiny")


# what a file of weights may hold


def test_what_the_config_has_no_place_for_is_refused(tensors: State) -> None:
    short = config(vision={"layers": 1})
    assert "the weights have 3 layers of the image tower, and the config has 1" in refusal_of(
        short, tensors
    )
    fewer = {**config(), "text_cfg": {**TEXT, "layers": 2}}
    assert "the weights have 3 layers of the text tower, and the config has 2" in refusal_of(
        fewer, tensors
    )
    scaled = {**tensors, "visual.transformer.resblocks.0.ls_1.gamma": torch.ones(64)}
    assert "no place for visual.transformer.resblocks.0.ls_1.gamma" in refusal_of(config(), scaled)
    assert "no place for visual.ln_pre" in refusal_of(config(vision={"no_ln_pre": True}), tensors)
    strange = {**tensors, **{f"text_decoder.{n}": torch.ones(1) for n in range(9)}}
    assert refusal_of(config(), strange).endswith("and 6 more")


def test_what_changes_no_score_may_stay(tensors: State) -> None:
    more = {
        "logit_bias": torch.zeros(()),
        "attn_mask": torch.zeros(77, 77),
        "context_length": torch.tensor(77),
        "vocab_size": torch.tensor(49408),
        "input_resolution": torch.tensor(64),
    }
    assemble("tiny", config(), state_from_tensors({**tensors, **more}))


def test_a_name_that_stands_twice_is_refused(tensors: State) -> None:
    doubled = {**tensors, "module.visual.proj": torch.zeros(64, 48)}
    with pytest.raises(EnvironmentProblem, match=r"holds visual\.proj twice"):
        state_from_tensors(doubled)


# the layout of transformers


def as_transformers(state: State) -> State:
    """The same CLIP under the names of transformers' CLIPModel."""
    found: State = {
        "visual_projection.weight": state["visual.proj"].t().contiguous(),
        "text_projection.weight": state["text_projection"].t().contiguous(),
        "logit_scale": state["logit_scale"],
        "text_model.embeddings.position_ids": torch.arange(77)[None],
        "vision_model.embeddings.class_embedding": state["visual.class_embedding"],
        "vision_model.embeddings.patch_embedding.weight": state["visual.conv1.weight"],
        "vision_model.embeddings.position_embedding.weight": state["visual.positional_embedding"],
        "text_model.embeddings.token_embedding.weight": state["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": state["positional_embedding"],
    }
    norms = [("vision_model.pre_layrnorm", "visual.ln_pre")]
    norms += [("vision_model.post_layernorm", "visual.ln_post")]
    norms += [("text_model.final_layer_norm", "ln_final")]
    for tower, ours in (("vision_model", "visual.transformer"), ("text_model", "transformer")):
        for layer in range(3):
            there, here = f"{tower}.encoder.layers.{layer}", f"{ours}.resblocks.{layer}"
            norms += [
                (f"{there}.layer_norm1", f"{here}.ln_1"),
                (f"{there}.mlp.fc1", f"{here}.mlp.c_fc"),
            ]
            norms += [
                (f"{there}.layer_norm2", f"{here}.ln_2"),
                (f"{there}.mlp.fc2", f"{here}.mlp.c_proj"),
            ]
            norms += [(f"{there}.self_attn.out_proj", f"{here}.attn.out_proj")]
            for kind in ("weight", "bias"):
                joined = state[f"{here}.attn.in_proj_{kind}"].chunk(3)
                for name, rows in zip("qkv", joined, strict=True):
                    found[f"{there}.self_attn.{name}_proj.{kind}"] = rows.clone()
    for there, here in norms:
        for kind in ("weight", "bias"):
            found[f"{there}.{kind}"] = state[f"{here}.{kind}"]
    return found


@pytest.mark.parametrize("suffix", [".safetensors", ".bin"])
def test_the_layout_of_transformers_is_converted_exactly(
    tmp_path: Path, tensors: State, suffix: str
) -> None:
    path = tmp_path / f"model{suffix}"
    write(path, as_transformers(tensors))
    model = assemble("tiny", config(), open_weights(path))
    names = [*expected_shapes(model.config)]
    found = model.source.read(names)
    for name in names:
        assert model.source.shapes[name] == tuple(found[name].shape)
        assert torch.equal(found[name], tensors[name]), name


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vision_model.encoder.layers.1.self_attn.k_proj.bias": None}, "k_proj.bias is missing"),
        ({"vision_model.head.probe": torch.zeros(1, 1, 64)}, "no vision_model.head.probe"),
        ({"text_model.encoder.layers.0.self_attn.q_proj.weight": torch.zeros(8, 32)}, "CLIPModel"),
        ({"visual_projection.weight": torch.zeros(3)}, "CLIPModel"),
        ({"text_model.encoder.layers.0.crossattention.self.query.weight": torch.ones(2, 2)}, "no "),
        ({"module.visual.proj": torch.zeros(64, 48)}, "CLIPModel"),
    ],
)
def test_what_is_not_exactly_a_clip_of_transformers_is_named_and_refused(
    tensors: State, change: dict[str, Tensor | None], said: str
) -> None:
    state = {**as_transformers(tensors), **change}
    whole = {name: tensor for name, tensor in state.items() if tensor is not None}
    with pytest.raises(EnvironmentProblem, match="Hugging Face transformers") as caught:
        state_from_tensors(whole)
    assert said in caught.value.sentence


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("cls_token", "timm"),
        ("visual.layer1.0.conv1.weight", "ResNet"),
        ("embeddings.cls_token", "Hugg"),
    ],
)
def test_other_layouts_are_named(name: str, said: str) -> None:
    with pytest.raises(EnvironmentProblem, match=said):
        state_from_tensors({name: torch.zeros(1)})


def test_a_config_of_transformers_is_named() -> None:
    with pytest.raises(EnvironmentProblem, match="one of Hugging Face transformers"):
        read_config({"model_type": "clip", "vision_config": {}, "text_config": {}}, "tiny")


# damage


def write(path: Path, state: dict[str, Any]) -> None:
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save(state, path)


SMALL = {"visual.proj": torch.arange(6.0).view(2, 3), "ln_final.bias": torch.ones(3).half()}


@pytest.mark.parametrize("suffix", [".safetensors", ".pt", ".old.pt"])
def test_no_flipped_byte_is_more_than_a_sentence(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    if suffix == ".old.pt":
        torch.save(SMALL, path, _use_new_zipfile_serialization=False)
    else:
        write(path, SMALL)
    whole, dice = path.read_bytes(), random.Random(1)
    step = 1 if len(whole) < 700 else 3
    for place in range(dice.randrange(step), len(whole), step):
        path.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << dice.randrange(8)]) + whole[place + 1 :]
        )
        ends_well(lambda: open_weights(path))
    for cut in range(0, len(whole), max(1, len(whole) // 40)):
        path.write_bytes(whole[:cut])
        with pytest.raises(EnvironmentProblem):
            open_weights(path)


def ends_well(load: Callable[[], Any]) -> None:
    """Either tensors, or one sentence."""
    try:
        source = load()
        for tensor in source.read(source.shapes).values():
            assert torch.isfinite(tensor).all()
    except EnvironmentProblem as problem:
        if "\n" in problem.sentence:
            raise


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor([1.0, float("nan")]),
        torch.tensor([1.0, float("inf")]),
        torch.tensor([1, 2]),
        torch.tensor([True]),
        torch.ones(2, dtype=torch.float8_e4m3fn),
    ],
)
def test_only_finite_plain_numbers_are_weights(tmp_path: Path, tensor: Tensor, suffix: str) -> None:
    path = tmp_path / f"model{suffix}"
    write(path, {"visual.proj": tensor})
    with pytest.raises(EnvironmentProblem, match=r"is damaged: visual\.proj"):
        open_weights(path).read(["visual.proj"])


@pytest.mark.parametrize(
    "tensor",
    [
        torch.zeros(1).expand(1_000_000, 1_000_000),
        torch.eye(3).to_sparse(),
        torch.zeros(2, dtype=torch.complex64),
        torch.empty(10**9, device="meta"),
    ],
)
def test_tensors_that_claim_more_than_they_hold_are_refused(tmp_path: Path, tensor: Tensor) -> None:
    path = tmp_path / "model.pt"
    torch.save({"visual.proj": tensor}, path)
    with pytest.raises(EnvironmentProblem, match="is damaged"):
        open_weights(path).read(["visual.proj"])


def test_a_storage_larger_than_its_record_is_refused(tmp_path: Path) -> None:
    path, forged = tmp_path / "model.pt", tmp_path / "forged.pt"
    torch.save({"visual.proj": torch.zeros(300)}, path)
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(forged, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name.endswith("data.pkl"):  # 300 numbers become 65,000
                content = content.replace(b"M\x2c\x01", b"M\xe8\xfd")
            new.writestr(name, content)
    with pytest.raises(EnvironmentProblem):
        open_weights(forged).read(["visual.proj"])


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.pt"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({}) + bytes(10**6))
    with pytest.raises(EnvironmentProblem, match="compressed"):
        open_weights(path)


@pytest.mark.parametrize("suffix", [".safetensors", ".pt"])
def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path, suffix: str) -> None:
    import os

    pipe, folder = tmp_path / f"pipe{suffix}", tmp_path / f"folder{suffix}"
    os.mkfifo(pipe)
    folder.mkdir()
    for path, said in ((pipe, "not a regular file"), (folder, "folder")):
        with pytest.raises(EnvironmentProblem, match=said):
            open_weights(path)


def test_weights_that_change_after_they_were_opened_are_noticed(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    save_file(SMALL, path)
    source = open_weights(path)
    save_file({"visual.proj": torch.zeros(3, 2)}, path)
    with pytest.raises(EnvironmentProblem, match="was changed while it was read"):
        source.read(["visual.proj"])
    path.unlink()
    with pytest.raises(EnvironmentProblem, match="not a whole"):
        source.read(["visual.proj"])


def test_a_safetensors_file_with_a_forged_header_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    for header in (
        {"a": {"dtype": "F32", "shape": [2**40, 2**20], "data_offsets": [0, 4]}},
        {"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 2**60]}},
        {"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}},
        {"a": {"dtype": "Q7", "shape": [1], "data_offsets": [0, 4]}},
    ):
        text = json.dumps(header).encode()
        path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(4))
        with pytest.raises(EnvironmentProblem, match="not a whole safetensors"):
            open_weights(path)
    path.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(EnvironmentProblem, match="not a whole safetensors"):
        open_weights(path)
    save_file(SMALL, path)
    assert load_file(path).keys() == SMALL.keys()
