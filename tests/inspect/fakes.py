"""A detector that needs no model, and pictures to go with it.

A picture's score is its mean red, so that a test can choose it; the map is the red channel.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image

from promptdsl.engine.device import Compute
from promptdsl.judge.places import layout_of
from promptdsl.plan.model import MethodPlan, ObjectPlan, Origin, Plan, Prompt, Rule, ScoreRule
from promptdsl.results import PictureScore, Record
from promptdsl.scoring.places import Places

ORIGIN = Origin(file="part.inspect", line=3, column=1, end_line=3, end_column=2)
COMPUTE = Compute(torch.device("cpu"), torch.float32, "a fake processor")
WEIGHTS = "f" * 64


@dataclass
class FakeDetector:
    """Deterministic; `fits` pictures go into its memory at once."""

    size: tuple[int, int] = (32, 48)
    defects: tuple[str, ...] = ("scratch", "dent")
    compute: Compute = COMPUTE
    weights_sha256: str = WEIGHTS
    fits: int = 10_000
    seconds: float = 0.0
    nothing: bool = False
    batches: list[int] = field(default_factory=list)

    def inspect(self, pictures: npt.NDArray[np.uint8]) -> list[PictureScore]:
        assert pictures.dtype == np.uint8
        assert pictures.shape[1:] == (*self.size, 3)
        self.batches.append(len(pictures))
        if len(pictures) > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 1.00 GiB")
        time.sleep(self.seconds * len(pictures))
        return [self._score(picture) for picture in pictures]

    def _score(self, picture: npt.NDArray[np.uint8]) -> PictureScore:
        red = picture[..., 0].astype(np.float32) / 255
        score = float("nan") if self.nothing else float(red.mean())
        return PictureScore(score, {"scratch": score, "dent": 1 - score}, red)


@dataclass
class FakeSource:
    """A spec that needs no compiler."""

    plan: Plan
    detector: FakeDetector = field(default_factory=FakeDetector)
    path: str = "part.inspect"
    spec_hash: str = "a" * 64
    compute: Compute = COMPUTE
    weights: str = WEIGHTS
    known: dict[str, float] = field(default_factory=dict)

    def calibrated(self, item: ObjectPlan) -> dict[str, float]:
        return self.known

    def changes(self, item: ObjectPlan, weights_hash: str) -> list[str]:
        return []

    def usual(self, item: ObjectPlan) -> None:
        return None

    def references_left_out(self, item: ObjectPlan) -> list[str]:
        return []

    def weights_hash(self, item: ObjectPlan) -> str:
        return self.weights

    def places(self, item: ObjectPlan) -> Places:
        return Places(layout_of(item), {})

    def build(self, item: ObjectPlan) -> Any:
        return self.detector


@dataclass
class Seen:
    """Remembers what a run told."""

    total: int = 0
    done: int = 0
    records: list[Record] = field(default_factory=list)

    def begins(self, total: int, done: int) -> None:
        self.total, self.done = total, done

    def inspected(self, record: Record) -> None:
        self.records.append(record)


def score_rule(verdict: str, at: float | None) -> ScoreRule:
    number = "auto" if at is None else at
    return ScoreRule(
        verdict=verdict, at=at, text=f"{verdict} when score >= {number}", origin=ORIGIN
    )


def make_object(
    name: str = "nut", rules: tuple[Rule, ...] | None = None, **more: Any
) -> ObjectPlan:
    prompts = [
        Prompt(
            text=f"a {word} nut",
            label="anomalous" if word != "good" else "normal",
            defect=None if word == "good" else word,
            phrase=word,
            template="{object}",
            phrase_origin=ORIGIN,
            template_origin=None,
        )
        for word in ("good", "scratch", "dent")
    ]
    fields: dict[str, Any] = {
        "name": name,
        "called": name,
        "prompts": tuple(prompts),
        "method": MethodPlan(
            name="winclip",
            model=("promptdsl-mini",),
            model_kind="builtin",
            settings={"windows": ("image", "2x2"), "stride": 1},
            origin=None,
        ),
        "thresholds": rules or (score_rule("reject", 0.7), score_rule("review", 0.5)),
        "default_thresholds": False,
        "samples": (),
        "tests": (),
        "origin": ORIGIN,
    }
    return ObjectPlan(**{**fields, **more})


def make_plan(*objects: ObjectPlan) -> Plan:
    return Plan(language=1, spec="part.inspect", objects=objects or (make_object(),), hash="b" * 64)


def paint(path: Path, red: float, size: tuple[int, int] = (64, 48)) -> Path:
    """A picture whose score is `red`; of two colours, for one alone would not be inspected."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", size, (round(255 * red), 90, 120))
    image.paste((round(255 * red), 20, 200), (0, 0, size[0] // 2, size[1]))
    image.save(path)
    return path


def paint_many(folder: Path, count: int) -> list[str]:
    """`p0.png` ... with scores spread over 0 to 1."""
    return [str(paint(folder / f"p{i}.png", i / max(1, count - 1))) for i in range(count)]
