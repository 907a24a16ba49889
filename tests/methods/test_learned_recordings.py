"""AnomalyCLIP and APRIL-GAN against recordings of their authors' code on a tiny CLIP.

The published maps are sums over the blocks; ours are means, so they are multiplied back.
"""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from promptdsl.pipeline import compile_text
from promptdsl.scoring.detector import Detector, build_detector

PARITY = Path(__file__).parents[1] / "data" / "parity"
TOLERANCE = {"rtol": 0, "atol": 1e-4}
BLUR = 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The tiny CLIP with QuickGELU, as both were recorded, with checkpoints and references."""
    config = json.loads((PARITY / "tiny_clip.json").read_text()) | {"quick_gelu": True}
    (tmp_path / "clip.json").write_text(json.dumps(config))
    for name in ("tiny_clip.safetensors", "anomalyclip.pth", "april_gan.pth"):
        shutil.copy(PARITY / name, tmp_path)
    for number, pixels in enumerate(recording("april_gan")["reference_images"]):
        Image.fromarray(pixels).save(tmp_path / f"good_{number}.png")
    return tmp_path


def recording(name: str) -> dict[str, np.ndarray]:
    with np.load(PARITY / f"{name}.npz") as arrays:
        return dict(arrays)


def detector(folder: Path, method: str, lines: Sequence[str], precision: str = "fp32") -> Detector:
    block = "\n".join(lines)
    spec = f"""inspect 1
use "std/april_gan" as std
object bottle {{
  defect damage {{ include std.anomalous }}
  method {method} {{
    model: "clip.json", "tiny_clip.safetensors"
    image_size: 128 px
    {block}
  }}
}}
"""
    compiled = compile_text(spec, folder=folder)
    assert compiled.ok, list(compiled.report)
    plan = compiled.plan().objects[0]
    return build_detector(plan, spec_folder=folder, device="cpu", precision=precision)


ANOMALYCLIP = ('weights: "anomalyclip.pth"', "dpam_layer: 4", "blocks: 4, 6")
APRIL_GAN = ('weights: "april_gan.pth"', "stages: 2, 4, 6")
REFERENCES = 'references: "good_*.png"'


def test_anomalyclip_text(folder: Path) -> None:
    text = detector(folder, "anomalyclip", ANOMALYCLIP).state().tensors["text"]
    expected = recording("anomalyclip")["text_features"]
    np.testing.assert_allclose(F.normalize(text, dim=-1), expected, **TOLERANCE)


@pytest.mark.parametrize(("blur", "name"), [(0, "map_before_blur"), (BLUR, "map")])
def test_anomalyclip_scores_and_maps(folder: Path, blur: int, name: str) -> None:
    recorded = recording("anomalyclip")
    found = detector(folder, "anomalyclip", (*ANOMALYCLIP, f"blur: {blur} px")).inspect(
        recorded["images"]
    )
    np.testing.assert_allclose([one.score for one in found], recorded["score"], **TOLERANCE)
    np.testing.assert_allclose([2 * one.map for one in found], recorded[name], **TOLERANCE)


def test_blocks_of_anomalyclip_give_different_maps(folder: Path) -> None:
    """Its public code once gave the same map four times, for an addition in place."""
    pictures = recording("anomalyclip")["images"]
    lines = ('weights: "anomalyclip.pth"', "dpam_layer: 4", "blur: 0 px")
    maps = [
        detector(folder, "anomalyclip", (*lines, f"blocks: {block}")).inspect(pictures)[0].map
        for block in (4, 5, 6)
    ]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        assert np.abs(maps[one] - maps[other]).max() > 0.05
    together = detector(folder, "anomalyclip", (*lines, "blocks: 4, 5, 6")).inspect(pictures)[0]
    np.testing.assert_allclose(together.map, np.mean(maps, axis=0), rtol=0, atol=1e-5)


def test_the_position_embedding_field_changes_scores(folder: Path) -> None:
    pictures = recording("anomalyclip")["images"]
    bilinear, bicubic = (
        detector(folder, "anomalyclip", (*ANOMALYCLIP, f"position_embedding: {way}"))
        .inspect(pictures)[0]
        .map
        for way in ("bilinear", "bicubic")
    )
    assert np.abs(bilinear - bicubic).max() > 1e-3


def test_april_gan_words(folder: Path) -> None:
    tensors = detector(folder, "april_gan", APRIL_GAN).state().tensors
    found = torch.cat([tensors["words/normal"], tensors["words/anomalous"]])
    np.testing.assert_allclose(found, recording("april_gan")["text_features"], **TOLERANCE)


def test_april_gan_zero_shot(folder: Path) -> None:
    recorded = recording("april_gan")
    found = detector(folder, "april_gan", APRIL_GAN).inspect(recorded["images"])
    scores = [one.score for one in found]
    np.testing.assert_allclose(scores, recorded["zero_shot_score"], **TOLERANCE)
    maps = [3 * one.map for one in found]
    np.testing.assert_allclose(maps, recorded["zero_shot_map"], **TOLERANCE)


def test_april_gan_few_shot(folder: Path) -> None:
    recorded = recording("april_gan")
    found = detector(folder, "april_gan", (*APRIL_GAN, REFERENCES)).inspect(recorded["images"])
    maps = [6 * one.map for one in found]
    np.testing.assert_allclose(maps, np.minimum(recorded["few_shot_map"], 6), **TOLERANCE)


def test_the_few_shot_score_is_calibrated_on_the_references_alone(folder: Path) -> None:
    """Other test pictures do not change a picture's score, and the scale is in the state."""
    pictures = recording("april_gan")["images"]
    few = detector(folder, "april_gan", (*APRIL_GAN, REFERENCES))
    together, alone = few.inspect(pictures)[0].score, few.inspect(pictures[:1])[0].score
    assert abs(together - alone) < 1e-6
    (good,) = few.state().tensors["references/good_maximum"].tolist()
    words = detector(folder, "april_gan", APRIL_GAN).inspect(pictures)
    for found, zero in zip(few.inspect(pictures), words, strict=True):
        above = max(0.0, 1 - good / float(found.map.max()))
        assert abs(found.score - (zero.score + above) / 2) < 1e-5


def test_one_reference_is_calibrated_too(folder: Path) -> None:
    one = detector(folder, "april_gan", (*APRIL_GAN, REFERENCES, "shots: 1"))
    (good,) = one.state().tensors["references/good_maximum"].tolist()
    assert 0 < good < 1


@pytest.mark.parametrize("method", ["anomalyclip", "april_gan"])
def test_bf16_is_near_the_recording(folder: Path, method: str) -> None:
    lines = ANOMALYCLIP if method == "anomalyclip" else APRIL_GAN
    pictures = recording(method)["images"]
    exact = detector(folder, method, lines).inspect(pictures)
    rounded = detector(folder, method, lines, "bf16").inspect(pictures)
    for one, other in zip(exact, rounded, strict=True):
        assert np.abs(one.map - other.map).max() < 0.02
