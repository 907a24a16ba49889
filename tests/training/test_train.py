"""Training: the same file from the same command, whatever happened in between."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from safetensors import safe_open

from promptdsl.cli.main import cli
from promptdsl.errors import EnvironmentProblem, Problem, UsageProblem
from promptdsl.methods.shared.checkpoints import read_learned
from promptdsl.methods.shared.losses import dice, focal
from promptdsl.pipeline import compile_text
from promptdsl.training import loop, stored
from promptdsl.training.stored import GROUP

METHODS = ("anomalyclip", "april_gan")
SMALL = ("--model", "promptdsl-mini", "--set", "image_size: 40 px", "--device", "cpu")
SMALL += ("--precision", "fp32", "--batch-size", "4", "--seed", "3", "--hold-out", "cork")


def train(method: str, data: Path, out: Path, *more: str) -> Result:
    arguments = [method, "--data", str(data), "-o", str(out), *SMALL, "--epochs", "6", *more]
    return CliRunner().invoke(cli, ["train", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("method", METHODS)
def test_a_run_and_its_file(method: str, spots: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    done = train(method, spots, out, "--format", "json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.stdout)
    assert told["trained_on"] == ["leather", "metal_nut"]
    assert [f["category"] for f in told["held_out"]] == ["cork"]
    assert told["mean"]["pixel_auroc"] > 0.6
    facts = read_learned(out).facts
    assert facts["model"] == ["promptdsl-mini"]
    assert facts["trained_on"]["categories"] == ["leather", "metal_nut"]
    assert facts["trained_on"]["pictures"] == 22 and facts["trained_on"]["defective"] == 12
    assert facts["held_out"]["figures"][0]["category"] == "cork"
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["w.safetensors"]
    with safe_open(out, "pt") as file:
        assert json.loads(file.metadata()["promptdsl"])["method"] == method


@pytest.mark.parametrize("method", METHODS)
def test_the_loss_falls(method: str, spots: Path, tmp_path: Path) -> None:
    first, last = (
        json.loads(
            train(
                method, spots, tmp_path / f"{n}.safetensors", "--format", "json", "--epochs", n
            ).stdout
        )["losses"]["loss"]
        for n in ("1", "12")
    )
    assert last < 0.9 * first


@pytest.mark.parametrize("method", METHODS)
def test_ten_kills_change_no_byte(method: str, spots: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole.safetensors"
    assert train(method, spots, whole, "--save-every", "2").exit_code == 0
    out = tmp_path / "killed.safetensors"
    script = Path(__file__).with_name("killed_run.py")
    done = subprocess.run(
        [sys.executable, str(script), str(spots), str(out), method, "10"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "10"
    assert out.read_bytes() == whole.read_bytes()


def test_without_room_for_features_the_weights_are_the_same(
    spots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert train("april_gan", spots, tmp_path / "a.safetensors", "--epochs", "2").exit_code == 0
    monkeypatch.setattr(stored, "_has_room", lambda path, size: False)
    assert train("april_gan", spots, tmp_path / "b.safetensors", "--epochs", "2").exit_code == 0
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_another_seed_gives_other_weights(spots: Path, tmp_path: Path) -> None:
    train("anomalyclip", spots, tmp_path / "a.safetensors", "--epochs", "1")
    train("anomalyclip", spots, tmp_path / "b.safetensors", "--epochs", "1", "--seed", "4")
    assert (tmp_path / "a.safetensors").read_bytes() != (tmp_path / "b.safetensors").read_bytes()


def test_missing_masks_are_refused(spots: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(spots, data)
    (data / "leather" / "ground_truth" / "stain" / "3_mask.png").unlink()
    with pytest.raises(EnvironmentProblem) as caught:
        train("anomalyclip", data, tmp_path / "w.safetensors")
    assert "needs a mask for every defective picture" in caught.value.sentence
    assert "3.png" in caught.value.sentence


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--hold-out", "corkk"), "no category corkk to hold out"),
        (("--set", "stages: 9"), "no block 9"),
        (("--set", "blur: 4 px"), "w.safetensors"),
        (("--model", "ViT-X"), "no model named ViT-X"),
        (("--category", "gear"), "no category gear"),
    ],
)
def test_wrong_use_is_told(more: tuple[str, ...], words: str, spots: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    out.touch() if "w.saf" in words else None
    with pytest.raises(Problem) as caught:
        train("april_gan", spots, out, *more)
    assert words in caught.value.sentence
    assert isinstance(caught.value, UsageProblem)


def test_holding_out_everything_is_told(spots: Path, tmp_path: Path) -> None:
    more = [option for name in ("leather", "metal_nut") for option in ("--hold-out", name)]
    with pytest.raises(UsageProblem, match="every category is held out"):
        train("april_gan", spots, tmp_path / "w.safetensors", *more)


def test_losses_by_hand() -> None:
    mask = torch.tensor([[[1.0, 0.0]]])
    p = torch.tensor([[[0.8, 0.4]]])
    expected = -(0.2**2 * np.log(0.8) + 0.4**2 * np.log(0.6)) / 2
    assert float(focal(p, mask)) == pytest.approx(expected, rel=1e-3)
    assert float(dice(p, mask)) == pytest.approx(1 - (2 * 0.8 + 1) / (1.2 + 1 + 1))
    perfect = torch.tensor([[[1.0, 0.0]]])
    assert float(dice(perfect, mask)) == 0 and float(focal(perfect, mask)) < 1e-6


def test_stored_features_go_on_from_whole_groups(tmp_path: Path) -> None:
    asked: list[int] = []

    def encode(numbers: list[int]) -> dict[str, torch.Tensor]:
        asked.extend(numbers)
        return {"x": torch.tensor(numbers, dtype=torch.float32)[:, None] * torch.ones(3)}

    path = tmp_path / "features"
    count = 3 * GROUP + 1
    whole = stored.store(path, "key", count, encode, lambda done, total: None)
    assert sorted(set(asked)) == list(range(count))
    stored._note(path, "key", 2 * GROUP)
    asked.clear()
    again = stored.store(path, "key", count, encode, lambda done, total: None)
    assert sorted(set(asked)) == [*range(GROUP), *range(2 * GROUP, count)]
    for found in (whole, again):
        assert found.take([count - 1, 0])["x"][:, 0].tolist() == [count - 1, 0]
    asked.clear()
    stored.store(path, "another", count, encode, lambda done, total: None)
    assert sorted(set(asked)) == list(range(count))


def test_an_edited_mask_makes_another_training(spots: Path, tmp_path: Path) -> None:
    data = shutil.copytree(spots, tmp_path / "data")
    key = keys_of(data, tmp_path)
    mask = next((data / "leather" / "ground_truth").rglob("*.png"))
    Image.fromarray(255 - np.asarray(Image.open(mask))).save(mask)
    assert keys_of(data, tmp_path) != key


def keys_of(data: Path, folder: Path) -> str:
    from promptdsl.evaluate.datasets import read_dataset
    from promptdsl.training.material import choose_material
    from promptdsl.training.recipe import Recipe, digest

    material = choose_material([read_dataset(data, "auto", None)], ("cork",), 0)
    return digest(Recipe(), {}, material.examples)


def test_what_is_no_state_is_written_over(spots: Path, tmp_path: Path) -> None:
    out = tmp_path / "w.safetensors"
    (tmp_path / "w.safetensors.state").write_text("hello, not a state")
    (tmp_path / ".w.safetensors.state.77.tmp").write_bytes(b"cut off")
    assert train("april_gan", spots, out, "--data", str(spots)).exit_code == 0
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["w.safetensors"]
    assert read_learned(out).facts["trained_on"]["pictures"] == 22


def test_other_settings_than_the_built_in_weights_have_can_be_trained(
    spots: Path, tmp_path: Path
) -> None:
    out = tmp_path / "w.safetensors"
    done = train("april_gan", spots, out, "--set", "stages: 2, 5", "--epochs", "1")
    assert done.exit_code == 0, done.output
    assert read_learned(out).facts["settings"]["stages"] == [2, 5]
    block = done.output.partition("in a spec of this folder:")[2]
    spec = f'inspect 1\nobject cork {{ defect hole {{ "{{object}} with a hole" }}\n{block}}}\n'
    local = spec.replace(out.as_posix(), out.name)
    assert [item.code for item in compile_text(local, folder=tmp_path).report.errors] == []


def test_a_damaged_state_is_none(tmp_path: Path) -> None:
    """Any flipped byte: nothing of it is believed, and the training begins anew."""
    learner = SimpleNamespace(parameters={"a": torch.ones(3, requires_grad=True)})
    optimizer = torch.optim.Adam(list(learner.parameters.values()))
    training = SimpleNamespace(learner=learner, optimizer=optimizer, key="k", step=4, sums={})
    state = tmp_path / "w.safetensors.state"
    loop.save(training, state)  # type: ignore[arg-type]
    assert loop.state_key(state) == "k"
    whole = state.read_bytes()
    for place in range(0, len(whole), 7):
        state.write_bytes(whole[:place] + bytes([whole[place] ^ 16]) + whole[place + 1 :])
        assert loop.state_key(state) is None
    for cut in (0, 10, 60, len(whole) - 1):
        state.write_bytes(whole[:cut])
        assert loop.state_key(state) is None
