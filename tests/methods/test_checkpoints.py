"""Learned weights: what is read, what is refused, and what the check says of them beforehand."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file

from promptdsl.builtin_words import builtin_weights
from promptdsl.cli.main import cli
from promptdsl.clip.model import load_builtin, load_files
from promptdsl.errors import EnvironmentProblem
from promptdsl.methods.shared.checkpoints import load_learned, read_learned, write_learned
from promptdsl.pipeline import compile_text
from promptdsl.plan.model import MethodPlan
from promptdsl.scoring.detector import build_detector

PARITY = Path(__file__).parents[1] / "data" / "parity"
TINY = ("clip.json", "tiny_clip.safetensors")
SPEC = """inspect 1
object bottle {{
  defect damage {{ "damaged {{object}}" }}
  method {method} {{
    {lines}
  }}
}}
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    config = json.loads((PARITY / "tiny_clip.json").read_text()) | {"quick_gelu": True}
    (tmp_path / "clip.json").write_text(json.dumps(config))
    for name in ("tiny_clip.safetensors", "anomalyclip.pth", "april_gan.pth"):
        shutil.copy(PARITY / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def imported(*arguments: str):
    return CliRunner().invoke(cli, ["models", "import", *arguments])


def spec_of(method: str, *lines: str) -> str:
    return SPEC.format(method=method, lines="\n    ".join(lines))


def method_of(weights: str, model: str, folder: Path) -> MethodPlan:
    text = spec_of("anomalyclip", model, f'weights: "{weights}"')
    return compile_text(text, folder=folder).plan().objects[0].method


MODEL = f'model: "{TINY[0]}", "{TINY[1]}"'


@pytest.mark.parametrize(
    ("method", "lines", "facts"),
    [
        ("anomalyclip", ("dpam_layer: 4", "blocks: 4, 6"), {"n_ctx": 12, "depth": 3, "t_n_ctx": 4}),
        ("april_gan", ("stages: 2, 4, 6",), {"stages": [2, 4, 6]}),
    ],
)
def test_imported_weights_score_like_the_checkpoint(
    method: str, lines: tuple[str, ...], facts: dict[str, object], folder: Path
) -> None:
    options = [part for line in lines for part in ("--set", line)]
    done = imported(f"{method}.pth", "--model", ",".join(TINY), *options)
    assert done.exit_code == 0, done.output
    learned = read_learned(folder / f"{method}.safetensors")
    assert learned.method == method and learned.facts["model"] == list(TINY)
    assert facts.items() <= learned.facts["settings"].items()
    with np.load(PARITY / f"{method}.npz") as arrays:
        pictures = arrays["images"][:1]
    found = []
    for name in (f"{method}.pth", f"{method}.safetensors"):
        text = spec_of(method, MODEL, f'weights: "{name}"', "image_size: 128 px", *lines)
        compiled = compile_text(text, folder=folder)
        assert compiled.ok, list(compiled.report)
        plan = compiled.plan().objects[0]
        detector = build_detector(plan, spec_folder=folder, device="cpu", precision="fp32")
        found.append(detector.inspect(pictures)[0])
    assert found[0].score == found[1].score
    np.testing.assert_array_equal(found[0].map, found[1].map)


def _another_width(state: dict) -> None:
    state["prompt_learner"]["ctx_neg"] = torch.zeros(1, 1, 12, 96)


def _deep_of_another_width(state: dict) -> None:
    state["prompt_learner"]["compound_prompts_text.1"] = torch.zeros(4, 96)


def _too_deep(state: dict) -> None:
    for number in range(2, 6):
        state["prompt_learner"][f"compound_prompts_text.{number}"] = torch.zeros(4, 64)


def _no_context(state: dict) -> None:
    del state["prompt_learner"]["ctx_pos"]


def _not_finite(state: dict) -> None:
    state["prompt_learner"]["ctx_pos"][:] = float("nan")


def _a_gap(state: dict) -> None:
    del state["prompt_learner"]["compound_prompts_text.0"]


def _two_methods(state: dict) -> None:
    state["trainable_linearlayer"] = {"fc.0.weight": torch.zeros(64, 64)}


def _something_else(state: dict) -> None:
    state["state_dict"] = state.pop("prompt_learner")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_another_width, "context_anomalous is 12 x 96, not 12 x 64"),
        (_deep_of_another_width, "compound_prompts_text.1 is 4 x 96, not 4 x 64 like the first"),
        (_too_deep, "belongs to text block 7, and there are 4"),
        (_no_context, "ctx_pos is missing"),
        (_not_finite, "no numbers"),
        (_a_gap, "it has compound_prompts_text.1, and the part with number 0 is missing"),
        (_two_methods, "parts of two methods"),
        (_something_else, "holds no learned weights of a method"),
    ],
)
def test_refused(spoil: Callable[[dict], None], words: str, folder: Path) -> None:
    state = torch.load(folder / "anomalyclip.pth", weights_only=True)
    spoil(state)
    torch.save(state, folder / "spoilt.pth")
    model = load_files(folder / TINY[0], folder / TINY[1])
    with pytest.raises(EnvironmentProblem) as caught:
        load_learned(method_of("spoilt.pth", MODEL, folder), model, folder)
    assert words in caught.value.sentence


def test_a_program_in_a_checkpoint_is_not_run(folder: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (folder / "sprung",))

    torch.save({"prompt_learner": Trap()}, folder / "trap.pth")
    with pytest.raises(EnvironmentProblem, match="does not load as plain weights"):
        read_learned(folder / "trap.pth")
    assert not (folder / "sprung").exists()


def test_import_refuses_in_a_sentence(folder: Path) -> None:
    (folder / "torn.pth").write_bytes((folder / "april_gan.pth").read_bytes()[:5000])
    cases = [
        (("anomalyclip.pth",), 3, "does not fit ViT-L-14-336-quickgelu openai"),
        (("gone.pth",), 3, "is not there"),
        (("torn.pth",), 3, "does not load as plain weights"),
        (("tiny_clip.safetensors", "-o", "x.safetensors"), 3, "no learned weights of a method"),
        (("april_gan.pth", "-o", "x.bin"), 2, "written as .safetensors"),
        (("april_gan.pth", "--model", ",".join(TINY)), 3, "linear layers for 3 stages"),
    ]
    for arguments, code, words in cases:
        done = imported(*arguments)
        problem = done.exception
        assert getattr(problem, "exit_code", done.exit_code) == code, arguments
        assert words in getattr(problem, "sentence", done.output), arguments


def test_missing_weights_are_told_when_it_runs(folder: Path) -> None:
    plan = compile_text(spec_of("anomalyclip", MODEL), folder=folder).plan().objects[0]
    with pytest.raises(EnvironmentProblem, match="needs learned weights"):
        build_detector(plan, spec_folder=folder, device="cpu")


def test_weights_of_another_training_of_the_same_shape_are_refused(folder: Path) -> None:
    learned = read_learned(builtin_weights("anomalyclip"))
    spoilt = learned.with_facts(model_fingerprint="0" * 64)
    write_learned(folder / "other.safetensors", spoilt)
    plan = method_of("other.safetensors", 'model: "promptdsl-mini"', folder)
    with pytest.raises(EnvironmentProblem, match="was trained on promptdsl-mini, whose weights"):
        load_learned(plan, load_builtin(), folder)


def codes(text: str, folder: Path) -> list[str]:
    return [item.code for item in compile_text(text, folder=folder).report]


def test_the_check_reads_the_header(folder: Path) -> None:
    for method in ("anomalyclip", "april_gan"):
        shutil.copy(builtin_weights(method), folder / f"mini_{method}.safetensors")
    save_file({"x": torch.zeros(2)}, folder / "mute.safetensors")
    mini = 'model: "promptdsl-mini"'
    fine = spec_of("april_gan", mini, 'weights: "mini_april_gan.safetensors"')
    assert "I419" not in codes(fine, folder)
    wrong = {
        'weights: "mini_anomalyclip.safetensors"': mini,
        'weights: "mute.safetensors"': mini,
        'weights: "mini_april_gan.safetensors"': 'model: "ViT-B-16", "openai"',
        'weights: "mini_april_gan.safetensors"\n    stages: 1, 5': mini,
    }
    for line, model in wrong.items():
        assert "I419" in codes(spec_of("april_gan", model, line), folder), line
    published = spec_of("anomalyclip", MODEL, 'weights: "anomalyclip.pth"')
    assert "I419" not in codes(published, folder)  # a .pth says nothing before it is loaded


def test_the_check_compares_settings_with_those_of_the_training(folder: Path) -> None:
    mini = 'model: "promptdsl-mini"'
    assert "I420" in codes(spec_of("anomalyclip", mini, "temperature: 0.5"), folder)
    assert "I420" not in codes(spec_of("anomalyclip", mini, "temperature: 0.07"), folder)
    assert "I419" in codes(spec_of("april_gan", mini, "stages: 5"), folder)
    lines = ("dpam_layer: 4", "blocks: 4, 6")
    done = imported("anomalyclip.pth", "--model", ",".join(TINY), *settings(*lines))
    assert done.exit_code == 0, done.exception
    told = done.output.partition("in a spec of this folder:")[2]
    assert all(line in told for line in ('weights: "anomalyclip.safetensors"', MODEL, *lines))
    ours = 'weights: "anomalyclip.safetensors"'
    assert "I420" in codes(spec_of("anomalyclip", MODEL, ours), folder)
    assert "I420" not in codes(spec_of("anomalyclip", MODEL, ours, *lines), folder)


def settings(*lines: str) -> list[str]:
    return [word for line in lines for word in ("--set", line)]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--set", "stages: 2"), "stages has no effect"),
        (("--set", 'weights: "a.pth"'), "takes no weights"),
    ],
)
def test_import_takes_only_settings_with_an_effect(
    arguments: tuple[str, ...], words: str, folder: Path
) -> None:
    done = imported("anomalyclip.pth", "--model", ",".join(TINY), *arguments)
    assert words in getattr(done.exception, "sentence", "")


def test_a_value_out_of_range_is_one_mistake(folder: Path) -> None:
    mini = 'model: "promptdsl-mini"'
    for method, line in (("anomalyclip", "dpam_layer: 1"), ("april_gan", "image_size: 8 px")):
        found = codes(spec_of(method, mini, line), folder)
        assert found.count("I405") == 1
        assert not {"I414", "I415"} & set(found), found


def test_an_imported_file_is_not_imported_again(folder: Path) -> None:
    shutil.copy(builtin_weights("april_gan"), folder / "own.safetensors")
    done = imported("own.safetensors", "--model", "promptdsl-mini", "-o", "again.safetensors")
    assert "promptdsl's own form" in getattr(done.exception, "sentence", "")
