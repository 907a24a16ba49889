"""A tiny factory: drawn parts, a spec, and a scorer that sees red, in place of a model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from promptdsl.engine.device import Compute
from promptdsl.plan.model import ObjectPlan
from promptdsl.results import PictureScore
from promptdsl.scoring.cached_scoring import Scoring
from promptdsl.scoring.feature_cache import Encoding, FeatureCache, encoding_key
from promptdsl.scoring.features import Features, Pictures

SIDE = 32
WEIGHTS = "5" * 64
SPEC = """inspect 1

object nut {
  called: "metal nut"
  normal { "flawless {object}" }
  defect scratch { "scratched {object}" }
  defect hole { "{object} with a hole" }
  templates { "a photo of a {object}." }
  method winclip { model: "promptdsl-mini" }
  thresholds {
RULES
  }
  samples good { images: "good/*.png" }
  samples scratch { images: "scratch/*.png", masks: "masks/scratch/*.png" }
  samples hole { images: "hole/*.png" }
  test "scratched nuts are caught" { on: scratch, expect reject at least 75% }
  test "good nuts are not thrown away" { on: good, expect reject at most 10% }
}
"""
RULES = """    reject when score >= 0.6
    reject when area above 0.70 >= 5%
    review when score >= 0.4"""


def part(path: Path, redness: int, *, wide: int = 6, number: int = 0) -> Path:
    """A grey picture with a red square in it; `number` makes its bytes its own."""
    pixels = np.full((SIDE, SIDE, 3), 120, np.uint8)
    pixels[4 : 4 + wide, 4 : 4 + wide] = (redness, 0, 0)
    pixels[-1, -1] = (number % 256, number // 256, 7)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def mask(path: Path, *, wide: int = 6, size: int = SIDE) -> Path:
    """White where the square is."""
    pixels = np.zeros((size, size), np.uint8)
    pixels[4 : 4 + wide, 4 : 4 + wide] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def factory(folder: Path, rules: str = RULES) -> Path:
    """20 good parts, 8 scratched ones with masks, 4 with holes; gives the spec."""
    for n in range(20):
        part(folder / "good" / f"{n:02d}.png", 20 + 5 * n, number=n)
    for n in range(8):
        part(folder / "scratch" / f"{n:02d}.png", 100 + 20 * n, number=100 + n)
        mask(folder / "masks" / "scratch" / f"{n:02d}_mask.png")
    for n in range(4):
        part(folder / "hole" / f"{n:02d}.png", 250, wide=14, number=200 + n)
    spec = folder / "nut.inspect"
    spec.write_text(SPEC.replace("RULES", rules), "utf-8")
    return spec


@dataclass(frozen=True)
class SeesRed:
    """Scores by the reddest pixel; big squares are holes."""

    compute: Compute

    defects: tuple[str, ...] = ("scratch", "hole")
    size: tuple[int, int] = (SIDE, SIDE)
    weights_sha256: str = WEIGHTS

    def encode(self, pictures: Pictures) -> Features:
        """How red each pixel is."""
        values = torch.from_numpy(pictures.astype(np.float32))
        red = (values[..., 0] - values[..., 1]).clamp(0, 255) / 255
        red[..., -1, -1] = 0
        return Features({"red": red})

    def score(self, features: Features) -> list[PictureScore]:
        scores = []
        for red in features.tensors["red"].numpy():
            marked = red > 0
            hole = float(marked.sum() > 100)
            scores.append(
                PictureScore(
                    float(red.max()), {"scratch": 0.6 - hole / 2, "hole": 0.2 + hole / 2}, red
                )
            )
        return scores


@pytest.fixture
def seeing_red(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[], int]:
    """Commands score with `SeesRed`; calling the fixture tells how many pictures were encoded."""
    monkeypatch.setenv("PROMPTDSL_CACHE", str(tmp_path / "cache"))
    made: list[Scoring] = []

    def open_scoring(
        plan: ObjectPlan,
        folder: Path,
        compute: Compute,
        cache: FeatureCache | None,
        progress: object = None,
    ) -> Scoring:
        encoding = Encoding(encoding_key(["red"]), None)
        detector = SeesRed(compute, plan.defects)
        made.append(Scoring(detector, encoding, cache))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr("promptdsl.evaluate.work.open_scoring", open_scoring)
    monkeypatch.setattr("promptdsl.scoring.cached_scoring.open_scoring", open_scoring)
    return lambda: sum(scoring.encoded for scoring in made)
