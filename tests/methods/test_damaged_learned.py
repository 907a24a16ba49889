"""Learned weights that are damaged, forged or of impossible shapes: one sentence each, exit 3."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from promptdsl.cli.main import main
from promptdsl.clip.model import ClipModel, load_builtin
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.anomalyclip.learned import WORD_TOKENS
from promptdsl.methods.anomalyclip.prompts import fixed_tokens
from promptdsl.methods.shared.checkpoints import check_shapes, read_learned

State = dict[str, Tensor]
WIDTH, JOINT, TEXT = 128, 128, 128


@pytest.fixture(scope="module")
def model() -> ClipModel:
    return load_builtin()


def prompts(tokens: int = 4, deep: int = 2, rows: int = 2, width: int = TEXT) -> State:
    found = {
        "context_normal": torch.ones(tokens, width),
        "context_anomalous": torch.ones(tokens, width),
    }
    return found | {f"deep.{n}": torch.ones(rows, width) for n in range(deep)}


def layers(stages: int = 2, joint: int = JOINT, width: int = WIDTH) -> State:
    found = {f"stage.{n}.weight": torch.ones(joint, width) for n in range(stages)}
    return found | {f"stage.{n}.bias": torch.ones(joint) for n in range(stages)}


def own(path: Path, method: str, state: State, facts: Any = None) -> Path:
    header = {
        "format": "promptdsl-weights 1",
        "method": method,
        "facts": {} if facts is None else facts,
    }
    save_file(state, path, {"promptdsl": json.dumps(header)})
    return path


def published(path: Path, method: str, state: State) -> Path:
    """The same under the published names."""
    if method == "anomalyclip":
        names = {"context_normal": "ctx_pos", "context_anomalous": "ctx_neg"}
        found = {
            names.get(n, n.replace("deep.", "compound_prompts_text.")): t for n, t in state.items()
        }
        torch.save({"prompt_learner": found}, path)
    else:
        found = {name.replace("stage.", "fc."): tensor for name, tensor in state.items()}
        torch.save({"trainable_linearlayer": found}, path)
    return path


def without(state: State, *names: str) -> State:
    return {name: tensor for name, tensor in state.items() if name not in names}


def nan(state: State, name: str) -> State:
    changed = state[name].clone()
    changed.view(-1)[3] = float("nan")
    return {**state, name: changed}


WRONG: list[tuple[str, State]] = [
    ("anomalyclip", prompts(tokens=0)),
    ("anomalyclip", without(prompts(), "context_normal")),
    ("anomalyclip", without(prompts(), "context_anomalous")),
    ("anomalyclip", {**prompts(), "context_anomalous": torch.ones(5, TEXT)}),
    ("anomalyclip", {**prompts(), "context_normal": torch.ones(4)}),
    ("anomalyclip", {**prompts(), "context_anomalous": torch.ones(4, TEXT + 1)}),
    ("anomalyclip", without(prompts(deep=3), "deep.1")),
    ("anomalyclip", without(prompts(deep=3), "deep.0")),
    ("anomalyclip", {**prompts(), "deep.1": torch.ones(1, TEXT)}),
    ("anomalyclip", {**prompts(), "deep.1": torch.ones(2, TEXT + 1)}),
    ("anomalyclip", prompts(rows=0)),
    ("anomalyclip", prompts(rows=5)),
    ("anomalyclip", nan(prompts(), "context_normal")),
    ("anomalyclip", nan(prompts(), "deep.1")),
    ("anomalyclip", {}),
    ("april_gan", without(layers(3), "stage.1.weight", "stage.1.bias")),
    ("april_gan", without(layers(), "stage.0.weight")),
    ("april_gan", without(layers(), "stage.1.bias")),
    ("april_gan", {**layers(), "stage.1.weight": torch.ones(JOINT, WIDTH + 1)}),
    ("april_gan", {**layers(), "stage.1.bias": torch.ones(JOINT + 1)}),
    ("april_gan", layers(joint=0)),
    ("april_gan", nan(layers(), "stage.0.bias")),
    ("april_gan", nan(layers(), "stage.1.weight")),
    ("april_gan", {}),
]


@pytest.mark.parametrize("write", [own, published])
@pytest.mark.parametrize(("method", "state"), WRONG)
def test_what_no_training_writes_is_refused(
    tmp_path: Path, method: str, state: State, write: Callable[[Path, str, State], Path]
) -> None:
    path = tmp_path / ("w.safetensors" if write is own else "w.pth")
    with pytest.raises(EnvironmentProblem) as caught:
        read_learned(write(path, method, state))
    assert str(path) in caught.value.sentence and caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("anomalyclip", {"more": torch.ones(1)}),
        ("anomalyclip", {"deep.x": torch.ones(2, TEXT)}),
        ("anomalyclip", {"context_normal": torch.ones(4, TEXT, dtype=torch.int64)}),
        ("april_gan", {"stage.00.weight": torch.ones(JOINT, WIDTH)}),
        ("april_gan", {"stage.7.bias": torch.ones(JOINT)}),
    ],
)
def test_our_own_files_hold_nothing_else(tmp_path: Path, method: str, more: State) -> None:
    state = {**(prompts() if method == "anomalyclip" else layers()), **more}
    with pytest.raises(EnvironmentProblem, match="is damaged"):
        read_learned(own(tmp_path / "w.safetensors", method, state))


@pytest.mark.parametrize(
    ("method", "state", "said"),
    [
        ("anomalyclip", prompts(tokens=90), "90 learned tokens"),
        ("anomalyclip", prompts(tokens=500), "500 learned tokens"),
        ("anomalyclip", prompts(width=TEXT + 8), "context_normal is"),
        ("anomalyclip", prompts(deep=99), "deep.98 belongs to text block 100"),
        ("april_gan", layers(width=WIDTH + 8), "stage.0.weight is"),
        ("april_gan", layers(joint=JOINT + 8), "stage.0.weight is"),
    ],
)
def test_what_does_not_fit_the_model_is_refused(
    tmp_path: Path, model: ClipModel, method: str, state: State, said: str
) -> None:
    learned = read_learned(own(tmp_path / "w.safetensors", method, state))
    with pytest.raises(EnvironmentProblem, match="does not fit") as caught:
        check_shapes(learned, model.config, model.name)
    assert said in caught.value.sentence


def test_as_many_tokens_as_the_text_tower_reads_fit(tmp_path: Path, model: ClipModel) -> None:
    assert max(map(len, fixed_tokens(model))) == WORD_TOKENS
    most = model.config.context_length - WORD_TOKENS
    learned = read_learned(own(tmp_path / "w.safetensors", "anomalyclip", prompts(most, deep=1)))
    check_shapes(learned, model.config, model.name)


@pytest.mark.parametrize("tokens", [0, 500])
def test_models_import_refuses_them_too(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tokens: int
) -> None:
    path = published(tmp_path / "w.pth", "anomalyclip", prompts(tokens=tokens))
    out = tmp_path / "out.safetensors"
    code = main(["models", "import", str(path), "-o", str(out), "--model", "promptdsl-mini"])
    assert code == 3 and not out.exists()
    assert capsys.readouterr().err.startswith("error: ")


@pytest.mark.parametrize(
    "facts",
    [
        [],
        "x",
        {"settings": []},
        {"settings": {"stages": 4}},
        {"settings": {"stages": ["a"]}},
        {"model": "ViT"},
        {"model": [1]},
        {"model_fingerprint": 3},
    ],
)
def test_facts_of_another_kind_are_no_facts(tmp_path: Path, facts: Any) -> None:
    with pytest.raises(EnvironmentProblem, match="holds no learned weights"):
        read_learned(own(tmp_path / "w.safetensors", "april_gan", layers(), facts))


def test_deep_facts_are_none(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    save_file(layers(), path, {"promptdsl": "[" * 100_000})
    with pytest.raises(EnvironmentProblem, match="holds no learned weights"):
        read_learned(path)


@pytest.mark.parametrize("form", ["own", "published", "old"])
@pytest.mark.parametrize("method", ["anomalyclip", "april_gan"])
def test_no_flipped_byte_is_more_than_a_sentence(tmp_path: Path, method: str, form: str) -> None:
    state = prompts(width=8) if method == "anomalyclip" else layers(joint=2, width=4)
    path = tmp_path / ("w.safetensors" if form == "own" else "w.pth")
    (own if form == "own" else published)(path, method, state)
    if form == "old":
        content = torch.load(path, weights_only=True)
        torch.save(content, path, _use_new_zipfile_serialization=False)
    whole, dice = bytearray(path.read_bytes()), random.Random(2)
    for place in range(0, len(whole), max(1, len(whole) // 300)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        try:
            learned = read_learned(path)
        except EnvironmentProblem as problem:
            if "\n" in problem.sentence:
                raise
        else:
            assert all(torch.isfinite(tensor).all() for tensor in learned.tensors.values())
