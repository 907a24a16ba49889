"""The benchmark: its formula against counted operations, its command, its refusals."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from promptdsl.cli.main import cli
from promptdsl.clip.model import ClipModel, random_model
from promptdsl.engine.device import choose_compute
from promptdsl.engine.flops import count_flops
from promptdsl.engine.window_encoder import WindowEncoder
from promptdsl.errors import EnvironmentProblem, UsageProblem
from promptdsl.methods.winclip import benchmark as winclip_benchmark
from promptdsl.methods.winclip.benchmark import random_detectors
from promptdsl.methods.winclip.windows import WindowSize, window_patches
from promptdsl.scoring import benchmark
from promptdsl.scoring.benchmark import random_pictures, rounds

ARCHITECTURE = "ViT-S-32-alt"
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def model() -> ClipModel:
    return random_model(ARCHITECTURE)


@pytest.mark.parametrize("patches", [False, True])
def test_the_formula_counts_what_is_computed(model: ClipModel, patches: bool) -> None:
    tower = model.vision_tower(device=CPU)
    windows = {str(side): window_patches(tower.grid, WindowSize(side, side), 1) for side in (2, 3)}
    pictures = torch.zeros(1, 3, *tower.image_size, dtype=torch.uint8)
    encoder = WindowEncoder(tower, windows, patches=patches, max_rows=4096)
    # plain products are counted by every version of torch, its fused attention only by some
    with sdpa_kernel(SDPBackend.MATH), FlopCounterMode(display=False) as counter:
        encoder.encode(pictures)
    shapes = [(len(window), window.shape[1]) for window in windows.values()]
    counted = count_flops(tower, shapes, patches=patches)
    assert counter.get_total_flops() == pytest.approx(counted.needed, rel=0.002)
    assert counted.naive > 1.05 * counted.needed


def test_the_default_model_needs_what_the_documentation_says() -> None:
    (detector,) = random_detectors("ViT-B-16-plus-240", [choose_compute("cpu", "fp32")])
    assert detector.flops.naive / 1e9 == pytest.approx(673.5, abs=0.1)
    assert detector.flops.needed / 1e9 == pytest.approx(619.7, abs=0.1)


def test_rounds_are_at_least_three() -> None:
    done = []
    assert len(rounds(lambda: done.append(1), CPU, limit=0.0)) == 3
    assert len(done) >= 4


def test_random_pictures_are_repeatable() -> None:
    assert (random_pictures(2, (8, 8)) == random_pictures(2, (8, 8))).all()


@pytest.fixture
def short_rounds(model: ClipModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winclip_benchmark, "random_model", lambda _: model)
    monkeypatch.setattr(benchmark, "SECONDS", {"cpu": 0.0, "cuda": 0.0})
    monkeypatch.setattr(benchmark, "MATRIX_SIDE", {"cpu": 256, "cuda": 256})


@pytest.mark.usefixtures("short_rounds")
def test_json_holds_every_batch_and_precision() -> None:
    arguments = ["--random-weights", ARCHITECTURE, "--device", "cpu", "--batch-size", "2,1"]
    result = CliRunner().invoke(
        cli, ["bench", *arguments, "--precision", "fp32", "--profile", "--format", "json"]
    )
    report = json.loads(result.stdout)
    assert [speed["batch"] for speed in report["speeds"]] == [1, 2]
    assert all(speed["pictures_per_second"] > 0 for speed in report["speeds"])
    assert sum(report["where_time_goes"]["fp32"].values()) == pytest.approx(1)
    assert report["where_time_goes"]["fp32"]["matrix products"] > 0
    assert report["matrix_tflops"]["fp32"] > 0


@pytest.mark.usefixtures("short_rounds")
def test_text_states_what_the_shares_count() -> None:
    arguments = ["--random-weights", ARCHITECTURE, "--device", "cpu", "--batch-size", "1"]
    result = CliRunner().invoke(cli, ["bench", *arguments, "--precision", "fp32"])
    assert result.exit_code == 0
    assert "matrix rate, measured:" in result.stdout
    assert "after the exact savings, by formula" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "bench needs a spec"),
        ([__file__, "--random-weights", ARCHITECTURE], "brings its own model"),
        ([__file__, "--against", "anomalib"], "brings its own model"),
    ],
)
def test_contradictions_are_refused(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(cli, ["bench", *arguments])
    assert isinstance(result.exception, UsageProblem)
    assert said in result.exception.sentence


@pytest.mark.parametrize("value", ["0", "1,x", "", "5000"])
def test_odd_batch_sizes_are_refused(value: str) -> None:
    result = CliRunner().invoke(
        cli, ["bench", "--random-weights", ARCHITECTURE, "--batch-size", value]
    )
    assert result.exit_code == 2


def test_a_missing_anomalib_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(__import__("sys").modules, "anomalib.models.image.winclip", None)
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path))
    result = CliRunner().invoke(cli, ["bench", "--against", "anomalib", "--device", "cpu"])
    assert isinstance(result.exception, EnvironmentProblem)
    assert "anomalib cannot be imported here" in result.exception.sentence
