"""The built-in model from spec to results, through the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from promptdsl.cli.main import main

SPEC = """inspect 1

object metal_nut {
  called: "metal nut"
  defect scratch { "scratched {object}" }
  defect bent { "bent {object}" }
  method winclip { model: "promptdsl-mini" }
  thresholds {
    reject when score >= 0.62
    reject when area above 0.70 >= 0.5%
    review when score >= 0.01
  }
}
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "cache"))
    Path("part.inspect").write_text(SPEC)
    Path("pics").mkdir()
    random = np.random.default_rng(0)
    for i in range(5):
        noise = random.integers(0, 255, (12, 16, 3), np.uint8)
        Image.fromarray(noise).resize((160, 120)).save(f"pics/{i}.png")


def run(spec: str, out: str, *more: str) -> list[dict[str, Any]]:
    options = ("-o", out, "--device", "cpu", "--precision", "fp32", *more)
    assert main(["run", spec, "pics", *options]) == 0
    return [json.loads(line) for line in Path(out, "results.jsonl").read_text().splitlines()]


def test_spec_and_compiled_plan_agree_at_any_batch_size(capsys: pytest.CaptureFixture[str]) -> None:
    one = run("part.inspect", "one", "--batch-size", "1")
    assert main(["compile", "part.inspect", "-o", "part.plan", "--device", "cpu"]) == 0
    four = run("part.plan", "four", "--batch-size", "4")
    for a, b in zip(one, four, strict=True):
        assert a["image"] == b["image"]
        assert a["score"] == pytest.approx(b["score"], abs=1e-5)
        assert a["area"] == pytest.approx(b["area"], abs=1e-3)
        assert 0 <= a["score"] <= 1
        assert list(a["defects"]) == ["scratch", "bent"]
        assert a["defect"] == max(a["defects"], key=a["defects"].get)
        with Image.open(Path("one", a["map"])) as image:
            assert image.size == (160, 120)
    described = [json.loads(Path(out, "run.json").read_text()) for out in ("one", "four")]
    for name in ("plan_hash", "spec_hash", "weights_hash", "objects", "precision"):
        assert described[0][name] == described[1][name]
    assert "Scored by promptdsl-mini" in Path("one/report.html").read_text()


def test_without_thresholds_every_output_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    Path("part.inspect").write_text(SPEC[: SPEC.index("  thresholds")] + "}\n")
    run("part.inspect", "out", "--maps", "npy", "--format", "jsonl")
    assert "uncalibrated default" in capsys.readouterr().err
    assert "Uncalibrated default threshold" in Path("out/report.html").read_text()
    assert json.loads(Path("out/run.json").read_text())["objects"]["metal_nut"][
        "default_thresholds"
    ]


def test_a_damaged_plan_is_refused_before_anything(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compile", "part.inspect", "-o", "part.plan", "--device", "cpu"]) == 0
    data = bytearray(Path("part.plan").read_bytes())
    data[len(data) // 2] ^= 1
    Path("part.plan").write_bytes(data)
    assert main(["run", "part.plan", "pics", "-o", "out"]) == 3
    assert "its hash does not match" in capsys.readouterr().err
    assert not Path("out").exists()


def test_an_uncalibrated_auto_is_refused_and_names_the_command(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("part.inspect").write_text(SPEC.replace("score >= 0.62", "score >= auto"))
    assert main(["run", "part.inspect", "pics", "-o", "out"]) == 1
    assert "promptdsl calibrate part.inspect" in capsys.readouterr().err
    assert not Path("out").exists()
